//! The Open Inference Protocol, version 2, over REST.
//!
//! Source: <https://github.com/open-inference/open-inference-protocol>. A model goes by its name
//! (the version that is active), its alias or its id.

mod decode;
mod infer;
mod room;
mod shapes;
mod tensor_error;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tripline_core::FieldKind;
use tripline_engine::service::Served;
use utoipa_axum::routes;

use self::shapes::{
    ModelMetadata, ModelReady, ServerLive, ServerMetadata, ServerReady, TensorMetadata,
};
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{InferenceErrorBody, Kind, Problem, shown};
use crate::routes::{Routes, Rule};

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
        .merge(infer::routes())
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
