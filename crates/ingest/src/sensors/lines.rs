//! Lines of a log in bounded memory, whatever its compression.

use memchr::memchr;

use crate::bytes::ByteStream;
use crate::error::IngestError;

/// Lines of a stream.
pub(crate) struct Lines {
    stream: ByteStream,
    bytes: Vec<u8>,
    at: usize,
    ended: bool,
    max_bytes: usize,
    number: u64,
}

/// One line without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// Its bytes.
    Bytes(&'a [u8]),
    /// It is over the bound, and left out.
    TooLong,
}

impl Lines {
    /// Lines of at most so many bytes.
    pub(crate) fn new(stream: ByteStream, max_bytes: usize) -> Self {
        Self { stream, bytes: Vec::new(), at: 0, ended: false, max_bytes, number: 0 }
    }

    /// Reads until the bytes at hand are enough, or all there are; gives them without taking them.
    pub(crate) fn peek(&mut self, enough: impl Fn(&[u8]) -> bool) -> Result<&[u8], IngestError> {
        while !self.ended && !enough(&self.bytes[self.at..]) {
            self.more()?;
        }
        Ok(&self.bytes[self.at..])
    }

    /// Whether the next line, or the end, is at hand without reading on.
    pub(crate) fn at_hand(&self) -> bool {
        self.ended || memchr(b'\n', &self.bytes[self.at..]).is_some()
    }

    /// Number of the line given last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The next line; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Line<'_>>, IngestError> {
        let mut too_long = false;
        // Bytes that were searched for the end of the line already.
        let mut searched = 0;
        loop {
            let rest = &self.bytes[self.at..];
            let (length, taken) = match memchr(b'\n', &rest[searched..]) {
                Some(newline) => (searched + newline, searched + newline + 1),
                None if self.ended && rest.is_empty() && !too_long => return Ok(None),
                None if self.ended => (rest.len(), rest.len()),
                None => {
                    searched = rest.len();
                    if searched > self.max_bytes {
                        too_long = true;
                        self.at = self.bytes.len();
                        searched = 0;
                    }
                    self.more()?;
                    continue;
                }
            };
            let start = self.at;
            self.at += taken;
            self.number += 1;
            if too_long || length > self.max_bytes {
                return Ok(Some(Line::TooLong));
            }
            let line = &self.bytes[start..start + length];
            return Ok(Some(Line::Bytes(line.strip_suffix(b"\r").unwrap_or(line))));
        }
    }

    fn more(&mut self) -> Result<(), IngestError> {
        let block = match self.stream.next_block() {
            Ok(block) => block,
            Err(error) => {
                // What came before the damage is still given out.
                self.ended = true;
                return Err(error);
            }
        };
        match block {
            Some(block) if self.at == self.bytes.len() => self.bytes = block,
            Some(block) => {
                self.bytes.drain(..self.at);
                self.bytes.extend_from_slice(&block);
            }
            None => {
                self.ended = true;
                return Ok(());
            }
        }
        self.at = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Input;

    #[test]
    fn blocks_do_not_matter() {
        let text = format!("a\r\n\n{}\nbc\nlast", "x".repeat(50));
        for block_bytes in 1..70 {
            let input = Input::Memory { name: "f".to_owned(), bytes: text.as_bytes().into() };
            let stream = ByteStream::with_blocks(&input, block_bytes).expect("memory");
            let mut lines = Lines::new(stream, 20);
            let mut told = Vec::new();
            while let Some(line) = lines.next().expect("memory") {
                told.push(match line {
                    Line::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    Line::TooLong => "(too long)".to_owned(),
                });
            }
            assert_eq!(told, ["a", "", "(too long)", "bc", "last"], "{block_bytes}");
            assert_eq!(lines.number(), 5);
        }
    }
}
