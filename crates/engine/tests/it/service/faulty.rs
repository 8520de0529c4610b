//! A database that keeps one waiting, or fails, after what it was asked is done.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::Notify;
use tripline_core::verdict::Severity;
use tripline_engine::service::{Service, ServiceSettings};
use tripline_store::metadata::{
    Access, Audit, Begun, Detections, Features, Idempotency, Jobs, Models, Result, Retention, Runs,
    StoredAnswer,
};
use tripline_store::records::{
    ApiKey, Artefact, AuditEntry, AuditHead, Change, Deployed, Detection, DetectionFilter,
    Experiment, FeatureRow, FeatureView, Feedback, Job, JobFilter, JobState, Kept, ModelVersion,
    NewDetection, NewJob, NewRun, NewVersion, Old, Outcome, Page, PageRequest, RollbackRule, Run,
    RunFilter, RunState, Session, ShadowComparison, ShadowScore, Status, Tally, TallyFilter, User,
    VersionFilter,
};
use tripline_store::{Blobs, Metadata, MetadataError, SecretKey, Sqlite, SqliteOptions, Timestamp};

/// What happens once a call has been answered by the database.
#[derive(Debug)]
enum Fault {
    /// The caller gets an error of the database.
    Fail,
    /// The caller waits until it is let go.
    Hold(Arc<Held>),
}

/// A call that is held.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// The database has done it.
    pub(crate) done: Notify,
    /// Lets it go.
    pub(crate) go: Notify,
}

/// A database with faults by the names of its methods.
#[derive(Debug)]
pub(crate) struct Faulty {
    inner: Sqlite,
    faults: Mutex<BTreeMap<&'static str, VecDeque<Fault>>>,
}

impl Faulty {
    /// Over a new database without a log of heads.
    pub(crate) async fn new(folder: &Path) -> Arc<Self> {
        let options = SqliteOptions::new(SecretKey::from_bytes([3; 32]), Timestamp(1));
        let inner = Sqlite::open(&folder.join("tripline.db"), options).await.unwrap();
        Arc::new(Self { inner, faults: Mutex::default() })
    }

    /// A service over it.
    pub(crate) async fn service(self: &Arc<Self>, settings: ServiceSettings) -> Arc<Service> {
        let blobs = Blobs::folder(&settings.folder.join("blobs")).unwrap();
        Service::with_store(settings, self.clone(), blobs, &[]).await.unwrap()
    }

    /// The next calls of a method are done, then fail.
    pub(crate) fn fail(&self, method: &'static str, times: usize) {
        let mut faults = self.faults.lock().unwrap();
        faults.entry(method).or_default().extend((0..times).map(|_| Fault::Fail));
    }

    /// The next call of a method is done, then held.
    pub(crate) fn hold(&self, method: &'static str) -> Arc<Held> {
        let held = Arc::new(Held::default());
        let fault = Fault::Hold(held.clone());
        self.faults.lock().unwrap().entry(method).or_default().push_back(fault);
        held
    }

    async fn after<T>(&self, method: &'static str, done: Result<T>) -> Result<T> {
        let fault = self.faults.lock().unwrap().get_mut(method).and_then(VecDeque::pop_front);
        match fault {
            None => done,
            Some(Fault::Fail) => done.and_then(|_| {
                let reason = "the disk is full".to_owned();
                Err(MetadataError::Database { path: "tripline.db".to_owned(), reason })
            }),
            Some(Fault::Hold(held)) => {
                held.done.notify_one();
                held.go.notified().await;
                done
            }
        }
    }
}

impl Metadata for Faulty {}

macro_rules! passed_on {
    ($kind:ident { $($method:ident($($name:ident: $type:ty),*) -> $given:ty;)* }) => {
        #[async_trait]
        impl $kind for Faulty {
            $(async fn $method(&self, $($name: $type),*) -> Result<$given> {
                let done = self.inner.$method($($name),*).await;
                self.after(stringify!($method), done).await
            })*
        }
    };
}

passed_on! { Models {
    add_version(version: &NewVersion, change: &Change) -> ModelVersion;
    version(id: &str) -> Option<ModelVersion>;
    versions(filter: &VersionFilter) -> Vec<ModelVersion>;
    deploy(id: &str, change: &Change) -> Deployed;
    roll_back(name: &str, change: &Change) -> Deployed;
    roll_back_target(name: &str) -> Option<String>;
    set_status(id: &str, status: Status, change: &Change) -> ModelVersion;
    set_alias(alias: &str, id: Option<&str>, change: &Change) -> ();
    delete_version(id: &str, change: &Change) -> ModelVersion;
    set_experiment(name: &str, experiment: Option<&Experiment>, change: &Change) -> ();
    experiments() -> Vec<Experiment>;
    set_rollback_rule(name: &str, rule: Option<&RollbackRule>, change: &Change) -> ();
    rollback_rules() -> Vec<RollbackRule>;
    history(name: &str) -> Vec<(String, Timestamp)>;
} }

