//! Figures written as one self-contained page.
//!
//! A page needs no network: style, script, drawings stand inside it, and its content policy lets
//! a browser load nothing else. It reads without its script, which adds sorting with readouts.
//! Every text from data or arguments is escaped; the same input gives the same bytes.

mod comparison;
mod explanation;
mod findings;
mod headline;
mod html;
mod model;
mod page;
mod provenance;
mod ranking;
mod tuning;
mod tuning_parts;
mod verdict;

pub use explanation::{Decision, ExplanationPage, GlobalView, RowView, render_explanation};
pub use headline::{Order, order_of};
pub use ranking::{RankingPage, render_ranking};
pub use tuning::{HeldOutView, ObjectiveView, TuningPage, render_tuning};

use crate::evaluate::{Evaluation, PartMetrics};
use crate::guard::Finding;
use crate::protocol::Protocol;
use crate::threshold::ThresholdRule;

/// All that a report tells.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// What was judged, such as `UNSW-NB15, five folds`.
    pub title: String,
    /// When, as it shall be shown.
    pub when: String,
    /// The command that made it.
    pub command: String,
    /// Version of the program.
    pub version: String,
    /// Seed of splits with training.
    pub seed: u64,
    /// The files, training first.
    pub data: Vec<DataSource>,
    /// How rows were parted; none where there was no test part.
    pub protocol: Option<Protocol>,
    /// How thresholds were chosen.
    pub threshold: ThresholdRule,
    /// Why the figures may be too good: each reason of the guard's that the user set aside.
    pub leakage_accepted: Vec<String>,
    /// What the guard found.
    pub findings: &'a [Finding],
    /// The models, in any order.
    pub models: Vec<ModelSection<'a>>,
    /// One alert explained, of any model.
    pub alert: Option<AlertView<'a>>,
    /// Further remarks on how figures were got.
    pub notes: Vec<String>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSource {
    /// What it was used for: `training`, `test`.
    pub role: String,
    /// Its name, as it was given.
    pub name: String,
    /// The layout recognised.
    pub layout: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Size on disk.
    pub bytes: u64,
    /// Rows read.
    pub rows: u64,
    /// Records left out.
    pub bad_records: u64,
    /// Feature columns.
    pub columns: usize,
    /// Rows of each class, benign first.
    pub classes: Vec<(String, usize)>,
    /// What the reader handled.
    pub notes: Vec<String>,
}

/// One model with its figures.
#[derive(Debug, Clone)]
pub struct ModelSection<'a> {
    /// One sentence on what it is; may be empty.
    pub summary: String,
    /// Its parameters that differ from the defaults, or all.
    pub parameters: Vec<(String, String)>,
    /// Its figures.
    pub evaluation: &'a Evaluation,
}

/// One alert explained.
#[derive(Debug, Clone)]
pub struct AlertView<'a> {
    /// The model that raised it.
    pub model: String,
    /// The row with its reasons.
    pub row: RowView<'a>,
}

/// The page.
pub fn render(report: &Report<'_>) -> String {
    let mut page = page::Page::new(&report.title);
    let order = headline::order(report);
    verdict::write(&mut page, report, &order);
    comparison::write(&mut page, report, &order);
    if let Some(alert) = &report.alert {
        explanation::write_alert(&mut page, alert);
    }
    findings::write(&mut page, report.findings);
    for &position in &order.models {
        model::write(&mut page, &report.models[position], position, report);
    }
    provenance::write(&mut page, report, &order);
    page.finish(&report.version)
}

/// The part that a model is judged on: its test part, or the validation part where no test part
/// was scored.
pub(crate) fn judged(evaluation: &Evaluation) -> Option<&PartMetrics> {
    evaluation.parts.test.as_ref().or(evaluation.parts.validation.as_ref())
}
