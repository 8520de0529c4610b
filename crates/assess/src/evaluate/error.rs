//! Why there is no evaluation.

use tripline_core::LabelsError;

use super::trainer::TrainerError;
use crate::metrics::MetricError;

/// Why there is no evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// Training failed.
    #[error("{model}: training on `{split}` failed: {source}")]
    Train {
        /// The trainer's id.
        model: String,
        /// The split.
        split: String,
        /// Why.
        source: TrainerError,
    },
    /// Scoring failed.
    #[error("{model}: scoring `{split}` failed: {source}")]
    Score {
        /// The trainer's id.
        model: String,
        /// The split.
        split: String,
        /// Why.
        source: TrainerError,
    },
    /// Scores that cannot be judged.
    #[error("{model}: the scores of `{split}` cannot be judged: {source}")]
    Judge {
        /// The trainer's id.
        model: String,
        /// The split.
        split: String,
        /// Why.
        source: MetricError,
    },
    /// No labels.
    #[error(
        "`{name}` has no labels to judge by; name the label column with --label COLUMN --benign VALUE"
    )]
    NoLabels {
        /// The data set.
        name: String,
    },
    /// Labels that cannot be told with the training labels.
    #[error(transparent)]
    Labels(#[from] LabelsError),
    /// No split.
    #[error("there is no split to evaluate")]
    NoSplit,
    /// A part without rows.
    #[error("the {part} part of `{split}` has no rows")]
    NoRows {
        /// `training` or `test`.
        part: &'static str,
        /// The split.
        split: String,
    },
    /// The caller asked to stop.
    #[error("evaluation was cancelled")]
    Cancelled,
}
