//! Items of a body as it arrives: lines of NDJSON, elements of a JSON array.

use bytes::{Buf as _, Bytes, BytesMut};

/// How items stand in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// One JSON value a line.
    Lines,
    /// One JSON array.
    Array,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its line, from 1; of an array its place, from 0.
    pub(crate) number: u64,
    /// Its bytes, or why there are none.
    pub(crate) bytes: Result<Bytes, TooLong>,
}

/// An item with more bytes than an item may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Why nothing can be read from here on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SplitError {
    /// The body is no array.
    #[error("the body must be a JSON array of records")]
    NotAnArray,
    /// An element is followed by something else than `,` or `]`.
    #[error("after element {index} there must be `,` or `]`")]
    Separator {
        /// The element before.
        index: u64,
    },
    /// There is something behind the array.
    #[error("there is something after the end of the array")]
    Trailing,
    /// The body ends within the array.
    #[error("the array does not end: the body was cut after element {index}")]
    Cut {
        /// Elements that came whole.
        index: u64,
    },
    /// An element of an array is too long; where it ends is not looked for.
    #[error("element {index} has more than {limit} bytes")]
    TooLong {
        /// Which.
        index: u64,
        /// Bytes that an item may have.
        limit: usize,
    },
}

/// Parts a body into items; holds one item at most.
#[derive(Debug)]
pub(crate) struct Splitter {
    framing: Framing,
    limit: usize,
    buffer: BytesMut,
    /// Bytes of `buffer` that were looked at.
    seen: usize,
    /// Items given so far, blank lines included.
    count: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Lines: within a line. Array: before `[`.
    Start,
    /// Lines: within a line that is too long, whose rest is thrown away.
    Skipping,
    /// Array: before an element; the first may be missing.
    Before { first: bool },
    /// Array: within an element.
    Within { depth: u32, text: bool, escaped: bool },
    /// Array: behind an element.
    After,
    /// Array: behind `]`.
    End,
}

impl Splitter {
    /// For items of at most `limit` bytes.
    pub(crate) fn new(framing: Framing, limit: usize) -> Self {
        let buffer = BytesMut::new();
        Self { framing, limit, buffer, seen: 0, count: 0, state: State::Start }
    }

    /// Takes what arrived.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole item; none until more is fed.
    pub(crate) fn next(&mut self) -> Result<Option<Item>, SplitError> {
        match self.framing {
            Framing::Lines => Ok(self.line()),
            Framing::Array => self.element(),
        }
    }

    /// The last item, once all is fed and [`Splitter::next`] gave none.
    pub(crate) fn finish(&mut self) -> Result<Option<Item>, SplitError> {
        match (self.framing, self.state) {
            (Framing::Lines, State::Skipping) => {
                self.state = State::Start;
                Ok(None)
            }
            (Framing::Lines, _) => {
                let last = self.buffer.split().freeze();
                self.seen = 0;
                if last.iter().all(u8::is_ascii_whitespace) {
                    return Ok(None);
                }
                self.count += 1;
                Ok(Some(Item { number: self.count, bytes: Ok(last) }))
            }
            (Framing::Array, State::End) => Ok(None),
            (Framing::Array, State::Start) => Err(SplitError::NotAnArray),
            (Framing::Array, _) => Err(SplitError::Cut { index: self.count }),
        }
    }

