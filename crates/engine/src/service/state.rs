//! The service itself: what all its parts share.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use tripline_store::records::NewDetection;
use tripline_store::{Blobs, Metadata};

use super::answer::{Answer, BatchAnswer};
use super::cache::ResultCache;
use super::clock::Clock;
use super::error::ServiceError;
use super::guard;
use super::jobs::JobQueue;
use super::live::Live;
use super::loading::{self, digest};
use super::recorder::Recorder;
use super::retention::{self, Forgotten, ForgottenTotals};
use super::served::{ArmCounters, Served};
use super::settings::{ServiceSettings, Shipped};
use super::shadow::{self, ShadowEvent, Shadows};
use super::start::open_store;
use super::tallies::Tallies;

/// Detections that a slow listener may lag behind before it loses some.
const DETECTION_EVENTS: usize = 1024;

/// The service.
#[derive(Debug)]
pub struct Service {
    pub(crate) settings: ServiceSettings,
    pub(crate) store: Arc<dyn Metadata>,
    pub(crate) blobs: Blobs,
    pub(crate) live: ArcSwap<Live>,
    pub(crate) detections: broadcast::Sender<Arc<NewDetection>>,
    pub(crate) jobs: JobQueue,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) shadows: Shadows,
    pub(crate) cache: Option<ResultCache>,
    /// SHA-256 of the models that the program brings along.
    pub(crate) shipped: Arc<HashSet<String>>,
    /// Orders changes of the registry; readers never wait for it.
    pub(crate) changes: tokio::sync::Mutex<()>,
    /// Orders what writes and removes the blobs of models. Taken before `changes`.
    pub(crate) files: tokio::sync::Mutex<()>,
    /// The database has taken a change that the snapshot does not show.
    pub(crate) stale: AtomicBool,
    /// By the id of an active version that could not be loaded at start: what answers instead.
    pub(crate) substitutes: Mutex<BTreeMap<String, Arc<Served>>>,
    /// Counters of versions that were in a snapshot since tallies were written last.
    pub(crate) counted: Mutex<Vec<(Arc<str>, Arc<ArmCounters>)>>,
    /// By name the version that was active before, kept loaded for a rollback.
    pub(crate) standby: Mutex<BTreeMap<String, Arc<Served>>>,
    pub(crate) tallies: tokio::sync::Mutex<Tallies>,
    pub(crate) rollbacks: AtomicU64,
    pub(crate) forgotten: ForgottenTotals,
    /// What runs beside requests, until it is told to end.
    ending: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    shadow_thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// What the service's own parts have counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServiceCounts {
    /// Detections written.
    pub written: u64,
    /// Detections that wait to be written.
    pub waiting: u64,
    /// Detections dropped because the queue was full.
    pub dropped: u64,
    /// Predictions refused because the queue was full.
    pub refused: u64,
    /// Detections that the database did not take.
    pub failed: u64,
    /// Commits.
    pub commits: u64,
    /// Answers from the result cache.
    pub cache_hits: u64,
    /// Answers that were not in the result cache.
    pub cache_misses: u64,
    /// Bytes that the result cache takes.
    pub cache_bytes: u64,
    /// Shadow scores written.
    pub shadow_written: u64,
    /// Shadow scores dropped because their queue was full.
    pub shadow_dropped: u64,
    /// Rollbacks by rule.
    pub rollbacks: u64,
    /// What was old, and is forgotten.
    pub forgotten: Forgotten,
}

impl Service {
    /// Opens the service's folder: migrates the database, registers shipped models at the first
    /// start, loads all active versions, starts what runs beside requests. To be called on a Tokio
    /// runtime.
    pub async fn open(
        settings: ServiceSettings,
        shipped: &[Shipped],
    ) -> Result<Arc<Self>, ServiceError> {
        let folder = settings.folder.clone();
        let kept = settings.retention.idempotency_keys;
        let store = open_store(&folder, settings.clock.now(), kept).await?;
        let blobs = Blobs::folder(&folder.join("blobs"))?;
        Self::with_store(settings, store, blobs, shipped).await
    }

    /// As [`Service::open`], over another database.
    pub async fn with_store(
        settings: ServiceSettings,
        store: Arc<dyn Metadata>,
        blobs: Blobs,
        shipped: &[Shipped],
    ) -> Result<Arc<Self>, ServiceError> {
        let (detections, _) = broadcast::channel(DETECTION_EVENTS);
        let recorder = Arc::new(Recorder::new(settings.queue, settings.on_full));
        let (shadows, events) = Shadows::new(settings.shadow_queue, recorder.clone());
        let cache = (settings.cache_bytes > 0).then(|| ResultCache::new(settings.cache_bytes));
        let digests = shipped.iter().map(|shipped| digest(shipped.bytes)).collect();
        let service = Arc::new(Self {
            settings,
            store,
            blobs,
            live: ArcSwap::from_pointee(Live::default()),
            detections,
            jobs: JobQueue::default(),
            recorder,
            shadows,
            cache,
            shipped: Arc::new(digests),
            changes: tokio::sync::Mutex::default(),
            files: tokio::sync::Mutex::default(),
            stale: AtomicBool::new(false),
            substitutes: Mutex::default(),
            counted: Mutex::default(),
            standby: Mutex::default(),
            tallies: tokio::sync::Mutex::default(),
            rollbacks: AtomicU64::new(0),
            forgotten: ForgottenTotals::default(),
            ending: watch::Sender::new(false),
            tasks: Mutex::default(),
            shadow_thread: Mutex::default(),
        });
        service.register_shipped(shipped).await?;
        service.start_models().await?;
        service.start(events)?;
        service.jobs.start(&service).await?;
        Ok(service)
    }

