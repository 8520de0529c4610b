//! Detections: list with filters, detail, similar ones, a live stream.

use std::sync::Arc;

use axum::extract::State;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tripline_core::verdict::Severity;
use tripline_store::Timestamp;
use tripline_store::records::{Detection, DetectionFilter, PageRequest};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::detection::{DetectionDetail, DetectionShape, FeedbackShape, raw};
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Json, Path, Query, page};
use crate::listen;
use crate::problem::{Problem, ProblemDocument, shown};
use crate::routes::{Routes, Rule};
use crate::time;

/// Detections that are looked through for similar ones; each is read with its event and reasons.
const SIMILAR_AMONG: u32 = 200;
/// Similar ones that are told.
const SIMILAR: usize = 20;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Rule::READ, routes!(list))
        .add(Rule::READ, routes!(stream_all))
        .add(Rule::READ, routes!(detail))
        .add(Rule::READ, routes!(similar))
}

/// Which detections.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DetectionQuery {
    /// From this time on.
    #[param(value_type = Option<String>, format = DateTime, example = "2025-10-08T00:00:00Z")]
    pub(crate) since: Option<String>,
    /// Before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(crate) until: Option<String>,
    /// At least this severe.
    pub(crate) severity: Option<SeverityName>,
    /// Of this class alone.
    #[param(example = "reconnaissance")]
    pub(crate) threat_type: Option<String>,
    /// Of this task alone.
    #[param(example = "flow")]
    pub(crate) task: Option<String>,
    /// About this entity alone.
    #[param(example = "203.0.113.45")]
    pub(crate) entity: Option<String>,
    /// By this version alone.
    pub(crate) model: Option<String>,
    /// `true`: judged by an analyst; `false`: not yet.
    pub(crate) judged: Option<bool>,
    /// At most so many items, 1 to 1,000; 50 if left out.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    pub(crate) after: Option<String>,
}

/// How much a detection asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeverityName {
    /// No alert.
    Info,
    /// Risk under 40.
    Low,
    /// Risk from 40.
    Medium,
    /// Risk from 70.
    High,
    /// Risk from 90.
    Critical,
}

impl From<SeverityName> for Severity {
    fn from(name: SeverityName) -> Self {
        match name {
            SeverityName::Info => Self::Info,
            SeverityName::Low => Self::Low,
            SeverityName::Medium => Self::Medium,
            SeverityName::High => Self::High,
            SeverityName::Critical => Self::Critical,
        }
    }
}

impl DetectionQuery {
    /// Checked.
    pub(crate) fn filter(&self) -> Result<DetectionFilter, Problem> {
        let time =
            |name, text: &Option<String>| text.as_deref().map(|text| at(name, text)).transpose();
        Ok(DetectionFilter {
            since: time("since", &self.since)?,
            until: time("until", &self.until)?,
            severity: self.severity.map(Into::into),
            kind: self.threat_type.clone(),
            task: self.task.clone(),
            entity: self.entity.clone(),
            model_id: self.model.clone(),
            judged: self.judged,
        })
    }
}

/// A time of a query.
pub(crate) fn at(name: &str, text: &str) -> Result<Timestamp, Problem> {
    time::parse(text).ok_or_else(|| {
        let message = format!("must be a time such as 2025-10-08T14:30:00Z, got `{}`", shown(text));
        Problem::invalid(name, message)
    })
}

/// A page of detections, the newest first.
#[derive(Debug, Serialize, ToSchema)]
struct DetectionList<'a> {
    detections: Vec<DetectionShape<'a>>,
    /// `after` of the next page; null at the end.
    next: Option<String>,
}

