//! What was told of flows before their own record came, held within a bound.

use std::hash::Hash;

use tripline_core::flow::{App, ConnState, EndReason, Flow, FlowKey, History, Sensor, Side};

use super::aged::Aged;
use super::app;
use super::options::SensorOptions;

/// What was told of a flow so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiting {
    /// Its ends, where a record told them.
    pub(crate) key: Option<FlowKey>,
    /// Whether the record that told them knows the initiator.
    pub(crate) firm: bool,
    /// Earliest and latest time told.
    pub(crate) times: Option<(i64, i64)>,
    /// Counts of both sides, where a record told them.
    pub(crate) sides: (Side, Side),
    /// Its application protocol.
    pub(crate) service: Option<&'static str>,
    /// What application protocols said.
    pub(crate) app: App,
    /// The message that was answered last, where a sensor tells each record of an answer apart.
    pub(crate) answered: Option<u64>,
}

impl Waiting {
    /// Widens the times by an instant.
    pub(crate) fn at(&mut self, time_ns: Option<i64>) {
        if let Some(time) = time_ns {
            let (first, last) = self.times.unwrap_or((time, time));
            self.times = Some((first.min(time), last.max(time)));
        }
    }

    /// Takes the ends of the flow, unless better ones are known.
    pub(crate) fn between(&mut self, key: Option<FlowKey>, firm: bool) {
        if key.is_some() && (self.key.is_none() || (firm && !self.firm)) {
            self.key = key;
            self.firm = firm;
        }
    }

    /// The flow that it tells of by itself; `None` if its ends were never told.
    ///
    /// Its state is OTH with no history; counts that no record told are 0.
    pub(crate) fn into_flow(self, sensor: Sensor, uid: Box<str>) -> Option<Flow> {
        let (start_ns, end_ns) = self.times.unwrap_or_default();
        let mut flow = blank(self.key?, sensor);
        flow.start_ns = start_ns;
        flow.end_ns = end_ns;
        (flow.orig, flow.resp) = self.sides;
        flow.service = self.service;
        flow.uid = Some(uid);
        flow.app = Some(Box::new(self.app));
        Some(flow)
    }
}

/// A flow of which nothing is known but its ends.
pub(crate) fn blank(key: FlowKey, sensor: Sensor) -> Flow {
    Flow {
        key,
        start_ns: 0,
        end_ns: 0,
        first_packet: 0,
        orig: Side::default(),
        resp: Side::default(),
        state: ConnState::Oth,
        history: History::default(),
        service: None,
        ended: EndReason::Sensor,
        sensor,
        uid: None,
        tunnel: None,
        app: None,
    }
}

/// All that waits, by the identifier of the flow.
#[derive(Debug)]
pub(crate) struct Join<K> {
    waiting: Aged<K, (Waiting, usize)>,
    bytes: usize,
    max_flows: usize,
    max_bytes: usize,
}

impl<K: Hash + Eq + Clone> Join<K> {
    /// Nothing waits yet.
    pub(crate) fn new(options: &SensorOptions) -> Self {
        Self {
            waiting: Aged::default(),
            bytes: 0,
            max_flows: options.max_waiting_flows,
            max_bytes: options.max_waiting_bytes,
        }
    }

    /// Changes what waits of a flow; gives the oldest ones that no longer fit.
    pub(crate) fn with(&mut self, key: K, change: impl FnOnce(&mut Waiting)) -> Vec<(K, Waiting)> {
        if self.waiting.get(&key).is_none() {
            self.waiting.insert(key.clone(), (Waiting::default(), 0));
        }
        if let Some((waiting, weight)) = self.waiting.get_mut(&key) {
            change(waiting);
            let now = app::weight(&waiting.app) + size_of::<Waiting>();
            self.bytes = self.bytes - *weight + now;
            *weight = now;
        }
        let mut evicted = Vec::new();
        while self.waiting.len() > self.max_flows || self.bytes > self.max_bytes {
            let Some(oldest) = self.pop() else { break };
            evicted.push(oldest);
        }
        evicted
    }

    /// Takes what waits of a flow.
    pub(crate) fn take(&mut self, key: &K) -> Option<Waiting> {
        let (waiting, weight) = self.waiting.remove(key)?;
        self.bytes -= weight;
        Some(waiting)
    }

    /// Takes what waits longest.
    pub(crate) fn pop(&mut self) -> Option<(K, Waiting)> {
        let (key, (waiting, weight)) = self.waiting.pop_oldest()?;
        self.bytes -= weight;
        Some((key, waiting))
    }
}
