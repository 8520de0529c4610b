//! What a user may set, with the built-in defaults.

use std::collections::BTreeMap;

use tripline_assess::protocol::Protocol;
use tripline_assess::threshold::ThresholdRule;
use tripline_core::{Schema, Task};
use tripline_features::Recipe;
use tripline_ingest::ReadOptions;
use tripline_models::calibration::CalibratorKind;

use crate::error::EngineError;

/// How data is read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadSettings {
    /// The column that tells each row's class, where the layout does not.
    pub label: Option<String>,
    /// The value of that column that means benign.
    pub benign: Option<String>,
    /// The column that tells when a row ended.
    pub time: Option<String>,
    /// Longest record in bytes.
    pub max_record_bytes: usize,
    /// Give up after this many bad records.
    pub max_bad_records: Option<u64>,
    /// Rows held at once while scoring.
    pub batch_rows: usize,
}

impl Default for ReadSettings {
    fn default() -> Self {
        let options = ReadOptions::default();
        Self {
            label: None,
            benign: None,
            time: None,
            max_record_bytes: options.max_record_bytes,
            max_bad_records: options.max_bad_records,
            batch_rows: options.batch_rows,
        }
    }
}

impl ReadSettings {
    /// Options for a reader; `expected` are the columns of a model.
    pub fn options(&self, expected: Option<&Schema>, require_labels: bool) -> ReadOptions {
        ReadOptions {
            label: self.label.clone(),
            benign: self.benign.clone(),
            time: self.time.clone(),
            expected: expected.cloned(),
            require_labels,
            max_record_bytes: self.max_record_bytes,
            max_bad_records: self.max_bad_records,
            batch_rows: self.batch_rows,
            ..ReadOptions::default()
        }
    }
}

/// How a model is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingSettings {
    /// Parameters from text, by model id.
    pub params: BTreeMap<String, Vec<(String, String)>>,
    /// How columns are prepared; none takes what fits the model.
    pub recipe: Option<Recipe>,
    /// What is told apart.
    pub task: Task,
    /// How scores become probabilities; none takes what fits the model.
    pub calibration: Option<CalibratorKind>,
    /// Where threshold and calibration come from.
    pub validation: ValidationRule,
    /// How the threshold is chosen.
    pub threshold: ThresholdRule,
    /// Somebody asked for that rule: a rate that the rows do not support is refused then, else the
    /// smallest one that they support is taken.
    pub threshold_asked: bool,
    /// A column of weights.
    pub weights: Option<String>,
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            params: BTreeMap::new(),
            recipe: None,
            task: Task::Binary,
            calibration: None,
            validation: ValidationRule::default(),
            threshold: ThresholdRule::Fpr(0.001),
            threshold_asked: false,
            weights: None,
        }
    }
}

impl TrainingSettings {
    /// The parameters given for a model.
    pub fn params_of(&self, id: &str) -> &[(String, String)] {
        self.params.get(id).map_or(&[], Vec::as_slice)
    }
}

/// Where threshold and calibration come from: never from rows that judge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValidationRule {
    /// A part of the training rows that is not fitted; early stopping looks at it, too.
    Holdout {
        /// Of the training rows.
        share: f64,
    },
    /// Every training row, scored by a model that did not see it; the model is then fitted to all.
    OutOfFold {
        /// Number of parts.
        folds: usize,
    },
}

impl Default for ValidationRule {
    fn default() -> Self {
        Self::Holdout { share: 0.2 }
    }
}

impl ValidationRule {
    /// From `holdout` or `out-of-fold:K`.
    pub fn parse(text: &str, share: f64) -> Result<Self, EngineError> {
        let error = || EngineError::Setting {
            name: "validation",
            expected: "`holdout`, or `out-of-fold:K` with at least 2 folds",
            got: text.to_owned(),
        };
        match text.split_once(':') {
            None if text == "holdout" => {
                if share > 0.0 && share < 1.0 {
                    return Ok(Self::Holdout { share });
                }
                Err(EngineError::Setting {
                    name: "validation share",
                    expected: "between 0 and 1",
                    got: share.to_string(),
                })
            }
            None if text == "out-of-fold" => Ok(Self::OutOfFold { folds: 5 }),
            Some(("out-of-fold", folds)) => match folds.parse() {
                Ok(folds) if folds >= 2 => Ok(Self::OutOfFold { folds }),
                _ => Err(error()),
            },
            _ => Err(error()),
        }
    }
}

impl std::fmt::Display for ValidationRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Holdout { share } => write!(f, "holdout:{share}"),
            Self::OutOfFold { folds } => write!(f, "out-of-fold:{folds}"),
        }
    }
}

/// How models are judged.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgingSettings {
    /// How rows are parted; none chooses by the data.
    pub protocol: Option<Protocol>,
    /// Folds of the protocol that is chosen if none is given.
    pub folds: usize,
    /// The part that a protocol by time keeps for the test.
    pub test_share: f64,
    /// Judges although the guard refuses.
    pub accept_leakage: bool,
    /// Events a day where the model will stand.
    pub events_per_day: f64,
    /// The part of them that are attacks.
    pub base_rate: f64,
    /// Replicates of the bootstrap behind each interval.
    pub replicates: usize,
}

impl Default for JudgingSettings {
    fn default() -> Self {
        Self {
            protocol: None,
            folds: 5,
            test_share: 0.3,
            accept_leakage: false,
            events_per_day: 1e6,
            base_rate: 1e-3,
            replicates: 1000,
        }
    }
}

/// `binary` or `multiclass`.
pub fn parse_task(text: &str) -> Result<Task, EngineError> {
    match text {
        "binary" => Ok(Task::Binary),
        "multiclass" => Ok(Task::Multiclass),
        _ => Err(EngineError::Setting {
            name: "task",
            expected: "`binary` or `multiclass`",
            got: text.to_owned(),
        }),
    }
}
