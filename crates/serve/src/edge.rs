//! What every request passes before its route and every answer after it: one layer, in one place.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tower::Service as _;

use crate::access::{Admitted, Arrival, client, no_proxy, right_host, right_origin};
use crate::app::App;
use crate::caller::{Caller, Known};
use crate::headers::finish;
use crate::inference;
use crate::observe::{Context, Refusals, Span, Tracer};
use crate::problem::{Drawn, Kind, Problem};
use crate::request_id::RequestIds;
use crate::settings::{Limits, Settings, Tls};

/// The outermost layer.
#[derive(Debug)]
pub(crate) struct Edge {
    app: Arc<App>,
    router: Router,
    ids: RequestIds,
    turns: Semaphore,
    /// Places of callers of whom nothing is known, so that they never hold up the others.
    strangers: Semaphore,
    waiting: AtomicUsize,
    limits: Arc<Limits>,
    tracer: Option<Tracer>,
    refusals: Refusals,
}

impl Edge {
    pub(crate) fn new(app: Arc<App>, router: Router) -> Self {
        let settings = app.settings();
        let limits = Arc::new(settings.limits.clone());
        Self {
            tracer: settings.otlp_endpoint.as_deref().and_then(Tracer::start),
            refusals: Refusals::default(),
            router,
            ids: RequestIds::new(),
            turns: Semaphore::new(limits.in_flight),
            strangers: Semaphore::new(limits.in_flight.div_ceil(8)),
            waiting: AtomicUsize::new(0),
            limits,
            app,
        }
    }

