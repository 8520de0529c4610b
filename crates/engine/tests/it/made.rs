//! Rows made for tests of adapting and of learning.

use std::sync::Arc;

use tripline_core::{Column, Dataset, Labels, Rows, Source};

/// A data set of numeric columns; `attacks` are its labels, where it has any.
pub(crate) fn dataset(columns: &[(&str, Vec<f64>)], attacks: Option<&[bool]>) -> Dataset {
    let rows = columns[0].1.len();
    let columns =
        columns.iter().map(|(name, values)| ((*name).to_owned(), Column::numeric(values.clone())));
    Dataset {
        rows: Rows::new(columns.collect()).unwrap(),
        labels: attacks.map(Labels::binary),
        time: None,
        source: Arc::new(Source {
            name: "made".to_owned(),
            layout: "table".to_owned(),
            sha256: "ab".repeat(32),
            bytes: 0,
            rows: rows as u64,
            bad_records: 0,
        }),
        notes: Vec::new(),
    }
}
