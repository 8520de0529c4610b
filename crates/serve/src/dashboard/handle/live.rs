//! What happens now, as server-sent events: detections as rows of a table, jobs as they go on.

use std::sync::Arc;

use axum::response::sse::Event;
use futures_util::stream;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tripline_engine::service::jobs::JobEvent;
use tripline_store::records::{Job, JobFilter, NewDetection, PageRequest};

use super::super::stored;
use super::super::view::{detections, job};
use super::super::visit::{Answer, Visit};
use crate::listen;

struct Listening {
    /// Jobs as they stand: one may have ended since its page was drawn.
    first: std::vec::IntoIter<Job>,
    detections: Receiver<Arc<NewDetection>>,
    jobs: Receiver<JobEvent>,
}

/// The stream; it ends when the service stops, or the session does.
pub(crate) async fn stream(visit: Visit) -> Answer {
    let service = visit.app.service();
    let (detections, jobs) = (service.detection_events(), service.job_events());
    let page = PageRequest { limit: 50, after: None };
    let known = visit.app.store().jobs(&JobFilter::default(), &page).await?;
    let first = known.items.into_iter();
    let listening = Listening { first, detections, jobs };
    let events = stream::unfold(listening, |mut listening| async move {
        if let Some(job) = listening.first.next() {
            return Some((of_job(&job), listening));
        }
        loop {
            let event = tokio::select! {
                told = listening.detections.recv() => match told {
                    Ok(detection) => of_detection(&detection),
                    // A slow reader misses some: the list has them all.
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return None,
                },
                told = listening.jobs.recv() => match told {
                    Ok(told) => of_job(&told.job),
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return None,
                },
            };
            return Some((event, listening));
        }
    });
    listen::answer(&visit.app, &visit.caller, events)
}

fn of_detection(detection: &NewDetection) -> Event {
    let told = json!({
        "at": detection.at.0 as f64 / 1e6,
        "severity": detection.severity.name(),
        "kind": detection.kind,
        "row": detections::row(detection, None).into_string(),
    });
    Event::default().event("detection").data(told.to_string())
}

fn of_job(told: &Job) -> Event {
    let figures = stored::figures(&told.metrics);
    let told = json!({
        "id": told.id,
        "state": told.state.name(),
        "progress": told.progress,
        "step": told.step,
        "figures": job::figures(&figures),
    });
    Event::default().event("job").data(told.to_string())
}
