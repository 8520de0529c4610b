//! The pipeline from bytes to flows with rows, whatever the source.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tripline_core::Schema;
use tripline_core::flow::EndReason;
use tripline_features::flow::{FlowBatch, FlowSettings, SetCard};
use tripline_ingest::capture::CaptureOptions;
use tripline_ingest::filter::Filter;

use super::input::TrafficInput;
use super::source::{self, Source};
use super::summary::TrafficSummary;
use crate::error::EngineError;

/// How traffic is read.
#[derive(Debug, Clone)]
pub struct TrafficSettings {
    /// How packets become flows.
    pub flow: FlowSettings,
    /// How captures are read.
    pub capture: CaptureOptions,
    /// Packets that count; all without one.
    pub filter: Option<Filter>,
    /// Live capture: bytes kept of each packet.
    pub snap_bytes: u32,
    /// Live capture: bytes of the ring.
    pub ring_bytes: usize,
    /// Live capture: packets to other hosts, too.
    pub promiscuous: bool,
    /// Ends an endless source when it becomes true.
    pub stop: Option<Arc<AtomicBool>>,
}

impl Default for TrafficSettings {
    fn default() -> Self {
        Self {
            flow: FlowSettings::default(),
            capture: CaptureOptions::default(),
            filter: None,
            snap_bytes: 65_535,
            ring_bytes: 64 << 20,
            promiscuous: false,
            stop: None,
        }
    }
}

/// Traffic on its way to flows.
pub struct Traffic {
    source: Box<dyn Source>,
    set: &'static SetCard,
    started: Instant,
    stop: Option<Arc<AtomicBool>>,
    summary: TrafficSummary,
}

impl Traffic {
    /// Opens a source. Errors name the file, the interface or the address, with the way out.
    pub fn open(
        input: &TrafficInput,
        set: &'static SetCard,
        settings: &TrafficSettings,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            source: source::open(input, set, settings)?,
            set,
            started: Instant::now(),
            stop: settings.stop.clone(),
            summary: TrafficSummary::default(),
        })
    }

    /// The feature set.
    pub fn set(&self) -> &'static SetCard {
        self.set
    }

    /// Names with kinds of the set's columns.
    pub fn schema(&self) -> &Arc<Schema> {
        self.source.schema()
    }

    /// Some flows, possibly none; `None` once the source is at its end.
    pub fn next_batch(&mut self) -> Result<Option<FlowBatch>, EngineError> {
        let stopped = self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::SeqCst));
        let batch = self.source.next(stopped)?;
        self.source.count(&mut self.summary);
        for flow in batch.iter().flat_map(|batch| &batch.flows) {
            match flow.ended {
                EndReason::Open => self.summary.early += 1,
                _ => self.summary.flows += 1,
            }
        }
        self.summary.open = self.summary.table.open;
        self.summary.packets = self.summary.table.packets;
        self.summary.seconds = self.started.elapsed().as_secs_f64();
        Ok(batch)
    }

    /// What went through so far.
    pub fn summary(&self) -> &TrafficSummary {
        &self.summary
    }
}
