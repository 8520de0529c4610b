//! Parsed cells: the columns that one thread makes of its part of a file.

use crate::dictionary::Dictionary;
use crate::number::{Number, is_missing, number};
use crate::time::{TimeFormat, instant};

/// What a column of the file becomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// Nothing.
    Skip,
    /// Numbers.
    Number {
        /// Stands for a missing value, and for a negative one where that means missing.
        absent: Absent,
    },
    /// Values of a finite set.
    Text {
        /// A record without a value is bad.
        required: bool,
    },
    /// Instants; a record without one is bad.
    Time(TimeFormat),
}

/// What a missing number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    /// `NaN`.
    Unknown,
    /// 0, as is a negative number: a count that the publisher left blank.
    Zero,
}

impl Absent {
    #[inline]
    fn value(self) -> f64 {
        match self {
            Self::Unknown => f64::NAN,
            Self::Zero => 0.0,
        }
    }

    #[inline]
    fn apply(self, value: f64) -> f64 {
        if self == Self::Zero && value < 0.0 { 0.0 } else { value }
    }
}

/// Why a record is bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BadReason {
    TooLong,
    OpenQuote,
    Fields { got: usize, expected: usize },
    NoTime,
    NoLabel,
    Json(String),
}

impl std::fmt::Display for BadReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong => write!(f, "the record is longer than max_record_bytes"),
            Self::OpenQuote => write!(f, "a quote is never closed"),
            Self::Fields { got, expected } => write!(f, "{got} cells where {expected} are due"),
            Self::NoTime => write!(f, "the time cell holds no time"),
            Self::NoLabel => write!(f, "the label cell is empty"),
            Self::Json(reason) => write!(f, "{reason}"),
        }
    }
}

/// A record that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadRecord {
    /// Its first line, from 0 within the chunk.
    pub(crate) line: u64,
    /// Why.
    pub(crate) reason: BadReason,
}

/// Bad records that are remembered; the others are counted.
pub(crate) const REMEMBERED: usize = 5;

/// Cells of one column.
#[derive(Debug)]
pub(crate) enum Cells {
    Skip,
    Numbers(Vec<f64>),
    Codes(Vec<u32>, Box<Dictionary>),
    Times(Vec<i64>),
}

/// The code of a missing value.
pub(crate) const MISSING: u32 = tripline_core::Category::MISSING;

/// Cells of a column that were not what the column holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Odd {
    /// Text in a column of numbers.
    pub(crate) text: u64,
    /// Infinite numbers.
    pub(crate) infinite: u64,
}

/// The columns of some records.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) rows: usize,
    pub(crate) columns: Vec<Cells>,
    pub(crate) odd: Vec<Odd>,
    pub(crate) lines: u64,
    pub(crate) bad: u64,
    pub(crate) first_bad: Vec<BadRecord>,
    pub(crate) repeated_headers: u64,
    /// JSON members that the first records did not have.
    pub(crate) unknown_members: u64,
}

impl Chunk {
    pub(crate) fn new(roles: &[Role], rows: usize) -> Self {
        let columns = roles
            .iter()
            .map(|role| match role {
                Role::Skip => Cells::Skip,
                Role::Number { .. } => Cells::Numbers(Vec::with_capacity(rows)),
                Role::Text { .. } => Cells::Codes(Vec::with_capacity(rows), Box::default()),
                Role::Time(_) => Cells::Times(Vec::with_capacity(rows)),
            })
            .collect();
        Self {
            rows: 0,
            columns,
            odd: vec![Odd::default(); roles.len()],
            lines: 0,
            bad: 0,
            first_bad: Vec::new(),
            repeated_headers: 0,
            unknown_members: 0,
        }
    }

    /// Counts a bad record that starts at the current line.
    pub(crate) fn bad(&mut self, reason: BadReason) {
        self.bad += 1;
        if self.first_bad.len() < REMEMBERED {
            self.first_bad.push(BadRecord { line: self.lines, reason });
        }
    }

    /// Takes back the cells of a record that was begun.
    pub(crate) fn roll_back(&mut self) {
        for cells in &mut self.columns {
            match cells {
                Cells::Skip => {}
                Cells::Numbers(values) => values.truncate(self.rows),
                Cells::Codes(codes, _) => codes.truncate(self.rows),
                Cells::Times(times) => times.truncate(self.rows),
            }
        }
    }

    /// Adds a text cell; odd ones are counted.
    pub(crate) fn push_text(&mut self, column: usize, role: Role, cell: &[u8]) {
        match (&mut self.columns[column], role) {
            (Cells::Numbers(values), Role::Number { absent }) => values.push(match number(cell) {
                Number::Finite(value) => absent.apply(value),
                Number::Missing => absent.value(),
                Number::Infinite => {
                    self.odd[column].infinite += 1;
                    f64::NAN
                }
                Number::Text => {
                    self.odd[column].text += 1;
                    f64::NAN
                }
            }),
            (Cells::Codes(codes, dictionary), _) => {
                let cell = cell.trim_ascii();
                codes.push(if is_missing(cell) { MISSING } else { dictionary.code(cell) });
            }
            // Checked by `check` before.
            (Cells::Times(times), Role::Time(format)) => {
                times.push(instant(cell, format).unwrap_or_default());
            }
            _ => {}
        }
    }

    /// Adds a number that needs no parse.
    pub(crate) fn push_number(&mut self, column: usize, role: Role, value: f64) {
        match (&mut self.columns[column], role) {
            (Cells::Numbers(values), Role::Number { absent }) => {
                values.push(if value.is_nan() {
                    absent.value()
                } else if value.is_infinite() {
                    self.odd[column].infinite += 1;
                    f64::NAN
                } else {
                    absent.apply(value)
                });
            }
            (Cells::Skip, _) => {}
            _ if value.is_nan() => self.push_text(column, role, b""),
            _ => self.push_text(column, role, format!("{value}").as_bytes()),
        }
    }

    /// Why a record with such a cell is bad, if it is.
    pub(crate) fn check(role: Role, cell: &[u8]) -> Option<BadReason> {
        match role {
            Role::Time(format) if instant(cell, format).is_none() => Some(BadReason::NoTime),
            Role::Text { required: true } if is_missing(cell.trim_ascii()) => {
                Some(BadReason::NoLabel)
            }
            _ => None,
        }
    }

    /// Whether a cell of a number can be added without a look at its record: gives what to add.
    #[inline]
    pub(crate) fn plain_number(absent: Absent, cell: &[u8]) -> Option<f64> {
        match number(cell) {
            Number::Finite(value) => Some(absent.apply(value)),
            Number::Missing => Some(absent.value()),
            Number::Infinite | Number::Text => None,
        }
    }

    /// A number read by [`crate::number::prefix`] as the column holds it.
    #[inline]
    pub(crate) fn applied(absent: Absent, value: f64) -> f64 {
        absent.apply(value)
    }
}
