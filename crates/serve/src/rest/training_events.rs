//! A training job as a stream of server-sent events (WHATWG HTML, section 9.2).

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::Event;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use sha2::{Digest as _, Sha256};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tripline_core::text::hexadecimal;
use tripline_engine::service::jobs::JobEvent;
use tripline_store::records::Job;
use utoipa_axum::routes;

use super::job::JobShape;
use super::training::find;
use crate::app::App;
use crate::caller::Caller;
use crate::extract::Path;
use crate::listen;
use crate::problem::{Problem, ProblemDocument};
use crate::routes::{Routes, Rule};

pub(super) fn routes() -> Routes {
    Routes::new().add(Rule::READ, routes!(events))
}

/// A training job, live
///
/// Server-sent events: each is the whole job as it stands, so whoever loses some misses nothing
/// that matters. The stream ends when the job does. With `Last-Event-ID` the first event comes only
/// if the job has changed since; at its end the answer is 204 then, and a browser stays away.
#[utoipa::path(
    get, path = "/training/{job_id}/events", tag = "training",
    params(
        ("job_id" = String, Path, example = "job-789"),
        ("Last-Event-ID" = Option<String>, Header, description = "The last event that was seen."),
    ),
    responses(
        (status = 200, description = "`data` of each event is a TrainingJob.", body = String,
         content_type = "text/event-stream"),
        (status = 204, description = "The job has ended, and its last event was seen."),
        (status = 404, description = "There is no such job.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn events(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    // Before the job is read, so that no change falls between.
    let changes = app.service().job_events();
    let job = find(&app, &id).await?;
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let mut feed =
        Feed { app: app.clone(), id, changes, pending: VecDeque::new(), seen, ended: false };
    feed.take(&job);
    if feed.ended && feed.pending.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let events =
        stream::unfold(feed, |mut feed| async { feed.next().await.map(|event| (event, feed)) });
    listen::answer(&app, &caller, events)
}

/// What a stream knows.
struct Feed {
    app: Arc<App>,
    id: String,
    changes: Receiver<JobEvent>,
    pending: VecDeque<Event>,
    /// The id of the last event that the client has.
    seen: Option<String>,
    ended: bool,
}

impl Feed {
    /// Makes an event of a job, unless the client has it.
    fn take(&mut self, job: &Job) {
        self.ended |= job.state.is_final();
        let Ok(data) = serde_json::to_string(&JobShape::from(job)) else { return };
        let id = hexadecimal(&Sha256::digest(&data)[..8]);
        if self.seen.as_ref() != Some(&id) {
            self.pending.push_back(Event::default().id(id.as_str()).data(data));
            self.seen = Some(id);
        }
    }

    /// The next event; none at the end of the job or of the service.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            match self.changes.recv().await {
                Ok(JobEvent { job }) if job.id == self.id => self.take(&job),
                Ok(_) => {}
                Err(RecvError::Closed) => return None,
                Err(RecvError::Lagged(_)) => match self.app.store().job(&self.id).await {
                    Ok(Some(job)) => self.take(&job),
                    _ => return None,
                },
            }
        }
    }
}
