//! How far a job is, and whether it shall go on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tripline_core::Progress;

/// Why a job shall stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Somebody asked for it.
    Cancelled,
    /// The service ends.
    Parked,
}

/// How far a job is: written by its threads, read by whoever tells others.
#[derive(Debug)]
pub(super) struct Tracker {
    /// The detector's id: a step `ID: NAME` is one split of a protocol.
    detector: String,
    started: Instant,
    stop: AtomicU8,
    state: Mutex<State>,
}

#[derive(Debug, Clone)]
struct State {
    /// The part of the whole that the phase begins with and spans.
    base: f64,
    span: f64,
    phase: String,
    /// Splits done, splits in all, and the one under way.
    split: Option<(u64, u64, String)>,
    /// Fits in the phase.
    fits: u64,
    inner: Option<(String, u64, u64)>,
    progress: f64,
    metrics: BTreeMap<String, f64>,
}

/// A reading of a tracker.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) progress: f64,
    pub(super) step: String,
    pub(super) metrics: String,
}

impl Tracker {
    pub(super) fn new(detector: &str) -> Self {
        Self {
            detector: detector.to_owned(),
            started: Instant::now(),
            stop: AtomicU8::new(0),
            state: Mutex::new(State {
                base: 0.0,
                span: 0.0,
                phase: "starting".to_owned(),
                split: None,
                fits: 1,
                inner: None,
                progress: 0.0,
                metrics: BTreeMap::new(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a phase that goes from one part of the whole to another and fits so many models.
    pub(super) fn phase(&self, name: &str, from: f64, to: f64, fits: u64) {
        let mut state = self.state();
        state.base = from;
        state.span = to - from;
        name.clone_into(&mut state.phase);
        state.split = None;
        state.inner = None;
        state.fits = fits.max(1);
        state.progress = state.progress.max(from);
    }

    /// Notes a figure.
    pub(super) fn figure(&self, name: &str, value: f64) {
        if value.is_finite() {
            self.state().metrics.insert(name.to_owned(), value);
        }
    }

    /// Asks the job to stop; the first reason stays.
    pub(super) fn stop(&self, why: Stop) {
        let code = match why {
            Stop::Cancelled => 1,
            Stop::Parked => 2,
        };
        let _ = self.stop.compare_exchange(0, code, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Why it shall stop.
    pub(super) fn stopped(&self) -> Option<Stop> {
        match self.stop.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(Stop::Cancelled),
            _ => Some(Stop::Parked),
        }
    }

    /// How far it is now.
    pub(super) fn reading(&self) -> Reading {
        let state = self.state();
        let mut step = state.phase.clone();
        if let Some((done, total, name)) = &state.split {
            let number = (done + 1).min(*total);
            step = format!("{step}, {name} ({number} of {total})");
        }
        if let Some((task, done, total)) = &state.inner {
            step = match total {
                0 => format!("{step}: {task} {done}"),
                _ => format!("{step}: {task} {done} of {total}"),
            };
        }
        let mut metrics = state.metrics.clone();
        metrics.insert("seconds".to_owned(), self.started.elapsed().as_secs_f64().round());
        let metrics = serde_json::to_string(&metrics).unwrap_or_else(|_| "{}".to_owned());
        Reading { progress: state.progress, step, metrics }
    }
}

impl Progress for Tracker {
    fn step(&self, task: &str, done: u64, total: u64) {
        let split = task.strip_prefix(self.detector.as_str()).and_then(|t| t.strip_prefix(": "));
        let mut state = self.state();
        match split {
            Some(name) => {
                state.inner = None;
                state.split = (done < total).then(|| (done, total, name.to_owned()));
                state.metrics.insert("splits_done".to_owned(), done as f64);
                state.metrics.insert("splits".to_owned(), total as f64);
                state.fits = total + 1;
            }
            None => {
                // A path is the service's own matter.
                let task = if task.starts_with("reading ") { "bytes" } else { task };
                state.inner = Some((task.to_owned(), done, total));
                if task != "bytes" {
                    state.metrics.insert("rounds_done".to_owned(), done as f64);
                    state.metrics.insert("rounds".to_owned(), total as f64);
                }
            }
        }
        let splits = state.metrics.get("splits_done").copied().unwrap_or(0.0);
        let inner = match &state.inner {
            Some((_, done, total)) if *total > 0 => (*done as f64 / *total as f64).min(1.0),
            _ => 0.0,
        };
        let part = ((splits + inner) / state.fits as f64).min(1.0);
        // Steps of members of an ensemble begin anew: what was told is never taken back.
        let progress = (state.base + state.span * part).clamp(0.0, 1.0);
        state.progress = state.progress.max(progress);
    }

    fn go_on(&self) -> bool {
        self.stop.load(Ordering::Relaxed) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_follows_splits_and_never_falls() {
        let tracker = Tracker::new("sgd");
        tracker.phase("training", 0.1, 0.9, 1);
        tracker.step("sgd: fold 1", 0, 3);
        assert!((tracker.reading().progress - 0.1).abs() < 1e-12);
        tracker.step("fitting", 5, 10);
        let reading = tracker.reading();
        assert_eq!(reading.step, "training, fold 1 (1 of 3): fitting 5 of 10");
        // Half a fit of four: three splits and the last fit to all rows.
        assert!((reading.progress - 0.2).abs() < 1e-12);
        tracker.step("fitting", 1, 10);
        assert!((tracker.reading().progress - 0.2).abs() < 1e-12);
        tracker.step("sgd: fold 3", 3, 3);
        assert!((tracker.reading().progress - 0.7).abs() < 1e-12);
        tracker.step("reading /secret/place.csv", 1, 2);
        assert!(!tracker.reading().step.contains("secret"));
    }

    #[test]
    fn the_first_reason_to_stop_stays() {
        let tracker = Tracker::new("sgd");
        assert!(tracker.go_on());
        tracker.stop(Stop::Cancelled);
        tracker.stop(Stop::Parked);
        assert!(!tracker.go_on());
        assert_eq!(tracker.stopped(), Some(Stop::Cancelled));
    }
}
