//! A model file that is uploaded becomes a candidate.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tripline_engine::service::Registration;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::model::ModelShape;
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Answered, Once, Query, read_at_most};
use crate::problem::{Kind, Problem, ProblemDocument};
use crate::routes::{Routes, Rule};

/// Models that are uploaded at once: each stands in memory.
const MOST_UPLOADS: usize = 2;

static UPLOADS: Semaphore = Semaphore::const_new(MOST_UPLOADS);

pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::TRAIN.upload(), routes!(upload))
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
