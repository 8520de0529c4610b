//! The one writer: detections, tallies and shadow scores, many in one transaction.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tripline_store::records::{NewDetection, ShadowScore};
use tripline_store::{Metadata, MetadataError};

use super::error::ServiceError;
use super::settings::OnFull;
use super::state::locked;

/// Detections of one transaction.
const BATCH: usize = 2048;
/// Shadow scores of one transaction: few, because detections wait for it.
const SHADOW_BATCH: usize = 256;
/// Failed writes that are remembered for those who wait for them.
const FAILURES: usize = 256;
/// Attempts to write a batch, with pauses in between that double.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(50);
/// How long a batch that must be stored whole waits for room, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);

/// The queue before the writer.
#[derive(Debug, Default)]
struct Queue {
    detections: VecDeque<Arc<NewDetection>>,
    shadow: VecDeque<ShadowScore>,
    /// The ticket of the next detection; the first is 1.
    next: u64,
    /// No more is taken. Under the lock: what was taken before is seen by the writer's last look.
    closed: bool,
}

/// Places in the order in which detections are written: first, last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tickets {
    first: u64,
    last: u64,
}

impl Tickets {
    /// From these to later ones.
    pub(crate) fn until(self, later: Self) -> Self {
        Self { first: self.first, last: later.last }
    }
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

    /// Detections that may wait.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Queues detections; gives their tickets, none if they were dropped.
    pub(crate) fn push(
        &self,
        detections: &[Arc<NewDetection>],
    ) -> Result<Option<Tickets>, ServiceError> {
        if detections.is_empty() {
            return Ok(None);
        }
        let tickets = self.queue_up(detections)?;
        let count = detections.len() as u64;
        match (tickets, self.on_full) {
            (Some(tickets), _) => Ok(Some(tickets)),
            (None, OnFull::Refuse) => {
                self.refused.fetch_add(count, Ordering::Relaxed);
                Err(ServiceError::Busy { waiting: self.waiting() })
            }
            (None, OnFull::Drop) => {
                self.dropped.fetch_add(count, Ordering::Relaxed);
                Ok(None)
            }
        }
    }

    /// As [`Recorder::push`], of no more than may wait, but waits until there is room: to be called
    /// where blocking is allowed.
    pub(crate) fn push_patiently(
        &self,
        detections: &[Arc<NewDetection>],
    ) -> Result<Option<Tickets>, ServiceError> {
        let started = Instant::now();
        while !detections.is_empty() {
            if let Some(tickets) = self.queue_up(detections)? {
                return Ok(Some(tickets));
            }
            if started.elapsed() > PATIENCE {
                self.refused.fetch_add(detections.len() as u64, Ordering::Relaxed);
                return Err(ServiceError::Busy { waiting: self.waiting() });
            }
            std::thread::sleep(LOOK);
        }
        Ok(None)
    }

    /// Queues detections if there is room for all of them.
    fn queue_up(&self, detections: &[Arc<NewDetection>]) -> Result<Option<Tickets>, ServiceError> {
        let mut queue = locked(&self.queue);
        if queue.closed {
            return Err(ServiceError::ShuttingDown);
        }
        if queue.detections.len() + detections.len() > self.capacity {
            return Ok(None);
        }
        let first = queue.next;
        queue.detections.extend(detections.iter().cloned());
        queue.next += detections.len() as u64;
        let last = queue.next - 1;
        drop(queue);
        self.wake.notify_one();
        Ok(Some(Tickets { first, last }))
    }

    /// Counts detections that were never queued.
    pub(crate) fn lost(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
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

    /// Waits until all of these are written.
    pub(crate) async fn stored(&self, tickets: Tickets) -> Result<(), ServiceError> {
        let mut settled = self.settled.subscribe();
        if settled.wait_for(|settled| *settled >= tickets.last).await.is_err() {
            return Err(ServiceError::NotStored { reason: "the service ended".to_owned() });
        }
        let failures = locked(&self.failures);
        let own = |(first, last, _): &&(u64, u64, String)| {
            *first <= tickets.last && tickets.first <= *last
        };
        match failures.iter().find(own) {
            Some((_, _, reason)) => Err(ServiceError::NotStored { reason: reason.clone() }),
            None => Ok(()),
        }
    }

    /// Takes no more; what waits is still written.
    pub(crate) fn close(&self) {
        locked(&self.queue).closed = true;
        self.wake.notify_one();
    }

    /// Writes until the queue is closed and empty. A detection waits at most `commit_every` for
    /// others to be written with it.
    pub(crate) async fn run(&self, store: &dyn Metadata, commit_every: Duration) {
        loop {
            let (mut detections, shadow, closed) = self.take();
            if detections.is_empty() && shadow.is_empty() {
                if closed {
                    return;
                }
                self.wake.notified().await;
                if !locked(&self.queue).closed {
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

    /// What is written next, and whether no more comes.
    fn take(&self) -> (Vec<Arc<NewDetection>>, Vec<ShadowScore>, bool) {
        let mut queue = locked(&self.queue);
        let count = queue.detections.len().min(BATCH);
        let detections = queue.detections.drain(..count).collect();
        let count = queue.shadow.len().min(SHADOW_BATCH);
        let shadow = queue.shadow.drain(..count).collect();
        (detections, shadow, queue.closed)
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
        // Once: detections wait behind it.
        match store.add_shadow_scores(scores).await {
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

#[cfg(test)]
mod tests;
