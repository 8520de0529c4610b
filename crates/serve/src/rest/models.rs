//! Versions of models: list, detail, upload, deploy, rollback, status, aliases, report.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tripline_engine::service::Registration;
use tripline_store::records::{ModelVersion, Status, VersionFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::download;
use super::model::{self, DeployedShape, Deployment, ModelDetail, ModelShape};
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Answered, Json, Once, Path, Query, read_at_most};
use crate::problem::{Kind, Problem, ProblemDocument, shown};
use crate::routes::{Routes, Rule};

/// Models that are uploaded at once: each stands in memory.
const MOST_UPLOADS: usize = 2;

static UPLOADS: Semaphore = Semaphore::const_new(MOST_UPLOADS);

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Rule::READ, routes!(list))
        .add(Rule::TRAIN.upload(), routes!(upload))
        .add(Rule::READ, routes!(detail))
        .add(Rule::DEPLOY, routes!(delete))
        .add(Rule::DEPLOY, routes!(deploy))
        .add(Rule::DEPLOY, routes!(rollback))
        .add(Rule::DEPLOY, routes!(set_status))
        .add(Rule::READ, routes!(report))
        .add(Rule::DEPLOY, routes!(set_alias))
        .add(Rule::DEPLOY, routes!(remove_alias))
}

/// Which versions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Of this status alone.
    status: Option<StatusName>,
    /// Of this name alone.
    #[param(example = "flow_detector")]
    name: Option<String>,
    /// Of this task alone.
    #[param(example = "flow")]
    task: Option<String>,
}

/// What a version is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StatusName {
    /// Registered, never answered yet.
    Candidate,
    /// Scores beside the active version; its scores are stored, never answered.
    Shadow,
    /// Answers.
    Active,
    /// Put away.
    Archived,
}

impl From<StatusName> for Status {
    fn from(name: StatusName) -> Self {
        match name {
            StatusName::Candidate => Self::Candidate,
            StatusName::Shadow => Self::Shadow,
            StatusName::Active => Self::Active,
            StatusName::Archived => Self::Archived,
        }
    }
}

/// Versions, the newest first.
#[derive(Debug, Serialize, ToSchema)]
struct ModelList {
    models: Vec<ModelShape>,
}

/// List models
#[utoipa::path(
    get, path = "/models", tag = "models", params(ListQuery),
    responses((status = 200, description = "Versions, the newest first.", body = ModelList)),
)]
async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<ModelList>, Problem> {
    let filter =
        VersionFilter { status: query.status.map(Into::into), name: query.name, task: query.task };
    let versions = app.store().versions(&filter).await?;
    Ok(Json(ModelList { models: versions.iter().map(ModelShape::from).collect() }))
}

/// A model
///
/// Card, figures, provenance with the fingerprints of its data and what the guard found, lineage,
/// and its figures beside those of the active version of its name.
#[utoipa::path(
    get, path = "/models/{id}", tag = "models",
    params(("id" = String, Path, description = "An id or an alias.", example = "flow_detector_v1.0.0")),
    responses(
        (status = 200, description = "The version.", body = ModelDetail),
        (status = 404, description = "There is no such version.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn detail(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<ModelDetail>, Problem> {
    let version = version(&app, &id).await?;
    let store = app.store();
    let filter = VersionFilter {
        status: Some(Status::Active),
        name: Some(version.what.name.clone()),
        task: None,
    };
    let active = store.versions(&filter).await?.into_iter().next();
    let history = store.history(&version.what.name).await?;
    let loaded = app.service().live().served().any(|served| *served.id == *version.id);
    let comparison = active
        .filter(|active| active.id != version.id)
        .map(|active| model::comparison(&version, &active));
    Ok(Json(ModelDetail {
        model: ModelShape::from(&version),
        digest: version.what.digest.clone(),
        bytes: version.what.bytes,
        signer: version.what.signer.clone(),
        loaded,
        parent: version.what.parent.clone(),
        job_id: version.what.job.clone(),
        run_id: version.what.run.clone(),
        has_report: version.what.report.is_some(),
        card: model::card(&version),
        comparison,
        history: history.into_iter().map(|(model_id, at)| Deployment { model_id, at }).collect(),
    }))
}

/// What an uploaded file is registered as.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// What the versions of one purpose share: lower-case letters, digits and `_`, at most 64.
    #[param(example = "flow_detector", pattern = "^[a-z][a-z0-9_]{0,63}$")]
    name: String,
    /// The version to take instead of the next.
    #[param(example = "v2.1.0")]
    version: Option<String>,
    /// What it takes; that of the name's last version if left out, else `flow`.
    #[param(example = "flow")]
    task: Option<String>,
    /// The version that it was made from.
    parent: Option<String>,
}

