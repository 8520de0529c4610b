//! What an experiment has shown so far, with intervals.

use tripline_assess::bootstrap::Interval;
use tripline_store::records::Experiment;

/// What one arm has done since the experiment began.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmResult {
    /// The version.
    pub model_id: String,
    /// Answers.
    pub predictions: u64,
    /// Answers over the threshold.
    pub alerts: u64,
    /// Requests that failed in scoring.
    pub errors: u64,
    /// Mean seconds to score.
    pub mean_seconds: f64,
    /// Share of answers over the threshold; `NaN` without answers.
    pub alert_rate: f64,
    /// Its 95 % interval (Wilson 1927).
    pub alert_rate_interval: Interval,
    /// Detections that an analyst called true.
    pub true_positives: u64,
    /// Detections that an analyst called false.
    pub false_positives: u64,
    /// Share of judged detections that are true; none without judgement.
    pub precision: Option<f64>,
    /// Its 95 % interval (Wilson 1927).
    pub precision_interval: Interval,
}

/// What an experiment has shown so far.
///
/// Its intervals are of requests, while the traffic is split by entity: requests of one entity are
/// not independent, so that the intervals are too narrow where few entities ask often.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentResult {
    /// The experiment.
    pub experiment: Experiment,
    /// The active version.
    pub control: ArmResult,
    /// The version that is tried.
    pub treatment: ArmResult,
    /// Alert rate of the treatment less that of the control; `NaN` while an arm has no answer.
    pub difference: f64,
    /// Its 95 % interval (Newcombe 1998, method 10).
    pub difference_interval: Interval,
}
