//! Noting how a job ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tripline_store::MetadataError;
use tripline_store::records::{Change, Job, JobState, Outcome};

use crate::service::Service;

/// Pauses between attempts to note how a job ended.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Notes how a job ended, again and again where the database refuses: a full disk must not leave
/// it running for ever. None once the service stops.
pub(super) async fn note_end(
    service: &Arc<Service>,
    id: &str,
    outcome: &Outcome,
    stop: &mut watch::Receiver<bool>,
) -> Option<Job> {
    let mut pause = FIRST_PAUSE;
    loop {
        let change = Change::system(service.clock().now(), "the attempt ended");
        let error = match service.store().finish(id, outcome, &change).await {
            Ok(job) => return Some(job),
            Err(error) => error,
        };
        // Its end is noted, though that was told as an error.
        if let (MetadataError::Conflict { .. }, Ok(Some(job))) =
            (&error, service.store().job(id).await)
            && job.state != JobState::Running
        {
            return Some(job);
        }
        tracing::error!(job = id, %error, "the end of a job cannot be noted yet");
        if *stop.borrow() || matches!(error, MetadataError::NotFound { .. }) {
            return None;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
