//! What the service is started with.

use std::path::PathBuf;
use std::time::Duration;

use tripline_store::{Limits, PublicKey};

use super::clock::Clock;
use super::jobs::JobSettings;

/// What the service is started with.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// The folder of database, blobs and the key of the audit trail; made if it is not there.
    pub folder: PathBuf,
    /// Where the time comes from.
    pub clock: Clock,
    /// Keys whose signature a model must carry; none takes unsigned models too.
    pub trusted_keys: Vec<PublicKey>,
    /// Bounds on a model's file.
    pub limits: Limits,
    /// Model names in the order in which they are asked for a record; names that are not listed
    /// follow in the order in which they were registered.
    pub precedence: Vec<String>,
    /// Detections that may wait to be written.
    pub queue: usize,
    /// What happens to a detection when the queue is full.
    pub on_full: OnFull,
    /// How long a detection waits at most for others to be written with it.
    pub commit_every: Duration,
    /// Answers that may wait for the scores of shadow versions.
    pub shadow_queue: usize,
    /// Bytes of the result cache; 0 keeps none.
    pub cache_bytes: u64,
    /// Records of a batch that are scored together.
    pub batch_rows: usize,
    /// How jobs run.
    pub jobs: JobSettings,
    /// How long things are kept.
    pub retention: RetentionSettings,
}

/// How long things are kept; none is for ever, or without a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Detections that nobody has judged.
    pub detections: Option<Duration>,
    /// Detections that somebody has judged.
    pub judged: Option<Duration>,
    /// Detections that nobody has judged, at most; beyond, the oldest go.
    pub max_detections: Option<u64>,
    /// Bytes of the database at most; beyond, the oldest shadow scores go, then the oldest
    /// detections that nobody has judged.
    pub max_database_bytes: Option<u64>,
    /// What shadow versions said.
    pub shadow_scores: Option<Duration>,
    /// Counts of answers by hour.
    pub tallies: Option<Duration>,
    /// Rows of the feature store.
    pub feature_rows: Option<Duration>,
    /// Jobs that have ended, and runs of which no version is left.
    pub jobs: Option<Duration>,
    /// Answers to requests with an idempotency key.
    pub idempotency_keys: Duration,
}

/// A day.
const DAY: Duration = Duration::from_secs(86_400);

impl Default for RetentionSettings {
    fn default() -> Self {
        Self {
            detections: Some(90 * DAY),
            judged: None,
            // Some GB, with an event of a few hundred bytes.
            max_detections: Some(5_000_000),
            max_database_bytes: Some(16 << 30),
            shadow_scores: Some(14 * DAY),
            // A year to compare with, and a little.
            tallies: Some(400 * DAY),
            feature_rows: Some(400 * DAY),
            jobs: Some(400 * DAY),
            idempotency_keys: DAY,
        }
    }
}

/// What happens to a detection when the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFull {
    /// The prediction is refused: [`ServiceError::Busy`](super::ServiceError::Busy).
    #[default]
    Refuse,
    /// The prediction is answered, the detection dropped and counted.
    Drop,
}

impl ServiceSettings {
    /// The defaults over that folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            clock: Clock::system(),
            trusted_keys: Vec::new(),
            // A forest of 1,000 trees of 1,000 nodes takes 50 MB.
            limits: Limits { max_file_bytes: 256 << 20, ..Limits::default() },
            precedence: Vec::new(),
            queue: 8192,
            on_full: OnFull::Refuse,
            commit_every: Duration::from_millis(20),
            shadow_queue: 1024,
            cache_bytes: 0,
            batch_rows: 4096,
            jobs: JobSettings::default(),
            retention: RetentionSettings::default(),
        }
    }
}

/// A model that the program brings along: registered and deployed at the first start.
#[derive(Debug, Clone, Copy)]
pub struct Shipped {
    /// The name that it is registered under.
    pub name: &'static str,
    /// What it takes: `flow`, …
    pub task: &'static str,
    /// Its file.
    pub bytes: &'static [u8],
}
