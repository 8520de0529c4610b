//! Suricata's `eve.json` to flows: events of a flow are joined by `flow_id`, `flow` ends it.

mod dns;
mod event;

use tripline_core::flow::{App, Flow, Sensor};

use super::counters::SensorCounters;
use super::join::{Join, Waiting, blank};
use super::json::Json;
use super::options::SensorOptions;

/// Flows while they are put together.
#[derive(Debug)]
pub(crate) struct Suricata {
    join: Join<u64>,
}

impl Suricata {
    /// Nothing read yet.
    pub(crate) fn new(options: &SensorOptions) -> Self {
        Self { join: Join::new(options) }
    }

    /// Takes a line; tells whether its event is of a kind that is read.
    pub(crate) fn take(
        &mut self,
        line: &str,
        counters: &mut SensorCounters,
        out: &mut Vec<Flow>,
    ) -> Result<bool, String> {
        let event = Json::parse(line)?;
        let kind = event.get("event_type").and_then(Json::text).ok_or("no `event_type`")?;
        if !event::KINDS.contains(&kind) {
            return Ok(false);
        }
        let id = event.get("flow_id").and_then(Json::whole).ok_or("no `flow_id`")?;
        if kind == "flow" {
            let ended = event::ended(&event)?;
            let waiting = self.join.take(&id);
            counters.joined += u64::from(waiting.is_some());
            counters.without_time += u64::from(ended.start_ns.is_none());
            out.push(flow(ended, waiting, id));
            return Ok(true);
        }
        for (id, waiting) in self.join.with(id, |waiting| event::add(waiting, kind, &event)) {
            counters.evicted += 1;
            alone(id, waiting, counters, out);
        }
        Ok(true)
    }

    /// The next flow that is left at the end; `false` after the last.
    pub(crate) fn rest(&mut self, counters: &mut SensorCounters, out: &mut Vec<Flow>) -> bool {
        match self.join.pop() {
            Some((id, waiting)) => {
                alone(id, waiting, counters, out);
                true
            }
            None => false,
        }
    }
}

fn flow(ended: event::Ended, waiting: Option<Waiting>, id: u64) -> Flow {
    let mut flow = blank(ended.key, Sensor::Suricata);
    flow.start_ns = ended.start_ns.unwrap_or(0);
    flow.end_ns = ended.end_ns.unwrap_or(flow.start_ns).max(flow.start_ns);
    flow.orig = ended.orig;
    flow.resp = ended.resp;
    flow.state = ended.state;
    flow.service = ended.service;
    flow.uid = Some(id.to_string().into());
    if let Some(waiting) = waiting {
        flow.service = flow.service.or(waiting.service);
        // An alert that names no protocol leaves nothing but itself.
        flow.app = (waiting.app != App::default()).then(|| Box::new(waiting.app));
    }
    flow
}

fn alone(id: u64, waiting: Waiting, counters: &mut SensorCounters, out: &mut Vec<Flow>) {
    match waiting.into_flow(Sensor::Suricata, id.to_string().into()) {
        Some(flow) => {
            counters.without_record += 1;
            out.push(flow);
        }
        None => counters.without_endpoints += 1,
    }
}
