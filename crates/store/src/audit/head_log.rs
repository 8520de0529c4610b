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

/// The log, open for writing.
#[derive(Debug)]
pub struct HeadLog {
    path: PathBuf,
    file: File,
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
        file.seek(SeekFrom::End(0)).map_err(error("write"))?;
        let text = String::from_utf8_lossy(&end[..whole]);
        let last = text.lines().next_back().and_then(AuditHead::parse_line);
        sync_folder(path);
        Ok(Self { path: path.to_owned(), file, last, written: 0 })
    }

    /// The head of its last line.
    pub fn last(&self) -> Option<&AuditHead> {
        self.last.as_ref()
    }

    /// Adds a head, unless a line written by this log covers it; it is on disk when this returns.
    pub fn append(&mut self, head: &AuditHead) -> Result<(), StoreError> {
        if self.written >= head.sequence || self.last.as_ref() == Some(head) {
            return Ok(());
        }
        let line = format!("{}\n", head.to_line());
        self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data()).map_err(
            |source| StoreError::Io { file: self.path.clone(), action: "write", source },
        )?;
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
