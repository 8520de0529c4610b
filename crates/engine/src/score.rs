//! Score: new data through a model, batch by batch.

use std::path::Path;
use std::time::Instant;

use tripline_core::{Dataset, Note, Progress, Source};
use tripline_features::PrepareReport;

use crate::artifact::first_is_benign;
use crate::attribution;
use crate::error::EngineError;
use crate::explain::ExplainSettings;
use crate::model::{Model, Verdicts};
use crate::settings::ReadSettings;
use crate::sinks::{ScoredBatch, Sink, SinkColumns, SinkError};

/// What scoring is asked for beside the verdicts.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScoreSettings {
    /// Reasons told for each alert; 0 tells none.
    pub reasons: usize,
    /// Most alerts whose reasons are told where KernelSHAP must find them, which takes thousands of
    /// scores for each; none sets no bound.
    pub most_by_kernel: Option<u64>,
}

/// What was scored.
#[derive(Debug, Clone)]
pub struct ScoreSummary {
    /// Where the rows come from.
    pub source: Source,
    /// Rows scored.
    pub rows: u64,
    /// Rows that are alerts.
    pub alerts: u64,
    /// The row of the highest score, with that score and its probability.
    pub highest: Option<(u64, f64, f64)>,
    /// What preparing had to handle.
    pub report: PrepareReport,
    /// What the reader saw and handled.
    pub notes: Vec<Note>,
    /// Attacks with alerts on them, where the data has labels.
    pub labelled: Option<Labelled>,
    /// Whether the model was trained on this very file, so that its figures are not a judgement.
    pub trained_on_it: bool,
    /// Seconds of reading, scoring, writing.
    pub seconds: f64,
}

/// Alerts against labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Labelled {
    /// Attacks that are alerts.
    pub found: u64,
    /// Attacks that are none.
    pub missed: u64,
    /// Benign rows that are alerts.
    pub false_alarms: u64,
    /// Benign rows that are none.
    pub quiet: u64,
}

/// Opens the sink once the columns are known, so that a failure before leaves no output.
pub type OpenSink<'a> = dyn FnMut(SinkColumns) -> Result<Box<dyn Sink + 'a>, EngineError> + 'a;

