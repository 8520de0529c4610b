//! Which connections are silent.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What a connection is doing.
#[derive(Debug)]
pub(super) struct Activity {
    begun: Instant,
    requests: AtomicUsize,
    last_milliseconds: AtomicU64,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            requests: AtomicUsize::new(0),
            last_milliseconds: AtomicU64::new(0),
        }
    }

    /// A request begins; it ends when what is returned is dropped.
    pub(super) fn enter(self: &std::sync::Arc<Self>) -> Working {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Working(self.clone())
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