/// List detections
#[utoipa::path(
    get, path = "/detections", tag = "detections", params(DetectionQuery),
    responses(
        (status = 200, description = "The newest first.", body = DetectionList<'static>),
        (status = 422, description = "A parameter that cannot be.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<DetectionQuery>,
) -> Result<Response, Problem> {
    let page = page(query.limit, query.after.as_deref())?;
    let found = app.store().detection_heads(&query.filter()?, &page).await?;
    let detections = found.items.iter().map(DetectionShape::stored).collect();
    Ok(Json(DetectionList { detections, next: found.next }).into_response())
}

/// A detection
///
/// With the event, why it is one, and what analysts said of it.
#[utoipa::path(
    get, path = "/detections/{id}", tag = "detections",
    params(("id" = String, Path, description = "Its id.", example = "det-01k7x3m2q8")),
    responses(
        (status = 200, description = "The detection.", body = DetectionDetail<'static>),
        (status = 404, description = "There is no such detection.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn detail(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let found = detection(&app, &id).await?;
    let judgements = app.store().feedback(&found.what.id).await?;
    let detail = DetectionDetail {
        detection: DetectionShape::stored(&found),
        explanation: raw(&found.what.reasons),
        event: raw(&found.what.event),
        judgements: judgements.into_iter().map(FeedbackShape::from).collect(),
    };
    Ok(Json(detail).into_response())
}

/// Detections like another one.
#[derive(Debug, Serialize, ToSchema)]
struct SimilarList<'a> {
    detections: Vec<Similar<'a>>,
}

/// A detection with how much it is like another one.
#[derive(Debug, Serialize, ToSchema)]
struct Similar<'a> {
    /// 0 to 1: the cosine of both detections' reasons; 1 where both have none.
    #[schema(example = 0.93)]
    similarity: f64,
    #[serde(flatten)]
    detection: DetectionShape<'a>,
}

/// Detections like this one
///
/// Of the last 200 detections of its class those whose reasons are most alike, the likest first.
#[utoipa::path(
    get, path = "/detections/{id}/similar", tag = "detections",
    params(("id" = String, Path, description = "Its id.", example = "det-01k7x3m2q8")),
    responses(
        (status = 200, description = "At most 20.", body = SimilarList<'static>),
        (status = 404, description = "There is no such detection.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn similar(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let this = detection(&app, &id).await?;
    let filter = DetectionFilter {
        kind: Some(this.what.kind.clone()),
        task: Some(this.what.task.clone()),
        ..DetectionFilter::default()
    };
    let request = PageRequest { limit: SIMILAR_AMONG, after: None };
    let others = app.store().detections(&filter, &request).await?.items;
    let ranked = tokio::task::spawn_blocking(move || super::similar::ranked(&this, others))
        .await
        .map_err(Problem::internal)?;
    let detections = ranked
        .iter()
        .take(SIMILAR)
        .map(|(similarity, other)| Similar {
            similarity: *similarity,
            detection: DetectionShape::stored(other),
        })
        .collect();
    Ok(Json(SimilarList { detections }).into_response())
}

/// Detections as they are found
///
/// Server-sent events: `detection` with a detection as its data, `lagged` with the number of those
/// that this client was too slow for. Detections come before they are on disk. The stream ends when
/// the caller may no longer read; a caller has 16 of them at most.
#[utoipa::path(
    get, path = "/detections/stream", tag = "detections",
    responses(
        (status = 200, description = "A stream without end.", body = String,
         content_type = "text/event-stream"),
        (status = 503, description = "Too many clients listen.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn stream_all(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Problem> {
    let events = stream::unfold(app.service().detection_events(), |mut events| async move {
        let event = match events.recv().await {
            Ok(found) => Event::default()
                .event("detection")
                .id(&found.id)
                .json_data(DetectionShape::fresh(&found))
                .unwrap_or_else(|_| Event::default().event("lagged").data("1")),
            Err(RecvError::Lagged(missed)) => {
                Event::default().event("lagged").data(missed.to_string())
            }
            Err(RecvError::Closed) => return None,
        };
        Some((event, events))
    });
    listen::answer(&app, &caller, events)
}

/// The detection of that id.
pub(crate) async fn detection(app: &App, id: &str) -> Result<Detection, Problem> {
    match app.store().detection(id).await? {
        Some(detection) => Ok(detection),
        None => Err(Problem::not_found("detection", id)),
    }
}
