//! Jobs: work that outlives its request.
//!
//! A job is acknowledged when it stands in the database. Workers take the one of highest priority,
//! run it on a thread of its own over a pool of threads of lower priority, and note progress at
//! most twice a second. What ran when the service was killed is queued again at the next start: a
//! training begins anew with the same seed, so it gives the same bytes; one whose model was
//! written already goes on by registering it. The registration carries the job's id, so no job
//! registers twice.

mod accept;
mod attempt;
mod counts;
mod deploy;
mod detections;
mod ending;
mod error;
mod figures;
mod gather;
mod join;
mod leftovers;
mod make;
mod plan;
mod query;
mod queue;
mod room;
mod settings;
mod source;
mod spec;
#[cfg(test)]
mod tests;
mod tracker;
mod uploads;

pub(crate) use leftovers::sweep_runs;

pub use error::JobError;
pub use queue::{JobEvent, JobQueue};
pub use settings::JobSettings;
pub use spec::{Accepted, FeatureJoin, TrainingSpec};
pub use uploads::{Upload, UploadWriter};

use tokio::sync::broadcast;
use tripline_store::records::{Change, Job, JobFilter, JobState, NewJob, PageRequest};

use super::{Service, ServiceError};

/// The kind of a job that trains.
pub const TRAINING: &str = "training";

/// Attempts of a job that asks for no number.
const ATTEMPTS: u32 = 3;

impl Service {
    /// Queues a training. Everything that can be known to be wrong at little cost is an error now.
    ///
    /// # Errors
    /// [`JobError`] names the field with what there is.
    pub async fn submit_training(
        &self,
        spec: TrainingSpec,
        change: &Change,
    ) -> Result<Job, ServiceError> {
        let limit = self.settings.jobs.max_waiting.clamp(1, 1000);
        let filter = JobFilter { state: Some(JobState::Queued), kind: None };
        let page = PageRequest { limit, after: None };
        if self.store.jobs(&filter, &page).await?.items.len() >= limit as usize {
            return Err(JobError::Full { limit }.into());
        }
        let accepted = accept::accept(self, spec).await?;
        let spec = serde_json::to_string(&accepted)
            .map_err(|error| ServiceError::Internal { reason: error.to_string() })?;
        let max_attempts = match accepted.asked.max_attempts {
            0 => ATTEMPTS,
            attempts => attempts,
        };
        let priority = accepted.asked.priority;
        let job = NewJob { kind: TRAINING.to_owned(), priority, spec, max_attempts };
        let job = self.store.submit(&job, change).await?;
        self.jobs.shared.tell(&job);
        self.jobs.shared.waiting.notify_one();
        Ok(job)
    }

    /// Asks a job to stop: one that waits is cancelled at once, one that runs within a step.
    pub async fn cancel_job(&self, id: &str, change: &Change) -> Result<Job, ServiceError> {
        let job = self.store.cancel(id, change).await?;
        self.jobs.shared.cancel(id);
        self.jobs.shared.tell(&job);
        Ok(job)
    }

    /// Queues a failed or cancelled job again.
    pub async fn retry_job(&self, id: &str, change: &Change) -> Result<Job, ServiceError> {
        let job = self.store.retry(id, change).await?;
        self.jobs.shared.tell(&job);
        self.jobs.shared.waiting.notify_one();
        Ok(job)
    }

    /// How often jobs reached each state since the service was started.
    pub fn jobs_reached(&self) -> [(JobState, u64); JobState::ALL.len()] {
        self.jobs.shared.reached.counts()
    }

    /// Jobs as they change.
    pub fn job_events(&self) -> broadcast::Receiver<JobEvent> {
        self.jobs.shared.events.subscribe()
    }
}
