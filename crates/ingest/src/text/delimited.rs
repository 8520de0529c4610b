//! Delimited text parsed into columns.

use super::record::{self, End, Fields, chomp};
use crate::chunk::{BadReason, Cells, Chunk, MISSING, Role};
use crate::number::{is_missing, prefix};
use crate::time::instant;

/// What the parser of one file knows.
#[derive(Debug)]
pub(crate) struct Delimited {
    pub(crate) delimiter: u8,
    /// One for each column of the file.
    pub(crate) roles: Vec<Role>,
    /// The header, to leave out where it is repeated among the rows.
    pub(crate) header: Option<Vec<Vec<u8>>>,
    pub(crate) max_record_bytes: usize,
}

impl Delimited {
    /// Parses whole records.
    pub(crate) fn parse(&self, bytes: &[u8]) -> Chunk {
        // A flow's record is some 150 bytes; a wrong guess costs a copy.
        let mut chunk = Chunk::new(&self.roles, bytes.len() / 128 + 1);
        let mut fields = Fields::default();
        let mut at = 0;
        while at < bytes.len() {
            if let Some(blank) = blank_line(&bytes[at..]) {
                at += blank;
                chunk.lines += 1;
            } else if let Some(end) = self.plain_record(bytes, at, &mut chunk) {
                chunk.rows += 1;
                chunk.lines += 1;
                at = end;
            } else {
                chunk.roll_back();
                at = self.any_record(bytes, at, &mut chunk, &mut fields);
            }
        }
        chunk
    }

    /// Parses a record without quotes whose cells are all as they should be: nearly every one.
    /// Gives where it ends; `None` if it is another, some of whose cells may have been added.
    #[inline]
    fn plain_record(&self, bytes: &[u8], start: usize, chunk: &mut Chunk) -> Option<usize> {
        let last = self.roles.len() - 1;
        let mut at = start;
        for (column, (&role, cells)) in self.roles.iter().zip(&mut chunk.columns).enumerate() {
            if let (Role::Number { absent }, Cells::Numbers(values)) = (role, &mut *cells)
                && let Some((value, used)) = prefix(&bytes[at..])
                && bytes.get(at + used)
                    == Some(if column < last { &self.delimiter } else { &b'\n' })
            {
                values.push(Chunk::applied(absent, value));
                at += used + 1;
                continue;
            }
            if bytes.get(at) == Some(&b'"') {
                return None;
            }
            let length = bytes[at..]
                .iter()
                .position(|&byte| byte == self.delimiter || byte == b'\n')
                .unwrap_or(bytes.len() - at);
            let end = at + length;
            // The right number of cells, then a newline.
            if (column < last) != (bytes.get(end) == Some(&self.delimiter)) {
                return None;
            }
            let cell = &bytes[at..end];
            match (cells, role) {
                (Cells::Numbers(values), Role::Number { absent }) => {
                    values.push(Chunk::plain_number(absent, cell)?);
                }
                (Cells::Codes(codes, dictionary), Role::Text { required }) => {
                    let cell = cell.trim_ascii();
                    if is_missing(cell) {
                        if required {
                            return None;
                        }
                        codes.push(MISSING);
                    } else if self.is_header_cell(column, cell) {
                        return None;
                    } else {
                        codes.push(dictionary.code(cell));
                    }
                }
                (Cells::Times(times), Role::Time(format)) => times.push(instant(cell, format)?),
                _ => {}
            }
            at = end + 1;
        }
        let at = at.min(bytes.len());
        (at - start <= self.max_record_bytes).then_some(at)
    }

    /// Parses any record; gives where the next one starts.
    #[cold]
    fn any_record(
        &self,
        bytes: &[u8],
        start: usize,
        chunk: &mut Chunk,
        fields: &mut Fields,
    ) -> usize {
        let end = match record::end(bytes, start, Some(self.delimiter)) {
            End::At(end) => Some(end),
            End::Unterminated => Some(bytes.len()),
            End::Open => None,
        };
        let Some(end) = end.filter(|end| end - start <= self.max_record_bytes) else {
            // A stray quote costs its line alone.
            let line =
                memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at + 1);
            chunk.bad(if line - start > self.max_record_bytes {
                BadReason::TooLong
            } else {
                BadReason::OpenQuote
            });
            chunk.lines += 1;
            return line;
        };
        let record = &bytes[start..end];
        fields.split(record, self.delimiter);
        if fields.len() != self.roles.len() {
            chunk.bad(BadReason::Fields { got: fields.len(), expected: self.roles.len() });
        } else if self.is_header(fields, record) {
            chunk.repeated_headers += 1;
        } else if let Some(reason) = self
            .roles
            .iter()
            .zip(fields.cells(record))
            .find_map(|(&role, cell)| Chunk::check(role, cell))
        {
            chunk.bad(reason);
        } else {
            for (column, (&role, cell)) in self.roles.iter().zip(fields.cells(record)).enumerate() {
                chunk.push_text(column, role, cell);
            }
            chunk.rows += 1;
        }
        chunk.lines += memchr::memchr_iter(b'\n', chomp(record)).count() as u64 + 1;
        end
    }

    fn is_header_cell(&self, column: usize, cell: &[u8]) -> bool {
        self.header.as_ref().is_some_and(|header| header[column] == cell)
    }

    fn is_header(&self, fields: &Fields, record: &[u8]) -> bool {
        self.header.as_ref().is_some_and(|header| {
            header.iter().zip(fields.cells(record)).all(|(name, cell)| name == cell.trim_ascii())
        })
    }
}

/// The length of a blank line at the start.
#[inline]
fn blank_line(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        [b'\r'] => Some(1),
        _ => None,
    }
}
