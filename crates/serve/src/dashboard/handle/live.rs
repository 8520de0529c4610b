//! What happens now, as server-sent events: detections as rows of a table, jobs as they go on.

use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::stream;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior};
use tripline_engine::service::jobs::JobEvent;
use tripline_store::records::{Job, JobFilter, NewDetection, PageRequest};

use super::super::fields::Fields;
use super::super::stored;
use super::super::view::overview::{self, Overview};
use super::super::view::{detections, job};
use super::super::visit::{Answer, Visit};
use crate::app::App;
use crate::listen;

/// Between two looks at what the counters of the overview say.
const PULSE: Duration = Duration::from_secs(2);
/// Looks without a change after which they are drawn anew: what is older than a day leaves them.
const QUIET: u32 = 30;

struct Listening {
    app: Arc<App>,
    /// The fields of the overview's address, for a reader of it.
    overview: Option<Fields>,
    pulse: Interval,
    /// What the counters were, and for how many looks.
    known: (Signs, u32),
    /// Jobs as they stand: one may have ended since its page was drawn.
    first: std::vec::IntoIter<Job>,
    detections: Receiver<Arc<NewDetection>>,
    jobs: Receiver<JobEvent>,
}

/// What tells, without asking the database, that the overview has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Signs {
    written: u64,
    predictions: u64,
}

/// The stream; it ends when the service stops, or the session does. A reader of the overview names its address in
/// `overview`, and gets its parts anew when they change.
pub(crate) async fn stream(visit: Visit) -> Answer {
    let service = visit.app.service();
    let (detections, jobs) = (service.detection_events(), service.job_events());
    let page = PageRequest { limit: 50, after: None };
    let known = visit.app.store().jobs(&JobFilter::default(), &page).await?;
    let first = known.items.into_iter();
    let overview = visit
        .fields
        .get("overview")
        .map(|query| Fields::parse(query.trim_start_matches('?')).unwrap_or_default());
    let mut pulse = tokio::time::interval(PULSE);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let listening = Listening {
        app: visit.app.clone(),
        overview,
        pulse,
        known: (Signs::default(), QUIET),
        first,
        detections,
        jobs,
    };
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
                _ = listening.pulse.tick(), if listening.overview.is_some() => {
                    match listening.parts().await {
                        Some(event) => event,
                        None => continue,
                    }
                }
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

impl Listening {
    /// The parts of the overview, if they may have changed; what cannot be read is left for the
    /// next look.
    async fn parts(&mut self) -> Option<Event> {
        let fields = self.overview.as_ref()?;
        let service = self.app.service();
        let live = service.live();
        let signs = Signs {
            written: service.counts().written,
            predictions: live.served().map(|served| served.counts().predictions).sum(),
        };
        let (known, looks) = &mut self.known;
        if signs == *known && *looks < QUIET {
            *looks += 1;
            // Tallies are written a moment after what they count.
            if *looks > 1 {
                return None;
            }
        } else {
            self.known = (signs, 0);
        }
        let now = service.clock().now();
        let draw = |shown: &Overview<'_>| {
            let parts = overview::parts(shown);
            parts
                .into_iter()
                .map(|(name, part)| (name.to_owned(), part.into_string().into()))
                .collect()
        };
        let told: serde_json::Map<String, serde_json::Value> =
            super::overview::with(&self.app, fields, now, draw).await.ok()?;
        Some(Event::default().event("parts").data(serde_json::Value::Object(told).to_string()))
    }
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
