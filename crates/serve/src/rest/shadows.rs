//! What shadow versions said beside those that answered.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tripline_store::records::ShadowComparison;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::experiments::finite;
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemDocument};
use crate::routes::{Routes, Rule};

/// How far shadow scores are looked back on.
const SHADOW_DAYS: i64 = 30;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::READ, routes!(shadows))
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
