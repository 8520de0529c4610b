//! Versions of models: list, detail, status, report.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tripline_store::records::{ModelVersion, Status, VersionFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::download;
use super::model::{self, Deployment, ModelDetail, ModelShape};
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemDocument, shown};
use crate::routes::{Routes, Rule};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Rule::READ, routes!(list))
        .add(Rule::READ, routes!(detail))
        .add(Rule::DEPLOY, routes!(delete))
        .add(Rule::DEPLOY, routes!(set_status))
        .add(Rule::READ, routes!(report))
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

/// The version of that id, or of that alias.
pub(crate) async fn version(app: &App, id: &str) -> Result<ModelVersion, Problem> {
    match app.store().version(id).await? {
        Some(version) => Ok(version),
        None => Err(Problem::not_found("model", id)),
    }
}
