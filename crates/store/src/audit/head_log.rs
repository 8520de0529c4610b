//! The log of signed heads: a file of lines outside the database.
//!
//! A line is written and on disk after the commit of the change and before its future is ready, so
//! what was acknowledged is covered by a line. Changes at the same time share one line, that of the
//! newest. A crash between commit and line leaves entries that no line covers yet: none of them was
//! acknowledged, and the next line covers them.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tripline_core::text::hexadecimal;

use crate::atomic::sync_folder;
use crate::error::StoreError;
use crate::records::AuditHead;

/// A line has 20 digits, 64, 128, two spaces at most.
const MAX_LINE_BYTES: u64 = 256;

/// A head as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedHead {
    /// Its line, from 1.
    pub line: u64,
    /// The head; none if the line is none.
    pub head: Option<AuditHead>,
}

/// What a log is written to: a file; a test has its own.
trait Medium: Write {
    /// Cuts it, and writes on from there.
    fn cut(&mut self, length: u64) -> std::io::Result<()>;
    /// Waits until all that was written is on disk.
    fn sync(&mut self) -> std::io::Result<()>;
}

impl Medium for File {
    fn cut(&mut self, length: u64) -> std::io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length)).map(drop)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        self.sync_data()
    }
}

/// The log, open for writing.
#[derive(Debug)]
pub struct HeadLog {
    path: PathBuf,
    lines: Lines<File>,
}

/// Lines, the newest head last.
#[derive(Debug)]
struct Lines<M> {
    medium: M,
    /// Bytes of whole lines.
    length: u64,
    /// A write has failed: a part of its line may stand behind the whole ones.
    torn: bool,
    last: Option<AuditHead>,
    /// Number of the newest head that was written since the log was opened.
    written: u64,
}

impl HeadLog {
    /// Opens or makes the log. An end without a line break was cut off by a crash and is removed.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let error = |action| move |source| StoreError::Io { file: path.to_owned(), action, source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(error("open for writing"))?;
        let length = file.metadata().map_err(error("read"))?.len();
        let start = length.saturating_sub(2 * MAX_LINE_BYTES);
        let mut end = Vec::new();
        file.seek(SeekFrom::Start(start)).map_err(error("read"))?;
        (&mut file).take(2 * MAX_LINE_BYTES).read_to_end(&mut end).map_err(error("read"))?;
        let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < end.len() && (start == 0 || whole > 0) {
            file.set_len(start + whole as u64).map_err(error("cut"))?;
        }
        let length = file.seek(SeekFrom::End(0)).map_err(error("write"))?;
        let text = String::from_utf8_lossy(&end[..whole]);
        let last = text.lines().next_back().and_then(AuditHead::parse_line);
        sync_folder(path);
        let lines = Lines { medium: file, length, torn: false, last, written: 0 };
        Ok(Self { path: path.to_owned(), lines })
    }

    /// The head of its last line.
    pub fn last(&self) -> Option<&AuditHead> {
        self.lines.last.as_ref()
    }

    /// Adds a head, unless a line written by this log covers it; it is on disk when this returns.
    ///
    /// # Errors
    /// The disk refuses; what it has taken of the line is removed before the next one.
    pub fn append(&mut self, head: &AuditHead) -> Result<(), StoreError> {
        let file = &self.path;
        self.lines.append(head).map_err(|source| StoreError::Io {
            file: file.clone(),
            action: "write",
            source,
        })
    }
}

impl<M: Medium> Lines<M> {
    fn append(&mut self, head: &AuditHead) -> std::io::Result<()> {
        if self.written >= head.sequence || self.last.as_ref() == Some(head) {
            return Ok(());
        }
        if self.torn {
            self.medium.cut(self.length)?;
            self.torn = false;
        }
        let line = format!("{}\n", head.to_line());
        self.torn = true;
        self.medium.write_all(line.as_bytes())?;
        self.medium.sync()?;
        self.torn = false;
        self.length += line.len() as u64;
        self.written = head.sequence;
        self.last = Some(head.clone());
        Ok(())
    }
}

