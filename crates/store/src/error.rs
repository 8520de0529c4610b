//! Why a model file could not be read or an output could not be written.

use std::io;
use std::path::PathBuf;

/// Every variant names the file; the text names the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused.
    #[error("{}: cannot {action}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// `open`, `read`, `write` or so.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing by that name.
    #[error("{}: there is no such file; check the path", file.display())]
    NoFile {
        /// As given.
        file: PathBuf,
    },
    /// A folder where a file is wanted.
    #[error("{}: is a folder; name a file in it", file.display())]
    Folder {
        /// The folder.
        file: PathBuf,
    },
    /// The folder of an output is not there.
    #[error("{}: there is no folder `{}`; make it first, or name another", file.display(), folder.display())]
    NoFolder {
        /// The output.
        file: PathBuf,
        /// Its folder.
        folder: PathBuf,
    },
    /// Another program writes the journal.
    #[error(
        "{}: another run is writing it; wait for its end, or name another file",
        file.display()
    )]
    Locked {
        /// The journal.
        file: PathBuf,
    },
    /// The first bytes are not those of a model file.
    #[error(
        "{}: not a model file: it does not begin with `TRIPLINE`; give a file that `tripline train` wrote",
        file.display()
    )]
    NotAModel {
        /// The file.
        file: PathBuf,
    },
    /// Larger than allowed.
    #[error(
        "{}: {bytes} bytes are more than the limit of {limit}; raise the limit if you trust the file",
        file.display()
    )]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Its size.
        bytes: u64,
        /// [`crate::Limits::max_file_bytes`].
        limit: u64,
    },
    /// A later format.
    #[error(
        "{}: format version {version} is newer than version {known}, the newest that this program reads; use a newer tripline",
        file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        version: u32,
        /// Ours.
        known: u32,
    },
    /// The file ends before its header does.
    #[error(
        "{}: truncated: it ends at byte {bytes}, inside the header; copy it again from where it was made",
        file.display()
    )]
    Truncated {
        /// The file.
        file: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The bytes are not those that were written.
    #[error(
        "{}: damaged: the checksum does not match, so the file was changed or cut off after it was written; copy it again from where it was made",
        file.display()
    )]
    Checksum {
        /// The file.
        file: PathBuf,
    },
    /// The checksum holds, the contents make no sense.
    #[error("{}: damaged at byte {offset}: {reason}; train the model again", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// From 0.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A section that a reader asks for is not there.
    #[error("{}: section `{section}` is missing; train the model again", file.display())]
    MissingSection {
        /// The file.
        file: PathBuf,
        /// Its name.
        section: String,
    },
    /// Verification was asked for and there is no signature.
    #[error(
        "{}: not signed; sign it with `tripline train --sign KEYFILE`, or leave out `--verify-key`",
        file.display()
    )]
    Unsigned {
        /// The file.
        file: PathBuf,
    },
    /// Signed by another key.
    #[error(
        "{}: signed by {signer}, expected {expected}; do not use it unless you know that signer",
        file.display()
    )]
    OtherSigner {
        /// The file.
        file: PathBuf,
        /// Public key in the file, hexadecimal.
        signer: String,
        /// Public key asked for, hexadecimal.
        expected: String,
    },
    /// The signature is not of these bytes.
    #[error("{}: the signature is not valid for these bytes; do not use the file", file.display())]
    BadSignature {
        /// The file.
        file: PathBuf,
    },
}
