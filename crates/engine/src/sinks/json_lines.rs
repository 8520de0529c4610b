//! Scored rows as one JSON object a line.

use std::io::Write;

use serde::Serialize;

use super::{ScoredBatch, Sink, SinkColumns, SinkError};

pub(super) struct JsonLinesSink<W> {
    columns: SinkColumns,
    out: W,
}

#[derive(Serialize)]
struct Line<'a> {
    row: u64,
    score: f64,
    probability: f64,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'a str>,
}

impl<W: Write> JsonLinesSink<W> {
    pub(super) fn new(columns: SinkColumns, out: W) -> Self {
        Self { columns, out }
    }
}

impl<W: Write> Sink for JsonLinesSink<W> {
    fn write(&mut self, batch: &ScoredBatch<'_>) -> Result<(), SinkError> {
        for row in 0..batch.verdicts.raw.len() {
            let line = Line {
                row: batch.first_row + row as u64,
                score: batch.verdicts.raw[row],
                probability: batch.verdicts.probability[row],
                verdict: batch.verdict(row),
                class: self.columns.class.then(|| batch.class(row)),
                label: self.columns.label.then(|| batch.label(row)),
                reasons: self.columns.reasons.then(|| batch.reasons(row)),
                notice: self.columns.notice.then_some(batch.notice),
            };
            serde_json::to_writer(&mut self.out, &line)
                .map_err(|error| SinkError::Io(error.into()))?;
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        Ok(self.out.flush()?)
    }
}
