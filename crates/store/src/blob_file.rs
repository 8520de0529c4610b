//! The file of a blob in a folder while it is written: beside its place, moved there at the end.
//!
//! Bytes are on disk before the file takes its place, and the names of file and folders are before
//! anybody is told: losing power leaves the blob of before or the whole new one.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Other files of that name that are being written at most.
const MOST_STAGED: u32 = 10_000;

/// A file under way; dropped before [`BlobFile::finish`], it leaves nothing.
#[derive(Debug)]
pub(crate) struct BlobFile {
    file: File,
    /// None once it has taken its place.
    staged: Option<PathBuf>,
    target: PathBuf,
    root: PathBuf,
}

impl BlobFile {
    /// Begins the file `target` under the folder `root`.
    pub(crate) fn create(root: &Path, target: PathBuf) -> io::Result<Self> {
        if let Some(folder) = target.parent() {
            make_folder(folder)?;
        }
        let mut number = 1;
        loop {
            // A name that `object_store` lists under no key.
            let mut staged = target.clone().into_os_string();
            staged.push(format!("#{number}"));
            let staged = PathBuf::from(staged);
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(&staged) {
                Ok(file) => {
                    return Ok(Self { file, staged: Some(staged), target, root: root.to_owned() });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && number < MOST_STAGED => {
                    number += 1;
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// Adds bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// The file takes its place; it is on disk when this returns.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        if let Some(staged) = &self.staged {
            std::fs::rename(staged, &self.target)?;
        }
        self.staged = None;
        // All folders up to the root: one that a killed process made was not waited for.
        let folders = self.target.ancestors().skip(1);
        for folder in folders.take_while(|folder| folder.starts_with(&self.root)) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for BlobFile {
    fn drop(&mut self) {
        if let Some(staged) = self.staged.take() {
            // One that stays is removed at the next start.
            let _ = std::fs::remove_file(staged);
        }
    }
}

/// A folder for nobody else, with those above it where they are not there.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Takes the rights of all others from a folder of ours.
pub(crate) fn close_to_others(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(
        folder,
        <Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700),
    )?;
    Ok(())
}

/// Removes what killed processes had begun under a folder; gives how many files, and their bytes.
pub(crate) fn sweep(folder: &Path) -> io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let (below, size) = sweep(&entry.path())?;
            (files, bytes) = (files + below, bytes + size);
        } else if kind.is_file() && is_staged(&entry.file_name().to_string_lossy()) {
            bytes += entry.metadata()?.len();
            std::fs::remove_file(entry.path())?;
            files += 1;
        }
    }
    Ok((files, bytes))
}

/// `NAME#N`.
fn is_staged(name: &str) -> bool {
    name.rsplit_once('#').is_some_and(|(before, number)| {
        !before.is_empty() && !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staged_names_are_told_from_others() {
        for name in ["upl-1.data#1", "a#b#22"] {
            assert!(is_staged(name), "{name}");
        }
        for name in ["upl-1.data", "#1", "a#", "a#x1", "a"] {
            assert!(!is_staged(name), "{name}");
        }
    }
}
