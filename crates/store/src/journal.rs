//! An append-only file of lines, each on disk before the next, with one writer at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::atomic::sync_folder;
use crate::error::StoreError;

/// A journal that is open for writing; the lock is given back when it is dropped.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Where each line ends.
    ends: Vec<u64>,
    /// Whether the file ends with the last line, and the next one is written there.
    ready: bool,
}

impl Journal {
    /// Opens or makes a journal of at most `limit` bytes; gives its lines.
    ///
    /// An end without a line break was cut off in the middle of a write: it is told apart, and
    /// goes with the first line that is added. Until then the file stays as it was, so that one
    /// that is no journal is not harmed. Errors if another program writes the journal.
    pub fn open(path: &Path, limit: u64) -> Result<(Self, Lines), StoreError> {
        let error = |action| move |source| StoreError::Io { file: path.to_owned(), action, source };
        if path.is_dir() {
            return Err(StoreError::Folder { file: path.to_owned() });
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
            && !folder.is_dir()
        {
            let folder = folder.to_owned();
            return Err(StoreError::NoFolder { file: path.to_owned(), folder });
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(error("open for writing"))?;
        file.try_lock().map_err(|refused| match refused {
            TryLockError::WouldBlock => StoreError::Locked { file: path.to_owned() },
            TryLockError::Error(source) => error("lock")(source),
        })?;
        let bytes = file.metadata().map_err(error("read"))?.len();
        if bytes > limit {
            return Err(StoreError::TooLarge { file: path.to_owned(), bytes, limit });
        }
        let mut content = Vec::new();
        (&mut file).take(limit).read_to_end(&mut content).map_err(error("read"))?;
        let mut ends = Vec::new();
        let mut lines = Vec::new();
        let mut start = 0;
        for (at, _) in content.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            // What is no text cannot be read by whoever reads the lines.
            lines.push(String::from_utf8_lossy(&content[start..at]).into_owned());
            start = at + 1;
            ends.push(start as u64);
        }
        let torn = content.split_off(start);
        let journal = Self { path: path.to_owned(), file, ends, ready: false };
        sync_folder(path);
        Ok((journal, Lines { lines, torn }))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line, which must hold no line break; it is on disk when this returns.
    pub fn append(&mut self, line: &str) -> Result<(), StoreError> {
        if !self.ready {
            self.keep(self.ends.len())?;
        }
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend(line.bytes().map(|byte| if byte == b'\n' { b' ' } else { byte }));
        bytes.push(b'\n');
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        written.map_err(|source| self.error("write", source))?;
        self.ends.push(self.end() + bytes.len() as u64);
        Ok(())
    }

    /// Keeps the first `lines` lines, removes what follows them.
    pub fn keep(&mut self, lines: usize) -> Result<(), StoreError> {
        self.ends.truncate(lines);
        let end = self.end();
        let length = self.file.metadata().map_err(|source| self.error("read", source))?.len();
        if length != end {
            let cut = self.file.set_len(end).and_then(|()| self.file.sync_all());
            cut.map_err(|source| self.error("cut", source))?;
        }
        self.file.seek(SeekFrom::Start(end)).map_err(|source| self.error("write", source))?;
        self.ready = true;
        Ok(())
    }

    fn end(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    fn error(&self, action: &'static str, source: std::io::Error) -> StoreError {
        StoreError::Io { file: self.path.clone(), action, source }
    }
}

/// What a journal held when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// Whole lines, without their breaks.
    pub lines: Vec<String>,
    /// What stood after the last line break.
    pub torn: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 1 << 20;

    #[test]
    fn a_torn_line_is_cut_and_writing_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.jsonl");
        let (mut journal, opened) = Journal::open(&path, LIMIT).unwrap();
        assert_eq!(opened, Lines { lines: vec![], torn: vec![] });
        journal.append("one").unwrap();
        journal.append("two\nlines").unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for end in 0..=whole.len() {
            std::fs::write(&path, &whole[..end]).unwrap();
            let (mut journal, opened) = Journal::open(&path, LIMIT).unwrap();
            let kept: usize = opened.lines.iter().map(|line| line.len() + 1).sum();
            assert_eq!(opened.torn, &whole[kept..end]);
            assert_eq!(std::fs::read(&path).unwrap(), &whole[..end]);
            journal.append("three").unwrap();
            let mut expected = whole[..kept].to_vec();
            expected.extend_from_slice(b"three\n");
            assert_eq!(std::fs::read(&path).unwrap(), expected);
        }
    }

    #[test]
    fn lines_at_the_end_can_be_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.jsonl");
        std::fs::write(&path, "a\nb\nc\n").unwrap();
        let (mut journal, opened) = Journal::open(&path, LIMIT).unwrap();
        assert_eq!(opened.lines, ["a", "b", "c"]);
        journal.keep(1).unwrap();
        journal.append("d").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"a\nd\n");
    }

    #[test]
    fn there_is_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.jsonl");
        let (journal, _) = Journal::open(&path, LIMIT).unwrap();
        assert!(matches!(Journal::open(&path, LIMIT), Err(StoreError::Locked { .. })));
        drop(journal);
        assert!(Journal::open(&path, LIMIT).is_ok());
    }

    #[test]
    fn what_is_no_journal_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Journal::open(folder.path(), LIMIT), Err(StoreError::Folder { .. })));
        let lost = folder.path().join("no/study.jsonl");
        assert!(matches!(Journal::open(&lost, LIMIT), Err(StoreError::NoFolder { .. })));
        let path = folder.path().join("study.jsonl");
        std::fs::write(&path, "a line too many\n").unwrap();
        assert!(matches!(Journal::open(&path, 4), Err(StoreError::TooLarge { .. })));
    }
}
