//! What is tried on live traffic: a split between two versions, and the limits that end a deploy.

use crate::time::Timestamp;

/// A split of the traffic of one model name.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The model name.
    pub name: String,
    /// The version that answers the rest; the active one.
    pub control: String,
    /// The version that answers `share` of the entities.
    pub treatment: String,
    /// Part of the entities, in (0, 1).
    pub share: f64,
    /// Mixed into the hash of an entity, so that another experiment splits otherwise.
    pub salt: String,
    /// Since when.
    pub started_at: Timestamp,
}

/// When the service itself goes back to the version before.
#[derive(Debug, Clone, PartialEq)]
pub struct RollbackRule {
    /// The model name.
    pub name: String,
    /// Largest part of requests that may fail in scoring; none does not look.
    pub max_error_rate: Option<f64>,
    /// Largest 99th percentile of the time to score, in seconds; none does not look.
    pub max_p99_seconds: Option<f64>,
    /// Requests that must be seen since the deploy, or in the window, before the rule acts.
    pub min_requests: u64,
    /// Seconds that are looked back on.
    pub window_seconds: u32,
}
