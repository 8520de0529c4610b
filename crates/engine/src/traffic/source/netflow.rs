//! NetFlow and IPFIX datagrams.

use std::net::SocketAddr;
use std::sync::Arc;

use tripline_core::Schema;
use tripline_features::flow::{FlowBatch, SensorRows, SetCard};
use tripline_ingest::sensors::netflow::{CollectorOptions, Listener, ListenerOptions};

use super::{Source, TICK};
use crate::error::EngineError;
use crate::traffic::summary::TrafficSummary;

/// Most calls for datagrams once somebody has ended listening.
const LAST_CALLS: usize = 1000;

pub(super) struct NetFlowSource {
    listener: Listener,
    rows: Box<dyn SensorRows>,
    ended: bool,
}

impl NetFlowSource {
    pub(super) fn bind(address: SocketAddr, set: &'static SetCard) -> Result<Self, EngineError> {
        let listener = Listener::bind(
            &address.to_string(),
            ListenerOptions { timeout: TICK, ..ListenerOptions::default() },
            CollectorOptions::default(),
        )?;
        Ok(Self { listener, rows: (set.sensor)(), ended: false })
    }
}

impl Source for NetFlowSource {
    fn schema(&self) -> &Arc<Schema> {
        self.rows.schema()
    }

    fn next(&mut self, stopped: bool) -> Result<Option<FlowBatch>, EngineError> {
        if self.ended {
            return Ok(None);
        }
        let flows = if stopped {
            self.ended = true;
            let mut flows = Vec::new();
            // Datagrams that have arrived belong to it.
            for _ in 0..LAST_CALLS {
                let before = self.listener.counters().datagrams;
                flows.extend(self.listener.receive()?);
                if self.listener.counters().datagrams == before {
                    break;
                }
            }
            flows.extend(self.listener.finish());
            flows
        } else {
            self.listener.receive()?
        };
        Ok(Some(FlowBatch { rows: self.rows.rows(&flows), flows }))
    }

    fn count(&self, summary: &mut TrafficSummary) {
        summary.netflow = Some(self.listener.counters());
        summary.netflow_dropped = self.listener.dropped().unwrap_or(0);
    }
}
