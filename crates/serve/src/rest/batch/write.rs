//! What a batch came to, written in the format that the client takes.

use std::sync::Arc;

use arrow_array::builder::{
    Float64Builder, StringBuilder, StringDictionaryBuilder, UInt8Builder, UInt64Builder,
};
use arrow_array::types::Int8Type;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use bytes::Bytes;
use tripline_assess::explain::RowExplanation;

use super::super::prediction::{self, word};
use super::format::Format;
use super::outcome::{BatchSummary, Outcome};

/// Bytes of JSON that a record takes, about.
const RECORD_BYTES: usize = 160;

/// Writes the answer of a batch part by part.
pub(crate) struct BatchWriter {
    format: Format,
    /// Whether records are told by line.
    lines: bool,
    begun: bool,
    arrow: Option<StreamWriter<Vec<u8>>>,
}

impl BatchWriter {
    /// In that format; `lines` says whether the records of the body are lines.
    pub(crate) fn new(format: Format, lines: bool) -> Self {
        Self { format, lines, begun: false, arrow: None }
    }

    /// Whether it writes columns.
    pub(crate) fn is_arrow(&self) -> bool {
        self.format == Format::Arrow
    }

    /// Some records.
    pub(crate) fn part(&mut self, outcomes: &[Outcome]) -> Result<Bytes, WriteError> {
        if self.format == Format::Arrow {
            return self.table(&table(outcomes)?);
        }
        let mut out = Vec::with_capacity(outcomes.len() * RECORD_BYTES);
        for outcome in outcomes {
            self.before(&mut out);
            serde_json::to_writer(&mut out, &outcome.shape(self.lines))?;
            if self.format == Format::Lines {
                out.push(b'\n');
            }
        }
        Ok(out.into())
    }

    /// Some records that stand in columns already.
    pub(crate) fn table(&mut self, table: &RecordBatch) -> Result<Bytes, WriteError> {
        let writer = match &mut self.arrow {
            Some(writer) => writer,
            none => none.insert(StreamWriter::try_new(Vec::new(), &table.schema())?),
        };
        writer.write(table)?;
        Ok(std::mem::take(writer.get_mut()).into())
    }

    /// The end. Arrow has no place for the summary.
    pub(crate) fn end(&mut self, summary: &BatchSummary) -> Result<Bytes, WriteError> {
        let mut out = Vec::new();
        match self.format {
            Format::Json => {
                if !self.begun {
                    out.extend_from_slice(b"{\"predictions\":[");
                }
                out.extend_from_slice(b"],\"summary\":");
                serde_json::to_writer(&mut out, summary)?;
                out.push(b'}');
            }
            Format::Lines => {
                out.extend_from_slice(b"{\"summary\":");
                serde_json::to_writer(&mut out, summary)?;
                out.extend_from_slice(b"}\n");
            }
            Format::Arrow => {
                if self.arrow.is_none() {
                    self.table(&table(&[])?)?;
                }
                if let Some(writer) = &mut self.arrow {
                    writer.finish()?;
                    out = std::mem::take(writer.get_mut());
                }
            }
        }
        Ok(out.into())
    }

    fn before(&mut self, out: &mut Vec<u8>) {
        if self.format == Format::Json {
            out.extend_from_slice(if self.begun { b"," } else { b"{\"predictions\":[" });
        }
        self.begun = true;
    }
}

/// Why an answer could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// As JSON.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// As Arrow.
    #[error("{0}")]
    Arrow(#[from] ArrowError),
}

/// The columns of an answer in Arrow.
pub(crate) fn schema() -> Arc<Schema> {
    let words = || DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    Arc::new(Schema::new(vec![
        Field::new("row", DataType::UInt64, false),
        Field::new("prediction", words(), true),
        Field::new("probability", DataType::Float64, true),
        Field::new("score", DataType::Float64, true),
        Field::new("threat_type", DataType::Utf8, true),
        Field::new("risk_score", DataType::UInt8, true),
        Field::new("severity", words(), true),
        Field::new("detection_id", DataType::Utf8, true),
        Field::new("reasons", DataType::Utf8, true),
        Field::new("error", DataType::Utf8, true),
    ]))
}

/// Reasons as a table has them: the JSON array that the other formats have.
pub(crate) fn reasons(explanation: &RowExplanation) -> String {
    // Texts and numbers alone: nothing here can fail to be written.
    serde_json::to_string(&prediction::reasons(explanation)).unwrap_or_default()
}

/// Outcomes as columns.
fn table(outcomes: &[Outcome]) -> Result<RecordBatch, ArrowError> {
    let mut number = UInt64Builder::new();
    let mut prediction = StringDictionaryBuilder::<Int8Type>::new();
    let mut probability = Float64Builder::new();
    let mut score = Float64Builder::new();
    let mut threat = StringBuilder::new();
    let mut risk = UInt8Builder::new();
    let mut severity = StringDictionaryBuilder::<Int8Type>::new();
    let mut detection = StringBuilder::new();
    let mut told = StringBuilder::new();
    let mut error = StringBuilder::new();
    for outcome in outcomes {
        number.append_value(outcome.number);
        let judged = outcome.judged.as_ref().ok();
        prediction.append_option(judged.map(|judged| word(judged.attack)));
        probability.append_option(judged.map(|judged| judged.probability));
        score.append_option(judged.map(|judged| judged.score));
        threat.append_option(judged.and_then(|judged| judged.threat()));
        risk.append_option(judged.map(|judged| judged.risk));
        severity.append_option(judged.map(|judged| judged.severity.name()));
        detection.append_option(judged.and_then(|judged| judged.detection.as_deref()));
        told.append_option(judged.and_then(|judged| judged.explanation.as_deref()).map(reasons));
        error.append_option(outcome.judged.as_ref().err().map(|problem| problem.detail.as_str()));
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(number.finish()),
        Arc::new(prediction.finish()),
        Arc::new(probability.finish()),
        Arc::new(score.finish()),
        Arc::new(threat.finish()),
        Arc::new(risk.finish()),
        Arc::new(severity.finish()),
        Arc::new(detection.finish()),
        Arc::new(told.finish()),
        Arc::new(error.finish()),
    ];
    RecordBatch::try_new(schema(), columns)
}
