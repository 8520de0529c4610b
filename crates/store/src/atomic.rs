//! Atomic outputs: a reader sees the old file or the whole new one, never a part.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::error::StoreError;

/// Files that are being written under a temporary name.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes what is being written, before the program ends without its outputs.
pub fn discard_unfinished() {
    if let Ok(mut unfinished) = UNFINISHED.lock() {
        for file in unfinished.drain(..) {
            let _ = fs::remove_file(file);
        }
    }
}

fn finished(temporary: &Path) {
    if let Ok(mut unfinished) = UNFINISHED.lock() {
        unfinished.retain(|file| file != temporary);
    }
}

/// A file written beside its final name, which it takes in [`AtomicFile::commit`]. Dropped before
/// that it leaves nothing behind, and what lay there before stays.
///
/// A target that exists and is no regular file (`/dev/stdout`, a pipe) is written straight.
#[derive(Debug)]
pub struct AtomicFile {
    target: PathBuf,
    temporary: Option<PathBuf>,
    writer: Option<BufWriter<File>>,
}

impl AtomicFile {
    /// Opens a temporary file in the target's folder; errors if that folder does not exist or
    /// cannot be written, so that long work can fail before it begins.
    pub fn create(target: &Path) -> Result<Self, StoreError> {
        let error =
            |action| move |source| StoreError::Io { file: target.to_owned(), action, source };
        if let Ok(meta) = fs::metadata(target) {
            if meta.is_dir() {
                return Err(StoreError::Folder { file: target.to_owned() });
            }
            if !meta.is_file() {
                let file = OpenOptions::new()
                    .write(true)
                    .open(target)
                    .map_err(error("open for writing"))?;
                return Ok(Self {
                    target: target.to_owned(),
                    temporary: None,
                    writer: Some(BufWriter::with_capacity(1 << 16, file)),
                });
            }
        }
        if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty())
            && !folder.is_dir()
        {
            let folder = folder.to_owned();
            return Err(StoreError::NoFolder { file: target.to_owned(), folder });
        }
        // A link is followed, so that it stays a link.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let (temporary, file) = open_beside(&target).map_err(|source| StoreError::Io {
            file: target.clone(),
            action: "create a file there",
            source,
        })?;
        Ok(Self {
            target,
            temporary: Some(temporary),
            writer: Some(BufWriter::with_capacity(1 << 16, file)),
        })
    }

    /// The final name.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Flushes to disk, then gives the file its final name, replacing what lay there.
    pub fn commit(mut self) -> Result<(), StoreError> {
        let target = self.target.clone();
        let error = |action| move |source| StoreError::Io { file: target.clone(), action, source };
        if let Some(writer) = self.writer.take() {
            let file = writer.into_inner().map_err(|e| error.clone()("write")(e.into_error()))?;
            if self.temporary.is_some() {
                file.sync_all().map_err(error.clone()("write"))?;
            }
        }
        if let Some(temporary) = &self.temporary {
            fs::rename(temporary, &self.target).map_err(error("rename to"))?;
            finished(temporary);
            self.temporary = None;
            sync_folder(&self.target);
        }
        Ok(())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            Some(writer) => writer.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), BufWriter::flush)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            // Bytes still in the buffer are of no use to anybody.
            drop(writer.into_parts());
        }
        if let Some(temporary) = &self.temporary {
            let _ = fs::remove_file(temporary);
            finished(temporary);
        }
    }
}

/// Writes all of `bytes` to `target` atomically.
pub fn write_atomic(target: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut file = AtomicFile::create(target)?;
    file.write_all(bytes).map_err(|source| StoreError::Io {
        file: target.to_owned(),
        action: "write",
        source,
    })?;
    file.commit()
}

/// A new file in the folder of `target`; the process number with a counter make its name.
fn open_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    let mut counter = 0_u32;
    loop {
        let mut name = OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(format!(".{}-{counter}.part", std::process::id()));
        let temporary = target.with_file_name(name);
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => {
                if let Ok(mut unfinished) = UNFINISHED.lock() {
                    unfinished.push(temporary.clone());
                }
                return Ok((temporary, file));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && counter < 1000 => {
                counter += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Makes the new name last; a system that cannot sync a folder keeps its own promise.
pub(crate) fn sync_folder(target: &Path) {
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_is_dropped_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out.bin");
        write_atomic(&target, b"old").unwrap();
        let mut file = AtomicFile::create(&target).unwrap();
        file.write_all(b"half of the new").unwrap();
        drop(file);
        assert_eq!(fs::read(&target).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        write_atomic(&target, b"new").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(AtomicFile::create(folder.path()), Err(StoreError::Folder { .. })));
    }
}
