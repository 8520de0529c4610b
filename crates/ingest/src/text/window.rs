//! Windows on a stream: whole records, cut into chunks that can be parsed side by side.

use std::ops::Range;

use memchr::{memchr, memrchr};

use super::record::{self, End};
use crate::bytes::ByteStream;
use crate::error::IngestError;

/// Whole records.
#[derive(Debug)]
pub(crate) struct Window {
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
    /// What they hold, in order.
    pub(crate) pieces: Vec<Piece>,
}

/// Part of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Whole records, at most the last of them a bad one.
    Chunk(Range<usize>),
    /// A record over the bound, left out of the bytes.
    TooLong,
}

/// How records are found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cutting {
    /// The delimiter, if quotes may hold newlines.
    pub(crate) delimiter: Option<u8>,
    /// Bytes of a chunk.
    pub(crate) chunk_bytes: usize,
    /// A longer record is bad.
    pub(crate) max_record_bytes: usize,
}

/// Windows on a stream.
pub(crate) struct Windows {
    stream: ByteStream,
    // Bytes not yet given out.
    rest: Vec<u8>,
    // Whether `rest` has never been looked at.
    fresh: bool,
    // Bytes given out.
    taken: u64,
    // Inside of a record over the bound.
    skipping: bool,
    ended: bool,
}

impl Windows {
    /// Windows on a stream.
    pub(crate) fn new(stream: ByteStream) -> Self {
        Self { stream, rest: Vec::new(), fresh: false, taken: 0, skipping: false, ended: false }
    }

    /// Reads until `at_least` bytes are at hand, or all there are; gives them without taking them.
    pub(crate) fn peek(&mut self, at_least: usize) -> Result<&[u8], IngestError> {
        while self.rest.len() < at_least && !self.ended {
            self.more()?;
        }
        self.fresh = true;
        Ok(&self.rest)
    }

    /// Takes bytes off the front of what was peeked at.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.rest.drain(..bytes);
    }

    /// Whether all bytes were read.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Bytes in the windows so far.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// The stream below.
    pub(crate) fn stream(&self) -> &ByteStream {
        &self.stream
    }

    /// The stream below, to be read otherwise.
    pub(crate) fn into_stream(self) -> (Vec<u8>, ByteStream) {
        (self.rest, self.stream)
    }

    /// The next whole records; `None` at the end.
    pub(crate) fn next(&mut self, cutting: Cutting) -> Result<Option<Window>, IngestError> {
        loop {
            if !std::mem::take(&mut self.fresh) {
                if self.ended {
                    return Ok(None);
                }
                self.more()?;
            }
            let mut bytes = std::mem::take(&mut self.rest);
            if self.skipping {
                let Some(newline) = memchr(b'\n', &bytes) else { continue };
                bytes.drain(..=newline);
                self.skipping = false;
            }
            let cut = cut(&bytes, self.ended, cutting);
            self.skipping = cut.skipping;
            if !cut.skipping {
                self.rest = bytes[cut.consumed..].to_vec();
            }
            bytes.truncate(cut.consumed);
            self.taken += bytes.len() as u64;
            if !cut.pieces.is_empty() {
                return Ok(Some(Window { bytes, pieces: cut.pieces }));
            }
        }
    }

    fn more(&mut self) -> Result<(), IngestError> {
        match self.stream.next_block()? {
            Some(block) if self.rest.is_empty() => self.rest = block,
            Some(block) => self.rest.extend_from_slice(&block),
            None => self.ended = true,
        }
        Ok(())
    }
}

struct Cut {
    pieces: Vec<Piece>,
    // Bytes in the pieces.
    consumed: usize,
    // The rest is the start of a record over the bound.
    skipping: bool,
}

fn cut(bytes: &[u8], ended: bool, cutting: Cutting) -> Cut {
    let quotes = cutting.delimiter.filter(|_| memchr(b'"', bytes).is_some());
    match quotes {
        None => cut_at_newlines(bytes, ended, cutting),
        Some(delimiter) => cut_at_records(bytes, ended, delimiter, cutting),
    }
}

