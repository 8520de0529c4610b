//! Where a record of delimited text ends.

use std::ops::Range;

use memchr::{memchr, memchr2};

/// Where a record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Just after its newline.
    At(usize),
    /// The bytes end before its newline.
    Unterminated,
    /// The bytes end inside of quotes.
    Open,
}

/// Where the record that starts at `start` ends.
///
/// Quotes follow RFC 4180: one that starts a cell opens it, two inside are one, any other is a
/// character. `delimiter` is `None` for formats without quoted newlines.
pub(crate) fn end(bytes: &[u8], start: usize, delimiter: Option<u8>) -> End {
    let Some(delimiter) = delimiter else {
        return match memchr(b'\n', &bytes[start..]) {
            Some(at) => End::At(start + at + 1),
            None => End::Unterminated,
        };
    };
    let mut at = start;
    loop {
        let Some(found) = memchr2(b'"', b'\n', &bytes[at..]) else { return End::Unterminated };
        at += found;
        if bytes[at] == b'\n' {
            return End::At(at + 1);
        }
        let opens = at == start || bytes[at - 1] == delimiter;
        at += 1;
        if opens {
            loop {
                let Some(found) = memchr(b'"', &bytes[at..]) else { return End::Open };
                at += found + 1;
                if bytes.get(at) != Some(&b'"') {
                    break;
                }
                at += 1;
            }
        }
    }
}

/// The cells of one record: where they lie, unquoted where need be.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    unquoted: Vec<u8>,
    cells: Vec<Cell>,
}

#[derive(Debug)]
enum Cell {
    Plain(Range<usize>),
    Unquoted(Range<usize>),
}

impl Fields {
    /// Splits a record, given without or with its newline.
    pub(crate) fn split(&mut self, record: &[u8], delimiter: u8) {
        self.unquoted.clear();
        self.cells.clear();
        let record = chomp(record);
        let mut at = 0;
        loop {
            if record.get(at) == Some(&b'"') {
                at = self.quoted(record, at + 1, delimiter);
            } else {
                let length = memchr(delimiter, &record[at..]).unwrap_or(record.len() - at);
                self.cells.push(Cell::Plain(at..at + length));
                at += length;
            }
            if at >= record.len() {
                return;
            }
            // At a delimiter: one more cell follows, be it empty.
            at += 1;
        }
    }

    /// Takes a quoted cell from after its quote to its delimiter or the end.
    fn quoted(&mut self, record: &[u8], mut at: usize, delimiter: u8) -> usize {
        let start = self.unquoted.len();
        loop {
            let Some(found) = memchr(b'"', &record[at..]) else {
                self.unquoted.extend_from_slice(&record[at..]);
                at = record.len();
                break;
            };
            self.unquoted.extend_from_slice(&record[at..at + found]);
            at += found + 1;
            if record.get(at) == Some(&b'"') {
                self.unquoted.push(b'"');
                at += 1;
                continue;
            }
            let rest = memchr(delimiter, &record[at..]).unwrap_or(record.len() - at);
            self.unquoted.extend_from_slice(&record[at..at + rest]);
            at += rest;
            break;
        }
        self.cells.push(Cell::Unquoted(start..self.unquoted.len()));
        at
    }

    /// Number of cells.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// A cell of the record that was split.
    pub(crate) fn cell<'a>(&'a self, record: &'a [u8], index: usize) -> &'a [u8] {
        match &self.cells[index] {
            Cell::Plain(range) => &record[range.clone()],
            Cell::Unquoted(range) => &self.unquoted[range.clone()],
        }
    }

    /// All cells of the record that was split.
    pub(crate) fn cells<'a>(&'a self, record: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).map(move |index| self.cell(record, index))
    }
}

/// Without the newline at its end.
pub(crate) fn chomp(record: &[u8]) -> &[u8] {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    record.strip_suffix(b"\r").unwrap_or(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(record: &str) -> Vec<String> {
        let mut fields = Fields::default();
        fields.split(record.as_bytes(), b',');
        fields
            .cells(record.as_bytes())
            .map(|cell| String::from_utf8(cell.to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn quotes_follow_rfc_4180() {
        assert_eq!(split("a,,c\r\n"), ["a", "", "c"]);
        assert_eq!(split("a,"), ["a", ""]);
        assert_eq!(split("\"x,\"\"y\"\"\nz\",5\" disk,\"\"\n"), ["x,\"y\"\nz", "5\" disk", ""]);
        assert_eq!(split("\"a\"b,c"), ["ab", "c"]);
        let bytes = b"5\" disk,\"a\nb\"\nnext";
        assert_eq!(end(bytes, 0, Some(b',')), End::At(14));
        assert_eq!(end(bytes, 14, Some(b',')), End::Unterminated);
        assert_eq!(end(b"a,\"b\n", 0, Some(b',')), End::Open);
        assert_eq!(end(b"a,\"b\n", 0, None), End::At(5));
    }
}
