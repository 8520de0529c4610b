//! How often jobs reached each state.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tripline_store::records::{Job, JobState};

/// Counts since the start of the service: they only grow.
#[derive(Debug, Default)]
pub(super) struct Reached {
    counts: [AtomicU64; JobState::ALL.len()],
    /// Where each job that has not ended stood last.
    last: Mutex<HashMap<String, JobState>>,
}

impl Reached {
    /// Notes how a job stands; one that stands where it stood is not counted again.
    pub(super) fn note(&self, job: &Job) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match job.state.is_final() {
            true => last.remove(&job.id),
            false => last.insert(job.id.clone(), job.state),
        };
        if before != Some(job.state)
            && let Some(count) = self.counts.get(place(job.state))
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Each state with its count.
    pub(super) fn counts(&self) -> [(JobState, u64); JobState::ALL.len()] {
        JobState::ALL.map(|state| {
            let count = self.counts.get(place(state));
            (state, count.map_or(0, |count| count.load(Ordering::Relaxed)))
        })
    }
}

fn place(state: JobState) -> usize {
    JobState::ALL.iter().position(|other| *other == state).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use tripline_store::Timestamp;
    use tripline_store::records::NewJob;

    use super::*;

    #[test]
    fn a_state_counts_each_time_it_is_reached() {
        let reached = Reached::default();
        let mut job = Job {
            id: "job-1".to_owned(),
            what: NewJob {
                kind: "training".to_owned(),
                priority: 0,
                spec: "{}".to_owned(),
                max_attempts: 2,
            },
            state: JobState::Queued,
            actor: "local".to_owned(),
            submitted_at: Timestamp(0),
            started_at: None,
            finished_at: None,
            attempt: 0,
            progress: 0.0,
            step: String::new(),
            metrics: "{}".to_owned(),
            checkpoint: None,
            error: None,
            result: None,
            cancel_requested: false,
        };
        use JobState::{Failed, Queued, Running};
        // Told twice while it runs; failed, then asked for again.
        for state in [Queued, Running, Running, Failed, Queued, Running, Failed] {
            job.state = state;
            reached.note(&job);
        }
        let counts = reached.counts().map(|(_, count)| count);
        assert_eq!(counts, [2, 2, 0, 2, 0]);
        assert!(reached.last.lock().unwrap().is_empty());
    }
}
