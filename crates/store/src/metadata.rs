//! The traits behind which a database stands: one for each kind of record.
//!
//! A write is durable when its future is ready, and stands in the audit trail by the same
//! transaction where it takes a [`Change`]. Another database is another implementation of these
//! traits; nothing above knows which one there is.

mod error;
mod idempotency;
mod retention;

pub use error::MetadataError;
pub use idempotency::{Begun, Idempotency, StoredAnswer};
pub use retention::Retention;

use async_trait::async_trait;
use tripline_core::verdict::Severity;

use crate::records::{
    ApiKey, Artefact, AuditEntry, AuditHead, Change, Deployed, Detection, DetectionFilter,
    Experiment, FeatureRow, FeatureView, Feedback, Job, JobFilter, JobState, ModelVersion,
    NewDetection, NewJob, NewRun, NewVersion, Outcome, Page, PageRequest, RollbackRule, Run,
    RunFilter, RunState, Session, ShadowComparison, ShadowScore, Status, Tally, TallyFilter, User,
    VersionFilter,
};
use crate::time::Timestamp;

/// What the methods give.
pub type Result<T> = std::result::Result<T, MetadataError>;

/// Versions of models.
#[async_trait]
pub trait Models {
    /// Registers a version as a candidate; its number is the next of its name. Conflict for a job
    /// that was asked to stop.
    async fn add_version(&self, version: &NewVersion, change: &Change) -> Result<ModelVersion>;
    /// The version of that id, or of that alias.
    async fn version(&self, id: &str) -> Result<Option<ModelVersion>>;
    /// Versions, newest first.
    async fn versions(&self, filter: &VersionFilter) -> Result<Vec<ModelVersion>>;
    /// Makes a version the active one of its name; the one before becomes archived. An experiment
    /// of the name ends. Deploying the active version changes nothing.
    async fn deploy(&self, id: &str, change: &Change) -> Result<Deployed>;
    /// Makes the version that was active before the active one of that name active again; the one
    /// that is left becomes archived. Conflict if there is none.
    async fn roll_back(&self, name: &str, change: &Change) -> Result<Deployed>;
    /// The version that [`Models::roll_back`] would make active now; none if it would refuse.
    async fn roll_back_target(&self, name: &str) -> Result<Option<String>>;
    /// Sets another status than active. Conflict for the active version, and for one that stands
    /// in an experiment.
    async fn set_status(&self, id: &str, status: Status, change: &Change) -> Result<ModelVersion>;
    /// Points an alias to a version, or takes it away.
    async fn set_alias(&self, alias: &str, id: Option<&str>, change: &Change) -> Result<()>;
    /// Forgets a version that is not active, in no experiment, without alias; gives it for the last
    /// time, so that its blobs can be removed.
    async fn delete_version(&self, id: &str, change: &Change) -> Result<ModelVersion>;
    /// Begins an experiment in place of the name's last one, or ends it.
    async fn set_experiment(
        &self,
        name: &str,
        experiment: Option<&Experiment>,
        change: &Change,
    ) -> Result<()>;
    /// All experiments under way.
    async fn experiments(&self) -> Result<Vec<Experiment>>;
    /// Sets the rule of a name, or takes it away.
    async fn set_rollback_rule(
        &self,
        name: &str,
        rule: Option<&RollbackRule>,
        change: &Change,
    ) -> Result<()>;
    /// All rules.
    async fn rollback_rules(&self) -> Result<Vec<RollbackRule>>;
    /// The versions of a name that were active, newest first, with the time at which each became
    /// so.
    async fn history(&self, name: &str) -> Result<Vec<(String, Timestamp)>>;
}

