//! Counts of answers in an hour: what charts and the arms of an experiment are drawn from.

use crate::time::Timestamp;

/// Counts of one version, one arm, one hour. Adding two of the same key adds their numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// The version.
    pub model_id: String,
    /// `control` or `treatment` in an experiment, `shadow`, else empty.
    pub arm: String,
    /// Start of the hour.
    pub hour: Timestamp,
    /// Answers.
    pub predictions: u64,
    /// Answers over the threshold.
    pub alerts: u64,
    /// Requests that failed in scoring.
    pub errors: u64,
    /// Seconds spent scoring.
    pub seconds: f64,
}

/// Which counts.
#[derive(Debug, Clone, Default)]
pub struct TallyFilter {
    /// From this hour on.
    pub since: Option<Timestamp>,
    /// Of this version alone.
    pub model_id: Option<String>,
}
