//! Counters of the server itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::by_model::ByModel;
use super::histogram::Histogram;
use super::text::Text;
use crate::problem::Kind;

/// Counters; adding to them takes no lock.
#[derive(Debug)]
pub struct Metrics {
    started: Instant,
    by_model: ByModel,
    requests: [AtomicU64; 6],
    request_time: Histogram,
    refused: [AtomicU64; Kind::ALL.len()],
    connections: AtomicU64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            by_model: ByModel::default(),
            requests: Default::default(),
            request_time: Histogram::default(),
            refused: Default::default(),
            connections: AtomicU64::new(0),
        }
    }

    /// Since when the server runs.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn by_model(&self) -> &ByModel {
        &self.by_model
    }

    /// Counts a request by the hundreds of its status.
    pub(crate) fn answered(&self, status: u16, time: Duration) {
        let class = usize::from(status / 100).min(5);
        self.requests[class].fetch_add(1, Ordering::Relaxed);
        self.request_time.observe(time);
    }

    /// Counts a refusal.
    pub(crate) fn refused(&self, kind: Kind) {
        self.refused[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection.
    pub(crate) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes what the server counted.
    pub(crate) fn write(&self, out: &mut Text) {
        let name = "tripline_requests_total";
        out.family(name, "counter", "Requests by the class of their status.");
        for (class, count) in ["2xx", "3xx", "4xx", "5xx"].iter().zip(&self.requests[2..]) {
            out.sample(name, &[("status", class)], count.load(Ordering::Relaxed));
        }
        let name = "tripline_request_duration_seconds";
        out.family(name, "histogram", "Time from a request's head to that of its answer.");
        out.histogram(name, &[], self.request_time.buckets(), self.request_time.seconds());
        let name = "tripline_refused_total";
        out.family(name, "counter", "Requests refused, by the kind of problem.");
        for (kind, count) in Kind::ALL.iter().zip(&self.refused) {
            out.sample(name, &[("kind", kind.name())], count.load(Ordering::Relaxed));
        }
        let connections = self.connections.load(Ordering::Relaxed);
        out.counter("tripline_connections_total", "Connections accepted.", connections);
        let seconds = self.started.elapsed().as_secs_f64();
        out.gauge("tripline_uptime_seconds", "Time since the start.", seconds);
    }
}
