//! Predictions of single records.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use utoipa_axum::routes;

use super::ask::{AskQuery, Asked};
use super::judge;
use super::prediction::Prediction;
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{read_body, right_type};
use crate::problem::{Problem, ProblemDocument};
use crate::routes::{Routes, Rule};

/// Bytes of an answer without reasons.
const ANSWER_BYTES: usize = 768;

/// What stands outside of `/api/v1`.
pub(crate) fn at_root() -> Routes {
    Routes::new().add(Rule::PREDICT, routes!(predict))
}

pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::PREDICT, routes!(predict_v1)).add(Rule::PREDICT, routes!(predict_flow))
}

/// Judge a record
///
/// Takes a flat record, such as a row of UNSW-NB15 by its column names; the label and further
/// fields may stay in it. The first active model whose columns the record has answers.
#[utoipa::path(
    post, path = "/predict", tag = "predictions",
    params(AskQuery),
    request_body(content = Object, content_type = "application/json", example = json!({
        "dur": 0.121478, "proto": "tcp", "service": "-", "state": "FIN", "spkts": 6, "dpkts": 4,
        "sbytes": 258, "dbytes": 172
    })),
    responses(
        (status = 200, description = "The answer.", body = Prediction<'static>),
        (status = 422, description = "The record is not what any model takes; each field is named.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    )
)]
async fn predict(
    State(app): State<Arc<App>>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    answer(&app, &caller, &uri, &headers, body).await
}

/// Judge a record
///
/// The same as `POST /predict`.
#[utoipa::path(
    post, path = "/predict", tag = "predictions",
    params(AskQuery),
    request_body(content = Object, content_type = "application/json"),
    responses(
        (status = 200, description = "The answer.", body = Prediction<'static>),
        (status = 422, description = "The record is not what any model takes; each field is named.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    )
)]
async fn predict_v1(
    State(app): State<Arc<App>>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    answer(&app, &caller, &uri, &headers, body).await
}

/// Judge a flow
///
/// Takes a flat record, or one in an envelope that says whom it is about and when it happened:
/// `{"record": {…}, "entity": "10.0.0.1", "timestamp": "2025-10-08T14:30:00Z"}`. Without an
/// envelope the field `srcip`, `src_ip` or `source_ip` says whom.
#[utoipa::path(
    post, path = "/predict/flow", tag = "predictions",
    params(AskQuery),
    request_body(content = Object, content_type = "application/json", example = json!({
        "record": {"dur": 0.121478, "proto": "tcp", "service": "-", "state": "FIN"},
        "entity": "10.0.0.1", "timestamp": "2025-10-08T14:30:00Z"
    })),
    responses(
        (status = 200, description = "The answer.", body = Prediction<'static>),
        (status = 422, description = "The record is not what any model takes; each field is named.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    )
)]
async fn predict_flow(
    State(app): State<Arc<App>>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    answer(&app, &caller, &uri, &headers, body).await
}

async fn answer(
    app: &App,
    caller: &Caller,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = Asked::read(uri)?;
    right_type(headers)?;
    let body = read_body(body).await?;
    let service = app.service();
    let live = service.live();
    let answer = judge::judge_kept(service, &live, "flow", body, &asked, caller.request()).await?;
    if asked.durable {
        service.stored(&answer).await?;
    }
    let mut out = Vec::with_capacity(ANSWER_BYTES);
    serde_json::to_writer(&mut out, &Prediction::of(&answer)).map_err(Problem::internal)?;
    let mut response = Bytes::from(out).into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}
