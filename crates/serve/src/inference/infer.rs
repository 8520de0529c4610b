//! Tensors in, verdicts out.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use tripline_engine::service::{self, Ask, Reasons, Served};
use utoipa_axum::routes;

use super::shapes::{InferenceRequest, InferenceResponse, RequestOutput, ResponseOutput, Values};
use super::{MAX_BYTES, OUTPUTS, Result, decode, find, room};
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Json, Path, read_body, read_json, right_type};
use crate::problem::{InferenceErrorBody, Kind, Problem, shown};
use crate::routes::{Routes, Rule};

/// Rows of one question; more are sent as a batch.
const MAX_ROWS: usize = 100_000;

pub(super) fn routes() -> Routes {
    Routes::new()
        .add(Rule::PREDICT.bytes(MAX_BYTES), routes!(infer))
        .add(Rule::PREDICT.bytes(MAX_BYTES), routes!(infer_version))
}

/// Inference
///
/// A tensor for each column, of shape `[n]` or `[n, 1]`, or one of shape `[n, d]` with the names of
/// its columns in the parameter `columns`.
#[utoipa::path(post, path = "/v2/models/{name}/infer", tag = "inference protocol",
    params(("name" = String, Path, description = "A name, an alias or an id.", example = "unsw_nb15_detector")),
    request_body = InferenceRequest,
    responses(
        (status = 200, description = "The outputs.", body = InferenceResponse),
        (status = 400, description = "The tensors are not what the model takes.", body = InferenceErrorBody<'static>),
        (status = 404, description = "There is no such model.", body = InferenceErrorBody<'static>),
    ))]
async fn infer(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<InferenceResponse>> {
    let served = find(&app, &name, None)?;
    judged(app, caller, served, &headers, body).await
}

/// Inference by a version
#[utoipa::path(post, path = "/v2/models/{name}/versions/{version}/infer", tag = "inference protocol",
    params(
        ("name" = String, Path, description = "A name.", example = "unsw_nb15_detector"),
        ("version" = String, Path, description = "A version.", example = "v1.0.0"),
    ),
    request_body = InferenceRequest,
    responses(
        (status = 200, description = "The outputs.", body = InferenceResponse),
        (status = 400, description = "The tensors are not what the model takes.", body = InferenceErrorBody<'static>),
        (status = 404, description = "There is no such version.", body = InferenceErrorBody<'static>),
    ))]
async fn infer_version(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((name, version)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<InferenceResponse>> {
    let served = find(&app, &name, Some(&version))?;
    judged(app, caller, served, &headers, body).await
}

async fn judged(
    app: Arc<App>,
    caller: Caller,
    served: Arc<Served>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Json<InferenceResponse>> {
    right_type(headers)?;
    let room = room::take(room::of(&body), app.settings().limits.request_time).await?;
    let body = read_body(body).await?;
    tokio::task::spawn_blocking(move || {
        // Here, since a client that leaves does not end the work.
        let _room = room;
        answer(&app, &caller, &served, &body)
    })
    .await
    .map_err(Problem::internal)?
    .map(Json)
}

fn answer(
    app: &App,
    caller: &Caller,
    served: &Arc<Served>,
    body: &[u8],
) -> Result<InferenceResponse> {
    // Before they stand in memory, where a value takes up to 16 times as much as in the body.
    let most = MAX_ROWS.saturating_mul(served.model.input().len() + 1);
    if decode::values(body) > most {
        let detail = format!("the tensors have more than {MAX_ROWS} rows; send a batch instead");
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    let request: InferenceRequest = read_json(body)?;
    let wanted = wanted(request.outputs.as_deref(), served)?;
    let rows = decode::rows(&request.inputs, served.model.input(), MAX_ROWS)
        .map_err(|error| Problem::new(Kind::Invalid, error.to_string()))?;
    let ask = Ask { reasons: Reasons::None, ..Ask::default() };
    let batch = service::Batch {
        task: served.task(),
        rows: &rows,
        entities: None,
        request: Some(caller.request()),
    };
    let found = app.service().predict_rows_by(served, &batch, &ask)?;
    let count = found.score.len();
    let shape = vec![count as u64];
    let outputs = wanted
        .into_iter()
        .map(|(name, datatype)| ResponseOutput {
            name,
            shape: shape.clone(),
            datatype,
            data: match name {
                "probability" => Values::Numbers(found.probability.clone()),
                "score" => Values::Numbers(found.score.clone()),
                "alert" => Values::Booleans(found.attack.clone()),
                _ => Values::Texts((0..count).map(|row| class(&found, row)).collect()),
            },
        })
        .collect();
    Ok(InferenceResponse {
        model_name: served.name().to_owned(),
        model_version: served.version.version.clone(),
        id: request.id,
        outputs,
    })
}

/// The class that goes with the verdict.
fn class(found: &service::BatchAnswer, row: usize) -> String {
    match found.judged(row).category {
        Some(category) => category.to_string(),
        None if found.attack[row] => "attack".to_owned(),
        None => "normal".to_owned(),
    }
}

/// The outputs that are asked for.
fn wanted(
    asked: Option<&[RequestOutput]>,
    served: &Served,
) -> Result<Vec<(&'static str, &'static str)>> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return Ok(OUTPUTS.to_vec());
    };
    if asked.len() > OUTPUTS.len() {
        return Err(Problem::invalid("outputs", format!("has more than {}", OUTPUTS.len())));
    }
    asked
        .iter()
        .map(|output| {
            OUTPUTS.into_iter().find(|(name, _)| *name == output.name).ok_or_else(|| {
                let message = format!(
                    "model `{}` has no output `{}`; there are probability, score, alert, class",
                    served.name(),
                    shown(&output.name)
                );
                Problem::new(Kind::Invalid, message.clone()).with("outputs", message)
            })
        })
        .collect()
}
