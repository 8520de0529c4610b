//! The one writer: detections, tallies and shadow scores, many in one transaction.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tripline_store::records::{NewDetection, ShadowScore};
use tripline_store::{Metadata, MetadataError};

use super::error::ServiceError;
use super::settings::OnFull;

/// Detections of one transaction.
const BATCH: usize = 2048;
/// Failed writes that are remembered for those who wait for them.
const FAILURES: usize = 256;
/// Attempts to write a batch, with pauses in between that double.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(50);

/// The queue before the writer.
#[derive(Debug, Default)]
struct Queue {
    detections: VecDeque<Arc<NewDetection>>,
    shadow: Vec<ShadowScore>,
    /// The ticket of the next detection; the first is 1.
    next: u64,
}

/// Writes that failed: first ticket, last ticket, why.
type Failures = VecDeque<(u64, u64, String)>;

/// The one writer.
#[derive(Debug)]
pub(crate) struct Recorder {
    queue: Mutex<Queue>,
    capacity: usize,
    on_full: OnFull,
    wake: Notify,
    closed: AtomicBool,
    /// Every ticket up to this one was written or has failed.
    settled: watch::Sender<u64>,
    failures: Mutex<Failures>,
    pub(crate) written: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) shadow_written: AtomicU64,
    pub(crate) shadow_dropped: AtomicU64,
}

impl Recorder {
    pub(crate) fn new(capacity: usize, on_full: OnFull) -> Self {
        Self {
            queue: Mutex::new(Queue { next: 1, ..Queue::default() }),
            capacity: capacity.max(1),
            on_full,
            wake: Notify::new(),
            closed: AtomicBool::new(false),
            settled: watch::Sender::new(0),
            failures: Mutex::default(),
            written: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            shadow_written: AtomicU64::new(0),
            shadow_dropped: AtomicU64::new(0),
        }
    }

    /// Queues detections; gives the ticket of the last, none if they were dropped.
    pub(crate) fn push(
        &self,
        detections: &[Arc<NewDetection>],
    ) -> Result<Option<u64>, ServiceError> {
        if detections.is_empty() {
            return Ok(None);
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(ServiceError::ShuttingDown);
        }
        let mut queue = locked(&self.queue);
        let waiting = queue.detections.len();
        if waiting + detections.len() > self.capacity {
            drop(queue);
            let count = detections.len() as u64;
            return match self.on_full {
                OnFull::Refuse => {
                    self.refused.fetch_add(count, Ordering::Relaxed);
                    Err(ServiceError::Busy { waiting })
                }
                OnFull::Drop => {
                    self.dropped.fetch_add(count, Ordering::Relaxed);
                    Ok(None)
                }
            };
        }
        queue.detections.extend(detections.iter().cloned());
        queue.next += detections.len() as u64;
        let ticket = queue.next - 1;
        drop(queue);
        self.wake.notify_one();
        Ok(Some(ticket))
    }

    /// Queues what shadow versions said; what does not fit is dropped and counted.
    pub(crate) fn push_shadow(&self, scores: Vec<ShadowScore>) {
        let mut queue = locked(&self.queue);
        let room = self.capacity.saturating_sub(queue.shadow.len());
        let lost = scores.len().saturating_sub(room);
        queue.shadow.extend(scores.into_iter().take(room));
        drop(queue);
        self.shadow_dropped.fetch_add(lost as u64, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// Counts a shadow score that was never made.
    pub(crate) fn dropped_shadow(&self) {
        self.shadow_dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn waiting(&self) -> usize {
        locked(&self.queue).detections.len()
    }

    /// Waits until a ticket is written.
    pub(crate) async fn stored(&self, ticket: u64) -> Result<(), ServiceError> {
        let mut settled = self.settled.subscribe();
        if settled.wait_for(|settled| *settled >= ticket).await.is_err() {
            return Err(ServiceError::NotStored { reason: "the service ended".to_owned() });
        }
        let failures = locked(&self.failures);
        match failures.iter().find(|(first, last, _)| (*first..=*last).contains(&ticket)) {
            Some((_, _, reason)) => Err(ServiceError::NotStored { reason: reason.clone() }),
            None => Ok(()),
        }
    }

    /// Takes no more; what waits is still written.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Writes until the queue is closed and empty. A detection waits at most `commit_every` for
    /// others to be written with it.
    pub(crate) async fn run(&self, store: &dyn Metadata, commit_every: Duration) {
        loop {
            let (mut detections, shadow, empty) = self.take();
            if empty {
                if self.closed.load(Ordering::Acquire) {
                    return;
                }
                self.wake.notified().await;
                if !self.closed.load(Ordering::Acquire) {
                    tokio::time::sleep(commit_every).await;
                }
                continue;
            }
            let count = detections.len() as u64;
            if count > 0 {
                let plain: Vec<NewDetection> =
                    detections.drain(..).map(Arc::unwrap_or_clone).collect();
                self.write(store, &plain).await;
            }
            self.write_shadow(store, &shadow).await;
        }
    }

    fn take(&self) -> (Vec<Arc<NewDetection>>, Vec<ShadowScore>, bool) {
        let mut queue = locked(&self.queue);
        let count = queue.detections.len().min(BATCH);
        let detections: Vec<_> = queue.detections.drain(..count).collect();
        let shadow = std::mem::take(&mut queue.shadow);
        let empty = detections.is_empty() && shadow.is_empty();
        (detections, shadow, empty)
    }

    async fn write(&self, store: &dyn Metadata, detections: &[NewDetection]) {
        let first = *self.settled.borrow() + 1;
        let count = detections.len() as u64;
        let last = first + count - 1;
        match attempt(|| store.add_detections(detections)).await {
            Ok(()) => {
                self.written.fetch_add(count, Ordering::Relaxed);
                self.commits.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                tracing::error!(%error, detections = count, "detections could not be written");
                self.failed.fetch_add(count, Ordering::Relaxed);
                let mut failures = locked(&self.failures);
                if failures.len() == FAILURES {
                    failures.pop_front();
                }
                failures.push_back((first, last, error.to_string()));
            }
        }
        self.settled.send_replace(last);
    }

    async fn write_shadow(&self, store: &dyn Metadata, scores: &[ShadowScore]) {
        if scores.is_empty() {
            return;
        }
        let count = scores.len() as u64;
        match attempt(|| store.add_shadow_scores(scores)).await {
            Ok(()) => self.shadow_written.fetch_add(count, Ordering::Relaxed),
            Err(error) => {
                tracing::error!(%error, scores = count, "shadow scores could not be written");
                self.shadow_dropped.fetch_add(count, Ordering::Relaxed)
            }
        };
    }
}

async fn attempt<F>(mut write: impl FnMut() -> F) -> Result<(), MetadataError>
where
    F: Future<Output = Result<(), MetadataError>>,
{
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        match write().await {
            Err(MetadataError::Database { .. }) => tokio::time::sleep(pause).await,
            done => return done,
        }
        pause *= 2;
    }
    write().await
}

/// A lock that a panic elsewhere does not take from us: what it guards is whole at any time.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
