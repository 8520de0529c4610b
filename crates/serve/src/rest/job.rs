//! The JSON of a training job.

use serde::Serialize;
use serde_json::value::RawValue;
use tripline_engine::service::jobs::Accepted;
use tripline_store::Timestamp;
use tripline_store::records::{Job, JobState};
use utoipa::ToSchema;

use crate::time;

/// A training job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrainingJob)]
pub(crate) struct JobShape {
    /// Its id.
    #[schema(example = "job-789")]
    pub(crate) job_id: String,
    /// `queued`, `running`, `completed`, `failed`, `cancelled`.
    #[schema(example = "completed")]
    pub(crate) status: &'static str,
    /// The part that is done, from 0 to 1.
    #[schema(example = 1.0)]
    pub(crate) progress: f64,
    /// Figures of rows that were not fitted; null before the end.
    #[schema(value_type = Option<std::collections::BTreeMap<String, f64>>,
             example = json!({"accuracy": 0.985, "f1_score": 0.97, "validation_accuracy": 0.981}))]
    pub(crate) final_metrics: Option<Box<RawValue>>,
    /// The version that it registered.
    #[schema(example = "flow_detector_v1.1.0")]
    pub(crate) new_model_id: Option<String>,
    /// What it is doing.
    #[schema(example = "training, fold 2 (2 of 5): boosting 31 of 300")]
    pub(crate) step: String,
    /// Figures so far: rows, splits and rounds done.
    #[schema(value_type = std::collections::BTreeMap<String, f64>,
             example = json!({"rows": 82332, "splits": 5, "splits_done": 1}))]
    pub(crate) metrics: Option<Box<RawValue>>,
    /// Why it failed, or why its last attempt did.
    pub(crate) error: Option<String>,
    /// How often it was started.
    #[schema(example = 1)]
    pub(crate) attempt: u32,
    /// How often it may be started.
    #[schema(example = 3)]
    pub(crate) max_attempts: u32,
    /// Higher goes first.
    #[schema(example = 0)]
    pub(crate) priority: i32,
    /// Whether somebody asked it to stop.
    pub(crate) cancel_requested: bool,
    /// As it was asked for.
    #[schema(example = "gradient_boosting")]
    pub(crate) model_type: String,
    /// The detector's card.
    #[schema(example = "gradient_boosting")]
    pub(crate) detector: String,
    /// The name that it registers under.
    #[schema(example = "flow_detector")]
    pub(crate) name: String,
    /// Where its rows come from.
    #[schema(example = "upload:upl-0123456789abcdef0123456789abcdef")]
    pub(crate) training_data_source: String,
    /// Who queued it.
    #[schema(example = "key:tl_4f9a")]
    pub(crate) actor: String,
    /// When it was queued.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime, example = "2025-10-08T14:30:00Z")]
    pub(crate) submitted_at: Timestamp,
    /// When it was last started.
    #[serde(serialize_with = "time::serialize_optional")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2025-10-08T14:30:01Z")]
    pub(crate) started_at: Option<Timestamp>,
    /// When it reached its end.
    #[serde(serialize_with = "time::serialize_optional")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2025-10-08T14:31:10Z")]
    pub(crate) finished_at: Option<Timestamp>,
}

impl From<&Job> for JobShape {
    fn from(job: &Job) -> Self {
        let accepted = Accepted::parse(&job.what.spec).unwrap_or_default();
        let metrics = RawValue::from_string(job.metrics.clone()).ok();
        let done = job.state == JobState::Completed;
        Self {
            job_id: job.id.clone(),
            status: job.state.name(),
            progress: job.progress,
            final_metrics: metrics.clone().filter(|_| done),
            new_model_id: job.result.clone(),
            step: job.step.clone(),
            metrics: metrics.filter(|_| !done),
            error: job.error.clone(),
            attempt: job.attempt,
            max_attempts: job.what.max_attempts,
            priority: job.what.priority,
            cancel_requested: job.cancel_requested,
            model_type: accepted.asked.model_type,
            detector: accepted.detector,
            name: accepted.name,
            training_data_source: accepted.asked.source,
            actor: job.actor.clone(),
            submitted_at: job.submitted_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}
