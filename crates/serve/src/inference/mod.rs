//! The Open Inference Protocol, version 2, over REST.
//!
//! Source: <https://github.com/open-inference/open-inference-protocol>. A model goes by its name
//! (the version that is active), its alias or its id.

mod decode;
mod room;
mod shapes;
mod tensor_error;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tripline_core::FieldKind;
use tripline_engine::service::{self, Ask, Reasons, Served};
use utoipa_axum::routes;

use self::shapes::{
    InferenceRequest, InferenceResponse, ModelMetadata, ModelReady, RequestOutput, ResponseOutput,
    ServerLive, ServerMetadata, ServerReady, TensorMetadata, Values,
};
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Json, Path, read_body, read_json, right_type};
use crate::problem::{InferenceErrorBody, Kind, Problem, shown};
use crate::routes::{Routes, Rule};

/// Rows of one question; more are sent as a batch.
const MAX_ROWS: usize = 100_000;
/// Bytes of one question.
const MAX_BYTES: u64 = 64 << 20;

/// Outputs, in the order in which they are told.
const OUTPUTS: [(&str, &str); 4] =
    [("probability", "FP64"), ("score", "FP64"), ("alert", "BOOL"), ("class", "BYTES")];

type Result<T> = std::result::Result<T, Problem>;

/// Whether a path is one of the protocol, whose errors have a shape of their own.
pub(crate) fn is_of(path: &str) -> bool {
    path.strip_prefix("/v2").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Rule::OPEN, routes!(server))
        .add(Rule::OPEN, routes!(live))
        .add(Rule::OPEN, routes!(ready))
        .add(Rule::READ, routes!(model))
        .add(Rule::READ, routes!(model_version))
        .add(Rule::READ, routes!(model_ready))
        .add(Rule::READ, routes!(model_version_ready))
        .add(Rule::PREDICT.bytes(MAX_BYTES), routes!(infer))
        .add(Rule::PREDICT.bytes(MAX_BYTES), routes!(infer_version))
}

/// Server metadata
#[utoipa::path(get, path = "/v2", tag = "inference protocol",
    responses((status = 200, description = "What this is.", body = ServerMetadata)))]
async fn server() -> Json<ServerMetadata> {
    Json(ServerMetadata {
        name: "tripline",
        version: env!("CARGO_PKG_VERSION"),
        extensions: Vec::new(),
    })
}

/// Server liveness
#[utoipa::path(get, path = "/v2/health/live", tag = "inference protocol",
    responses((status = 200, description = "It is alive.", body = ServerLive)))]
async fn live() -> Json<ServerLive> {
    Json(ServerLive { live: true })
}

/// Server readiness
#[utoipa::path(get, path = "/v2/health/ready", tag = "inference protocol",
    responses(
        (status = 200, description = "All models that shall answer are loaded.", body = ServerReady),
        (status = 503, description = "Some are not.", body = ServerReady),
    ))]
async fn ready(State(app): State<Arc<App>>) -> Response {
    let live = app.service().live();
    let ready = live.unloaded().is_empty() && live.active().next().is_some();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ServerReady { ready })).into_response()
}

/// Model metadata
#[utoipa::path(get, path = "/v2/models/{name}", tag = "inference protocol",
    params(("name" = String, Path, description = "A name, an alias or an id.", example = "unsw_nb15_detector")),
    responses(
        (status = 200, description = "What it takes and gives.", body = ModelMetadata),
        (status = 404, description = "There is no such model.", body = InferenceErrorBody<'static>),
    ))]
async fn model(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<ModelMetadata>> {
    let served = find(&app, &name, None)?;
    metadata(&app, &served)
}

/// Model metadata of a version
#[utoipa::path(get, path = "/v2/models/{name}/versions/{version}", tag = "inference protocol",
    params(
        ("name" = String, Path, description = "A name.", example = "unsw_nb15_detector"),
        ("version" = String, Path, description = "A version.", example = "v1.0.0"),
    ),
    responses(
        (status = 200, description = "What it takes and gives.", body = ModelMetadata),
        (status = 404, description = "There is no such version.", body = InferenceErrorBody<'static>),
    ))]
async fn model_version(
    State(app): State<Arc<App>>,
    Path((name, version)): Path<(String, String)>,
) -> Result<Json<ModelMetadata>> {
    let served = find(&app, &name, Some(&version))?;
    metadata(&app, &served)
}

/// Model readiness
#[utoipa::path(get, path = "/v2/models/{name}/ready", tag = "inference protocol",
    params(("name" = String, Path, description = "A name, an alias or an id.", example = "unsw_nb15_detector")),
    responses(
        (status = 200, description = "It is loaded.", body = ModelReady),
        (status = 404, description = "It is not.", body = InferenceErrorBody<'static>),
    ))]
async fn model_ready(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<ModelReady>> {
    find(&app, &name, None)?;
    Ok(Json(ModelReady { name, ready: true }))
}

/// Model readiness of a version
#[utoipa::path(get, path = "/v2/models/{name}/versions/{version}/ready", tag = "inference protocol",
    params(
        ("name" = String, Path, description = "A name.", example = "unsw_nb15_detector"),
        ("version" = String, Path, description = "A version.", example = "v1.0.0"),
    ),
    responses(
        (status = 200, description = "It is loaded.", body = ModelReady),
        (status = 404, description = "It is not.", body = InferenceErrorBody<'static>),
    ))]
async fn model_version_ready(
    State(app): State<Arc<App>>,
    Path((name, version)): Path<(String, String)>,
) -> Result<Json<ModelReady>> {
    find(&app, &name, Some(&version))?;
    Ok(Json(ModelReady { name, ready: true }))
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

/// The version of that name, alias or id, or that version of the name, if it is loaded.
fn find(app: &App, name: &str, version: Option<&str>) -> Result<Arc<Served>> {
    let live = app.service().live();
    let found = match version {
        None => live.find(name).ok().cloned(),
        Some(version) => live
            .served()
            .find(|served| served.name() == name && served.version.version == version)
            .cloned(),
    };
    found.ok_or_else(|| {
        let known: Vec<String> =
            live.active().map(|served| format!("`{}`", served.name())).collect();
        let asked = match version {
            Some(version) => format!("version `{}` of model `{}`", shown(version), shown(name)),
            None => format!("model `{}`", shown(name)),
        };
        Problem::new(Kind::NotFound, format!("there is no {asked} loaded; {}", known.join(", ")))
    })
}

fn metadata(app: &App, served: &Served) -> Result<Json<ModelMetadata>> {
    let live = app.service().live();
    let versions = live.served().filter(|other| other.name() == served.name());
    let fields = served.model.input().fields();
    Ok(Json(ModelMetadata {
        name: served.name().to_owned(),
        versions: versions.map(|other| other.version.version.clone()).collect(),
        platform: format!("tripline_{}", served.model.card().id),
        inputs: fields
            .iter()
            .map(|field| TensorMetadata {
                name: field.name.clone(),
                datatype: match field.kind {
                    FieldKind::Numeric => "FP64",
                    FieldKind::Category(_) => "BYTES",
                },
                shape: vec![-1, 1],
            })
            .collect(),
        outputs: OUTPUTS
            .iter()
            .map(|&(name, datatype)| TensorMetadata {
                name: name.to_owned(),
                datatype,
                shape: vec![-1],
            })
            .collect(),
    }))
}
