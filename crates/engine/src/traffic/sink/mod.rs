//! Where flows are written: one file for each format.

mod csv;
mod json_lines;
mod parquet;
mod text;

use std::io::Write;
use std::path::Path;

use tripline_core::Rows;
use tripline_core::flow::Flow;
use tripline_core::verdict::Verdict;
use tripline_features::flow::SetCard;

use super::table::Table;
use crate::error::EngineError;
use crate::sinks::{SinkError, SinkKind};

pub use text::timestamp;

/// What is written of each flow, beside who it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct FlowRecords<'a> {
    /// The flows.
    pub flows: &'a [Flow],
    /// Number of the first flow, where rows are numbered: by it `explain` finds them again.
    pub first_row: Option<u64>,
    /// The set whose own identifiers stand in front, instead of ours.
    pub identifiers: Option<&'a SetCard>,
    /// The columns of a feature set.
    pub features: Option<&'a Rows>,
    /// What a detector says.
    pub verdicts: Option<&'a [Verdict]>,
    /// What everyone who sees a verdict must know, such as that the model learned from made-up data;
    /// a column of its own unless empty.
    pub notice: &'a str,
    /// What a file of labels says: class of each flow, `None` where it says nothing.
    pub labels: Option<&'a [Option<String>]>,
}

/// Takes flows in order.
pub trait FlowSink {
    /// Writes some flows. All calls give the same parts.
    fn write(&mut self, records: &FlowRecords<'_>) -> Result<(), SinkError>;

    /// Writes what is left; nothing may follow.
    fn finish(&mut self) -> Result<(), SinkError>;
}

/// A sink of that kind into `out`.
pub fn flow_sink<'a, W: Write + Send + 'a>(kind: SinkKind, out: W) -> Box<dyn FlowSink + 'a> {
    match kind {
        SinkKind::Csv => Box::new(csv::CsvSink::new(out)),
        SinkKind::JsonLines => Box::new(json_lines::JsonLinesSink::new(out)),
        SinkKind::Parquet => Box::new(parquet::ParquetSink::new(out)),
    }
}

/// An error of a sink, with the file that it wrote.
pub fn refused(output: &Path, error: SinkError) -> EngineError {
    match error {
        SinkError::Io(source) => EngineError::Write { file: output.to_owned(), source },
        other => EngineError::Encode { file: output.to_owned(), reason: other.to_string() },
    }
}

/// Columns in the order of every format: who, what the sensor says, what the detector says, the
/// label.
fn table(records: &FlowRecords<'_>) -> Table {
    let mut table = Table::new(records.flows.len());
    if let Some(first) = records.first_row {
        table.numbers(first);
    }
    match records.identifiers {
        Some(set) => table.identifiers(records.flows, set),
        None => table.identity(records.flows),
    }
    if let Some(rows) = records.features {
        table.features(rows);
    }
    if let Some(verdicts) = records.verdicts {
        table.verdicts(verdicts, records.notice);
    }
    if let Some(labels) = records.labels {
        table.text("label", labels.to_vec());
    }
    table
}
