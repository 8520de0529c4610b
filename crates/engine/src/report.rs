//! From results to the page that shows them.

use tripline_assess::evaluate::Evaluation;
use tripline_assess::guard::{GuardReport, Override};
use tripline_assess::protocol::Protocol;
use tripline_assess::report::{AlertView, DataSource, ModelSection, Report, render};
use tripline_assess::threshold::ThresholdRule;
use tripline_core::Dataset;

use crate::register;

/// What a page is made of.
#[derive(Debug)]
pub struct PageInput<'a> {
    /// What was judged.
    pub title: String,
    /// When, as it shall be shown.
    pub when: String,
    /// What made it: a command, or a job.
    pub command: String,
    /// Seed of splits and training.
    pub seed: u64,
    /// Data that trained.
    pub train: &'a Dataset,
    /// Data that judged, where they stand in a file of their own.
    pub test: Option<&'a Dataset>,
    /// How rows were parted.
    pub protocol: Option<&'a Protocol>,
    /// How thresholds were chosen.
    pub threshold: ThresholdRule,
    /// What the guard found.
    pub guard: &'a GuardReport,
    /// Refusals that the user overrode.
    pub overrides: &'a [Override],
    /// Figures of each model.
    pub evaluations: &'a [Evaluation],
    /// Parameters of each model.
    pub parameters: Vec<Vec<(String, String)>>,
    /// One alert explained.
    pub alert: Option<AlertView<'a>>,
    /// Further remarks.
    pub notes: Vec<String>,
}

/// The page, complete in itself.
pub fn page(input: PageInput<'_>) -> String {
    let mut data = vec![source("training", input.train)];
    data.extend(input.test.map(|test| source("test", test)));
    let models = input
        .evaluations
        .iter()
        .zip(input.parameters)
        .map(|(evaluation, parameters)| ModelSection {
            summary: register::trainable_card(&evaluation.model)
                .map(|card| card.summary.to_owned())
                .unwrap_or_default(),
            parameters,
            evaluation,
        })
        .collect();
    render(&Report {
        title: input.title,
        when: input.when,
        command: input.command,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: input.seed,
        data,
        protocol: input.protocol.copied(),
        threshold: input.threshold,
        leakage_accepted: input.overrides.iter().map(|accepted| accepted.reason.clone()).collect(),
        findings: &input.guard.findings,
        models,
        alert: input.alert,
        notes: input.notes,
    })
}

/// Data that were read, as pages tell them.
pub fn source(role: &str, data: &Dataset) -> DataSource {
    let source = &data.source;
    DataSource {
        role: role.to_owned(),
        name: source.name.clone(),
        layout: source.layout.clone(),
        sha256: source.sha256.clone(),
        bytes: source.bytes,
        rows: source.rows,
        bad_records: source.bad_records,
        columns: data.rows.width(),
        classes: match &data.labels {
            Some(labels) => labels.classes().iter().cloned().zip(labels.counts()).collect(),
            None => Vec::new(),
        },
        notes: data.notes.iter().map(|note| note.text.clone()).collect(),
    }
}
