//! The body of an answer whose client has to go on reading.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// Answers up to this size stay whole: the connection's own buffer takes most of them at once.
const SMALL: u64 = 64 << 10;

/// A body that is dropped, with all that it holds, once its client has taken nothing for a while.
///
/// The connection asks for the next part only when the client has room for it, so no timer within
/// the body would ever be looked at: a task of its own watches the time.
pub(super) struct Paced {
    shared: Arc<Mutex<State>>,
    hint: SizeHint,
    watch: Option<AbortHandle>,
}

struct State {
    /// None once the client was too slow.
    body: Option<Body>,
    /// Since when a part waits for the client; none while the client waits for a part.
    waiting: Option<Instant>,
}

impl Paced {
    /// Watches a body, unless it is small; `stalled` is called when its client was too slow.
    pub(super) fn watch(
        body: Body,
        pause: Duration,
        stalled: impl FnOnce() + Send + 'static,
    ) -> Body {
        if body.size_hint().exact().is_some_and(|bytes| bytes <= SMALL) {
            return body;
        }
        let hint = body.size_hint();
        let state = State { body: Some(body), waiting: Some(Instant::now()) };
        let shared = Arc::new(Mutex::new(state));
        let watched = shared.clone();
        let watch = tokio::spawn(async move {
            let mut at = Instant::now() + pause;
            loop {
                tokio::time::sleep_until(at).await;
                let mut state = lock(&watched);
                at = match state.waiting {
                    Some(since) if since.elapsed() >= pause => {
                        state.body = None;
                        drop(state);
                        return stalled();
                    }
                    Some(since) => since + pause,
                    None => Instant::now() + pause,
                };
            }
        });
        Body::new(Self { shared, hint, watch: Some(watch.abort_handle()) })
    }
}

fn lock(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Paced {
    fn drop(&mut self) {
        if let Some(watch) = self.watch.take() {
            watch.abort();
        }
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let mut state = lock(&self.shared);
        let Some(body) = &mut state.body else {
            return Poll::Ready(Some(Err("the client did not read on in time".into())));
        };
        let polled = Pin::new(body).poll_frame(context);
        state.waiting = match &polled {
            Poll::Ready(Some(Ok(_))) => Some(Instant::now()),
            // Nothing waits for the client.
            _ => None,
        };
        polled.map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.shared).body.as_ref().is_some_and(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures_util::{FutureExt as _, StreamExt as _, stream};
    use http_body_util::BodyExt as _;

    use super::*;

    const PAUSE: Duration = Duration::from_millis(400);

    /// Tells when it is dropped.
    struct Held(Arc<AtomicBool>);

    impl Drop for Held {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn what_a_slow_client_holds_is_let_go() {
        let (gone, told) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let parts = stream::unfold(Held(gone.clone()), |held| async move {
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), held))
        });
        let note = told.clone();
        let mut body = Paced::watch(Body::from_stream(parts), PAUSE, move || {
            note.store(true, Ordering::SeqCst);
        });
        for _ in 0..6 {
            // A reader that takes its time, but not too much of it.
            tokio::time::sleep(PAUSE / 4).await;
            assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
        }
        assert!(!gone.load(Ordering::SeqCst));
        tokio::time::sleep(PAUSE * 3).await;
        assert!(gone.load(Ordering::SeqCst) && told.load(Ordering::SeqCst));
        assert!(body.frame().await.is_some_and(|frame| frame.is_err()));
    }

    #[tokio::test]
    async fn a_client_that_waits_is_not_slow() {
        let silent = stream::pending::<Result<Bytes, std::io::Error>>().boxed();
        let told = Arc::new(AtomicBool::new(false));
        let note = told.clone();
        let mut body = Paced::watch(Body::from_stream(silent), PAUSE, move || {
            note.store(true, Ordering::SeqCst);
        });
        assert!(body.frame().now_or_never().is_none());
        tokio::time::sleep(PAUSE * 3).await;
        assert!(body.frame().now_or_never().is_none() && !told.load(Ordering::SeqCst));
    }
}
