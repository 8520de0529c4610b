//! What is tried on live traffic: splits, shadows, limits that end a deploy.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tripline_assess::bootstrap::Interval;
use tripline_engine::service::{ArmResult, ExperimentResult};
use tripline_store::Timestamp;
use tripline_store::records::{RollbackRule, ShadowComparison};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemDocument};
use crate::routes::{Routes, Rule};
use crate::time;

/// How far shadow scores are looked back on.
const SHADOW_DAYS: i64 = 30;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Rule::READ, routes!(list))
        .add(Rule::READ, routes!(detail))
        .add(Rule::DEPLOY, routes!(start))
        .add(Rule::DEPLOY, routes!(end))
        .add(Rule::READ, routes!(shadows))
        .add(Rule::READ, routes!(rules))
        .add(Rule::DEPLOY, routes!(set_rule))
        .add(Rule::DEPLOY, routes!(remove_rule))
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
    /// Its 95 % interval (Newcombe 1998, method 10).
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

fn finite(value: f64) -> Option<f64> {
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

/// How far to look back.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ShadowQuery {
    /// From this time on; the last 30 days if left out.
    #[param(value_type = Option<String>, format = DateTime, example = "2025-10-01T00:00:00Z")]
    since: Option<String>,
}

/// Shadow versions beside what answered.
#[derive(Debug, Serialize, ToSchema)]
struct ShadowList {
    shadows: Vec<ShadowShape>,
}

/// A shadow version beside what answered, over many events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShadowComparison)]
pub(crate) struct ShadowShape {
    /// The shadow version.
    #[schema(example = "flow_detector_v1.1.0")]
    model_id: String,
    /// The version that answered.
    #[schema(example = "flow_detector_v1.0.0")]
    active_model_id: String,
    /// Events that both scored.
    events: u64,
    /// Alerts of both.
    both_alert: u64,
    /// Alerts of the shadow version alone.
    shadow_only: u64,
    /// Alerts of the active version alone.
    active_only: u64,
    /// Share of events on which both agree.
    agreement: Option<f64>,
    /// Mean absolute difference of the probabilities.
    mean_difference: Option<f64>,
}

impl From<ShadowComparison> for ShadowShape {
    fn from(found: ShadowComparison) -> Self {
        let apart = found.shadow_only + found.active_only;
        Self {
            agreement: finite(1.0 - apart as f64 / found.events as f64),
            mean_difference: finite(found.mean_difference),
            model_id: found.model_id,
            active_model_id: found.active_id,
            events: found.events,
            both_alert: found.both,
            shadow_only: found.shadow_only,
            active_only: found.active_only,
        }
    }
}

