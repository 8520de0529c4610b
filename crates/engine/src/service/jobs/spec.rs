//! What a training is asked to do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a training is asked to do. Texts are those of the command line.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingSpec {
    /// A card's id, or the name of registered models: then detector, parameters and preparation
    /// of its active version (else of its newest) are taken where none are given here.
    pub model_type: String,
    /// `upload:ID`, `file:PATH`, a path, or `detections:QUERY`.
    pub source: String,
    /// Rows that judge and never train; `upload:ID`, `file:PATH` or a path.
    pub test_source: Option<String>,
    /// Parameters by the card's names.
    pub hyperparameters: BTreeMap<String, String>,
    /// The name to register under; none takes that of `model_type`.
    pub name: Option<String>,
    /// How rows are parted to judge; none chooses by the data, `none` judges by the validation
    /// part alone.
    pub protocol: Option<String>,
    /// Folds of a protocol that has some.
    pub folds: Option<usize>,
    /// The part that a protocol by time keeps for the test.
    pub test_share: Option<f64>,
    /// `holdout` or `out-of-fold:K`.
    pub validation: Option<String>,
    /// The largest rate of false alarms that is wanted.
    pub fpr: Option<f64>,
    /// The threshold's rule, in place of `fpr`.
    pub threshold: Option<String>,
    /// How columns are prepared.
    pub prepare: Option<String>,
    /// `binary` or `multiclass`.
    pub task: Option<String>,
    /// The only source of randomness.
    pub seed: u64,
    /// The column that tells each row's class.
    pub label: Option<String>,
    /// The value of that column that means benign.
    pub benign: Option<String>,
    /// The column that tells when a row ended.
    pub time: Option<String>,
    /// A column of weights.
    pub weights: Option<String>,
    /// Judges although the guard refuses; recorded.
    pub accept_leakage: bool,
    /// A view of the feature store to join to the rows.
    pub features: Option<FeatureJoin>,
    /// Higher goes first.
    pub priority: i32,
    /// How often it may be started; 0 takes 3. A start that a crash of the service cut off counts,
    /// since the job may be what has taken all memory.
    pub max_attempts: u32,
    /// Deploys the version once it is registered. Whoever sets it must have been allowed to.
    pub deploy: bool,
}

/// A view of the feature store, joined to rows as it was known when each row ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FeatureJoin {
    /// The view.
    pub view: String,
    /// The column of the rows that names the entity.
    pub entity_column: String,
    /// The column that tells when a row ended; none takes that of the layout.
    pub time_column: Option<String>,
}

/// What is kept of a training that was taken: it runs alike at every attempt, whatever is
/// registered meanwhile.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Accepted {
    /// As it was asked for.
    pub asked: TrainingSpec,
    /// The detector's card.
    pub detector: String,
    /// The name to register under.
    pub name: String,
    /// The version that it was made from, where `model_type` is a name.
    pub parent: Option<String>,
    /// Parameters, those of the parent first.
    pub params: Vec<(String, String)>,
    /// How columns are prepared, where given or taken from the parent.
    pub recipe: Option<String>,
}

impl Accepted {
    /// What was stored with a job.
    ///
    /// # Errors
    /// The text is not what this program wrote.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}
