//! Jobs.

use async_graphql::{Enum, ID, Json, Object, SimpleObject};
use tripline_store::records::{self, JobState};

use super::scalar::DateTime;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "JobState")]
pub(super) enum JobStateName {
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

impl From<JobState> for JobStateName {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Queued => Self::Queued,
            JobState::Running => Self::Running,
            JobState::Completed => Self::Completed,
            JobState::Failed => Self::Failed,
            JobState::Cancelled => Self::Cancelled,
        }
    }
}

impl From<JobStateName> for JobState {
    fn from(name: JobStateName) -> Self {
        match name {
            JobStateName::Queued => Self::Queued,
            JobStateName::Running => Self::Running,
            JobStateName::Completed => Self::Completed,
            JobStateName::Failed => Self::Failed,
            JobStateName::Cancelled => Self::Cancelled,
        }
    }
}

/// A job: work that outlives its request.
pub(super) struct Job(pub(super) records::Job);

#[Object]
impl Job {
    /// Its id.
    async fn id(&self) -> ID {
        ID::from(&self.0.id)
    }

    /// What a worker does, such as `training`.
    async fn kind(&self) -> &str {
        &self.0.what.kind
    }

    /// Where it stands.
    async fn state(&self) -> JobStateName {
        self.0.state.into()
    }

    /// The part that is done, 0 to 1.
    async fn progress(&self) -> f64 {
        self.0.progress
    }

    /// What it is doing.
    async fn step(&self) -> &str {
        &self.0.step
    }

    /// Figures so far, or at the end.
    async fn metrics(&self) -> Option<Json<serde_json::Value>> {
        serde_json::from_str(&self.0.metrics).ok().map(Json)
    }

    /// Higher goes first.
    async fn priority(&self) -> i32 {
        self.0.what.priority
    }

    /// How often it was started.
    async fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// How often it may be started.
    async fn max_attempts(&self) -> u32 {
        self.0.what.max_attempts
    }

    /// Why it failed.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// What it made: the id of a model, for training.
    async fn result(&self) -> Option<&str> {
        self.0.result.as_deref()
    }

    /// Somebody asked it to stop.
    async fn cancel_requested(&self) -> bool {
        self.0.cancel_requested
    }

    /// Who queued it.
    async fn actor(&self) -> &str {
        &self.0.actor
    }

    /// When it was queued.
    async fn submitted_at(&self) -> DateTime {
        DateTime(self.0.submitted_at)
    }

    /// When it was last started.
    async fn started_at(&self) -> Option<DateTime> {
        self.0.started_at.map(DateTime)
    }

    /// When it reached its end.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime)
    }
}

/// A page of jobs, the newest first.
#[derive(SimpleObject)]
pub(super) struct JobPage {
    /// The jobs.
    pub(super) items: Vec<Job>,
    /// `after` of the next page; null at the end.
    pub(super) next: Option<String>,
}