/// Jobs.
#[async_trait]
pub trait Jobs {
    /// Queues a job.
    async fn submit(&self, job: &NewJob, change: &Change) -> Result<Job>;
    /// The job of that id.
    async fn job(&self, id: &str) -> Result<Option<Job>>;
    /// Jobs, newest first.
    async fn jobs(&self, filter: &JobFilter, page: &PageRequest) -> Result<Page<Job>>;
    /// How many jobs of a kind are in each state; a state without jobs may be missing.
    async fn count_jobs(&self, kind: &str) -> Result<Vec<(JobState, u64)>>;
    /// Takes the next job: the highest priority, the oldest of equals. None if none waits.
    async fn claim(&self, now: Timestamp) -> Result<Option<Job>>;
    /// Notes progress of a running job; tells whether somebody asked it to stop.
    async fn progress(&self, id: &str, progress: f64, step: &str, metrics: &str) -> Result<bool>;
    /// Keeps what a next attempt can go on from.
    async fn checkpoint(&self, id: &str, checkpoint: &str) -> Result<()>;
    /// Ends an attempt. A failed one with attempts left is queued again if its outcome says so.
    async fn finish(&self, id: &str, outcome: &Outcome, change: &Change) -> Result<Job>;
    /// Asks a job to stop: one that waits is cancelled at once. Conflict at its end, and once it has
    /// registered its model.
    async fn cancel(&self, id: &str, change: &Change) -> Result<Job>;
    /// Queues a failed or cancelled job again. Conflict otherwise.
    async fn retry(&self, id: &str, change: &Change) -> Result<Job>;
    /// Queues again what was running when the service before this one ended; those without
    /// attempts left fail. To be called once, before the first claim. Gives their ids.
    async fn take_over(&self, change: &Change) -> Result<Vec<String>>;
}

/// Detections with what is said of them.
#[async_trait]
pub trait Detections {
    /// Stores many at once, in one transaction. An id that is there already is left as it is.
    async fn add_detections(&self, detections: &[NewDetection]) -> Result<()>;
    /// The detection of that id.
    async fn detection(&self, id: &str) -> Result<Option<Detection>>;
    /// Detections, newest first.
    async fn detections(
        &self,
        filter: &DetectionFilter,
        page: &PageRequest,
    ) -> Result<Page<Detection>>;
    /// The same without what a list does not show: `event` and `reasons` are empty.
    async fn detection_heads(
        &self,
        filter: &DetectionFilter,
        page: &PageRequest,
    ) -> Result<Page<Detection>>;
    /// How many.
    async fn count_detections(&self, filter: &DetectionFilter) -> Result<u64>;
    /// Counts by start of a bucket of that width, class, severity; the oldest first.
    async fn detections_over_time(
        &self,
        filter: &DetectionFilter,
        bucket_micros: i64,
    ) -> Result<Vec<(Timestamp, String, Severity, u64)>>;
    /// Stores a judgement. Not found if there is no such detection.
    async fn add_feedback(&self, feedback: &Feedback, change: &Change) -> Result<()>;
    /// All judgements of a detection, newest first.
    async fn feedback(&self, detection: &str) -> Result<Vec<Feedback>>;
    /// Adds counts.
    async fn add_tallies(&self, tallies: &[Tally]) -> Result<()>;
    /// Counts, the oldest first.
    async fn tallies(&self, filter: &TallyFilter) -> Result<Vec<Tally>>;
    /// Stores what shadow versions said.
    async fn add_shadow_scores(&self, scores: &[ShadowScore]) -> Result<()>;
    /// Each shadow version of a name's versions beside what answered.
    async fn shadow_comparisons(&self, since: Timestamp) -> Result<Vec<ShadowComparison>>;
    /// True and false positives by version and arm, from judged detections.
    async fn judged_by_arm(&self, since: Timestamp) -> Result<Vec<(String, String, u64, u64)>>;
}

/// The feature store.
#[async_trait]
pub trait Features {
    /// Defines a view, or gives the one there further features.
    async fn define_view(&self, view: &FeatureView, change: &Change) -> Result<()>;
    /// All views.
    async fn views(&self) -> Result<Vec<FeatureView>>;
    /// Stores rows, in one transaction, with one audit entry for all. A row of the same entity and
    /// time takes the place of the one there.
    async fn put_features(&self, view: &str, rows: &[FeatureRow], change: &Change) -> Result<()>;
    /// The newest row of each entity; none where nothing is known, or only what is too old at
    /// `now`.
    async fn latest_features(
        &self,
        view: &str,
        entities: &[String],
        now: Timestamp,
    ) -> Result<Vec<Option<FeatureRow>>>;
    /// For each entity with a time the newest row that is not younger than that time, so that a
    /// training row never sees what came after it.
    async fn features_as_of(
        &self,
        view: &str,
        points: &[(String, Timestamp)],
    ) -> Result<Vec<Option<FeatureRow>>>;
}

