//! Data sets that are uploaded to train on.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use tripline_engine::service::jobs::{Upload, UploadWriter};
use tripline_store::Timestamp;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Answered, Json, Once, Path, Query, body_problem};
use crate::problem::{Kind, Problem, ProblemDocument};
use crate::routes::{Routes, Rule};
use crate::time;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Rule::TRAIN.upload(), routes!(create))
        .add(Rule::READ, routes!(list))
        .add(Rule::READ, routes!(detail))
        .add(Rule::TRAIN, routes!(delete))
}

/// Something that was uploaded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upload)]
pub(crate) struct UploadShape {
    /// Its id.
    #[schema(example = "upl-0123456789abcdef0123456789abcdef")]
    upload_id: String,
    /// What `training_data_source` takes.
    #[schema(example = "upload:upl-0123456789abcdef0123456789abcdef")]
    training_data_source: String,
    /// What its sender called it.
    #[schema(example = "flows-2025-q3.csv")]
    name: String,
    /// SHA-256 of its bytes.
    sha256: String,
    /// Bytes.
    #[schema(example = 1048576)]
    bytes: u64,
    /// When it was there.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime, example = "2025-10-08T14:30:00Z")]
    created_at: Timestamp,
    /// Who sent it.
    #[schema(example = "key:tl_4f9a")]
    actor: String,
}

impl From<Upload> for UploadShape {
    fn from(upload: Upload) -> Self {
        Self {
            training_data_source: format!("upload:{}", upload.id),
            upload_id: upload.id,
            name: upload.label,
            sha256: upload.digest,
            bytes: upload.bytes,
            created_at: upload.created_at,
            actor: upload.actor,
        }
    }
}

/// How it is called.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CreateQuery {
    /// What people will see; never a path.
    #[param(example = "flows-2025-q3.csv", max_length = 200)]
    name: Option<String>,
}

/// Upload a data set
///
/// CSV, TSV, JSON lines or Parquet, plain or compressed: the bytes as the body, or the first file
/// of a form (`multipart/form-data`). What it is, is told by its content when it is trained on.
#[utoipa::path(
    post, path = "/uploads", tag = "training",
    params(
        CreateQuery,
        ("Idempotency-Key" = Option<String>, Header,
         description = "The same key with the same bytes makes one upload."),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "The upload is on disk.", body = UploadShape),
        (status = 413, description = "More bytes than are taken.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 422, description = "It is empty, or there are too many.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    mut once: Once,
    Query(query): Query<CreateQuery>,
    request: Request,
) -> Result<Response, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let form = kind.is_some_and(|kind| kind.starts_with("multipart/form-data"));
    let upload = match form {
        true => of_form(&app, query.name, request).await?,
        false => of_body(&app, query.name, request.into_body()).await?,
    };
    once.bind(&upload.digest());
    once.run(&app, async move {
        let upload = upload.finish(&caller.change()).await?;
        Answered::json(StatusCode::CREATED, &UploadShape::from(upload))
    })
    .await
}

async fn of_body(app: &App, name: Option<String>, body: Body) -> Result<UploadWriter, Problem> {
    let mut upload = app.service().begin_upload(&name.unwrap_or_default()).await?;
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        match part {
            Ok(bytes) => upload.write(bytes).await?,
            Err(error) => return Err(body_problem(&error)),
        }
    }
    Ok(upload)
}

async fn of_form(
    app: &App,
    name: Option<String>,
    request: Request,
) -> Result<UploadWriter, Problem> {
    let malformed = |what: String| Problem::new(Kind::Malformed, what);
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| malformed(error.body_text()))?;
    while let Some(mut field) =
        form.next_field().await.map_err(|error| malformed(error.body_text()))?
    {
        let Some(file) = field.file_name().map(str::to_owned) else { continue };
        let mut upload = app.service().begin_upload(&name.unwrap_or(file)).await?;
        while let Some(bytes) = field.chunk().await.map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => body_problem(&error),
            _ => malformed(error.body_text()),
        })? {
            upload.write(bytes).await?;
        }
        return Ok(upload);
    }
    Err(Problem::invalid("file", "the form has no file"))
}

/// Uploads, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct UploadList {
    uploads: Vec<UploadShape>,
}

/// List uploads
#[utoipa::path(
    get, path = "/uploads", tag = "training",
    responses((status = 200, description = "Uploads, the newest first.", body = UploadList)),
)]
async fn list(State(app): State<Arc<App>>) -> Result<Json<UploadList>, Problem> {
    let uploads = app.service().uploads().await?;
    Ok(Json(UploadList { uploads: uploads.into_iter().map(UploadShape::from).collect() }))
}

/// An upload
#[utoipa::path(
    get, path = "/uploads/{upload_id}", tag = "training",
    params(("upload_id" = String, Path)),
    responses(
        (status = 200, description = "What is known of it.", body = UploadShape),
        (status = 404, description = "There is no such upload.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn detail(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<UploadShape>, Problem> {
    let upload = app.service().upload(&id).await?;
    Ok(Json(upload.ok_or_else(|| Problem::not_found("upload", &id))?.into()))
}

/// Delete an upload
#[utoipa::path(
    delete, path = "/uploads/{upload_id}", tag = "training",
    params(("upload_id" = String, Path)),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no such upload.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 422, description = "A job that waits or runs needs it.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    match app.service().delete_upload(&id, &caller.change()).await? {
        Some(_) => Ok(StatusCode::NO_CONTENT),
        None => Err(Problem::not_found("upload", &id)),
    }
}
