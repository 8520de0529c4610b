//! `tripline score`: new data through a model file.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use tripline_engine::score::{ScoreSettings, ScoreSummary, score};
use tripline_engine::sinks::{Sink, SinkColumns, SinkKind, sink};
use tripline_engine::{EngineError, Model};
use tripline_features::{MissingColumns, PrepareReport};
use tripline_store::{AtomicFile, PublicKey};

use crate::args::{DataArgs, Format};
use crate::commands::score_traffic;
use crate::exit::Exit;
use crate::output;
use crate::progress::Bar;
use crate::session::{Session, is_traffic};
use crate::terminal::Terminal;
use crate::wire::{NoteWire, SourceWire};

/// Score new data with a model file.
///
/// Batch by batch, so that memory stays bounded. Each row gets its number from 0, the raw score,
/// the probability of an attack and the verdict at the model's threshold.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tripline score model.trip new.csv -o scores.parquet\n  \
tripline score model.trip new.csv.gz -o alerts.jsonl --reasons 3\n  \
tripline score model.trip new.csv > scores.csv")]
pub(crate) struct Score {
    /// The model file: of `tripline train`, LightGBM text or XGBoost JSON
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The data: CSV, Parquet or JSON lines, a capture or logs of a sensor, plain or compressed
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// .csv, .jsonl or .parquet; without it CSV goes to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Tell this many reasons for each alert
    #[arg(long, value_name = "N", default_value_t = 0)]
    reasons: usize,
    /// Tell reasons of at most this many alerts where KernelSHAP must find them
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max_reasons: u64,
    /// Take columns that the data lack as missing, instead of refusing the data
    #[arg(long)]
    fill_missing_columns: bool,
    #[command(flatten)]
    verify: VerifyArgs,
    #[command(flatten)]
    read: DataArgs,
}

/// Whose signature a model must bear.
#[derive(Debug, Args, Default)]
pub(crate) struct VerifyArgs {
    /// Refuse a model that this public key did not sign
    #[arg(long, value_name = "PUBFILE")]
    verify_key: Option<PathBuf>,
}

impl VerifyArgs {
    /// The key's file.
    pub(crate) fn key(&self) -> Option<&Path> {
        self.verify_key.as_deref()
    }

    /// Reads a model, checks its signature if a key is given.
    pub(crate) fn read(&self, session: &Session, file: &Path) -> Result<Model, EngineError> {
        let Some(key) = &self.verify_key else { return session.read_model(file) };
        let key = PublicKey::read(key)?;
        Model::read_signed(file, &session.limits(), &key)
    }
}

/// What preparing had to handle.
#[derive(Serialize)]
pub(crate) struct HandledWire {
    column: String,
    what: &'static str,
    cells: u64,
}

#[derive(Serialize)]
struct Scored<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a Path>,
    rows: u64,
    alerts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    highest: Option<HighestWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labelled: Option<LabelledWire>,
    trained_on_it: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    notice: &'a str,
    handled: Vec<HandledWire>,
    data: SourceWire,
    notes: Vec<NoteWire>,
    seconds: f64,
}

#[derive(Serialize)]
struct HighestWire {
    row: u64,
    score: f64,
    probability: f64,
}

#[derive(Serialize)]
struct LabelledWire {
    found: u64,
    missed: u64,
    false_alarms: u64,
    quiet: u64,
}

impl Score {
    pub(crate) fn run(&self, session: Session) -> anyhow::Result<Exit> {
        let session = session.with_data(&self.read);
        session.keep_inputs(
            &[self.output.as_deref()],
            &[
                Some(&self.model),
                Some(&self.data),
                self.verify.key(),
                self.read.traffic.labels.as_deref(),
            ],
        )?;
        let mut model = self.verify.read(&session, &self.model)?;
        if self.fill_missing_columns {
            model = model.with_missing_columns(MissingColumns::Fill);
        }
        if is_traffic(&self.data)? {
            return score_traffic::run(
                &session,
                model,
                &self.data,
                self.output.as_deref(),
                self.reasons,
            );
        }
        let read = session.read_settings();
        let settings =
            ScoreSettings { reasons: self.reasons, most_by_kernel: Some(self.max_reasons) };
        let bar = Bar::new(&session.terminal);
        let summary = match &self.output {
            Some(file) => {
                let kind = SinkKind::of(file)?;
                let mut out = AtomicFile::create(file).map_err(EngineError::from)?;
                let summary = {
                    let mut slot = Some(&mut out);
                    let mut open = |columns| opened(kind, columns, slot.take(), file);
                    score(&model, &self.data, &read, settings, file, &mut open, &bar)?
                };
                out.commit().map_err(EngineError::from)?;
                summary
            }
            None => {
                let kind = match session.terminal.format {
                    Format::Text => SinkKind::Csv,
                    Format::Json => SinkKind::JsonLines,
                };
                let place = Path::new("standard output");
                let mut slot = Some(BufWriter::new(std::io::stdout()));
                let mut open = |columns| opened(kind, columns, slot.take(), place);
                match score(&model, &self.data, &read, settings, place, &mut open, &bar) {
                    // A reader that has gone away has what it wanted.
                    Err(EngineError::Write { source, .. })
                        if source.kind() == std::io::ErrorKind::BrokenPipe =>
                    {
                        return Ok(Exit::Ok);
                    }
                    summary => summary?,
                }
            }
        };
        bar.clear();
        self.show(&session.terminal, &model, &summary)?;
        Ok(Exit::Ok)
    }