/// Runs.
#[async_trait]
pub trait Runs {
    /// Begins a run. A job's second attempt gets the run of its first, emptied.
    async fn begin_run(&self, run: &NewRun, at: Timestamp) -> Result<Run>;
    /// Notes a figure at a step.
    async fn log_metrics(&self, run: &str, step: u64, metrics: &[(String, f64)]) -> Result<()>;
    /// Ends a run with figures, artefacts, model.
    async fn end_run(
        &self,
        run: &str,
        state: RunState,
        artefacts: &[Artefact],
        model_id: Option<&str>,
        at: Timestamp,
    ) -> Result<()>;
    /// The run of that id.
    async fn run(&self, id: &str) -> Result<Option<Run>>;
    /// Runs, newest first.
    async fn runs(&self, filter: &RunFilter, page: &PageRequest) -> Result<Page<Run>>;
    /// All values of a figure: step, value.
    async fn metric_history(&self, run: &str, metric: &str) -> Result<Vec<(u64, f64)>>;
}

/// Keys, users, sessions.
#[async_trait]
pub trait Access {
    /// Stores a key. Conflict if its id is there.
    async fn add_key(&self, key: &ApiKey, change: &Change) -> Result<()>;
    /// All keys, revoked ones too, newest first.
    async fn keys(&self) -> Result<Vec<ApiKey>>;
    /// Takes a key back.
    async fn revoke_key(&self, id: &str, change: &Change) -> Result<()>;
    /// Notes that a key was used.
    async fn touch_key(&self, id: &str, at: Timestamp) -> Result<()>;
    /// Stores a user, or gives the one of that name another password and other scopes, which ends
    /// its sessions.
    async fn put_user(&self, user: &User, change: &Change) -> Result<()>;
    /// The user of that name.
    async fn user(&self, name: &str) -> Result<Option<User>>;
    /// All users.
    async fn users(&self) -> Result<Vec<User>>;
    /// Forgets a user with its sessions.
    async fn remove_user(&self, name: &str, change: &Change) -> Result<()>;
    /// Begins a session.
    async fn add_session(&self, session: &Session, change: &Change) -> Result<()>;
    /// The session of that hash, unless it is over at `now`.
    async fn session(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<Session>>;
    /// Ends a session.
    async fn end_session(&self, hash: &[u8; 32], change: &Change) -> Result<()>;
    /// A setting that was changed at run time, as JSON.
    async fn setting(&self, name: &str) -> Result<Option<String>>;
    /// Changes a setting, or takes it away.
    async fn set_setting(&self, name: &str, value: Option<&str>, change: &Change) -> Result<()>;
}

/// The audit trail.
#[async_trait]
pub trait Audit {
    /// Adds an entry for something that is not stored here, such as a refused log-in.
    async fn record(&self, action: &str, object: &str, detail: &str, change: &Change)
    -> Result<()>;
    /// Entries, newest first; of that object alone if given.
    async fn entries(&self, object: Option<&str>, page: &PageRequest) -> Result<Page<AuditEntry>>;
    /// The signed end; none while the trail is empty.
    async fn head(&self) -> Result<Option<AuditHead>>;
    /// Entries from a number on, the oldest first, at most `limit`: for checking the chain.
    async fn entries_from(&self, sequence: u64, limit: u32) -> Result<Vec<AuditEntry>>;
}

/// All metadata of a service.
pub trait Metadata:
    Models
    + Jobs
    + Detections
    + Features
    + Runs
    + Access
    + Audit
    + Idempotency
    + Retention
    + Send
    + Sync
    + std::fmt::Debug
{
}
