//! The first records of a file, from which kinds are inferred.

use crate::number::{Number, is_missing, number};
use crate::time::{TimeFormat, instant};

/// Records that are looked at.
pub(crate) const SAMPLE_ROWS: usize = 10_000;
/// Bytes of text that are looked at.
pub(crate) const SAMPLE_BYTES: usize = 4 << 20;

/// Cells of the first records, by column name.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    /// Column names as they stand, without spaces around them.
    pub(crate) names: Vec<String>,
    cells: Vec<u8>,
    // Where each cell ends, row by row.
    ends: Vec<usize>,
}

/// What a column of the sample holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No value at all.
    Empty,
    /// Numbers.
    Numbers,
    /// Addresses: IP or MAC.
    Addresses,
    /// Instants, in words.
    Times,
    /// Text with few distinct values.
    Categories,
    /// Text that hardly repeats.
    FreeText,
}

impl Sample {
    /// No records of these columns.
    pub(crate) fn new(names: Vec<String>) -> Self {
        Self { names, ..Self::default() }
    }

    /// Adds a record.
    ///
    /// # Panics
    /// If it has another number of cells than there are columns.
    pub(crate) fn push<'a>(&mut self, cells: impl Iterator<Item = &'a [u8]>) {
        let before = self.ends.len();
        for cell in cells {
            self.cells.extend_from_slice(cell.trim_ascii());
            self.ends.push(self.cells.len());
        }
        assert_eq!(self.ends.len() - before, self.names.len(), "cells of a sampled record");
    }

    /// Number of records.
    pub(crate) fn rows(&self) -> usize {
        if self.names.is_empty() { 0 } else { self.ends.len() / self.names.len() }
    }

    /// The cells of a column that hold a value.
    pub(crate) fn values(&self, column: usize) -> impl Iterator<Item = &[u8]> {
        (0..self.rows())
            .map(move |row| {
                let at = row * self.names.len() + column;
                let start = if at == 0 { 0 } else { self.ends[at - 1] };
                &self.cells[start..self.ends[at]]
            })
            .filter(|cell| !is_missing(cell))
    }

    /// The distinct values of a column, sorted.
    pub(crate) fn distinct(&self, column: usize) -> Vec<&[u8]> {
        let mut values: Vec<&[u8]> = self.values(column).collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    /// What a column holds.
    pub(crate) fn kind(&self, column: usize, max_categories: usize) -> Kind {
        let mut values = self.values(column).peekable();
        if values.peek().is_none() {
            return Kind::Empty;
        }
        if values.all(|cell| number(cell) != Number::Text) {
            return Kind::Numbers;
        }
        if self.values(column).all(is_address) {
            return Kind::Addresses;
        }
        if self.is_time(column, TimeFormat::Any) {
            return Kind::Times;
        }
        let distinct = self.distinct(column).len();
        // Of a thousand values hardly one repeats: names, not a set.
        let hardly_repeats = distinct > 1000 && distinct * 10 > self.values(column).count() * 9;
        if distinct > max_categories || hardly_repeats { Kind::FreeText } else { Kind::Categories }
    }

    /// Whether a column has values, all of them instants.
    pub(crate) fn is_time(&self, column: usize, format: TimeFormat) -> bool {
        let mut values = self.values(column).peekable();
        values.peek().is_some() && values.all(|cell| instant(cell, format).is_some())
    }
}

fn is_address(cell: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(cell) else { return false };
    let mac = |separator: char| {
        text.len() == 17
            && text.split(separator).count() == 6
            && text
                .split(separator)
                .all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    text.parse::<std::net::IpAddr>().is_ok() || mac(':') || mac('-')
}
