//! The body that asks for a training.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tripline_engine::service::jobs::{FeatureJoin, TrainingSpec};
use utoipa::ToSchema;

use crate::problem::Problem;

/// What to train, on what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TrainingRequest, example = json!({
    "model_type": "gradient_boosting",
    "training_data_source": "upload:upl-0123456789abcdef0123456789abcdef",
    "hyperparameters": {"learning_rate": 0.05, "n_estimators": 200}
}))]
pub(crate) struct TrainingRequest {
    /// A detector's id, or the name of registered models: then detector, parameters and
    /// preparation of its active version are taken where none are given here.
    model_type: String,
    /// `upload:ID`, `file:PATH` or a path under an allowed folder, or `detections:QUERY` such as
    /// `detections:since=2025-10-01T00:00:00Z&base=upload:ID`: stored detections that analysts have
    /// judged, after the rows of `base`.
    training_data_source: String,
    /// Parameters by the names of the detector's card.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Value>)]
    hyperparameters: BTreeMap<String, Value>,
    /// Rows that judge and never train.
    test_data_source: Option<String>,
    /// The name to register under; that of `model_type` if left out.
    name: Option<String>,
    /// `official`, `duplicate-grouped`, `leave-one-family-out`, `time-ordered`, `random`, or `none`
    /// to judge by the validation part alone; chosen by the data if left out.
    protocol: Option<String>,
    /// Folds of a protocol that has some.
    #[schema(minimum = 2, maximum = 50)]
    folds: Option<usize>,
    /// The part that `time-ordered` keeps for the test.
    test_share: Option<f64>,
    /// `holdout` or `out-of-fold:K`.
    validation: Option<String>,
    /// The largest rate of false alarms that is wanted.
    fpr: Option<f64>,
    /// The threshold's rule in place of `fpr`: `fpr:RATE`, `f1`, `fixed:SCORE`.
    threshold: Option<String>,
    /// How columns are prepared, such as `impute=median,encode=one_hot`.
    prepare: Option<String>,
    /// `binary` or `multiclass`.
    task: Option<String>,
    /// The same seed gives the same model, byte by byte.
    #[serde(default)]
    seed: u64,
    /// The column that tells each row's class, where the layout does not.
    label: Option<String>,
    /// The value of that column that means benign.
    benign: Option<String>,
    /// The column that tells when a row ended.
    time: Option<String>,
    /// A column of weights.
    weights: Option<String>,
    /// Judges although the guard refuses; recorded in the model and in every report.
    #[serde(default)]
    accept_leakage: bool,
    /// A view of the feature store to join to the rows, each as it was known at the row's time.
    features: Option<JoinShape>,
    /// Higher goes first, from -100 to 100.
    #[serde(default)]
    #[schema(minimum = -100, maximum = 100)]
    priority: i32,
    /// How often it may be started; 3 if left out. A start that a crash of the service cut off
    /// counts too.
    #[serde(default, deserialize_with = "attempts")]
    #[schema(minimum = 1, maximum = 10, value_type = Option<u32>)]
    max_attempts: u32,
    /// Deploys the new version; needs the scope `deploy`.
    #[serde(default)]
    pub(crate) deploy: bool,
}

/// A view to join.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FeatureJoin)]
struct JoinShape {
    /// The view.
    view: String,
    /// The column of the rows that names the entity.
    entity_column: String,
    /// The column that tells when a row ended; that of the layout if left out.
    time_column: Option<String>,
}

impl TrainingRequest {
    /// As the engine takes it.
    pub(crate) fn spec(self) -> Result<TrainingSpec, Problem> {
        Ok(TrainingSpec {
            model_type: self.model_type,
            source: self.training_data_source,
            test_source: self.test_data_source,
            hyperparameters: hyperparameters(self.hyperparameters)?,
            name: self.name,
            protocol: self.protocol,
            folds: self.folds,
            test_share: self.test_share,
            validation: self.validation,
            fpr: self.fpr,
            threshold: self.threshold,
            prepare: self.prepare,
            task: self.task,
            seed: self.seed,
            label: self.label,
            benign: self.benign,
            time: self.time,
            weights: self.weights,
            accept_leakage: self.accept_leakage,
            features: self.features.map(|join| FeatureJoin {
                view: join.view,
                entity_column: join.entity_column,
                time_column: join.time_column,
            }),
            priority: self.priority,
            max_attempts: self.max_attempts,
            deploy: self.deploy,
        })
    }
}

/// Parameters as the engine takes them, whatever kind of value they were given as.
pub(crate) fn hyperparameters(
    given: BTreeMap<String, Value>,
) -> Result<BTreeMap<String, String>, Problem> {
    let text = |(name, value): (String, Value)| {
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            _ => {
                let field = format!("hyperparameters.{}", crate::problem::shown(&name));
                return Err(Problem::invalid(field, "must be a number, a text, true or false"));
            }
        };
        Ok((name, text))
    };
    given.into_iter().map(text).collect()
}

/// A number of at least 1.
fn attempts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match Option::<u32>::deserialize(deserializer)? {
        Some(0) => Err(serde::de::Error::custom("must be from 1 to 10")),
        given => Ok(given.unwrap_or(0)),
    }
}
