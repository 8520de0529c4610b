//! Where scored rows go: one file for each format.

mod csv;
mod json_lines;
mod parquet;

use std::io::Write;
use std::path::Path;

use tripline_core::Labels;

use crate::error::EngineError;
use crate::model::Verdicts;

/// The format of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkKind {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line.
    JsonLines,
    /// Parquet, compressed with Zstandard.
    Parquet,
}

impl SinkKind {
    /// Told by the end of the name.
    pub fn of(file: &Path) -> Result<Self, EngineError> {
        let extension = file.extension().and_then(|extension| extension.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("jsonl" | "ndjson" | "json") => Ok(Self::JsonLines),
            Some("parquet") => Ok(Self::Parquet),
            _ => Err(EngineError::OutputKind { file: file.to_owned() }),
        }
    }
}

/// Which columns an output has; all batches of it have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinkColumns {
    /// `class`: the most probable class.
    pub class: bool,
    /// `label`: what the data say.
    pub label: bool,
    /// `reasons`: why an alert is one.
    pub reasons: bool,
    /// `notice`: what everyone who sees an output of the model must know.
    pub notice: bool,
}

/// Scored rows on their way out.
#[derive(Debug)]
pub struct ScoredBatch<'a> {
    /// Number of the first row, counted from 0 over the whole input.
    pub first_row: u64,
    /// What the model says.
    pub verdicts: &'a Verdicts,
    /// Class names of the model, if it tells classes apart.
    pub classes: &'a [String],
    /// What the data say.
    pub labels: Option<&'a Labels>,
    /// Reasons of each row; empty where there are none.
    pub reasons: &'a [String],
    /// The notice of the model.
    pub notice: &'a str,
}

impl ScoredBatch<'_> {
    fn verdict(&self, row: usize) -> &'static str {
        if self.verdicts.alert[row] { "attack" } else { "benign" }
    }

    fn class(&self, row: usize) -> &str {
        let code = self.verdicts.class.as_ref().and_then(|class| class.get(row));
        code.and_then(|&code| self.classes.get(code as usize)).map_or("", String::as_str)
    }

    fn label(&self, row: usize) -> &str {
        self.labels.map_or("", |labels| labels.class(row))
    }

    fn reasons(&self, row: usize) -> &str {
        self.reasons.get(row).map_or("", String::as_str)
    }
}

/// Takes scored batches in order.
pub trait Sink {
    /// Writes a batch.
    fn write(&mut self, batch: &ScoredBatch<'_>) -> Result<(), SinkError>;

    /// Writes what is left; nothing may follow.
    fn finish(&mut self) -> Result<(), SinkError>;
}

/// Why a batch could not be written; the caller knows the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The format refused.
    #[error("{0}")]
    Format(String),
}

/// A sink of that kind into `out`.
pub fn sink<'a, W: Write + Send + 'a>(
    kind: SinkKind,
    columns: SinkColumns,
    out: W,
) -> Result<Box<dyn Sink + 'a>, SinkError> {
    Ok(match kind {
        SinkKind::Csv => Box::new(csv::CsvSink::new(columns, out)?),
        SinkKind::JsonLines => Box::new(json_lines::JsonLinesSink::new(columns, out)),
        SinkKind::Parquet => Box::new(parquet::ParquetSink::new(columns, out)?),
    })
}
