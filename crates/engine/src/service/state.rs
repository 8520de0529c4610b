//! The service itself: what all its parts share.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use tokio::sync::broadcast;
use tripline_core::Rows;
use tripline_store::records::{
    Change, Deployed, Experiment, ModelVersion, NewDetection, RollbackRule, Status,
};
use tripline_store::{Blobs, Metadata};

use super::answer::{Answer, BatchAnswer};
use super::clock::Clock;
use super::error::ServiceError;
use super::event::{Ask, Event};
use super::jobs::JobQueue;
use super::live::Live;
use super::registration::Registration;
use super::results::ExperimentResult;
use super::settings::{ServiceSettings, Shipped};

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
}

impl Service {
    /// Opens the service's folder: migrates the database, registers shipped models at the first
    /// start, loads all active versions, starts what runs beside requests. To be called on a Tokio
    /// runtime.
    pub async fn open(
        settings: ServiceSettings,
        shipped: &[Shipped],
    ) -> Result<Arc<Self>, ServiceError> {
        let _ = (settings, shipped);
        Err(absent())
    }

    /// As [`Service::open`], over another database.
    pub async fn with_store(
        settings: ServiceSettings,
        store: Arc<dyn Metadata>,
        blobs: Blobs,
        shipped: &[Shipped],
    ) -> Result<Arc<Self>, ServiceError> {
        let _ = shipped;
        let (detections, _) = broadcast::channel(DETECTION_EVENTS);
        let live = ArcSwap::from_pointee(Live::default());
        let jobs = JobQueue::default();
        let service = Arc::new(Self { settings, store, blobs, live, detections, jobs });
        service.jobs.start(&service).await?;
        Ok(service)
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
        ServiceCounts::default()
    }

    /// Judges an event. Takes microseconds of the processor, waits for nothing.
    pub fn predict(&self, event: &Event<'_>, ask: &Ask<'_>) -> Result<Answer, ServiceError> {
        let _ = (event, ask);
        Err(absent())
    }

    /// Judges many rows of a task on all cores; to be called where blocking is allowed.
    ///
    /// Columns are found by name. Rows over the threshold are stored as detections.
    pub fn predict_rows(
        &self,
        task: &str,
        rows: &Rows,
        ask: &Ask<'_>,
    ) -> Result<BatchAnswer, ServiceError> {
        let _ = (task, rows, ask);
        Err(absent())
    }

    /// Waits until the detection of an answer is on disk; at once if there is none.
    pub async fn stored(&self, answer: &Answer) -> Result<(), ServiceError> {
        let _ = answer;
        Err(absent())
    }

    /// As [`Service::stored`], of a batch.
    pub async fn batch_stored(&self, answer: &BatchAnswer) -> Result<(), ServiceError> {
        let _ = answer;
        Err(absent())
    }

    /// Registers a model's file as a candidate.
    pub async fn register(
        &self,
        file: Bytes,
        what: Registration,
        change: &Change,
    ) -> Result<ModelVersion, ServiceError> {
        let _ = (file, what, change);
        Err(absent())
    }

    /// Makes a version (by id or alias) the active one of its name, after all checks.
    pub async fn deploy(&self, id: &str, change: &Change) -> Result<Deployed, ServiceError> {
        let _ = (id, change);
        Err(absent())
    }

    /// Makes the version that was active before the active one again. `id` is a version's id, an
    /// alias or a name; the name's active version is left.
    pub async fn roll_back(&self, id: &str, change: &Change) -> Result<Deployed, ServiceError> {
        let _ = (id, change);
        Err(absent())
    }

    /// Puts a version into the shadow, out of it, or away. Not [`Status::Active`]: that is
    /// [`Service::deploy`].
    pub async fn set_status(
        &self,
        id: &str,
        status: Status,
        change: &Change,
    ) -> Result<ModelVersion, ServiceError> {
        let _ = (id, status, change);
        Err(absent())
    }

    /// Points an alias to a version, or takes it away.
    pub async fn set_alias(
        &self,
        alias: &str,
        id: Option<&str>,
        change: &Change,
    ) -> Result<(), ServiceError> {
        let _ = (alias, id, change);
        Err(absent())
    }

    /// Forgets a version with its blobs.
    pub async fn delete(&self, id: &str, change: &Change) -> Result<ModelVersion, ServiceError> {
        let _ = (id, change);
        Err(absent())
    }

    /// Splits the traffic of a name: `share` of the entities go to `treatment`.
    pub async fn start_experiment(
        &self,
        name: &str,
        treatment: &str,
        share: f64,
        change: &Change,
    ) -> Result<Experiment, ServiceError> {
        let _ = (name, treatment, share, change);
        Err(absent())
    }

    /// Ends the experiment of a name.
    pub async fn end_experiment(&self, name: &str, change: &Change) -> Result<(), ServiceError> {
        let _ = (name, change);
        Err(absent())
    }

    /// What the experiment of a name has shown so far; none without one.
    pub async fn experiment_result(
        &self,
        name: &str,
    ) -> Result<Option<ExperimentResult>, ServiceError> {
        let _ = name;
        Err(absent())
    }

    /// Sets the rule by which the service itself rolls a name back, or takes it away.
    pub async fn set_rollback_rule(
        &self,
        name: &str,
        rule: Option<&RollbackRule>,
        change: &Change,
    ) -> Result<(), ServiceError> {
        let _ = (name, rule, change);
        Err(absent())
    }

    /// Finishes what waits to be written, ends what runs beside requests.
    pub async fn shut_down(&self) {
        self.jobs.shut_down().await;
    }
}

fn absent() -> ServiceError {
    ServiceError::Internal { reason: "not there yet".to_owned() }
}
