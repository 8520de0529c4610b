//! Splits of live traffic between two versions.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tripline_assess::bootstrap::Interval;
use tripline_engine::service::{ArmResult, ExperimentResult};
use tripline_store::Timestamp;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemDocument};
use crate::routes::{Routes, Rule};
use crate::time;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Rule::READ, routes!(list))
        .add(Rule::READ, routes!(detail))
        .add(Rule::DEPLOY, routes!(start))
        .add(Rule::DEPLOY, routes!(end))
}

/// A split of the traffic of one model name, with what it has shown so far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Experiment)]
pub(crate) struct ExperimentShape {
    /// The model name.
    #[schema(example = "flow_detector")]
    name: String,
    /// Part of the entities that the treatment judges.
    #[schema(example = 0.1)]
    share: f64,
    /// Since when.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// The active version.
    control: ArmShape,
    /// The version that is tried.
    treatment: ArmShape,
    /// Alert rate of the treatment less that of the control; null while an arm has no answer.
    alert_rate_difference: Option<f64>,
    /// Its 95 % interval (Newcombe 1998, method 10). All intervals are of requests, while the traffic
    /// is split by entity: they are too narrow where few entities ask often.
    alert_rate_difference_interval: Option<[f64; 2]>,
}

/// What one arm has done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Arm)]
struct ArmShape {
    /// The version.
    #[schema(example = "flow_detector_v1.0.0")]
    model_id: String,
    /// Answers.
    predictions: u64,
    /// Answers over the threshold.
    alerts: u64,
    /// Requests that failed in scoring.
    errors: u64,
    /// Mean milliseconds to score.
    mean_inference_ms: Option<f64>,
    /// Share of answers over the threshold.
    alert_rate: Option<f64>,
    /// Its 95 % interval (Wilson 1927).
    alert_rate_interval: Option<[f64; 2]>,
    /// Detections that an analyst called true.
    true_positives: u64,
    /// Detections that an analyst called false.
    false_positives: u64,
    /// Share of judged detections that are true.
    precision: Option<f64>,
    /// Its 95 % interval (Wilson 1927).
    precision_interval: Option<[f64; 2]>,
}

/// Experiments.
#[derive(Debug, Serialize, ToSchema)]
struct ExperimentList {
    experiments: Vec<ExperimentShape>,
}

impl From<ExperimentResult> for ExperimentShape {
    fn from(result: ExperimentResult) -> Self {
        Self {
            name: result.experiment.name,
            share: result.experiment.share,
            started_at: result.experiment.started_at,
            control: result.control.into(),
            treatment: result.treatment.into(),
            alert_rate_difference: finite(result.difference),
            alert_rate_difference_interval: finite(result.difference)
                .and_then(|_| interval(result.difference_interval)),
        }
    }
}

impl From<ArmResult> for ArmShape {
    fn from(arm: ArmResult) -> Self {
        Self {
            model_id: arm.model_id,
            predictions: arm.predictions,
            alerts: arm.alerts,
            errors: arm.errors,
            mean_inference_ms: finite(arm.mean_seconds * 1000.0),
            alert_rate: finite(arm.alert_rate),
            alert_rate_interval: finite(arm.alert_rate)
                .and_then(|_| interval(arm.alert_rate_interval)),
            true_positives: arm.true_positives,
            false_positives: arm.false_positives,
            precision: arm.precision,
            precision_interval: arm.precision.and_then(|_| interval(arm.precision_interval)),
        }
    }
}

pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn interval(interval: Interval) -> Option<[f64; 2]> {
    Some([finite(interval.low)?, finite(interval.high)?])
}

/// List experiments
#[utoipa::path(
    get, path = "/experiments", tag = "experiments",
    responses((status = 200, description = "All under way.", body = ExperimentList)),
)]
async fn list(State(app): State<Arc<App>>) -> Result<Json<ExperimentList>, Problem> {
    let mut experiments = Vec::new();
    for experiment in app.store().experiments().await? {
        if let Some(result) = app.service().experiment_result(&experiment.name).await? {
            experiments.push(result.into());
        }
    }
    Ok(Json(ExperimentList { experiments }))
}

/// An experiment with its results
#[utoipa::path(
    get, path = "/experiments/{name}", tag = "experiments",
    params(("name" = String, Path, description = "A model name.", example = "flow_detector")),
    responses(
        (status = 200, description = "What each arm has shown.", body = ExperimentShape),
        (status = 404, description = "There is none.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn detail(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<ExperimentShape>, Problem> {
    match app.service().experiment_result(&name).await? {
        Some(result) => Ok(Json(result.into())),
        None => Err(Problem::not_found("experiment", &name)),
    }
}

/// What shall be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExperimentBody {
    /// The version that is tried, of the same name.
    #[schema(example = "flow_detector_v1.1.0")]
    treatment: String,
    /// Part of the entities that it judges, over 0 and under 1.
    #[schema(example = 0.1, exclusive_minimum = 0.0, exclusive_maximum = 1.0)]
    share: f64,
}

/// Start an experiment
///
/// Splits the traffic of a name by a stable hash of the entity, in place of an experiment under way.
#[utoipa::path(
    put, path = "/experiments/{name}", tag = "experiments", request_body = ExperimentBody,
    params(("name" = String, Path, description = "A model name.", example = "flow_detector")),
    responses(
        (status = 200, description = "It began.", body = ExperimentShape),
        (status = 404, description = "There is no such name or version.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
        (status = 409, description = "The version cannot be tried.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
        (status = 422, description = "A value that cannot be.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn start(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<ExperimentBody>,
) -> Result<Json<ExperimentShape>, Problem> {
    let service = app.service();
    service.start_experiment(&name, &body.treatment, body.share, &caller.change()).await?;
    match service.experiment_result(&name).await? {
        Some(result) => Ok(Json(result.into())),
        None => Err(Problem::not_found("experiment", &name)),
    }
}

/// End an experiment
#[utoipa::path(
    delete, path = "/experiments/{name}", tag = "experiments",
    params(("name" = String, Path, description = "A model name.", example = "flow_detector")),
    responses(
        (status = 204, description = "It ended; the active version answers all."),
        (status = 404, description = "There is none.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn end(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let under_way = app.store().experiments().await?;
    if !under_way.iter().any(|experiment| experiment.name == name) {
        return Err(Problem::not_found("experiment", &name));
    }
    app.service().end_experiment(&name, &caller.change()).await?;
    Ok(StatusCode::NO_CONTENT)
}
