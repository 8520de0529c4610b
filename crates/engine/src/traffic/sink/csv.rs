//! Flows as comma-separated values (RFC 4180, lines end with LF).

use std::fmt::Write as _;
use std::io::Write;

use rayon::prelude::*;

use super::super::table::{Cells, Table};
use super::text::{push_number, timestamp};
use super::{FlowRecords, FlowSink, table};
use crate::sinks::SinkError;

/// Rows that one thread writes at a time.
const CHUNK: usize = 1024;

pub(super) struct CsvSink<W> {
    out: W,
    begun: bool,
}

impl<W: Write> CsvSink<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, begun: false }
    }
}

impl<W: Write> FlowSink for CsvSink<W> {
    fn write(&mut self, records: &FlowRecords<'_>) -> Result<(), SinkError> {
        let table = table(records);
        if !self.begun {
            self.begun = true;
            let mut header = String::new();
            for (at, (name, _)) in table.columns.iter().enumerate() {
                if at > 0 {
                    header.push(',');
                }
                push_cell(&mut header, name);
            }
            header.push('\n');
            self.out.write_all(header.as_bytes())?;
        }
        let chunks: Vec<String> = (0..table.rows.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let mut text = String::new();
                for row in chunk * CHUNK..((chunk + 1) * CHUNK).min(table.rows) {
                    push_row(&mut text, &table, row);
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

fn push_row(text: &mut String, table: &Table, row: usize) {
    for (at, (_, cells)) in table.columns.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        match cells {
            Cells::Time(values) => text.push_str(&timestamp(values[row])),
            Cells::Count(values) => {
                let _ = write!(text, "{}", values[row]);
            }
            Cells::Number(values) => push_number(text, values[row]),
            Cells::Text(values) => push_cell(text, values[row].as_deref().unwrap_or_default()),
        }
    }
    text.push('\n');
}

/// A cell, quoted where its text would end it. Bytes that a spreadsheet takes for a formula are what
/// the wire said; they stay.
fn push_cell(line: &mut String, text: &str) {
    if text.contains([',', '"', '\n', '\r']) {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}
