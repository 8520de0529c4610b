//! The JSON of a run.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use tripline_store::Timestamp;
use tripline_store::records::Run;
use utoipa::ToSchema;

use crate::time;

/// A run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Run)]
pub(crate) struct RunShape {
    /// Its id.
    #[schema(example = "run-01k76p4qg8zxk3v5b7n9t2m4c6")]
    run_id: String,
    /// What it is for: a model's name.
    #[schema(example = "flow_detector")]
    experiment: String,
    /// The job that did it.
    job_id: Option<String>,
    /// The detector's card.
    #[schema(example = "gradient_boosting")]
    detector: String,
    /// `running`, `finished`, `failed`.
    #[schema(example = "finished")]
    status: &'static str,
    /// Parameters by name, with seed, protocol, preparation and version of the program.
    params: BTreeMap<String, String>,
    /// Data by role: name, SHA-256, rows, columns.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    data: BTreeMap<String, Box<RawValue>>,
    /// Last value of each figure.
    metrics: BTreeMap<String, f64>,
    /// What it left behind.
    artefacts: Vec<ArtefactShape>,
    /// The version that it registered.
    model_id: Option<String>,
    /// When it began.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime, example = "2025-10-08T14:30:00Z")]
    started_at: Timestamp,
    /// When it ended.
    #[serde(serialize_with = "time::serialize_optional")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2025-10-08T14:31:00Z")]
    ended_at: Option<Timestamp>,
}

/// Something that a run left behind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Artefact)]
struct ArtefactShape {
    /// Its name in the run.
    #[schema(example = "report.html")]
    name: String,
    /// SHA-256.
    sha256: String,
    /// Bytes.
    bytes: u64,
}

impl From<Run> for RunShape {
    fn from(run: Run) -> Self {
        let finite = |(_, value): &(String, f64)| value.is_finite();
        Self {
            run_id: run.id,
            experiment: run.what.experiment,
            job_id: run.what.job,
            detector: run.what.detector,
            status: run.state.name(),
            params: run.what.params,
            data: run
                .what
                .data
                .into_iter()
                .filter_map(|(role, text)| Some((role, RawValue::from_string(text).ok()?)))
                .collect(),
            metrics: run.metrics.into_iter().filter(finite).collect(),
            artefacts: run
                .artefacts
                .into_iter()
                .map(|artefact| ArtefactShape {
                    name: artefact.name,
                    sha256: artefact.digest,
                    bytes: artefact.bytes,
                })
                .collect(),
            model_id: run.model_id,
            started_at: run.started_at,
            ended_at: run.ended_at,
        }
    }
}