/// Upload a model
///
/// Registers a model file as a candidate. A file that cannot be loaded, is larger than allowed,
/// does not take what it is registered for, or is signed by nobody who is trusted where signatures
/// are asked for, is refused.
#[utoipa::path(
    post, path = "/models", tag = "models", params(UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream",
                 description = "A file that `tripline train` or `tripline import` wrote."),
    responses(
        (status = 201, description = "The candidate.", body = ModelShape),
        (status = 409, description = "The version is there already.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
        (status = 422, description = "The file is refused.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
        (status = 503, description = "Two models are being uploaded already.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn upload(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<UploadQuery>,
    mut once: Once,
    body: Body,
) -> Result<Response, Problem> {
    let Ok(place) = UPLOADS.try_acquire() else {
        let detail = format!("{MOST_UPLOADS} models are being uploaded; try again later");
        return Err(Problem::unavailable(detail, Duration::from_secs(5)));
    };
    let file = read_at_most(body, app.service().settings().limits.max_file_bytes).await?;
    if file.is_empty() {
        return Err(Problem::new(Kind::Malformed, "the body must be a model file; it is empty"));
    }
    let digest = {
        let file = file.clone();
        tokio::task::spawn_blocking(move || Sha256::digest(&file))
            .await
            .map_err(Problem::internal)?
    };
    once.bind(&digest);
    let what = Registration {
        name: query.name,
        version: query.version,
        task: query.task.unwrap_or_default(),
        parent: query.parent,
        ..Registration::default()
    };
    let service = app.service().clone();
    once.run(&app, async move {
        let _place = place;
        let version = service.register(file, what, &caller.change()).await?;
        Answered::json(StatusCode::CREATED, &ModelShape::from(&version))
    })
    .await
}

/// Delete a model
///
/// Forgets a version with its file. One that is active, stands in an experiment or has an alias
/// stays.
#[utoipa::path(
    delete, path = "/models/{id}", tag = "models",
    params(("id" = String, Path, description = "An id.", example = "flow_detector_v1.0.0")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no such version.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 409, description = "It is in use.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.service().delete(&id, &caller.change()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deploy a model
///
/// Makes a version the active one of its name: its file, its signature and its columns are checked,
/// its canary rows replayed; no request fails meanwhile.
#[utoipa::path(
    post, path = "/models/{id}/deploy", tag = "models",
    params(("id" = String, Path, description = "An id or an alias.", example = "flow_detector_v1.1.0")),
    responses(
        (status = 200, description = "It answers.", body = DeployedShape),
        (status = 404, description = "There is no such version.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 422, description = "It is refused.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn deploy(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    once: Once,
) -> Result<Response, Problem> {
    let service = app.service().clone();
    once.run(&app, async move {
        let deployed = service.deploy(&id, &caller.change()).await?;
        Answered::json(StatusCode::OK, &DeployedShape::from(deployed))
    })
    .await
}

/// Roll a model back
///
/// Makes the version that was active before the active one of the name answer again.
#[utoipa::path(
    post, path = "/models/{id}/rollback", tag = "models",
    params(("id" = String, Path, description = "A version's id, an alias or a name.", example = "flow_detector")),
    responses(
        (status = 200, description = "The version before answers.", body = DeployedShape),
        (status = 404, description = "There is no such version.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 409, description = "No version was active before.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn rollback(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    once: Once,
) -> Result<Response, Problem> {
    let service = app.service().clone();
    once.run(&app, async move {
        let deployed = service.roll_back(&id, &caller.change()).await?;
        Answered::json(StatusCode::OK, &DeployedShape::from(deployed))
    })
    .await
}

/// A status to be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StatusBody {
    /// `candidate`, `shadow` or `archived`; `active` is a deploy.
    #[schema(example = "shadow")]
    status: StatusName,
    /// Why; stands in the audit trail.
    #[serde(default)]
    reason: Option<String>,
}

/// Set a model's status
///
/// Puts a version into the shadow, where it scores beside the active one, or away.
#[utoipa::path(
    put, path = "/models/{id}/status", tag = "models", request_body = StatusBody,
    params(("id" = String, Path, description = "An id.", example = "flow_detector_v1.1.0")),
    responses(
        (status = 200, description = "The version.", body = ModelShape),
        (status = 404, description = "There is no such version.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 409, description = "It is active, or stands in an experiment.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
        (status = 422, description = "The status cannot be set.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn set_status(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<StatusBody>,
) -> Result<Json<ModelShape>, Problem> {
    if body.status == StatusName::Active {
        let message =
            format!("cannot be set to `active`: POST /api/v1/models/{}/deploy", shown(&id));
        return Err(Problem::invalid("status", message));
    }
    let change = match &body.reason {
        Some(reason) if reason.len() > 1000 => {
            return Err(Problem::invalid("reason", "has more than 1000 bytes"));
        }
        Some(reason) => caller.change_because(reason),
        None => caller.change(),
    };
    let version = app.service().set_status(&id, body.status.into(), &change).await?;
    Ok(Json(ModelShape::from(&version)))
}

/// A model's report
///
/// The page that was written when the model was trained.
#[utoipa::path(
    get, path = "/models/{id}/report", tag = "models",
    params(("id" = String, Path, description = "An id or an alias.", example = "flow_detector_v1.1.0")),
    responses(
        (status = 200, description = "One self-contained page.", body = String, content_type = "text/html"),
        (status = 404, description = "There is no such version, or it has no report.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn report(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let version = version(&app, &id).await?;
    let Some(report) = &version.what.report else {
        return Err(Problem::not_found("report of model", &version.id));
    };
    let mut response = download::answer(&app, report).await?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // The page holds names from data; nothing in it may run in the dashboard's place.
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
        ),
    );
    Ok(response)
}

/// Where an alias shall point.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AliasBody {
    /// The version.
    #[schema(example = "flow_detector_v1.0.0")]
    model_id: String,
}

/// An alias.
#[derive(Debug, Serialize, ToSchema)]
struct AliasShape {
    /// The alias.
    #[schema(example = "champion")]
    alias: String,
    /// The version that it points to.
    #[schema(example = "flow_detector_v1.0.0")]
    model_id: String,
}

/// Point an alias to a model
#[utoipa::path(
    put, path = "/aliases/{alias}", tag = "models", request_body = AliasBody,
    params(("alias" = String, Path, description = "The alias.", example = "champion")),
    responses(
        (status = 200, description = "It points there.", body = AliasShape),
        (status = 404, description = "There is no such version.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 422, description = "That cannot be an alias.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn set_alias(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(alias): Path<String>,
    Json(body): Json<AliasBody>,
) -> Result<Json<AliasShape>, Problem> {
    app.service().set_alias(&alias, Some(&body.model_id), &caller.change()).await?;
    Ok(Json(AliasShape { alias, model_id: body.model_id }))
}

/// Remove an alias
#[utoipa::path(
    delete, path = "/aliases/{alias}", tag = "models",
    params(("alias" = String, Path, description = "The alias.", example = "champion")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no such alias.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 422, description = "That cannot be an alias.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn remove_alias(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(alias): Path<String>,
) -> Result<StatusCode, Problem> {
    app.service().set_alias(&alias, None, &caller.change()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The version of that id, or of that alias.
pub(crate) async fn version(app: &App, id: &str) -> Result<ModelVersion, Problem> {
    match app.store().version(id).await? {
        Some(version) => Ok(version),
        None => Err(Problem::not_found("model", id)),
    }
}
