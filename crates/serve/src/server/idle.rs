//! Which connections are silent.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;

/// What a connection is doing.
#[derive(Debug)]
pub(super) struct Activity {
    begun: Instant,
    requests: AtomicUsize,
    last_milliseconds: AtomicU64,
    stalled: Notify,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            requests: AtomicUsize::new(0),
            last_milliseconds: AtomicU64::new(0),
            stalled: Notify::new(),
        }
    }

    /// A request begins; it ends when what is returned is dropped.
    pub(super) fn enter(self: &std::sync::Arc<Self>) -> Working {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Working(self.clone())
    }

    /// A client did not read its answer.
    pub(super) fn stalled(&self) {
        self.stalled.notify_one();
    }

    /// Ready once a client did not read its answer.
    pub(super) async fn ended(&self) {
        self.stalled.notified().await;
    }

    /// How long nothing has been asked.
    pub(super) fn silent(&self) -> Duration {
        if self.requests.load(Ordering::Relaxed) > 0 {
            return Duration::ZERO;
        }
        let last = Duration::from_millis(self.last_milliseconds.load(Ordering::Relaxed));
        self.begun.elapsed().saturating_sub(last)
    }
}

/// A request under way.
#[derive(Debug)]
pub(super) struct Working(std::sync::Arc<Activity>);

impl Drop for Working {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last_milliseconds.store(now, Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer; its request is under way until the body is dropped.
pub(super) struct Answering {
    inner: Body,
    _working: Working,
}

impl Answering {
    pub(super) fn new(inner: Body, working: Working) -> Self {
        Self { inner, _working: working }
    }
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_connection_is_not_silent_while_an_answer_streams() {
        let activity = Arc::new(Activity::new());
        let answer = Answering::new(Body::empty(), activity.enter());
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(activity.silent(), Duration::ZERO);
        drop(answer);
        std::thread::sleep(Duration::from_millis(20));
        assert!(activity.silent() >= Duration::from_millis(10));
    }
}
