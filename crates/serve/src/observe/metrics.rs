//! Counters of the service in Prometheus' text format.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::histogram::{BOUNDS, Histogram};

/// Largest number of model names that are counted apart.
const MAX_NAMES: usize = 256;

/// Counters; adding to them takes no lock.
#[derive(Debug, Default)]
pub struct Metrics {
    models: ArcSwap<Vec<Arc<ByModel>>>,
    adding: Mutex<()>,
    requests: [AtomicU64; 6],
    request_time: Histogram,
    refused: [AtomicU64; crate::problem::Kind::ALL.len()],
    anomalies: AtomicU64,
}

#[derive(Debug)]
struct ByModel {
    name: Box<str>,
    threats: AtomicU64,
    others: AtomicU64,
    time: Histogram,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Counts a prediction by the name of its model.
    pub fn predicted(&self, model: &str, threat: bool, time: Duration) {
        self.predicted_many(model, u64::from(threat), u64::from(!threat), time);
    }

    /// Counts predictions of a batch; the time is that of all, observed once.
    pub fn predicted_many(&self, model: &str, threats: u64, others: u64, time: Duration) {
        let models = self.models.load();
        let known = models.iter().find(|by| &*by.name == model).cloned();
        let Some(by) = known.or_else(|| self.add(model)) else { return };
        by.threats.fetch_add(threats, Ordering::Relaxed);
        by.others.fetch_add(others, Ordering::Relaxed);
        by.time.observe(time);
        self.anomalies.fetch_add(threats, Ordering::Relaxed);
    }

    fn add(&self, model: &str) -> Option<Arc<ByModel>> {
        let _one_at_a_time = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let models = self.models.load();
        if let Some(known) = models.iter().find(|by| &*by.name == model) {
            return Some(known.clone());
        }
        if models.len() >= MAX_NAMES {
            return None;
        }
        let by = Arc::new(ByModel {
            name: model.into(),
            threats: AtomicU64::new(0),
            others: AtomicU64::new(0),
            time: Histogram::default(),
        });
        let mut longer = Vec::clone(&models);
        longer.push(by.clone());
        self.models.store(Arc::new(longer));
        Some(by)
    }

    /// Counts a request by the hundreds of its status.
    pub(crate) fn answered(&self, status: u16, time: Duration) {
        let class = usize::from(status / 100).min(5);
        self.requests[class].fetch_add(1, Ordering::Relaxed);
        self.request_time.observe(time);
    }

    /// Counts a refusal.
    pub(crate) fn refused(&self, kind: crate::problem::Kind) {
        self.refused[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Writes all of them.
    pub fn write(&self, out: &mut Text) {
        let models = self.models.load();
        out.family(
            "shieldx_ml_predictions_total",
            "counter",
            "Predictions by model and by whether a threat was found.",
        );
        for by in models.iter() {
            for (threat, count) in [("true", &by.threats), ("false", &by.others)] {
                out.sample(
                    "shieldx_ml_predictions_total",
                    &[("model_name", &by.name), ("threat_detected", threat)],
                    count.load(Ordering::Relaxed),
                );
            }
        }
        out.family(
            "shieldx_ml_inference_duration_seconds",
            "histogram",
            "Time to score, by model.",
        );
        for by in models.iter() {
            out.histogram(
                "shieldx_ml_inference_duration_seconds",
                &[("model_name", &by.name)],
                &by.time,
            );
        }
        out.family("netsentinel_inference_duration_seconds", "histogram", "Time to score.");
        for by in models.iter() {
            out.histogram(
                "netsentinel_inference_duration_seconds",
                &[("model_name", &by.name)],
                &by.time,
            );
        }
        out.family(
            "netsentinel_anomalies_detected_total",
            "counter",
            "Predictions that found a threat.",
        );
        let anomalies = self.anomalies.load(Ordering::Relaxed);
        out.sample("netsentinel_anomalies_detected_total", &[], anomalies);
        out.family("tripline_requests_total", "counter", "Requests by class of their status.");
        for (class, count) in
            ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx"].iter().zip(&self.requests).skip(2)
        {
            out.sample(
                "tripline_requests_total",
                &[("status", class)],
                count.load(Ordering::Relaxed),
            );
        }
        out.family(
            "tripline_request_duration_seconds",
            "histogram",
            "Time from a request's head to that of its answer.",
        );
        out.histogram("tripline_request_duration_seconds", &[], &self.request_time);
        out.family("tripline_refused_total", "counter", "Requests refused, by kind of problem.");
        for (kind, count) in crate::problem::Kind::ALL.iter().zip(&self.refused) {
            let count = count.load(Ordering::Relaxed);
            out.sample("tripline_refused_total", &[("kind", kind.name())], count);
        }
    }
}

/// Text in Prometheus' exposition format 0.0.4.
#[derive(Debug, Default)]
pub struct Text(String);

impl Text {
    /// Begins a family of samples.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Writes a sample; label values are escaped.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        self.labels(labels, None);
        let _ = writeln!(self.0, " {value}");
    }

    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        let (counts, seconds) = histogram.read();
        for (at, count) in counts.iter().enumerate() {
            let bound = BOUNDS.get(at).map_or("+Inf".to_owned(), f64::to_string);
            self.0.push_str(name);
            self.0.push_str("_bucket");
            self.labels(labels, Some(&bound));
            let _ = writeln!(self.0, " {count}");
        }
        self.sample(&format!("{name}_sum"), labels, seconds);
        self.sample(&format!("{name}_count"), labels, counts[counts.len() - 1]);
    }

    fn labels(&mut self, labels: &[(&str, &str)], bound: Option<&str>) {
        let all = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
        let mut open = false;
        for (name, value) in all {
            self.0.push(if open { ',' } else { '{' });
            open = true;
            let _ = write!(self.0, "{name}=\"");
            for c in value.chars() {
                match c {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    c => self.0.push(c),
                }
            }
            self.0.push('"');
        }
        if open {
            self.0.push('}');
        }
    }

    /// The text.
    pub fn finish(self) -> String {
        self.0
    }
}