    fn show(
        &self,
        terminal: &Terminal,
        model: &Model,
        summary: &ScoreSummary,
    ) -> anyhow::Result<()> {
        let wire = Scored {
            model: model.card().id,
            output: self.output.as_deref(),
            rows: summary.rows,
            alerts: summary.alerts,
            highest: summary.highest.map(|(row, score, probability)| HighestWire {
                row,
                score,
                probability,
            }),
            labelled: summary.labelled.map(|labelled| LabelledWire {
                found: labelled.found,
                missed: labelled.missed,
                false_alarms: labelled.false_alarms,
                quiet: labelled.quiet,
            }),
            trained_on_it: summary.trained_on_it,
            notice: &model.provenance().notice,
            handled: handled(&summary.report),
            data: SourceWire::of("scored", &summary.source),
            notes: summary
                .notes
                .iter()
                .map(|note| NoteWire { code: note.code, text: note.text.clone() })
                .collect(),
            seconds: summary.seconds,
        };
        if self.output.is_some() {
            return output::show(terminal, &wire, || self.text(&wire));
        }
        // Standard output holds the scores.
        if terminal.progress {
            terminal.note(self.text(&wire).trim_end());
        }
        Ok(())
    }

    fn text(&self, wire: &Scored<'_>) -> String {
        let share = if wire.rows > 0 { wire.alerts as f64 / wire.rows as f64 } else { 0.0 };
        let mut text =
            format!("{} rows, {} alerts ({:.2} %)\n", wire.rows, wire.alerts, share * 100.0);
        if let Some(labelled) = &wire.labelled {
            text.push_str(&format!(
                "by the labels of the data: {} attacks found, {} missed, {} false alarms on {} \
                 benign rows\n",
                labelled.found,
                labelled.missed,
                labelled.false_alarms,
                labelled.false_alarms + labelled.quiet
            ));
            if wire.trained_on_it {
                text.push_str(
                    "  the model was trained on this very file: these figures flatter it; judge \
                     it by other data\n",
                );
            }
        }
        if !wire.notice.is_empty() {
            text.push_str(&format!("  {}\n", wire.notice));
        }
        text.push_str(&handled_text(&wire.handled));
        for note in &wire.notes {
            text.push_str(&format!("  note: {}\n", note.text));
        }
        if let Some(output) = wire.output {
            text.push_str(&format!("{}\n", output.display()));
        }
        if let Some(highest) = &wire.highest {
            text.push_str(&format!(
                "next: tripline explain {} {} --row {}   (the highest score)\n",
                self.model.display(),
                self.data.display(),
                highest.row
            ));
        }
        text
    }
}

fn opened<'a, W: Write + Send + 'a>(
    kind: SinkKind,
    columns: SinkColumns,
    out: Option<W>,
    file: &Path,
) -> Result<Box<dyn Sink + 'a>, EngineError> {
    let out = out.ok_or_else(|| EngineError::Encode {
        file: file.to_owned(),
        reason: "the output was opened twice".to_owned(),
    })?;
    sink(kind, columns, out)
        .map_err(|error| EngineError::Encode { file: file.to_owned(), reason: error.to_string() })
}

/// What preparing had to handle.
pub(crate) fn handled(report: &PrepareReport) -> Vec<HandledWire> {
    report
        .entries()
        .iter()
        .map(|entry| HandledWire {
            column: entry.column.clone(),
            what: entry.what.name(),
            cells: entry.cells,
        })
        .collect()
}

/// What preparing had to handle, a line for each kind.
pub(crate) fn handled_text(handled: &[HandledWire]) -> String {
    let mut kinds: Vec<(&str, u64, Vec<&str>)> = Vec::new();
    for entry in handled {
        match kinds.iter_mut().find(|(what, _, _)| *what == entry.what) {
            Some((_, cells, columns)) => {
                *cells += entry.cells;
                columns.push(&entry.column);
            }
            None => kinds.push((entry.what, entry.cells, vec![&entry.column])),
        }
    }
    kinds
        .iter()
        .map(|(what, cells, columns)| {
            let named = columns.iter().take(5).copied().collect::<Vec<_>>().join(", ");
            let more = if columns.len() > 5 { ", …" } else { "" };
            format!("  handled: {what}: {cells} cells in {named}{more}\n")
        })
        .collect()
}
