//! What stands before each handler: scope, type and size of the body, protection against pages of
//! other sites, time.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use tower::{Layer, Service};

use crate::body::Bounded;
use crate::caller::{Caller, Known};
use crate::problem::{Kind, Problem};
use crate::routes::Rule;
use crate::settings::Limits;
use std::sync::Arc;

/// Bytes of a body of someone who is not known: a log-in form takes some hundred.
const STRANGER_BYTES: u64 = 16 << 10;

/// Time of a request of someone who is not known; hashing a password takes some tenths of a second.
const STRANGER_TIME: Duration = Duration::from_secs(5);

/// Puts a [`Guard`] before a handler.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GuardLayer(Rule);

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard { rule: self.0, inner }
    }
}

/// A handler behind its rule.
#[derive(Debug, Clone)]
pub(crate) struct Guard<S> {
    rule: Rule,
    inner: S,
}

impl Guard<()> {
    pub(crate) fn layer(rule: Rule) -> GuardLayer {
        GuardLayer(rule)
    }
}

impl<S> Service<Request> for Guard<S>
where
    S: Service<Request, Error = Infallible>,
    S::Response: IntoResponse,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Guarded<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match admit(self.rule, request) {
            Ok((request, time)) => {
                Guarded::Running(Box::pin(tokio::time::timeout(time, self.inner.call(request))))
            }
            Err(problem) => Guarded::Refused(Some(problem)),
        }
    }
}

/// The answer of a guarded handler.
pub(crate) enum Guarded<F> {
    Refused(Option<Problem>),
    Running(Pin<Box<tokio::time::Timeout<F>>>),
}

impl<F, R> Future for Guarded<F>
where
    F: Future<Output = Result<R, Infallible>>,
    R: IntoResponse,
{
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Refused(problem) => {
                let problem = problem.take().unwrap_or_else(|| Problem::internal("polled again"));
                Poll::Ready(Ok(problem.into_response()))
            }
            Self::Running(running) => running.as_mut().poll(context).map(|done| match done {
                Ok(Ok(response)) => Ok(response.into_response()),
                Ok(Err(never)) => match never {},
                Err(_) => Ok(Problem::unavailable(
                    "the request took longer than the service allows",
                    Duration::from_secs(1),
                )
                .into_response()),
            }),
        }
    }
}

/// Checks a request against a rule; gives it back with a bounded body, and its time.
fn admit(rule: Rule, request: Request) -> Result<(Request, Duration), Problem> {
    let extensions = request.extensions();
    let caller = extensions
        .get::<Caller>()
        .ok_or_else(|| Problem::internal("a request without a caller"))?;
    let limits = extensions
        .get::<Arc<Limits>>()
        .ok_or_else(|| Problem::internal("a request without limits"))?
        .clone();
    let method = request.method();
    let safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if let Some(scope) = rule.scope
        && !(rule.or_local && safe && caller.on_this_machine())
    {
        use tripline_store::records::Scope;
        let dangerous = (scope == Scope::Deploy && !safe) || *method == Method::DELETE;
        // The handler of a form finds the token among its fields.
        if (rule.unlocked || dangerous) && !rule.form {
            caller.require_unlocked(scope)?;
        } else {
            caller.require(scope)?;
        }
    }
    if !safe {
        own_page(rule, caller, method, request.headers(), request.body())?;
    }
    let (bytes, time) = if rule.upload {
        (limits.upload_bytes, limits.upload_time)
    } else {
        (limits.body_bytes, limits.request_time)
    };
    let bytes = rule.most.map_or(bytes, |most| most.min(limits.upload_bytes));
    // Who is not known has a form to send, and no long time for it.
    let (bytes, time) = match caller.known() {
        Known::Nobody => (bytes.min(STRANGER_BYTES), time.min(STRANGER_TIME)),
        _ => (bytes, time),
    };
    if request.body().size_hint().lower() > bytes {
        return Err(too_large(bytes));
    }
    let pause = limits.body_pause;
    let request = request.map(|body| Body::new(Bounded::new(body, bytes, pause)));
    Ok((request, time))
}

/// A body that is larger than its route takes.
pub(crate) fn too_large(limit: u64) -> Problem {
    Problem::new(Kind::TooLarge, format!("the body has more than {limit} bytes"))
}

/// Refuses a write that a page of another site could have sent with what the browser knows: a
/// session's cookie, or the mere place on this machine.
fn own_page(
    rule: Rule,
    caller: &Caller,
    method: &Method,
    headers: &HeaderMap,
    body: &Body,
) -> Result<(), Problem> {
    let by_browser = matches!(caller.known(), Known::User | Known::Local);
    if !by_browser || caller.proven() || rule.form {
        return Ok(());
    }
    if caller.known() == Known::User {
        return Err(Problem::new(
            Kind::Forbidden,
            "a write by a session needs the session's `X-CSRF-Token`",
        ));
    }
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    // What a form or a script of another site can send without asking first: the simple types of
    // the Fetch standard, section 2.2.2, and no type at all.
    let simple = match kind.as_deref() {
        None => *method == Method::POST || !body.is_end_stream(),
        Some("text/plain" | "multipart/form-data" | "application/x-www-form-urlencoded") => true,
        Some("application/json") => false,
        Some(_) => !rule.upload,
    };
    if simple {
        return Err(Problem::new(
            Kind::UnsupportedMedia,
            "without a key a write needs `Content-Type: application/json`, or the type of its \
             data for an upload or a batch",
        ));
    }
    Ok(())
}
