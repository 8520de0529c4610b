//! Shadow versions: scored after the answer, beside it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tripline_features::MissingColumns;
use tripline_store::Timestamp;
use tripline_store::records::ShadowScore;

use super::event::{Ask, Reasons};
use super::predict::outcome;
use super::recorder::Recorder;
use super::row::Row;
use super::served::Served;

/// Scores that are handed to the writer together.
const TOGETHER: usize = 256;

/// An event that was answered, for its shadow versions.
#[derive(Debug)]
pub(crate) struct ShadowEvent {
    pub(crate) row: Row,
    pub(crate) shadows: Vec<Arc<Served>>,
    pub(crate) at: Timestamp,
    pub(crate) prediction: String,
    pub(crate) active: Arc<str>,
    pub(crate) probability: f64,
    pub(crate) alert: bool,
}

/// The queue before the thread that scores; what does not fit is dropped and counted.
#[derive(Debug)]
pub(crate) struct Shadows {
    sender: Mutex<Option<SyncSender<ShadowEvent>>>,
    recorder: Arc<Recorder>,
}

impl Shadows {
    /// With what the thread reads from.
    pub(crate) fn new(capacity: usize, recorder: Arc<Recorder>) -> (Self, Receiver<ShadowEvent>) {
        let (sender, receiver) = sync_channel(capacity.max(1));
        (Self { sender: Mutex::new(Some(sender)), recorder }, receiver)
    }

    pub(crate) fn push(&self, event: ShadowEvent) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = sender.as_ref() else { return };
        if let Err(TrySendError::Full(_)) = sender.try_send(event) {
            self.recorder.dropped_shadow();
        }
    }

    /// Ends the thread once it has scored what waits.
    pub(crate) fn close(&self) {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Scores until the queue is closed: the body of a thread of its own.
pub(crate) fn run(events: &Receiver<ShadowEvent>, recorder: &Recorder) {
    while let Ok(first) = events.recv() {
        let mut scores = Vec::new();
        score(&first, &mut scores);
        while scores.len() < TOGETHER
            && let Ok(next) = events.try_recv()
        {
            score(&next, &mut scores);
        }
        recorder.push_shadow(scores);
    }
}

fn score(event: &ShadowEvent, scores: &mut Vec<ShadowScore>) {
    let ask =
        Ask { reasons: Reasons::None, missing_columns: MissingColumns::Fill, ..Ask::default() };
    for served in &event.shadows {
        let started = Instant::now();
        match outcome(&event.row, served, &ask) {
            Ok(outcome) => {
                served.arms.shadow.answered(outcome.attack, started.elapsed());
                scores.push(ShadowScore {
                    at: event.at,
                    prediction: event.prediction.clone(),
                    model_id: served.id.to_string(),
                    probability: outcome.probability,
                    alert: outcome.attack,
                    active_id: event.active.to_string(),
                    active_probability: event.probability,
                    active_alert: event.alert,
                });
            }
            Err(_) => served.arms.shadow.failed(),
        }
    }
}