fn cut_at_newlines(bytes: &[u8], ended: bool, cutting: Cutting) -> Cut {
    let whole = if ended { bytes.len() } else { memrchr(b'\n', bytes).map_or(0, |at| at + 1) };
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < whole {
        let target = (start + cutting.chunk_bytes).min(whole);
        let end = memchr(b'\n', &bytes[target..whole]).map_or(whole, |at| target + at + 1);
        pieces.push(Piece::Chunk(start..end));
        start = end;
    }
    let skipping = bytes.len() - whole > cutting.max_record_bytes;
    if skipping {
        pieces.push(Piece::TooLong);
    }
    Cut { pieces, consumed: whole, skipping }
}

/// As [`cut_at_newlines`], past newlines in quotes. Where quotes run on beyond the bound, the line
/// that opens them is cut off as a bad record, so that a stray quote costs one line.
fn cut_at_records(bytes: &[u8], ended: bool, delimiter: u8, cutting: Cutting) -> Cut {
    let mut pieces = Vec::new();
    let mut first = 0;
    let mut start = 0;
    let flush = |pieces: &mut Vec<Piece>, first: &mut usize, to: usize| {
        if to > *first {
            pieces.push(Piece::Chunk(*first..to));
            *first = to;
        }
    };
    while start < bytes.len() {
        let end = record::end(bytes, start, Some(delimiter));
        let too_long = match end {
            End::At(end) => end - start > cutting.max_record_bytes,
            End::Open if ended => true,
            End::Unterminated if ended => {
                start = bytes.len();
                continue;
            }
            _ if bytes.len() - start > cutting.max_record_bytes => true,
            _ => break,
        };
        match end {
            End::At(end) if !too_long => {
                start = end;
                if start - first >= cutting.chunk_bytes {
                    flush(&mut pieces, &mut first, start);
                }
            }
            _ => match memchr(b'\n', &bytes[start..]) {
                Some(newline) => {
                    start += newline + 1;
                    flush(&mut pieces, &mut first, start);
                }
                None if ended => start = bytes.len(),
                None => {
                    flush(&mut pieces, &mut first, start);
                    pieces.push(Piece::TooLong);
                    return Cut { pieces, consumed: start, skipping: true };
                }
            },
        }
    }
    flush(&mut pieces, &mut first, start);
    Cut { pieces, consumed: start, skipping: false }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bytes::Input;

    /// Bytes kept and records left out, from blocks of that size.
    fn windows(text: &str, block_bytes: usize, cutting: Cutting) -> (Vec<u8>, usize) {
        let input = Input::Memory { name: "f".to_owned(), bytes: text.as_bytes().into() };
        let mut windows = Windows::new(ByteStream::with_blocks(&input, block_bytes).unwrap());
        let (mut bytes, mut too_long) = (Vec::new(), 0);
        while let Some(window) = windows.next(cutting).unwrap() {
            let mut at = 0;
            for piece in &window.pieces {
                match piece {
                    Piece::Chunk(range) => {
                        assert_eq!(range.start, at);
                        at = range.end;
                    }
                    Piece::TooLong => too_long += 1,
                }
            }
            assert_eq!(at, window.bytes.len());
            bytes.extend_from_slice(&window.bytes);
        }
        (bytes, too_long)
    }

    proptest! {
        // A record over the bound is left out where its end is not at hand, else it is for the
        // parser to find; what is left then does not depend on the blocks.
        #[test]
        fn blocks_do_not_matter(text in "[a\",\n]{0,200}", block_bytes in 1usize..40) {
            let cutting =
                Cutting { delimiter: Some(b','), chunk_bytes: 16, max_record_bytes: 1 << 20 };
            let (bytes, too_long) = windows(&text, block_bytes, cutting);
            prop_assert_eq!((bytes.as_slice(), too_long), (text.as_bytes(), 0));
        }
    }

    #[test]
    fn a_long_record_is_left_out_whole() {
        let text = format!("a\n{}\nb\n", "x".repeat(1000));
        let cutting = Cutting { delimiter: Some(b','), chunk_bytes: 16, max_record_bytes: 100 };
        assert_eq!(windows(&text, 64, cutting), (b"a\nb\n".to_vec(), 1));
    }
}
