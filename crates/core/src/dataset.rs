//! A data set: rows with labels, together with where they come from.

use std::sync::Arc;

use crate::frame::Rows;
use crate::labels::Labels;

/// Rows with what is known of them.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Features alone: no label, identifier, address or time.
    pub rows: Rows,
    /// The class of each row, where labels were found.
    pub labels: Option<Labels>,
    /// When each row ended, in nanoseconds since 1970-01-01 UTC, where the layout tells.
    pub time: Option<Arc<Vec<i64>>>,
    /// Where the rows come from.
    pub source: Arc<Source>,
    /// What the reader saw and handled.
    pub notes: Vec<Note>,
}

impl Dataset {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows at `index`, in that order.
    pub fn select(&self, index: &[usize]) -> Self {
        Self {
            rows: self.rows.select(index),
            labels: self.labels.as_ref().map(|labels| labels.select(index)),
            time: self.time.as_ref().map(|time| Arc::new(index.iter().map(|&i| time[i]).collect())),
            source: self.source.clone(),
            notes: self.notes.clone(),
        }
    }
}

/// Where a data set comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as it was given, or a name such as `demo`.
    pub name: String,
    /// The layout recognised, such as `unsw-nb15`, or `table`.
    pub layout: String,
    /// SHA-256 of the file's bytes as they lie on disk, in lower-case hexadecimal.
    pub sha256: String,
    /// Size on disk in bytes.
    pub bytes: u64,
    /// Rows read.
    pub rows: u64,
    /// Records that could not be read, and were left out.
    pub bad_records: u64,
}

/// Something that the reader saw in the data and handled, told to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// A stable name, such as `byte-order-mark`.
    pub code: &'static str,
    /// One sentence for a person.
    pub text: String,
}
