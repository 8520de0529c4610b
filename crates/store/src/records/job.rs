//! A job: work that outlives its request.

use crate::time::Timestamp;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// Waits for a worker.
    Queued,
    /// Is being worked on.
    Running,
    /// Done.
    Completed,
    /// Given up.
    Failed,
    /// Stopped by someone.
    Cancelled,
}

impl JobState {
    /// All of them.
    pub const ALL: [JobState; 5] =
        [Self::Queued, Self::Running, Self::Completed, Self::Failed, Self::Cancelled];

    /// The name in the store and in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// From its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether it will not change again by itself.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// A job to be queued.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// What a worker is to do: `training`, `batch`.
    pub kind: String,
    /// Higher goes first; equals go in the order they came. 0 is usual.
    pub priority: i32,
    /// What to do in detail: JSON that the layers above write and read.
    pub spec: String,
    /// How often it may be started, at least 1.
    pub max_attempts: u32,
}

/// A job.
#[derive(Debug, Clone)]
pub struct Job {
    /// `job-…`.
    pub id: String,
    /// What it was queued with.
    pub what: NewJob,
    /// Where it stands.
    pub state: JobState,
    /// Who queued it.
    pub actor: String,
    /// When it was queued.
    pub submitted_at: Timestamp,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
    /// When it reached its end.
    pub finished_at: Option<Timestamp>,
    /// How often it was started.
    pub attempt: u32,
    /// The part that is done, in [0, 1].
    pub progress: f64,
    /// What it is doing, such as `fitting`.
    pub step: String,
    /// Figures so far or at the end, as JSON: an object of numbers.
    pub metrics: String,
    /// What a next attempt can go on from: JSON of the worker's own.
    pub checkpoint: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// What it made: the id of a model, for training.
    pub result: Option<String>,
    /// Somebody asked it to stop.
    pub cancel_requested: bool,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Done.
    Completed {
        /// Final figures: a JSON object of numbers.
        metrics: String,
        /// What it made.
        result: Option<String>,
    },
    /// Failed; queued again while attempts are left and `retry` holds.
    Failed {
        /// Why.
        error: String,
        /// Whether another attempt could do better.
        retry: bool,
    },
    /// Stopped because somebody asked.
    Cancelled,
    /// Put back because the service stops; does not count as an attempt.
    Parked,
}

/// Which jobs.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// In this state alone.
    pub state: Option<JobState>,
    /// Of this kind alone.
    pub kind: Option<String>,
}