/// Compare shadow versions
#[utoipa::path(
    get, path = "/shadow", tag = "experiments", params(ShadowQuery),
    responses(
        (status = 200, description = "Each shadow version beside what answered.", body = ShadowList),
        (status = 422, description = "A time that cannot be.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn shadows(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ShadowQuery>,
) -> Result<Json<ShadowList>, Problem> {
    let since = match query.since {
        Some(text) => super::detections::at("since", &text)?,
        None => caller.at().plus_micros(-SHADOW_DAYS * 86_400 * 1_000_000),
    };
    let found = app.store().shadow_comparisons(since).await?;
    Ok(Json(ShadowList { shadows: found.into_iter().map(Into::into).collect() }))
}

/// When the service itself goes back to the version before.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RollbackRule)]
struct RuleBody {
    /// Largest part of requests that may fail in scoring, 0 to 1; null does not look.
    #[serde(default)]
    #[schema(example = 0.01, minimum = 0.0, maximum = 1.0)]
    max_error_rate: Option<f64>,
    /// Largest 99th percentile of the time to score, in milliseconds; null does not look.
    #[serde(default)]
    #[schema(example = 5.0, exclusive_minimum = 0.0)]
    max_p99_ms: Option<f64>,
    /// Requests that must be seen in the window before the rule acts.
    #[schema(example = 100, minimum = 1)]
    min_requests: u64,
    /// Seconds that are looked back on, 1 to 86,400.
    #[schema(example = 60, minimum = 1, maximum = 86_400)]
    window_seconds: u32,
}

/// A rule with its name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NamedRollbackRule)]
struct RuleShape {
    /// The model name.
    #[schema(example = "flow_detector")]
    name: String,
    /// Largest part of requests that may fail in scoring, 0 to 1; null does not look.
    #[schema(example = 0.01)]
    max_error_rate: Option<f64>,
    /// Largest 99th percentile of the time to score, in milliseconds; null does not look.
    #[schema(example = 5.0)]
    max_p99_ms: Option<f64>,
    /// Requests that must be seen in the window before the rule acts.
    #[schema(example = 100)]
    min_requests: u64,
    /// Seconds that are looked back on.
    #[schema(example = 60)]
    window_seconds: u32,
}

/// Rules.
#[derive(Debug, Serialize, ToSchema)]
struct RuleList {
    rules: Vec<RuleShape>,
}

impl From<RollbackRule> for RuleShape {
    fn from(rule: RollbackRule) -> Self {
        Self {
            name: rule.name,
            max_error_rate: rule.max_error_rate,
            max_p99_ms: rule.max_p99_seconds.map(|seconds| seconds * 1000.0),
            min_requests: rule.min_requests,
            window_seconds: rule.window_seconds,
        }
    }
}

/// List rollback rules
#[utoipa::path(
    get, path = "/rollback-rules", tag = "experiments",
    responses((status = 200, description = "All rules.", body = RuleList)),
)]
async fn rules(State(app): State<Arc<App>>) -> Result<Json<RuleList>, Problem> {
    let rules = app.store().rollback_rules().await?;
    Ok(Json(RuleList { rules: rules.into_iter().map(Into::into).collect() }))
}

/// Set a rollback rule
///
/// The service goes back to the version before when the active one fails too often or is too slow.
#[utoipa::path(
    put, path = "/rollback-rules/{name}", tag = "experiments", request_body = RuleBody,
    params(("name" = String, Path, description = "A model name.", example = "flow_detector")),
    responses(
        (status = 200, description = "It holds.", body = RuleShape),
        (status = 404, description = "There is no such name.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 422, description = "A value that cannot be.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn set_rule(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<RuleBody>,
) -> Result<Json<RuleShape>, Problem> {
    if !body.max_error_rate.is_none_or(|rate| (0.0..=1.0).contains(&rate)) {
        return Err(Problem::invalid("max_error_rate", "must be from 0 to 1, or null"));
    }
    if !body.max_p99_ms.is_none_or(|p99| p99 > 0.0 && p99.is_finite()) {
        return Err(Problem::invalid("max_p99_ms", "must be over 0, or null"));
    }
    if body.max_error_rate.is_none() && body.max_p99_ms.is_none() {
        let message = "or `max_p99_ms` must be given: a rule without a limit does nothing";
        return Err(Problem::invalid("max_error_rate", message));
    }
    if body.min_requests == 0 || i64::try_from(body.min_requests).is_err() {
        return Err(Problem::invalid("min_requests", "must be from 1 to 9223372036854775807"));
    }
    if !(1..=86_400).contains(&body.window_seconds) {
        return Err(Problem::invalid("window_seconds", "must be from 1 to 86400"));
    }
    let rule = RollbackRule {
        name: name.clone(),
        max_error_rate: body.max_error_rate,
        max_p99_seconds: body.max_p99_ms.map(|p99| p99 / 1000.0),
        min_requests: body.min_requests,
        window_seconds: body.window_seconds,
    };
    app.service().set_rollback_rule(&name, Some(&rule), &caller.change()).await?;
    Ok(Json(rule.into()))
}

/// Remove a rollback rule
#[utoipa::path(
    delete, path = "/rollback-rules/{name}", tag = "experiments",
    params(("name" = String, Path, description = "A model name.", example = "flow_detector")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is none.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn remove_rule(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    if !app.store().rollback_rules().await?.iter().any(|rule| rule.name == name) {
        return Err(Problem::not_found("rollback rule", &name));
    }
    app.service().set_rollback_rule(&name, None, &caller.change()).await?;
    Ok(StatusCode::NO_CONTENT)
}