    /// Answers a request of an address.
    pub(crate) async fn answer(
        &self,
        request: hyper::Request<hyper::body::Incoming>,
        peer: IpAddr,
    ) -> Result<Response, Infallible> {
        let begun = Instant::now();
        let settings = self.app.settings();
        let request = request.map(Body::new);
        let id = self.ids.of(request.headers());
        let secure = settings.tls != Tls::Off;
        let peer = match &settings.tls {
            Tls::Proxy(proxies) => client(peer, request.headers(), proxies),
            _ => peer.to_canonical(),
        };
        let line = Line::of(&request);
        let traced = match &self.tracer {
            Some(_) => Context::of(request.headers()),
            None => None,
        };
        let (caller, mut response) = self.pass(request, id, peer, &settings).await;
        // What a handler returned as its error, or what refused the request before it.
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            let mut kept = std::mem::take(response.headers_mut());
            kept.remove(header::CONTENT_LENGTH);
            response = match response.extensions_mut().remove::<Drawn>() {
                Some(page) => problem.page(&page),
                None if inference::is_of(line.uri.path()) => problem.inference(caller.request()),
                None => problem.response(caller.request()),
            };
            response.headers_mut().extend(kept);
            self.app.metrics().refused(problem.kind);
            self.log(&problem, &caller, &line);
        }
        finish(&mut response, &caller, secure);
        let time = begun.elapsed();
        self.app.metrics().answered(response.status().as_u16(), time);
        if let (Some(tracer), Some(context)) = (&self.tracer, traced) {
            let begun_ns = u64::try_from(caller.at().0).unwrap_or(0).saturating_mul(1000);
            tracer.ended(Span {
                context,
                begun_ns,
                ended_ns: begun_ns + u64::try_from(time.as_nanos()).unwrap_or(u64::MAX >> 1),
                method: line.method.to_string(),
                path: line.path().to_owned(),
                status: response.status().as_u16(),
                request: caller.request().to_owned(),
                actor: caller.actor().to_owned(),
            });
        }
        tracing::debug!(
            request = caller.request(),
            actor = caller.actor(),
            method = line.method.as_str(),
            path = line.path(),
            status = response.status().as_u16(),
            milliseconds = time.as_secs_f64() * 1e3,
            "answered"
        );
        Ok(response)
    }

    async fn pass(
        &self,
        mut request: Request,
        id: Box<str>,
        peer: IpAddr,
        settings: &Settings,
    ) -> (Caller, Response) {
        let secure = settings.tls != Tls::Off;
        let local = !settings.keys_needed();
        let alone = if local { no_proxy(request.headers()) } else { Ok(()) };
        let right = alone
            .and_then(|()| {
                right_host(request.uri(), request.headers(), &settings.access.hosts, local)
            })
            .and_then(|()| right_origin(request.uri(), request.headers(), secure));
        if let Err(problem) = right {
            return (self.app.gate().stranger(id, peer), problem.into_response());
        }
        let arrival = Arrival { headers: request.headers(), request: id.clone(), peer, settings };
        let Admitted { caller, rate, set_cookie } = match self.app.gate().admit(arrival).await {
            Ok(admitted) => admitted,
            Err(problem) => {
                return (self.app.gate().stranger(id, peer), problem.into_response());
            }
        };
        let extensions = request.extensions_mut();
        extensions.insert(caller.clone());
        extensions.insert(self.limits.clone());
        // Whether the process lives must be answered when it is busy, too.
        let _turn = if request.uri().path() == "/livez" {
            None
        } else {
            // Without a body nothing can be held: health is asked for by strangers, too.
            let slow = !request.body().is_end_stream();
            match self.turn(slow && caller.known() == Known::Nobody).await {
                Ok(turn) => Some(turn),
                Err(problem) => return (caller, problem.into_response()),
            }
        };
        let mut router = self.router.clone();
        let mut response = match router.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let headers = response.headers_mut();
        if let Some((limit, grant)) = rate {
            let reset = grant.wait.as_secs() + u64::from(grant.wait.subsec_nanos() > 0);
            headers.insert("ratelimit-limit", HeaderValue::from(limit.max(1.0) as u64));
            headers.insert("ratelimit-remaining", HeaderValue::from(grant.left));
            headers.insert("ratelimit-reset", HeaderValue::from(reset));
        }
        if let Some(cookie) = set_cookie
            && !headers.contains_key(header::SET_COOKIE)
        {
            headers.insert(header::SET_COOKIE, cookie);
        }
        (caller, response)
    }

    /// Waits for one of the places at which requests are worked on.
    async fn turn(&self, stranger: bool) -> Result<tokio::sync::SemaphorePermit<'_>, Problem> {
        let turns = if stranger { &self.strangers } else { &self.turns };
        let busy = || Problem::unavailable("too many requests wait", Duration::from_secs(1));
        if let Ok(turn) = turns.try_acquire() {
            return Ok(turn);
        }
        // Strangers may fill half of the queue at most.
        let most = if stranger { self.limits.queued / 2 } else { self.limits.queued };
        let _waiting = Waiting::enter(&self.waiting, most).ok_or_else(busy)?;
        match tokio::time::timeout(self.limits.request_time, turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(busy()),
        }
    }

    fn log(&self, problem: &Problem, caller: &Caller, line: &Line) {
        let cause = problem.cause.as_deref();
        if problem.kind == Kind::Internal {
            tracing::error!(
                request = caller.request(),
                actor = caller.actor(),
                method = line.method.as_str(),
                path = line.path(),
                cause,
                "failed"
            );
            return;
        }
        let Some(before) = self.refusals.tell(problem.kind, caller.peer(), caller.at()) else {
            return;
        };
        tracing::warn!(
            request = caller.request(),
            actor = caller.actor(),
            address = %caller.peer(),
            method = line.method.as_str(),
            path = line.path(),
            status = problem.kind.status().as_u16(),
            reason = problem.detail,
            cause,
            not_told_before = (before > 0).then_some(before),
            "refused"
        );
    }
}

/// One of the requests that wait; leaves when it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        if count.fetch_add(1, Ordering::Relaxed) < most {
            return Some(Self(count));
        }
        count.fetch_sub(1, Ordering::Relaxed);
        None
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is logged of a request's head.
struct Line {
    method: axum::http::Method,
    uri: axum::http::Uri,
}

impl Line {
    fn of(request: &Request) -> Self {
        Self { method: request.method().clone(), uri: request.uri().clone() }
    }

    /// Without the query, which may hold what does not belong into a log.
    fn path(&self) -> &str {
        let path = self.uri.path();
        path.get(..path.len().min(200)).unwrap_or("/…")
    }
}