    fn line(&mut self) -> Option<Item> {
        loop {
            let end = memchr(b'\n', &self.buffer[self.seen..]).map(|at| self.seen + at);
            let Some(end) = end else {
                self.seen = self.buffer.len();
                if self.state == State::Skipping {
                    self.buffer.clear();
                    self.seen = 0;
                } else if self.buffer.len() > self.limit {
                    self.buffer.clear();
                    self.seen = 0;
                    self.state = State::Skipping;
                    self.count += 1;
                    return Some(Item { number: self.count, bytes: Err(TooLong) });
                }
                return None;
            };
            let line = self.buffer.split_to(end).freeze();
            self.buffer.advance(1);
            self.seen = 0;
            if self.state == State::Skipping {
                self.state = State::Start;
                continue;
            }
            self.count += 1;
            if line.len() > self.limit {
                return Some(Item { number: self.count, bytes: Err(TooLong) });
            }
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Some(Item { number: self.count, bytes: Ok(line) });
            }
        }
    }

    fn element(&mut self) -> Result<Option<Item>, SplitError> {
        while self.seen < self.buffer.len() {
            let byte = self.buffer[self.seen];
            match self.state {
                State::Within { depth, text, escaped } => {
                    let (depth, text, escaped) = match (text, escaped, byte) {
                        (true, true, _) => (depth, true, false),
                        (true, false, b'\\') => (depth, true, true),
                        (true, false, b'"') => (depth, false, false),
                        (true, false, _) => (depth, true, false),
                        (false, _, b'"') => (depth, true, false),
                        (false, _, b'{' | b'[') => (depth + 1, false, false),
                        (false, _, b'}' | b']') if depth > 0 => (depth - 1, false, false),
                        (false, _, b',' | b']') if depth == 0 => {
                            let bytes = self.buffer.split_to(self.seen).freeze();
                            self.seen = 0;
                            self.state = State::After;
                            let number = self.count;
                            self.count += 1;
                            return Ok(Some(Item { number, bytes: Ok(bytes) }));
                        }
                        (false, _, _) => (depth, false, false),
                    };
                    self.state = State::Within { depth, text, escaped };
                    self.seen += 1;
                    if self.seen > self.limit {
                        return Err(SplitError::TooLong { index: self.count, limit: self.limit });
                    }
                }
                _ if byte.is_ascii_whitespace() => self.skip(),
                State::Start | State::Skipping if byte == b'[' => {
                    self.skip();
                    self.state = State::Before { first: true };
                }
                State::Start | State::Skipping => return Err(SplitError::NotAnArray),
                State::Before { first: true } if byte == b']' => {
                    self.skip();
                    self.state = State::End;
                }
                State::Before { .. } => {
                    self.state = State::Within { depth: 0, text: false, escaped: false };
                }
                State::After if byte == b',' => {
                    self.skip();
                    self.state = State::Before { first: false };
                }
                State::After if byte == b']' => {
                    self.skip();
                    self.state = State::End;
                }
                State::After => return Err(SplitError::Separator { index: self.count - 1 }),
                State::End => return Err(SplitError::Trailing),
            }
        }
        Ok(None)
    }

    fn skip(&mut self) {
        self.buffer.advance(self.seen + 1);
        self.seen = 0;
    }
}

fn memchr(byte: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&b| b == byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Items of a body that arrives in pieces of that size, then what ended it.
    fn items(framing: Framing, body: &str, piece: usize) -> (Vec<(u64, String)>, String) {
        let mut splitter = Splitter::new(framing, 24);
        let mut out = Vec::new();
        let told = |item: Item| {
            let bytes =
                item.bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap_or_default());
            (item.number, bytes.unwrap_or_else(|TooLong| "too long".to_owned()))
        };
        for part in body.as_bytes().chunks(piece) {
            splitter.feed(part);
            loop {
                match splitter.next() {
                    Ok(Some(item)) => out.push(told(item)),
                    Ok(None) => break,
                    Err(error) => return (out, error.to_string()),
                }
            }
        }
        match splitter.finish() {
            Ok(last) => {
                out.extend(last.map(told));
                (out, String::new())
            }
            Err(error) => (out, error.to_string()),
        }
    }

    fn same_in_pieces(framing: Framing, body: &str) -> (Vec<(u64, String)>, String) {
        let whole = items(framing, body, usize::MAX);
        for piece in [1, 2, 3, 7] {
            assert_eq!(items(framing, body, piece), whole, "in pieces of {piece}");
        }
        whole
    }

    fn owned(items: &[(u64, &str)]) -> Vec<(u64, String)> {
        items.iter().map(|(number, text)| (*number, (*text).to_owned())).collect()
    }

    #[test]
    fn lines_keep_their_numbers() {
        let body = "{\"a\":1}\n\n{\"a\":2}\r\n{\"a\":\"more than 24 bytes of it\"}\n{\"a\":3}";
        let (found, error) = same_in_pieces(Framing::Lines, body);
        assert_eq!(error, "");
        let expected = [(1, "{\"a\":1}"), (3, "{\"a\":2}\r"), (4, "too long"), (5, "{\"a\":3}")];
        assert_eq!(found, owned(&expected));
    }

    #[test]
    fn elements_may_hold_what_parts_them() {
        let (found, error) = same_in_pieces(Framing::Array, " [ {\"a\":\"],\\\"\"} , [1,2],3 ] ");
        assert_eq!(error, "");
        assert_eq!(found, owned(&[(0, "{\"a\":\"],\\\"\"} "), (1, "[1,2]"), (2, "3 ")]));
        assert_eq!(same_in_pieces(Framing::Array, "[]"), (Vec::new(), String::new()));
    }

    #[test]
    fn what_is_no_array_is_told() {
        for (body, expected) in [
            ("{\"a\":1}", "the body must be a JSON array of records"),
            ("", "the body must be a JSON array of records"),
            ("[1,2", "the array does not end: the body was cut after element 1"),
            ("[1] 2", "there is something after the end of the array"),
            ("[\"a text of more than 24 bytes\"]", "element 0 has more than 24 bytes"),
        ] {
            assert_eq!(same_in_pieces(Framing::Array, body).1, expected, "{body}");
        }
    }
}
