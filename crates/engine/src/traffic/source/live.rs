//! Packets of a network interface.

use std::sync::Arc;

use tripline_core::Schema;
use tripline_features::flow::{FlowBatch, FlowEngine, SetCard};
use tripline_ingest::capture::Reassembler;
use tripline_ingest::live::{Live, LiveCounters, LiveOptions};

use super::{Source, TICK, now_ns};
use crate::error::EngineError;
use crate::traffic::pipeline::TrafficSettings;
use crate::traffic::summary::TrafficSummary;

pub(super) struct LiveSource {
    live: Live,
    reassembler: Reassembler,
    engine: Box<dyn FlowEngine>,
    counters: LiveCounters,
    ended: bool,
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
            ended: false,
        })
    }
}

impl Source for LiveSource {
    fn schema(&self) -> &Arc<Schema> {
        self.engine.schema()
    }

    fn next(&mut self, stopped: bool) -> Result<Option<FlowBatch>, EngineError> {
        if self.ended {
            return Ok(None);
        }
        if stopped {
            self.engine.finish();
            self.ended = true;
        } else {
            match self.live.next_block(TICK) {
                Some(block) if block.is_empty() => {
                    // Nobody speaks, yet flows grow old.
                    self.engine.advance(now_ns());
                }
                Some(block) => {
                    let batch = self.reassembler.finish(block.decode());
                    self.engine.process(&[batch]);
                }
                None => {
                    if self.live.ended().is_some() {
                        self.engine.finish();
                        self.ended = true;
                    }
                }
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