passed_on! { Jobs {
    submit(job: &NewJob, change: &Change) -> Job;
    job(id: &str) -> Option<Job>;
    jobs(filter: &JobFilter, page: &PageRequest) -> Page<Job>;
    claim(now: Timestamp) -> Option<Job>;
    progress(id: &str, progress: f64, step: &str, metrics: &str) -> bool;
    checkpoint(id: &str, checkpoint: &str) -> ();
    finish(id: &str, outcome: &Outcome, change: &Change) -> Job;
    cancel(id: &str, change: &Change) -> Job;
    retry(id: &str, change: &Change) -> Job;
    take_over(change: &Change) -> Vec<String>;
    count_jobs(kind: &str) -> Vec<(JobState, u64)>;
} }

passed_on! { Detections {
    add_detections(detections: &[NewDetection]) -> ();
    detection(id: &str) -> Option<Detection>;
    detections(filter: &DetectionFilter, page: &PageRequest) -> Page<Detection>;
    count_detections(filter: &DetectionFilter) -> u64;
    detections_over_time(filter: &DetectionFilter, bucket_micros: i64) -> Vec<(Timestamp, String, Severity, u64)>;
    add_feedback(feedback: &Feedback, change: &Change) -> ();
    feedback(detection: &str) -> Vec<Feedback>;
    add_tallies(tallies: &[Tally]) -> ();
    tallies(filter: &TallyFilter) -> Vec<Tally>;
    add_shadow_scores(scores: &[ShadowScore]) -> ();
    shadow_comparisons(since: Timestamp) -> Vec<ShadowComparison>;
    judged_by_arm(since: Timestamp) -> Vec<(String, String, u64, u64)>;
    detection_heads(filter: &DetectionFilter, page: &PageRequest) -> Page<Detection>;
} }

passed_on! { Features {
    define_view(view: &FeatureView, change: &Change) -> ();
    views() -> Vec<FeatureView>;
    put_features(view: &str, rows: &[FeatureRow], change: &Change) -> ();
    latest_features(view: &str, entities: &[String], now: Timestamp) -> Vec<Option<FeatureRow>>;
    features_as_of(view: &str, points: &[(String, Timestamp)]) -> Vec<Option<FeatureRow>>;
} }

passed_on! { Runs {
    begin_run(run: &NewRun, at: Timestamp) -> Run;
    log_metrics(run: &str, step: u64, metrics: &[(String, f64)]) -> ();
    end_run(run: &str, state: RunState, artefacts: &[Artefact], model_id: Option<&str>, at: Timestamp) -> ();
    run(id: &str) -> Option<Run>;
    runs(filter: &RunFilter, page: &PageRequest) -> Page<Run>;
    metric_history(run: &str, metric: &str) -> Vec<(u64, f64)>;
} }

passed_on! { Access {
    add_key(key: &ApiKey, change: &Change) -> ();
    keys() -> Vec<ApiKey>;
    revoke_key(id: &str, change: &Change) -> ();
    touch_key(id: &str, at: Timestamp) -> ();
    put_user(user: &User, change: &Change) -> ();
    user(name: &str) -> Option<User>;
    users() -> Vec<User>;
    remove_user(name: &str, change: &Change) -> ();
    add_session(session: &Session, change: &Change) -> ();
    session(hash: &[u8; 32], now: Timestamp) -> Option<Session>;
    end_session(hash: &[u8; 32], change: &Change) -> ();
    setting(name: &str) -> Option<String>;
    set_setting(name: &str, value: Option<&str>, change: &Change) -> ();
} }

passed_on! { Audit {
    record(action: &str, object: &str, detail: &str, change: &Change) -> ();
    entries(object: Option<&str>, page: &PageRequest) -> Page<AuditEntry>;
    head() -> Option<AuditHead>;
    entries_from(sequence: u64, limit: u32) -> Vec<AuditEntry>;
} }

passed_on! { Idempotency {
    begin(actor: &str, key: &str, fingerprint: &[u8; 32], request: Option<&str>, now: Timestamp) -> Begun;
    complete(actor: &str, key: &str, answer: &StoredAnswer) -> ();
    abandon(actor: &str, key: &str) -> ();
} }

passed_on! { Retention {
    count_old(what: Kept, old: Old) -> u64;
    forget_old(what: Kept, old: Old, limit: u32) -> u64;
    bytes_in_use() -> u64;
    give_back(keep: u64) -> bool;
} }
