//! A request's body with a bound on its bytes and on the time between its parts.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// The client paused longer than the service waits.
#[derive(Debug)]
pub(crate) struct Paused;

impl fmt::Display for Paused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body did not go on in time")
    }
}

impl std::error::Error for Paused {}

/// The body has more bytes than its route takes.
#[derive(Debug)]
pub(crate) struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body is too long")
    }
}

impl std::error::Error for TooLong {}

/// A bounded body.
pub(crate) struct Bounded {
    inner: Body,
    left: u64,
    pause: Duration,
    // A body that is there when it is asked for needs no timer.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Bounded {
    pub(crate) fn new(inner: Body, bytes: u64, pause: Duration) -> Self {
        Self { inner, left: bytes, pause, timer: None }
    }
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(timer) = &mut this.timer {
                    timer.as_mut().reset(Instant::now() + this.pause);
                }
                let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
                if bytes > this.left {
                    this.left = 0;
                    return Poll::Ready(Some(Err(Box::new(TooLong))));
                }
                this.left -= bytes;
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(other) => Poll::Ready(other.map(|frame| frame.map_err(Into::into))),
            Poll::Pending => {
                let pause = this.pause;
                let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
                ready!(timer.as_mut().poll(context));
                Poll::Ready(Some(Err(Box::new(Paused))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
