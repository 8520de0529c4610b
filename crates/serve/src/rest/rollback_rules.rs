//! Limits that end a deploy by themselves.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tripline_store::records::RollbackRule;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemDocument};
use crate::routes::{Routes, Rule};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Rule::READ, routes!(rules))
        .add(Rule::DEPLOY, routes!(set_rule))
        .add(Rule::DEPLOY, routes!(remove_rule))
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
    /// Largest 99th percentile of the time to score a single record, in milliseconds; null does not
    /// look.
    #[serde(default)]
    #[schema(example = 5.0, exclusive_minimum = 0.0, maximum = 5000.0)]
    max_p99_ms: Option<f64>,
    /// Requests that must be seen in the window before the rule acts; each row of a batch is one,
    /// but has no time of its own.
    #[schema(example = 100, minimum = 1)]
    min_requests: u64,
    /// Seconds that are looked back on, 1 to 3,600.
    #[schema(example = 60, minimum = 1, maximum = 3600)]
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
/// The service goes back to the version before when the active one fails too often or is too slow,
/// and ends an experiment whose treatment does.
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
    // Slower answers are not told apart.
    if !body.max_p99_ms.is_none_or(|p99| p99 > 0.0 && p99 <= 5000.0) {
        return Err(Problem::invalid("max_p99_ms", "must be over 0 and at most 5000, or null"));
    }
    if body.max_error_rate.is_none() && body.max_p99_ms.is_none() {
        let message = "or `max_p99_ms` must be given: a rule without a limit does nothing";
        return Err(Problem::invalid("max_error_rate", message));
    }
    if body.min_requests == 0 || i64::try_from(body.min_requests).is_err() {
        return Err(Problem::invalid("min_requests", "must be from 1 to 9223372036854775807"));
    }
    if !(1..=3600).contains(&body.window_seconds) {
        return Err(Problem::invalid("window_seconds", "must be from 1 to 3600"));
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
