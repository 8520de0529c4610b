//! Experiments with their results.

use async_graphql::SimpleObject;
use tripline_engine::service::{ArmResult, ExperimentResult};

use super::scalar::DateTime;

/// A split of the traffic of one model name.
#[derive(SimpleObject)]
pub(super) struct Experiment {
    /// The model name.
    name: String,
    /// Part of the entities that the treatment judges.
    share: f64,
    /// Since when.
    started_at: DateTime,
    /// The active version.
    control: Arm,
    /// The version that is tried.
    treatment: Arm,
    /// Alert rate of the treatment less that of the control; null while an arm has no answer.
    alert_rate_difference: Option<f64>,
    /// Its 95 % interval (Newcombe 1998, method 10): low, high.
    alert_rate_difference_interval: Option<Vec<f64>>,
}

/// What one arm has done.
#[derive(SimpleObject)]
pub(super) struct Arm {
    /// The version.
    model_id: String,
    /// Answers.
    predictions: u64,
    /// Answers over the threshold.
    alerts: u64,
    /// Requests that failed in scoring.
    errors: u64,
    /// Share of answers over the threshold.
    alert_rate: Option<f64>,
    /// Its 95 % interval (Wilson 1927): low, high.
    alert_rate_interval: Option<Vec<f64>>,
    /// Share of judged detections that are true.
    precision: Option<f64>,
    /// Its 95 % interval (Wilson 1927): low, high.
    precision_interval: Option<Vec<f64>>,
}

impl From<ExperimentResult> for Experiment {
    fn from(result: ExperimentResult) -> Self {
        let known = result.difference.is_finite();
        let interval = result.difference_interval;
        Self {
            name: result.experiment.name,
            share: result.experiment.share,
            started_at: DateTime(result.experiment.started_at),
            control: result.control.into(),
            treatment: result.treatment.into(),
            alert_rate_difference: known.then_some(result.difference),
            alert_rate_difference_interval: known.then(|| vec![interval.low, interval.high]),
        }
    }
}

impl From<ArmResult> for Arm {
    fn from(arm: ArmResult) -> Self {
        let known = arm.alert_rate.is_finite();
        let (rate, precision) = (arm.alert_rate_interval, arm.precision_interval);
        Self {
            model_id: arm.model_id,
            predictions: arm.predictions,
            alerts: arm.alerts,
            errors: arm.errors,
            alert_rate: known.then_some(arm.alert_rate),
            alert_rate_interval: known.then(|| vec![rate.low, rate.high]),
            precision: arm.precision,
            precision_interval: arm.precision.map(|_| vec![precision.low, precision.high]),
        }
    }
}
