//! What a shadow version said beside the active one.

use crate::time::Timestamp;

/// One event, scored by both.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowScore {
    /// When.
    pub at: Timestamp,
    /// The prediction that was answered.
    pub prediction: String,
    /// The shadow version.
    pub model_id: String,
    /// What it said.
    pub probability: f64,
    /// Whether it would have been a detection.
    pub alert: bool,
    /// The version that answered.
    pub active_id: String,
    /// What that said.
    pub active_probability: f64,
    /// Whether that was a detection.
    pub active_alert: bool,
}

/// Both versions over many events.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowComparison {
    /// The shadow version.
    pub model_id: String,
    /// The version that answered.
    pub active_id: String,
    /// Events.
    pub events: u64,
    /// Alerts of both.
    pub both: u64,
    /// Alerts of the shadow version alone.
    pub shadow_only: u64,
    /// Alerts of the active version alone.
    pub active_only: u64,
    /// Mean of the absolute difference of the probabilities.
    pub mean_difference: f64,
}
