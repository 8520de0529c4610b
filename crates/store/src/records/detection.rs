//! A detection: an event whose score reached the threshold.

use tripline_core::verdict::Severity;

use super::feedback::Judgement;
use crate::time::Timestamp;

/// A detection to be stored.
#[derive(Debug, Clone)]
pub struct NewDetection {
    /// `det-…`, given by whoever found it, so that the answer can name it before it is on disk.
    pub id: String,
    /// When the event was judged.
    pub at: Timestamp,
    /// What was judged: `flow`, `http`, `event`, `behaviour`, `sequence`.
    pub task: String,
    /// Whom or what it is about, such as a source address.
    pub entity: Option<String>,
    /// The version that judged.
    pub model_id: String,
    /// `control` or `treatment`, in an experiment.
    pub arm: Option<String>,
    /// The attack's class where the model tells it, else `attack` or `anomaly`.
    pub kind: String,
    /// From the risk, as in [`tripline_core::verdict::Verdict`].
    pub severity: Severity,
    /// Calibrated probability.
    pub probability: f64,
    /// Raw score.
    pub score: f64,
    /// The raw score from which it is a detection.
    pub threshold: f64,
    /// Probability times impact, 0 to 100.
    pub risk: u8,
    /// What is recommended.
    pub action: String,
    /// ATT&CK techniques.
    pub techniques: Vec<String>,
    /// Why: JSON that the layers above write and read.
    pub reasons: String,
    /// The event as it came: JSON.
    pub event: String,
    /// The request in which it came.
    pub request: Option<String>,
}

/// A stored detection.
#[derive(Debug, Clone)]
pub struct Detection {
    /// What was stored.
    pub what: NewDetection,
    /// What an analyst said last.
    pub judgement: Option<Judgement>,
}

/// Which detections.
#[derive(Debug, Clone, Default)]
pub struct DetectionFilter {
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// At least this severe.
    pub severity: Option<Severity>,
    /// Of this class alone.
    pub kind: Option<String>,
    /// Of this task alone.
    pub task: Option<String>,
    /// About this entity alone.
    pub entity: Option<String>,
    /// By this version alone.
    pub model_id: Option<String>,
    /// `Some(true)`: judged by an analyst; `Some(false)`: not yet.
    pub judged: Option<bool>,
}
