//! Training jobs: start, state, list, cancel, retry.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tripline_engine::service::jobs::TRAINING;
use tripline_store::Timestamp;
use tripline_store::records::{Job, JobFilter, JobState, Scope};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::job::JobShape;
use super::training_request::TrainingRequest;
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Answered, Json, JsonOnce, Path, Query, page};
use crate::problem::{Problem, ProblemDocument};
use crate::routes::{Routes, Rule};
use crate::time;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Rule::TRAIN, routes!(start))
        .add(Rule::READ, routes!(list))
        .add(Rule::READ, routes!(detail))
        .add(Rule::TRAIN, routes!(cancel))
        .add(Rule::TRAIN, routes!(retry))
        .merge(super::training_events::routes())
}

/// A job that was queued.
#[derive(Debug, Serialize, ToSchema)]
struct Started {
    /// Its id.
    #[schema(example = "job-789")]
    training_job_id: String,
    /// `queued`.
    #[schema(example = "queued")]
    status: &'static str,
    /// When it was queued.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime, example = "2025-10-08T14:30:00Z")]
    submitted_at: Timestamp,
}

/// Start a training
///
/// The answer means that the job is on disk. What can be known to be wrong at little cost (names,
/// parameters, whether the data are there) is an error now, the rest ends the job.
#[utoipa::path(
    post, path = "/training/start", tag = "training", request_body = TrainingRequest,
    params(("Idempotency-Key" = Option<String>, Header,
            description = "The same key with the same body starts one job.")),
    responses(
        (status = 202, description = "The job waits for a worker.", body = Started),
        (status = 422, description = "A field names what does not exist, or cannot be.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn start(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonOnce { value, once }: JsonOnce<TrainingRequest>,
) -> Result<Response, Problem> {
    if value.deploy {
        caller.require_unlocked(Scope::Deploy)?;
    }
    let spec = value.spec()?;
    let service = app.service().clone();
    once.run(&app, async move {
        let job = service.submit_training(spec, &caller.change()).await?;
        let started = Started {
            training_job_id: job.id,
            status: job.state.name(),
            submitted_at: job.submitted_at,
        };
        Answered::json(StatusCode::ACCEPTED, &started)
    })
    .await
}

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// `queued`, `running`, `completed`, `failed`, `cancelled`.
    status: Option<String>,
    /// At most so many jobs, 1 to 1,000; 50 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    after: Option<String>,
}

/// Jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct JobList {
    jobs: Vec<JobShape>,
    /// Where the next page begins; null at the end.
    next: Option<String>,
}

/// List training jobs
#[utoipa::path(
    get, path = "/training", tag = "training", params(ListQuery),
    responses((status = 200, description = "Jobs, the newest first.", body = JobList)),
)]
async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<JobList>, Problem> {
    let state = match &query.status {
        None => None,
        Some(name) => Some(JobState::parse(name).ok_or_else(|| {
            let known = JobState::ALL.map(JobState::name).join(", ");
            Problem::invalid("status", format!("must be one of {known}"))
        })?),
    };
    let filter = JobFilter { state, kind: Some(TRAINING.to_owned()) };
    let page = page(query.limit, query.after.as_deref())?;
    let found = app.store().jobs(&filter, &page).await?;
    Ok(Json(JobList { jobs: found.items.iter().map(JobShape::from).collect(), next: found.next }))
}

/// A training job
#[utoipa::path(
    get, path = "/training/{job_id}", tag = "training",
    params(("job_id" = String, Path, example = "job-789")),
    responses(
        (status = 200, description = "The job as it stands.", body = JobShape),
        (status = 404, description = "There is no such job.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn detail(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<JobShape>, Problem> {
    Ok(Json(JobShape::from(&find(&app, &id).await?)))
}

/// Cancel a training job
///
/// One that waits is cancelled at once, one that runs within a step of its training.
#[utoipa::path(
    post, path = "/training/{job_id}/cancel", tag = "training",
    params(("job_id" = String, Path, example = "job-789")),
    responses(
        (status = 200, description = "The job as it stands.", body = JobShape),
        (status = 404, description = "There is no such job.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 409, description = "It has ended.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<JobShape>, Problem> {
    find(&app, &id).await?;
    Ok(Json(JobShape::from(&app.service().cancel_job(&id, &caller.change()).await?)))
}

/// Retry a training job
///
/// Queues a failed or cancelled job again, with all its attempts.
#[utoipa::path(
    post, path = "/training/{job_id}/retry", tag = "training",
    params(("job_id" = String, Path, example = "job-789")),
    responses(
        (status = 200, description = "The job as it stands.", body = JobShape),
        (status = 404, description = "There is no such job.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 409, description = "It neither failed nor was cancelled.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn retry(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<JobShape>, Problem> {
    let job = find(&app, &id).await?;
    let spec = tripline_engine::service::jobs::Accepted::parse(&job.what.spec);
    if spec.is_ok_and(|spec| spec.asked.deploy) {
        caller.require_unlocked(Scope::Deploy)?;
    }
    Ok(Json(JobShape::from(&app.service().retry_job(&id, &caller.change()).await?)))
}

/// The training job of that id.
pub(super) async fn find(app: &App, id: &str) -> Result<Job, Problem> {
    let job = app.store().job(id).await?.filter(|job| job.what.kind == TRAINING);
    job.ok_or_else(|| Problem::not_found("training job", id))
}