/// Scores a file batch by batch; memory is bounded by a batch.
pub fn score<'a>(
    model: &Model,
    file: &Path,
    read: &ReadSettings,
    settings: ScoreSettings,
    output: &Path,
    open: &mut OpenSink<'a>,
    progress: &dyn Progress,
) -> Result<ScoreSummary, EngineError> {
    let start = Instant::now();
    let options = read.options(Some(model.input()), false);
    let mut batches = tripline_ingest::open(file, &options)?;
    let mut state = State::default();
    let mut sink: Option<(Box<dyn Sink + 'a>, SinkColumns)> = None;
    let most = settings.most_by_kernel.filter(|_| model.detector().explain().is_none());
    let mut left = most.unwrap_or(u64::MAX);
    while let Some(batch) = batches.next() {
        let batch = batch?;
        // Before the output is opened: rows that the model does not take leave nothing written.
        let verdicts = model.score(&batch.rows)?;
        let (sink, columns) = match &mut sink {
            Some(sink) => sink,
            None => {
                let columns = SinkColumns {
                    class: model.classes().is_some(),
                    label: batch.labels.is_some(),
                    reasons: settings.reasons > 0,
                    notice: !model.provenance().notice.is_empty(),
                };
                sink.insert((open(columns)?, columns))
            }
        };
        let reasons = if columns.reasons {
            reasons(model, &batch, &verdicts, settings.reasons, &mut left)?
        } else {
            Vec::new()
        };
        sink.write(&ScoredBatch {
            first_row: state.rows,
            verdicts: &verdicts,
            classes: model.classes().unwrap_or_default(),
            labels: batch.labels.as_ref(),
            reasons: &reasons,
            notice: &model.provenance().notice,
        })
        .map_err(|error| refused(output, error))?;
        state.add(&batch, &verdicts);
        let (done, total) = batches.progress();
        progress.step("scoring", done, total);
    }
    if let Some((sink, _)) = &mut sink {
        sink.finish().map_err(|error| refused(output, error))?;
    }
    let source = batches.source();
    let mut notes = batches.notes();
    if let (None, Some([first, ..])) = (model.preparer(), model.classes()) {
        notes.push(Note { code: "first-class-benign", text: first_is_benign(first) });
    }
    if let Some(most) = most.filter(|&most| settings.reasons > 0 && state.alerts > most) {
        let all = state.alerts;
        notes.push(Note {
            code: "reasons-limit",
            text: format!(
                "reasons are told for the first {most} of {all} alerts: KernelSHAP takes thousands \
                 of scores for each; --max-reasons sets another bound"
            ),
        });
    }
    Ok(ScoreSummary {
        trained_on_it: model.provenance.trained_on(&source),
        source,
        rows: state.rows,
        alerts: state.alerts,
        highest: state.highest,
        report: state.report,
        notes,
        labelled: state.labelled,
        seconds: start.elapsed().as_secs_f64(),
    })
}

#[derive(Default)]
struct State {
    rows: u64,
    alerts: u64,
    highest: Option<(u64, f64, f64)>,
    report: PrepareReport,
    labelled: Option<Labelled>,
}

impl State {
    fn add(&mut self, batch: &Dataset, verdicts: &Verdicts) {
        for (row, (&raw, &alert)) in verdicts.raw.iter().zip(&verdicts.alert).enumerate() {
            if self.highest.is_none_or(|(_, highest, _)| raw > highest) {
                self.highest = Some((self.rows + row as u64, raw, verdicts.probability[row]));
            }
            self.alerts += u64::from(alert);
            if let Some(labels) = &batch.labels {
                let counts = self.labelled.get_or_insert_default();
                match (labels.is_attack(row), alert) {
                    (true, true) => counts.found += 1,
                    (true, false) => counts.missed += 1,
                    (false, true) => counts.false_alarms += 1,
                    (false, false) => counts.quiet += 1,
                }
            }
        }
        self.rows += batch.len() as u64;
        self.report.merge(&verdicts.report);
    }
}

/// The largest effects that raise each alert's score: `sttl = 254 (+1.8)`; of as many alerts as are
/// `left`.
fn reasons(
    model: &Model,
    batch: &Dataset,
    verdicts: &Verdicts,
    count: usize,
    left: &mut u64,
) -> Result<Vec<String>, EngineError> {
    let most = usize::try_from(*left).unwrap_or(usize::MAX);
    let alerts: Vec<usize> =
        (0..batch.len()).filter(|&row| verdicts.alert[row]).take(most).collect();
    *left -= alerts.len() as u64;
    let mut texts = vec![String::new(); batch.len()];
    if alerts.is_empty() {
        return Ok(texts);
    }
    let rows = batch.rows.select(&alerts);
    let settings = ExplainSettings { kernel: attribution::quick(), ..ExplainSettings::default() };
    let explained = model.explain(&rows, &settings)?;
    for (index, &row) in alerts.iter().enumerate() {
        let explanation = explained.reasons(model, &rows, index, row as u64);
        let named: Vec<String> = explanation
            .reasons
            .iter()
            .filter(|reason| reason.effect > 0.0)
            .take(count)
            .map(|reason| format!("{} (+{:.2})", reason.name(), reason.effect))
            .collect();
        texts[row] = named.join("; ");
    }
    Ok(texts)
}

fn refused(output: &Path, error: SinkError) -> EngineError {
    match error {
        SinkError::Io(source) => EngineError::Write { file: output.to_owned(), source },
        other => EngineError::Encode { file: output.to_owned(), reason: other.to_string() },
    }
}