    /// Starts what runs beside requests.
    fn start(self: &Arc<Self>, events: Receiver<ShadowEvent>) -> Result<(), ServiceError> {
        let recorder = self.recorder.clone();
        let thread = std::thread::Builder::new()
            .name("shadow".to_owned())
            .spawn(move || shadow::run(&events, &recorder))
            .map_err(|error| ServiceError::Internal { reason: error.to_string() })?;
        *locked(&self.shadow_thread) = Some(thread);
        let (recorder, store) = (self.recorder.clone(), self.store.clone());
        let commit_every = self.settings.commit_every;
        let writer = tokio::spawn(async move { recorder.run(store.as_ref(), commit_every).await });
        let watch = tokio::spawn(guard::run(Arc::downgrade(self), self.ending.subscribe()));
        let forgetting = retention::run(Arc::downgrade(self), self.ending.subscribe());
        locked(&self.tasks).extend([writer, watch, tokio::spawn(forgetting)]);
        Ok(())
    }

    /// The metadata: lists and pages are read straight from it. What changes models goes through
    /// the service.
    pub fn store(&self) -> &Arc<dyn Metadata> {
        &self.store
    }

    /// Model files, uploads, reports.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// What it was started with.
    pub fn settings(&self) -> &ServiceSettings {
        &self.settings
    }

    /// Where the time comes from.
    pub fn clock(&self) -> &Clock {
        &self.settings.clock
    }

    /// One snapshot of all that answers.
    pub fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// Detections as they are found, before they are on disk.
    pub fn detection_events(&self) -> broadcast::Receiver<Arc<NewDetection>> {
        self.detections.subscribe()
    }

    /// What the service's own parts have counted.
    pub fn counts(&self) -> ServiceCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let recorder = &self.recorder;
        let (cache_hits, cache_misses, cache_bytes) =
            self.cache.as_ref().map(ResultCache::counts).unwrap_or_default();
        ServiceCounts {
            written: read(&recorder.written),
            waiting: recorder.waiting() as u64,
            dropped: read(&recorder.dropped),
            refused: read(&recorder.refused),
            failed: read(&recorder.failed),
            commits: read(&recorder.commits),
            cache_hits,
            cache_misses,
            cache_bytes,
            shadow_written: read(&recorder.shadow_written),
            shadow_dropped: read(&recorder.shadow_dropped),
            rollbacks: read(&self.rollbacks),
            forgotten: self.forgotten.read(),
        }
    }

    /// Waits until the detection of an answer is on disk; at once if there is none. Errors if it
    /// was dropped, or could not be written.
    pub async fn stored(&self, answer: &Answer) -> Result<(), ServiceError> {
        match answer.ticket {
            Some(tickets) => self.recorder.stored(tickets).await,
            None => whole(u64::from(answer.lost)),
        }
    }

    /// As [`Service::stored`], of all detections of a batch. Errors too if there were more of them
    /// than are stored of a batch that does not ask for all, see [`Ask::durable`](super::Ask).
    pub async fn batch_stored(&self, answer: &BatchAnswer) -> Result<(), ServiceError> {
        whole(answer.not_stored)?;
        match answer.ticket {
            Some(tickets) => self.recorder.stored(tickets).await,
            None => Ok(()),
        }
    }

    /// Whether the service is about to end.
    pub(crate) fn is_ending(&self) -> bool {
        *self.ending.borrow()
    }

    /// Finishes what waits to be written, ends what runs beside requests. Detections that are found
    /// after this are refused.
    pub async fn shut_down(&self) {
        // First what may still find or register something.
        self.jobs.shut_down().await;
        {
            // A change under way comes to its end.
            let _order = self.changes.lock().await;
            self.ending.send_replace(true);
        }
        self.shadows.close();
        let thread = locked(&self.shadow_thread).take();
        if let Some(thread) = thread {
            let _ = loading::blocking(move || thread.join().is_ok()).await;
        }
        self.recorder.close();
        let tasks = std::mem::take(&mut *locked(&self.tasks));
        for task in tasks {
            // One that was aborted has nothing left to finish.
            let _ = task.await;
        }
        if let Err(error) = self.write_tallies_now().await {
            tracing::error!(%error, "the last counts could not be written");
        }
    }
}

/// Whether nothing was lost.
fn whole(lost: u64) -> Result<(), ServiceError> {
    match lost {
        0 => Ok(()),
        lost => Err(ServiceError::NotStored {
            reason: format!("{lost} of them were dropped, as too many came at once"),
        }),
    }
}

/// A lock that a panic elsewhere does not take from us: what it guards is whole at any time.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
