//! The byte layout of a model file, version 1.
//!
//! ```text
//! offset  bytes
//! 0       8     `TRIPLINE`
//! 8       4     format version, u32
//! 12      32    SHA-256 of every byte after this field
//! 44      4     number of sections, u32
//! 48            for each section: length of its name u16, its name (UTF-8), its length u64
//!               the sections' bytes, in the same order
//!               1: signed, 0: not signed
//!               if signed: public key 32, Ed25519 signature 64
//! ```
//!
//! All numbers are little-endian. The signature is over `tripline model signature` with the version
//! followed by the SHA-256 of the bytes from offset 44 up to the signed mark.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::StoreError;
use crate::key::{PublicKey, SIGNATURE_BYTES};
use crate::limits::Limits;

/// The first bytes of every model file.
pub const MAGIC: &[u8; 8] = b"TRIPLINE";

/// The version written, the newest that is read.
pub const VERSION: u32 = 1;

/// Where the checksum ends: what comes after it is covered by it.
const CHECKED: usize = 44;

/// Longest name of a section.
const MAX_NAME_BYTES: usize = 256;

/// A name with bytes.
pub(crate) type Section = (String, Vec<u8>);

/// A signature in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) signer: PublicKey,
    pub(crate) signature: [u8; SIGNATURE_BYTES],
}

/// What a signature is over.
pub(crate) fn signed_message(sections: &[Section]) -> Vec<u8> {
    message(&Sha256::digest(encode_body(sections)))
}

fn message(body_hash: &[u8]) -> Vec<u8> {
    let mut message = b"tripline model signature".to_vec();
    message.extend_from_slice(&VERSION.to_le_bytes());
    message.extend_from_slice(body_hash);
    message
}

fn encode_body(sections: &[Section]) -> Vec<u8> {
    let size: usize = sections.iter().map(|(name, bytes)| name.len() + bytes.len() + 10).sum();
    let mut out = Vec::with_capacity(size + 5);
    out.extend_from_slice(&(sections.len() as u32).to_le_bytes());
    for (name, bytes) in sections {
        out.extend_from_slice(&(name.len() as u16).to_le_bytes());
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    }
    for (_, bytes) in sections {
        out.extend_from_slice(bytes);
    }
    out
}

/// The whole file.
pub(crate) fn encode(sections: &[Section], signed: Option<&Signed>) -> Vec<u8> {
    let mut checked = encode_body(sections);
    match signed {
        None => checked.push(0),
        Some(signed) => {
            checked.push(1);
            checked.extend_from_slice(&signed.signer.to_bytes());
            checked.extend_from_slice(&signed.signature);
        }
    }
    let mut out = Vec::with_capacity(checked.len() + CHECKED);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&Sha256::digest(&checked));
    out.extend_from_slice(&checked);
    out
}

/// Sections with the signature, which is valid for them; `file` is for messages.
pub(crate) fn decode(
    file: &Path,
    bytes: &[u8],
    limits: &Limits,
) -> Result<(Vec<Section>, Option<Signed>), StoreError> {
    let file = || file.to_owned();
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(StoreError::TooLarge {
            file: file(),
            bytes: bytes.len() as u64,
            limit: limits.max_file_bytes,
        });
    }
    if !bytes.starts_with(MAGIC) {
        if !bytes.is_empty() && MAGIC.starts_with(bytes) {
            return Err(StoreError::Truncated { file: file(), bytes: bytes.len() as u64 });
        }
        return Err(StoreError::NotAModel { file: file() });
    }
    let truncated = || StoreError::Truncated { file: file(), bytes: bytes.len() as u64 };
    let version = bytes.get(8..12).and_then(|b| b.try_into().ok()).ok_or_else(truncated)?;
    let version = u32::from_le_bytes(version);
    if version > VERSION {
        return Err(StoreError::Newer { file: file(), version, known: VERSION });
    }
    let checksum = bytes.get(12..CHECKED).ok_or_else(truncated)?;
    let checked = &bytes[CHECKED..];
    if checked.is_empty() {
        return Err(truncated());
    }
    if Sha256::digest(checked).as_slice() != checksum {
        return Err(StoreError::Checksum { file: file() });
    }
    // From here on the bytes are those that somebody wrote, which is no reason to trust them.
    let malformed =
        |at: usize, reason| StoreError::Malformed { file: file(), offset: CHECKED + at, reason };
    if version == 0 {
        return Err(StoreError::Malformed { file: file(), offset: 8, reason: "no version 0" });
    }
    let mut reader = Reader { bytes: checked, at: 0 };
    let count = reader.array().map(u32::from_le_bytes).map_err(|at| malformed(at, ENDS))?;
    if count > limits.max_sections {
        return Err(malformed(0, "too many sections"));
    }
    let mut table: Vec<(String, usize)> = Vec::new();
    for _ in 0..count {
        let start = reader.at;
        let ends = |at| malformed(at, ENDS);
        let len = usize::from(u16::from_le_bytes(reader.array().map_err(ends)?));
        if len > MAX_NAME_BYTES {
            return Err(malformed(start, "a section's name is too long"));
        }
        let name = std::str::from_utf8(reader.take(len).map_err(ends)?)
            .map_err(|_| malformed(start, "a section's name is not UTF-8"))?;
        if table.iter().any(|(known, _)| known == name) {
            return Err(malformed(start, "a section's name repeats"));
        }
        let len = u64::from_le_bytes(reader.array().map_err(ends)?);
        let len = usize::try_from(len).map_err(|_| malformed(start, LONGER))?;
        if len > checked.len() {
            return Err(malformed(start, LONGER));
        }
        table.push((name.to_owned(), len));
    }
    // All lengths against what is left, before any is believed.
    let left = checked.len() - reader.at;
    let total = table.iter().try_fold(0_usize, |sum, (_, len)| sum.checked_add(*len));
    if total.is_none_or(|total| total >= left) {
        return Err(malformed(reader.at, LONGER));
    }
    let mut sections = Vec::with_capacity(table.len());
    for (name, len) in table {
        let taken = reader.take(len).map_err(|at| malformed(at, ENDS))?;
        sections.push((name, taken.to_vec()));
    }
    let body = reader.at;
    let ends = |at| malformed(at, ENDS);
    let signed = match reader.array().map_err(ends)? {
        [0] => None,
        [1] => {
            let signer = PublicKey::from_bytes(reader.array().map_err(ends)?)
                .ok_or_else(|| malformed(body, "the signer's public key is none"))?;
            let signature = reader.array().map_err(ends)?;
            if !signer.verify(&message(&Sha256::digest(&checked[..body])), &signature) {
                return Err(StoreError::BadSignature { file: file() });
            }
            Some(Signed { signer, signature })
        }
        _ => return Err(malformed(body, "the signed mark is neither 0 nor 1")),
    };
    if reader.at != checked.len() {
        return Err(malformed(reader.at, "bytes after the end"));
    }
    Ok((sections, signed))
}

const ENDS: &str = "the file ends in the middle of a value";
const LONGER: &str = "a section is longer than the file";

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// The error is the offset at which the bytes end.
    fn take(&mut self, count: usize) -> Result<&'a [u8], usize> {
        let taken = self.bytes[self.at..].get(..count).ok_or(self.bytes.len())?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], usize> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }
}
