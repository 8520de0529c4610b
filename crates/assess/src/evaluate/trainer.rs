//! What the caller brings: a way to train, what came of it.

use std::sync::Arc;

use tripline_core::{Dataset, Labels, Progress, Rows};

use crate::metrics::ClassProbabilities;
use crate::protocol::{Groups, Rounding};

/// Trains one kind of model.
pub trait Trainer: Sync {
    /// The id under which results stand.
    fn id(&self) -> &str;

    /// Trains on all of `train`, validation part included.
    fn train(
        &self,
        train: &Dataset,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Trained>, TrainerError>;
}

/// A trained model with its threshold.
pub trait Trained: Send + Sync {
    /// Scores rows.
    fn score(&self, data: &Dataset) -> Result<Scores, TrainerError>;

    /// Alert from this raw score on; chosen on training rows alone.
    fn threshold(&self) -> f64;

    /// The held-out part of the training rows that threshold with calibration come from.
    fn validation(&self) -> Option<&Scored>;

    /// Seconds that training took.
    fn fit_seconds(&self) -> f64;

    /// What each raw column is worth to the model.
    fn importance(&self) -> Option<Vec<(String, f64)>>;
}

/// Scores of rows.
#[derive(Debug, Clone, Default)]
pub struct Scores {
    /// Raw score of each row, higher is more suspicious.
    pub raw: Vec<f64>,
    /// Probability of an attack for each row.
    pub probability: Vec<f64>,
    /// Seconds that scoring took, measured by the caller.
    pub seconds: f64,
    /// Class probabilities, where classes are told apart.
    pub classes: Option<ClassProbabilities>,
}

/// Scores with what the rows are.
#[derive(Debug, Clone)]
pub struct Scored {
    /// Raw score of each row.
    pub raw: Vec<f64>,
    /// Probability of an attack for each row.
    pub probability: Vec<f64>,
    /// What the rows are.
    pub labels: Labels,
    /// Seconds that scoring took, where measured.
    pub seconds: Option<f64>,
    /// Weights; none is 1 each.
    pub weights: Option<Vec<f64>>,
    /// For each row the number of its group of equal rows; intervals then draw whole groups.
    pub groups: Option<Vec<u32>>,
    /// When each row ended, nanoseconds since 1970.
    pub time: Option<Arc<Vec<i64>>>,
    /// Class probabilities, where classes are told apart.
    pub classes: Option<ClassProbabilities>,
}

impl Scored {
    /// Scores with labels, nothing further known.
    pub fn new(raw: Vec<f64>, probability: Vec<f64>, labels: Labels) -> Self {
        Self {
            raw,
            probability,
            labels,
            seconds: None,
            weights: None,
            groups: None,
            time: None,
            classes: None,
        }
    }

    /// The scores of a labelled data set.
    pub fn of(scores: Scores, labels: Labels, data: &Dataset) -> Self {
        Self {
            seconds: Some(scores.seconds),
            time: data.time.clone(),
            classes: scores.classes,
            ..Self::new(scores.raw, scores.probability, labels)
        }
    }

    /// The same, where rows with equal features are known as such if there are any.
    #[must_use]
    pub fn grouped(mut self, rows: &Rows) -> Self {
        let groups = Groups::new(rows, Rounding::Exact);
        self.groups = (groups.count < rows.len()).then_some(groups.of);
        self
    }
}

/// Why training or scoring failed, as the caller tells it.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct TrainerError(Box<dyn std::error::Error + Send + Sync>);

impl TrainerError {
    /// From any error.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}
