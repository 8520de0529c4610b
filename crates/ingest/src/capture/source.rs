//! The unpacked bytes of a capture, read on request.

use std::io::{self, Cursor, Read};
use std::path::Path;

use crate::bytes::{Compression, open_file};
use crate::error::IngestError;

/// Bytes asked from a stream at a time: what a pipe of Linux holds.
const STREAM_BYTES: usize = 64 << 10;

/// The unpacked bytes of a capture.
pub(super) struct Source {
    reader: Box<dyn Read + Send>,
    compression: Compression,
    /// Bytes may come slowly: what is there is taken without waiting for more.
    slow: bool,
    ended: bool,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, IngestError> {
        let file = open_file(path)?;
        let slow = !file.metadata().is_ok_and(|about| about.is_file());
        Self::new(&path.display().to_string(), Box::new(file), slow)
    }

    /// Tells gzip and zstd by their magic numbers.
    pub(super) fn new(
        name: &str,
        mut reader: Box<dyn Read + Send>,
        slow: bool,
    ) -> Result<Self, IngestError> {
        let failed = |source| IngestError::Io { path: name.to_owned(), source };
        let mut head = Vec::new();
        reader.by_ref().take(4).read_to_end(&mut head).map_err(failed)?;
        let compression = Compression::of(&head);
        let raw: Box<dyn Read + Send> = Box::new(Cursor::new(head).chain(reader));
        let reader = compression.decoder(raw).map_err(failed)?;
        Ok(Self { reader, compression, slow, ended: false })
    }

    pub(super) fn compression(&self) -> Compression {
        self.compression
    }

    /// True once all was read.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// True if waiting for more than there is would hold back what came.
    pub(super) fn slow(&self) -> bool {
        self.slow
    }

    /// Appends bytes until there are `length` in the buffer; of a slow source, what comes at once.
    /// After an error the source has ended; what was read before it is in the buffer.
    pub(super) fn fill(&mut self, buffer: &mut Vec<u8>, length: usize) -> io::Result<()> {
        let result = if self.slow {
            self.read_once(buffer)
        } else {
            let missing = length.saturating_sub(buffer.len());
            buffer.reserve(missing);
            self.reader.by_ref().take(missing as u64).read_to_end(buffer).map(|read| read < missing)
        };
        self.ended |= *result.as_ref().unwrap_or(&true);
        result.map(drop)
    }

    /// True at the end.
    fn read_once(&mut self, buffer: &mut Vec<u8>) -> io::Result<bool> {
        let start = buffer.len();
        buffer.resize(start + STREAM_BYTES, 0);
        let read = loop {
            match self.reader.read(&mut buffer[start..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        buffer.truncate(start + *read.as_ref().unwrap_or(&0));
        Ok(read? == 0)
    }
}
