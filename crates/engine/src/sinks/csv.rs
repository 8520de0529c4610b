//! Scored rows as comma-separated values (RFC 4180, lines end with LF).

use std::io::Write;

use super::{ScoredBatch, Sink, SinkColumns, SinkError};

pub(super) struct CsvSink<W> {
    columns: SinkColumns,
    out: W,
}

impl<W: Write> CsvSink<W> {
    pub(super) fn new(columns: SinkColumns, mut out: W) -> Result<Self, SinkError> {
        let mut header = "row,score,probability,verdict".to_owned();
        for (there, name) in [
            (columns.class, "class"),
            (columns.label, "label"),
            (columns.reasons, "reasons"),
            (columns.notice, "notice"),
        ] {
            if there {
                header.push(',');
                header.push_str(name);
            }
        }
        header.push('\n');
        out.write_all(header.as_bytes())?;
        Ok(Self { columns, out })
    }
}

impl<W: Write> Sink for CsvSink<W> {
    fn write(&mut self, batch: &ScoredBatch<'_>) -> Result<(), SinkError> {
        let mut line = String::new();
        for row in 0..batch.verdicts.raw.len() {
            line.clear();
            line.push_str(&format!(
                "{},{},{},{}",
                batch.first_row + row as u64,
                batch.verdicts.raw[row],
                batch.verdicts.probability[row],
                batch.verdict(row)
            ));
            for (there, text) in [
                (self.columns.class, batch.class(row)),
                (self.columns.label, batch.label(row)),
                (self.columns.reasons, batch.reasons(row)),
                (self.columns.notice, batch.notice),
            ] {
                if there {
                    line.push(',');
                    push_cell(&mut line, text);
                }
            }
            line.push('\n');
            self.out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        Ok(self.out.flush()?)
    }
}

/// A cell, quoted where its text would end it.
fn push_cell(line: &mut String, text: &str) {
    if text.contains([',', '"', '\n', '\r']) {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_would_end_early_is_quoted() {
        let mut line = String::new();
        push_cell(&mut line, "a \"b\", c");
        assert_eq!(line, "\"a \"\"b\"\", c\"");
    }
}