/// The heads of a log, one by one; none of a log that is not there.
pub fn read_heads(
    path: &Path,
) -> Result<impl Iterator<Item = Result<LoggedHead, StoreError>>, StoreError> {
    let error = |source| StoreError::Io { file: path.to_owned(), action: "read", source };
    let file = match File::open(path) {
        Ok(file) => Some(BufReader::new(file)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(error(e)),
    };
    let path = path.to_owned();
    let mut file = file;
    let mut line = 0;
    Ok(std::iter::from_fn(move || {
        let reader = file.as_mut()?;
        let mut bytes = Vec::new();
        match reader.take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes) {
            Ok(0) => None,
            Ok(_) => {
                line += 1;
                let head = std::str::from_utf8(&bytes).ok().and_then(AuditHead::parse_line);
                Some(Ok(LoggedHead { line, head }))
            }
            Err(source) => {
                file = None;
                Some(Err(StoreError::Io { file: path.clone(), action: "read", source }))
            }
        }
    }))
}

impl AuditHead {
    /// As a line: number, hash, signature, in hexadecimal.
    pub fn to_line(&self) -> String {
        format!("{} {} {}", self.sequence, hexadecimal(self.hash), hexadecimal(&self.signature))
    }

    /// From its line.
    pub fn parse_line(line: &str) -> Option<Self> {
        let mut parts = line.trim_end().split(' ');
        let sequence = parts.next()?.parse().ok()?;
        let hash = bytes(parts.next()?)?.try_into().ok()?;
        let signature = bytes(parts.next()?)?;
        (parts.next().is_none()).then_some(Self { sequence, hash, signature })
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    /// A disk with room for so many bytes, of which only what was waited for outlives a loss of
    /// power.
    #[derive(Debug, Default)]
    struct Disk {
        room: usize,
        written: Vec<u8>,
        safe: Vec<u8>,
        fails_to_sync: bool,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let taken = bytes.len().min(self.room - self.written.len());
            if taken == 0 {
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            self.written.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Medium for Disk {
        fn cut(&mut self, length: u64) -> std::io::Result<()> {
            self.written.truncate(length as usize);
            Ok(())
        }

        fn sync(&mut self) -> std::io::Result<()> {
            if self.fails_to_sync {
                return Err(std::io::Error::other("no answer of the disk"));
            }
            self.safe.clone_from(&self.written);
            Ok(())
        }
    }

    fn head(sequence: u64) -> AuditHead {
        AuditHead::sign(sequence, [sequence as u8; 32], &SecretKey::from_bytes([7; 32]))
    }

    fn log(room: usize) -> Lines<Disk> {
        let medium = Disk { room, ..Disk::default() };
        Lines { medium, length: 0, torn: false, last: None, written: 0 }
    }

    #[test]
    fn a_line_that_a_full_disk_cut_goes_before_the_next_one() {
        let whole = |numbers: &[u64]| -> String {
            numbers.iter().map(|number| head(*number).to_line() + "\n").collect()
        };
        let first = whole(&[1]);
        let mut log = log(first.len() + 30);
        log.append(&head(1)).unwrap();
        assert!(log.append(&head(2)).is_err());
        assert!(log.append(&head(2)).is_err());
        assert_eq!(log.medium.written.len(), first.len() + 30, "a part of a line was written");
        log.medium.room = 10_000;
        log.append(&head(3)).unwrap();
        log.append(&head(4)).unwrap();
        assert_eq!(String::from_utf8(log.medium.safe).unwrap(), whole(&[1, 3, 4]));
    }

    #[test]
    fn a_head_that_was_acknowledged_outlives_a_loss_of_power() {
        let mut log = log(10_000);
        for number in 1..5 {
            log.append(&head(number)).unwrap();
            let safe = String::from_utf8(log.medium.safe.clone()).unwrap();
            assert_eq!(safe.lines().next_back(), Some(head(number).to_line().as_str()));
        }
        log.medium.fails_to_sync = true;
        assert!(log.append(&head(5)).is_err(), "nobody waited for the disk");
        // It may be on disk or not: it is written again.
        log.medium.fails_to_sync = false;
        log.append(&head(5)).unwrap();
        let safe = String::from_utf8(log.medium.safe).unwrap();
        assert_eq!(safe.lines().count(), 5);
    }
}
