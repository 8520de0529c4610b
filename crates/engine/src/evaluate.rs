//! Evaluate: a model file judged on labelled data.

use tripline_assess::evaluate::{PartMetrics, Scored, metrics_of};
use tripline_core::Dataset;
use tripline_features::PrepareReport;

use crate::error::EngineError;
use crate::model::Model;
use crate::settings::JudgingSettings;
use crate::trainer;

/// A model judged on data that it did not see.
#[derive(Debug)]
pub struct Judgement {
    /// Figures.
    pub test: PartMetrics,
    /// Scores with labels, for plots.
    pub scored: Scored,
    /// What preparing had to handle.
    pub report: PrepareReport,
    /// What the user accepted that flatters the model; empty if nothing does.
    pub accepted_leakage: Vec<String>,
}

/// Judges a model at its own threshold. Data that it was trained on is refused.
pub fn evaluate(
    model: &Model,
    data: &Dataset,
    judging: &JudgingSettings,
    seed: u64,
) -> Result<Judgement, EngineError> {
    let labels = data.labels.clone().ok_or_else(|| EngineError::no_labels(data))?;
    let mut accepted_leakage = model.provenance.accepted_leakage.clone();
    if model.provenance.trained_on(&data.source) {
        if !judging.accept_leakage {
            return Err(EngineError::TrainedOnIt { file: data.source.name.clone() });
        }
        accepted_leakage.push("the model was trained on the data that it is judged by".to_owned());
    }
    let (scores, report) = trainer::scores(model, data)?;
    let scored = Scored::of(scores, labels, data).grouped(&data.rows);
    let test = metrics_of(&scored, model.decision.threshold, &judging.options(seed))?;
    Ok(Judgement { test, scored, report, accepted_leakage })
}
