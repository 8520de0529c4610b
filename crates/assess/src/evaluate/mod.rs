//! How good a model is that is trained on some rows of a data set, judged on others.
//!
//! What is trained is passed in: the caller implements [`Trainer`]. Thresholds come from the
//! trained model; nothing here is chosen on rows that judge.

mod error;
mod evaluation;
mod folds;
mod part;
mod run;
mod trainer;

pub use error::EvaluateError;
pub use evaluation::{Evaluation, Parts, Pooled, SplitResult, Timing};
pub use part::{EvaluateOptions, MetricValue, MetricValues, PartMetrics, metrics_of};
pub use run::{evaluate, evaluate_official};
pub use trainer::{Scored, Scores, Trained, Trainer, TrainerError};
