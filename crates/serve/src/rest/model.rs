//! The JSON of a model version.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use tripline_store::Timestamp;
use tripline_store::records::{Deployed, ModelVersion};
use utoipa::ToSchema;

use crate::time;

/// A version of a model, in short.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Model)]
pub(crate) struct ModelShape {
    /// Its id.
    #[schema(example = "flow_detector_v1.0.0")]
    pub(crate) model_id: String,
    /// What the versions of one purpose share.
    #[schema(example = "flow_detector")]
    pub(crate) name: String,
    /// Its number.
    #[schema(example = "v1.0.0")]
    pub(crate) version: String,
    /// `candidate`, `shadow`, `active`, `archived`.
    #[schema(example = "active")]
    pub(crate) status: &'static str,
    /// Figures from held-out rows by name.
    #[schema(value_type = BTreeMap<String, f64>, example = json!({"accuracy": 0.98, "f1_score": 0.97}))]
    pub(crate) metrics: BTreeMap<String, f64>,
    /// When it last became active.
    #[serde(serialize_with = "time::serialize_optional")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2025-10-08T10:00:00Z")]
    pub(crate) deployed_at: Option<Timestamp>,
    /// When it was registered.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime, example = "2025-10-08T09:30:00Z")]
    pub(crate) created_at: Timestamp,
    /// The detector's card.
    #[schema(example = "gradient_boosting")]
    pub(crate) detector: String,
    /// What it takes: `flow`, …
    #[schema(example = "flow")]
    pub(crate) task: String,
    /// Aliases that point to it.
    #[schema(example = json!(["champion"]))]
    pub(crate) aliases: Vec<String>,
}

impl From<&ModelVersion> for ModelShape {
    fn from(version: &ModelVersion) -> Self {
        let mut metrics = version.what.metrics.clone();
        metrics.retain(|_, value| value.is_finite());
        // The seeds' clients know this name.
        if let Some(&f1) = metrics.get("f1") {
            metrics.entry("f1_score".to_owned()).or_insert(f1);
        }
        Self {
            model_id: version.id.clone(),
            name: version.what.name.clone(),
            version: version.version.clone(),
            status: version.status.name(),
            metrics,
            deployed_at: version.deployed_at,
            created_at: version.created_at,
            detector: version.what.detector.clone(),
            task: version.what.task.clone(),
            aliases: version.aliases.clone(),
        }
    }
}

/// A version of a model with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelDetail {
    #[serde(flatten)]
    pub(crate) model: ModelShape,
    /// SHA-256 of its file, in hexadecimal.
    pub(crate) digest: String,
    /// Size of its file in bytes.
    #[schema(example = 540_000)]
    pub(crate) bytes: u64,
    /// The public key that signed its file, in hexadecimal.
    pub(crate) signer: Option<String>,
    /// Whether it is loaded, to answer or to score in the shadow.
    pub(crate) loaded: bool,
    /// The version that it was made from.
    pub(crate) parent: Option<String>,
    /// The job that made it.
    pub(crate) job_id: Option<String>,
    /// The run that it belongs to.
    pub(crate) run_id: Option<String>,
    /// Whether there is a report: `GET /api/v1/models/{id}/report`.
    pub(crate) has_report: bool,
    /// Card, provenance with data fingerprints and guard findings, lineage, curves: as they were
    /// written when it was registered.
    #[schema(value_type = Object)]
    pub(crate) card: Value,
    /// Its figures beside those of the version that is active now; none for that one itself.
    pub(crate) comparison: Option<Comparison>,
    /// Versions of its name that were active, the last first.
    pub(crate) history: Vec<Deployment>,
}

/// Figures of a version beside those of the active one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Comparison {
    /// The active version.
    #[schema(example = "flow_detector_v1.0.0")]
    pub(crate) active_model_id: String,
    /// Each figure that both have.
    pub(crate) metrics: BTreeMap<String, ComparedMetric>,
    /// Whether both were measured on the same test data; figures of different data say little.
    pub(crate) same_test_data: bool,
}

/// One figure of two versions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComparedMetric {
    /// Of this version.
    pub(crate) this: f64,
    /// Of the active one.
    pub(crate) active: f64,
    /// This less the active one.
    pub(crate) difference: f64,
}

/// A version that was active, with the time from which on it was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deployment {
    /// The version.
    pub(crate) model_id: String,
    /// When it became active.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
}

/// What a deploy or a rollback did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deployed)]
pub(crate) struct DeployedShape {
    /// The name.
    #[schema(example = "flow_detector")]
    pub(crate) name: String,
    /// The version that answers now.
    #[schema(example = "flow_detector_v1.1.0")]
    pub(crate) active_model_id: String,
    /// The one that answered before.
    #[schema(example = "flow_detector_v1.0.0")]
    pub(crate) previous_model_id: Option<String>,
    /// `active`.
    pub(crate) status: &'static str,
}

impl From<Deployed> for DeployedShape {
    fn from(deployed: Deployed) -> Self {
        Self {
            name: deployed.name,
            active_model_id: deployed.active,
            previous_model_id: deployed.previous,
            status: "active",
        }
    }
}

/// The card as it was written, or an empty one where it is no JSON.
pub(crate) fn card(version: &ModelVersion) -> Value {
    serde_json::from_str(&version.what.card).unwrap_or_else(|_| Value::Object(Default::default()))
}

/// Figures of a version beside those of the active one.
pub(crate) fn comparison(this: &ModelVersion, active: &ModelVersion) -> Comparison {
    let metrics = this.what.metrics.iter().filter_map(|(name, &value)| {
        let other = *active.what.metrics.get(name)?;
        let difference = value - other;
        difference
            .is_finite()
            .then(|| (name.clone(), ComparedMetric { this: value, active: other, difference }))
    });
    let test = |version: &ModelVersion| test_data(&card(version));
    Comparison {
        active_model_id: active.id.clone(),
        metrics: metrics.collect(),
        same_test_data: matches!((test(this), test(active)), (Some(a), Some(b)) if a == b),
    }
}

/// SHA-256 of the test data that a card tells.
fn test_data(card: &Value) -> Option<String> {
    let sources = card.pointer("/provenance/sources").or_else(|| card.get("sources"))?;
    let test = sources
        .as_array()?
        .iter()
        .find(|source| source.get("part").and_then(Value::as_str) == Some("test"))?;
    Some(test.get("sha256")?.as_str()?.to_owned())
}
