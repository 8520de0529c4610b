//! `Idempotency-Key`: a request that creates something, sent twice, creates it once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use tripline_store::metadata::{Begun, StoredAnswer};

use super::json::{read_body, read_json, right_type};
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Kind, Problem};

/// What a handler that creates answers: kept, and given again for the same key.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: StatusCode,
    /// A JSON body.
    pub body: Vec<u8>,
}

impl Answered {
    /// With a value as its body.
    pub fn json(status: StatusCode, value: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self { status, body: serde_json::to_vec(value).map_err(Problem::internal)? })
    }
}

/// The key of a request, if it has one. For a handler that streams its body: the fingerprint is of
/// the route alone until [`Once::bind`] adds what was read.
#[derive(Debug)]
pub struct Once {
    caller: Caller,
    key: Option<String>,
    fingerprint: Sha256,
}

impl Once {
    /// Adds to what must be the same in a repeated request, such as the hash of a streamed body.
    pub fn bind(&mut self, bytes: &[u8]) {
        if self.key.is_some() {
            self.fingerprint.update((bytes.len() as u64).to_le_bytes());
            self.fingerprint.update(bytes);
        }
    }

    /// Does the work, or answers as it was answered. The work goes on to its end though the client
    /// leaves, and so does what is noted of its key.
    pub async fn run<F>(self, app: &Arc<App>, work: F) -> Result<Response, Problem>
    where
        F: Future<Output = Result<Answered, Problem>> + Send + 'static,
    {
        let Some(key) = self.key else {
            return spawned(work).await.map(|answer| response(answer, false));
        };
        let fingerprint: [u8; 32] = self.fingerprint.finalize().into();
        let actor = self.caller.actor().to_owned();
        let (request, at) = (self.caller.change().request, self.caller.at());
        let app = app.clone();
        let done = tokio::spawn(async move {
            let begun = app.store().begin(&actor, &key, &fingerprint, request.as_deref(), at);
            match begun.await? {
                Begun::New => {}
                Begun::UnderWay => {
                    let mut problem = Problem::new(
                        Kind::Conflict,
                        "the request with this `Idempotency-Key` is being worked on",
                    );
                    problem.retry_after = Some(Duration::from_secs(1));
                    return Err(problem);
                }
                Begun::Answered(StoredAnswer { status, body }) => {
                    let status = StatusCode::from_u16(status).map_err(Problem::internal)?;
                    return Ok(response(Answered { status, body }, true));
                }
                Begun::Interrupted(done) => return Err(interrupted(&done)),
                Begun::Other => {
                    return Err(Problem::invalid(
                        "Idempotency-Key",
                        "was used for another request; take a fresh one",
                    ));
                }
            }
            let answer = match spawned(work).await {
                Ok(answer) => answer,
                Err(problem) => {
                    app.store().abandon(&actor, &key).await?;
                    return Err(problem);
                }
            };
            let kept = StoredAnswer { status: answer.status.as_u16(), body: answer.body.clone() };
            if let Err(error) = app.store().complete(&actor, &key, &kept).await {
                // The work is done: its answer counts. A repeat is told what was done.
                tracing::error!(%error, "an answer was not kept for its `Idempotency-Key`");
                app.store().abandon(&actor, &key).await?;
            }
            Ok(response(answer, false))
        });
        done.await.map_err(Problem::internal)?
    }
}

/// The work of this key was cut off after it had changed something.
fn interrupted(done: &[(String, String)]) -> Problem {
    let done: Vec<String> =
        done.iter().map(|(action, object)| format!("`{action}` of `{object}`")).collect();
    let text = format!(
        "the request with this `Idempotency-Key` was cut off after {}; it is not done again: look \
         at what is there, then send what is missing under a fresh key",
        done.join(", ")
    );
    Problem::new(Kind::Conflict, text)
}

/// Runs work that a client that leaves does not end.
async fn spawned<F>(work: F) -> Result<Answered, Problem>
where
    F: Future<Output = Result<Answered, Problem>> + Send + 'static,
{
    tokio::spawn(work).await.map_err(Problem::internal)?
}

fn response(answer: Answered, again: bool) -> Response {
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let mut response = (answer.status, json, answer.body).into_response();
    if again {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}

impl<S: Sync> FromRequestParts<S> for Once {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let key = match parts.headers.get("idempotency-key") {
            None => None,
            Some(value) => match value.to_str() {
                Ok(key) if (1..=255).contains(&key.len()) => Some(key.to_owned()),
                _ => {
                    return Err(Problem::invalid(
                        "Idempotency-Key",
                        "must be 1 to 255 visible ASCII letters, such as a UUID",
                    ));
                }
            },
        };
        let mut once = Self { caller, key, fingerprint: Sha256::new() };
        once.bind(parts.method.as_str().as_bytes());
        // The whole path: a router that holds others takes its own part away.
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |whole| &whole.0);
        once.bind(uri.path_and_query().map_or("/", |path| path.as_str()).as_bytes());
        Ok(once)
    }
}

/// A request that takes no `Idempotency-Key`, and says so: its answer, or its body, holds a secret
/// that is kept nowhere.
#[derive(Debug, Clone, Copy)]
pub struct NoKey;

impl<S: Sync> FromRequestParts<S> for NoKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if !parts.headers.contains_key("idempotency-key") {
            return Ok(Self);
        }
        Err(Problem::invalid(
            "Idempotency-Key",
            "is not taken here: what would be kept to be answered again holds a secret",
        ))
    }
}

/// A JSON body of a request that creates, with its key.
#[derive(Debug)]
pub struct JsonOnce<T> {
    /// The body.
    pub value: T,
    /// The key: [`Once::run`] does the work.
    pub once: Once,
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for JsonOnce<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let mut once = Once::from_request_parts(&mut parts, state).await?;
        right_type(&parts.headers)?;
        let bytes: Bytes = read_body(body).await?;
        once.bind(&bytes);
        Ok(Self { value: read_json(&bytes)?, once })
    }
}
