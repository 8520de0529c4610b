//! The JSON of a detection.

use serde::Serialize;
use serde_json::Value;
use tripline_store::Timestamp;
use tripline_store::records::{Detection, Feedback, NewDetection};
use utoipa::ToSchema;

use crate::time;

/// A detection: an event whose score reached the threshold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Detection)]
pub(crate) struct DetectionShape<'a> {
    /// Its id.
    #[schema(example = "det-01k7x3m2q8")]
    pub(crate) detection_id: &'a str,
    /// When the event was judged.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime, example = "2025-10-08T14:30:00Z")]
    pub(crate) timestamp: Timestamp,
    /// What was judged: `flow`, …
    #[schema(example = "flow")]
    pub(crate) task: &'a str,
    /// Whom or what it is about.
    #[schema(example = "203.0.113.45")]
    pub(crate) entity: Option<&'a str>,
    /// The attack's class where the model tells it, else `attack` or `anomaly`.
    #[schema(example = "reconnaissance")]
    pub(crate) threat_type: &'a str,
    /// `low`, `medium`, `high`, `critical`.
    #[schema(example = "medium")]
    pub(crate) severity: &'static str,
    /// Calibrated probability.
    #[schema(example = 0.985)]
    pub(crate) probability: f64,
    /// Raw score.
    #[schema(example = 3.2)]
    pub(crate) score: f64,
    /// The raw score from which on it is a detection.
    #[schema(example = 0.4)]
    pub(crate) threshold: f64,
    /// Probability times impact, 0 to 100.
    #[schema(example = 59)]
    pub(crate) risk_score: u8,
    /// What is recommended.
    pub(crate) recommended_action: &'a str,
    /// Techniques of MITRE ATT&CK.
    #[schema(example = json!(["T1595"]))]
    pub(crate) techniques: &'a [String],
    /// The version that judged.
    #[schema(example = "flow_detector_v1.0.0")]
    pub(crate) model_version: &'a str,
    /// `control` or `treatment`, in an experiment.
    pub(crate) arm: Option<&'a str>,
    /// What an analyst said last: `true_positive`, `false_positive`, `benign`.
    pub(crate) feedback: Option<&'static str>,
    /// The request in which it came.
    pub(crate) request_id: Option<&'a str>,
}

impl<'a> DetectionShape<'a> {
    /// Of one that was just found.
    pub(crate) fn fresh(what: &'a NewDetection) -> Self {
        Self {
            detection_id: &what.id,
            timestamp: what.at,
            task: &what.task,
            entity: what.entity.as_deref(),
            threat_type: &what.kind,
            severity: what.severity.name(),
            probability: what.probability,
            score: what.score,
            threshold: what.threshold,
            risk_score: what.risk,
            recommended_action: &what.action,
            techniques: &what.techniques,
            model_version: &what.model_id,
            arm: what.arm.as_deref(),
            feedback: None,
            request_id: what.request.as_deref(),
        }
    }

    /// Of a stored one.
    pub(crate) fn stored(detection: &'a Detection) -> Self {
        let feedback = detection.judgement.map(|judgement| judgement.name());
        Self { feedback, ..Self::fresh(&detection.what) }
    }
}

/// A detection with the event, why it is one, what was said of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DetectionDetail<'a> {
    #[serde(flatten)]
    pub(crate) detection: DetectionShape<'a>,
    /// Why: `base`, `output`, `unit`, `reasons` with `feature`, `value`, `effect`, `typical`,
    /// `text`; null where none were found.
    #[schema(value_type = Option<Object>)]
    pub(crate) explanation: Option<Value>,
    /// The event as it came.
    #[schema(value_type = Object)]
    pub(crate) event: Option<Value>,
    /// Judgements, the newest first.
    pub(crate) judgements: Vec<FeedbackShape>,
}

/// A judgement.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Feedback)]
pub(crate) struct FeedbackShape {
    /// Its id.
    #[schema(example = "fbk-01k7x3m2q8")]
    pub(crate) feedback_id: String,
    /// The detection.
    #[schema(example = "det-01k7x3m2q8")]
    pub(crate) detection_id: String,
    /// `true_positive`, `false_positive`, `benign`.
    #[schema(example = "false_positive")]
    pub(crate) verdict: &'static str,
    /// The class that it should have had.
    pub(crate) label: Option<String>,
    /// A remark.
    pub(crate) comment: Option<String>,
    /// Who said it.
    #[schema(example = "user:ana")]
    pub(crate) actor: String,
    /// When.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime, example = "2025-10-08T14:40:00Z")]
    pub(crate) timestamp: Timestamp,
}

impl From<Feedback> for FeedbackShape {
    fn from(feedback: Feedback) -> Self {
        Self {
            feedback_id: feedback.id,
            detection_id: feedback.detection,
            verdict: feedback.judgement.name(),
            label: feedback.label,
            comment: feedback.comment,
            actor: feedback.actor,
            timestamp: feedback.at,
        }
    }
}

/// JSON that was stored as text; none where it is empty or no JSON.
pub(crate) fn raw(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}
