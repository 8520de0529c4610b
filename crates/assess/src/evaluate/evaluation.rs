//! What is known of one model after evaluation.

use serde::Serialize;

use super::part::PartMetrics;
use crate::bootstrap::{BootstrapError, Difference, Replicates};
use crate::metrics::resolve;

/// What is known of one model.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    /// The trainer's id.
    pub model: String,
    /// Figures by part.
    pub parts: Parts,
    /// Figures of each split's test part.
    pub splits: Vec<SplitResult>,
    /// Time taken.
    pub timing: Timing,
    /// What each raw column is worth, the mean over splits, falling.
    pub importance: Option<Vec<(String, f64)>>,
    /// All rows judged, for plots.
    #[serde(skip)]
    pub pooled: Pooled,
    /// Resampled figures of the test part, for differences of models.
    #[serde(skip)]
    pub replicates: Option<Replicates>,
}

/// Figures by part.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Parts {
    /// Rows that trained, seen by the model: no measure of quality.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<PartMetrics>,
    /// Rows held out of training for the threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<PartMetrics>,
    /// Rows that training never saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<PartMetrics>,
}

/// One split.
#[derive(Debug, Clone, Serialize)]
pub struct SplitResult {
    /// Its name.
    pub name: String,
    /// The attack family that training never saw.
    pub test_family: Option<String>,
    /// Rows that trained.
    pub train_rows: usize,
    /// Rows judged whose features also occur among those that trained.
    pub repeated: usize,
    /// Figures of its test part.
    pub test: PartMetrics,
    /// Seconds of training.
    pub fit_seconds: f64,
}

/// Time taken, summed over splits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Timing {
    /// Seconds of training.
    pub fit_seconds: f64,
    /// Seconds of scoring test rows.
    pub score_seconds: f64,
    /// Test rows scored a second.
    pub rows_per_second: Option<f64>,
}

/// Every row judged, of all splits one after the other.
#[derive(Debug, Clone, Default)]
pub struct Pooled {
    /// Raw scores; those of different splits come from different models.
    pub raw: Vec<f64>,
    /// Probabilities, which different models share as a scale.
    pub probability: Vec<f64>,
    /// Whether each row is an attack.
    pub attacks: Vec<bool>,
    /// Whether each row alerts at its own split's threshold.
    pub alerts: Vec<bool>,
    /// Class of each row, an index into `classes`.
    pub codes: Vec<u32>,
    /// Class names, the first benign.
    pub classes: Vec<String>,
    /// The split of each row.
    pub split: Vec<u32>,
    /// The row's number in the data set judged.
    pub row: Vec<usize>,
}

impl Evaluation {
    /// How a metric of this model's test part stands above another's on the same rows.
    pub fn difference(&self, other: &Self, metric: &str) -> Result<Difference, BootstrapError> {
        let card = resolve(metric)?;
        let value = |evaluation: &Self| {
            evaluation.parts.test.as_ref().and_then(|test| test.value(card.id)).unwrap_or(f64::NAN)
        };
        match (&self.replicates, &other.replicates) {
            (Some(own), Some(others)) if self.pooled.row == other.pooled.row => {
                own.difference(others, card.id, (value(self), value(other)))
            }
            _ => Err(BootstrapError::NotPaired),
        }
    }
}
