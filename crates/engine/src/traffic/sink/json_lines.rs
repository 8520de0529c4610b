//! Flows as one JSON object a line; what is missing is left out.

use std::fmt::Write as _;
use std::io::Write;

use rayon::prelude::*;

use super::super::table::{Cells, Table};
use super::text::{is_missing, push_number, timestamp};
use super::{FlowRecords, FlowSink, table};
use crate::sinks::SinkError;

/// Rows that one thread writes at a time.
const CHUNK: usize = 1024;

pub(super) struct JsonLinesSink<W> {
    out: W,
}

impl<W: Write> JsonLinesSink<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> FlowSink for JsonLinesSink<W> {
    fn write(&mut self, records: &FlowRecords<'_>) -> Result<(), SinkError> {
        let table = table(records);
        let keys: Vec<String> = table.columns.iter().map(|(name, _)| quoted(name)).collect();
        let chunks: Vec<String> = (0..table.rows.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let mut text = String::new();
                for row in chunk * CHUNK..((chunk + 1) * CHUNK).min(table.rows) {
                    push_row(&mut text, &table, &keys, row);
                }
                text
            })
            .collect();
        for chunk in chunks {
            self.out.write_all(chunk.as_bytes())?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        Ok(self.out.flush()?)
    }
}

fn push_row(text: &mut String, table: &Table, keys: &[String], row: usize) {
    text.push('{');
    let mut first = true;
    for ((_, cells), key) in table.columns.iter().zip(keys) {
        if is_missing(cells, row) {
            continue;
        }
        if !first {
            text.push(',');
        }
        first = false;
        text.push_str(key);
        text.push(':');
        match cells {
            Cells::Time(values) => {
                let _ = write!(text, "\"{}\"", timestamp(values[row]));
            }
            Cells::Count(values) => {
                let _ = write!(text, "{}", values[row]);
            }
            Cells::Number(values) => push_number(text, values[row]),
            Cells::Text(values) => {
                text.push_str(&quoted(values[row].as_deref().unwrap_or_default()));
            }
        }
    }
    text.push_str("}\n");
}

fn quoted(text: &str) -> String {
    // Text always has a JSON form.
    serde_json::to_string(text).unwrap_or_default()
}
