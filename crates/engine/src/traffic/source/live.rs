//! Packets of a network interface.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tripline_core::Schema;
use tripline_features::flow::{FlowBatch, FlowEngine, SetCard};
use tripline_ingest::capture::{Block, Reassembler};
use tripline_ingest::live::{Live, LiveCounters, LiveOptions};

use super::captures::{Stage, end};
use super::{Source, TICK, now_ns};
use crate::error::EngineError;
use crate::traffic::pipeline::TrafficSettings;
use crate::traffic::summary::TrafficSummary;

/// How often the time is told to open flows.
const ADVANCE: Duration = Duration::from_millis(500);
/// How long the kernel may keep packets back, with room.
const LATE_NS: i64 = 500_000_000;
/// Most blocks taken from the ring once somebody has ended listening.
const RING_BLOCKS: usize = 4096;

pub(super) struct LiveSource {
    live: Live,
    reassembler: Reassembler,
    engine: Box<dyn FlowEngine>,
    counters: LiveCounters,
    stage: Stage,
    advanced: Instant,
}

impl LiveSource {
    pub(super) fn open(
        name: &str,
        set: &'static SetCard,
        settings: &TrafficSettings,
    ) -> Result<Self, EngineError> {
        let options = LiveOptions {
            filter: settings.filter.clone().unwrap_or_default(),
            snap_bytes: settings.snap_bytes,
            ring_bytes: settings.ring_bytes,
            promiscuous: settings.promiscuous,
            ..LiveOptions::default()
        };
        Ok(Self {
            live: Live::open(name, &options)?,
            reassembler: Reassembler::new(&settings.capture),
            engine: (set.open)(&settings.flow),
            counters: LiveCounters::default(),
            stage: Stage::Reading,
            advanced: Instant::now(),
        })
    }
}

impl LiveSource {
    fn take(&mut self, block: Block) {
        let batch = self.reassembler.finish(block.decode());
        self.engine.process(&[batch]);
    }
}

impl Source for LiveSource {
    fn schema(&self) -> &Arc<Schema> {
        self.engine.schema()
    }

    fn next(&mut self, stopped: bool) -> Result<Option<FlowBatch>, EngineError> {
        if self.stage != Stage::Reading {
            return Ok(end(&mut self.stage, self.engine.as_mut()));
        }
        if stopped {
            // What the kernel has given already belongs to it.
            for _ in 0..RING_BLOCKS {
                match self.live.next_block(Duration::ZERO) {
                    Some(block) if !block.is_empty() => self.take(block),
                    _ => break,
                }
            }
            self.stage = Stage::Ending;
        } else {
            match self.live.next_block(TICK) {
                Some(block) if !block.is_empty() => self.take(block),
                Some(_) => {}
                None if self.live.ended().is_some() => self.stage = Stage::Ending,
                None => {}
            }
            // Flows grow old whoever speaks; packets of the last moment may still be on their way.
            if self.advanced.elapsed() >= ADVANCE {
                self.advanced = Instant::now();
                self.engine.advance(now_ns().saturating_sub(LATE_NS));
            }
        }
        self.counters = self.live.counters();
        Ok(Some(self.engine.take()))
    }

    fn count(&self, summary: &mut TrafficSummary) {
        summary.capture = self.reassembler.counters();
        summary.table = self.engine.counters();
        summary.live = Some(self.counters);
        summary.ended = self.live.ended().map(ToString::to_string);
    }
}
