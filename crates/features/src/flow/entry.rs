//! An open flow: what the engine knows of it with the state of its features.

use std::marker::PhantomData;

use tripline_core::flow::{Direction, EndReason, Flow, FlowKey, Sensor};
use tripline_core::packet::{Packet, Tunnel};

use super::connection::Connection;
use super::feature::FlowFeature;
use super::record::Record;
use super::row::Row;
use super::sequence::Gaps;
use super::settings::FlowSettings;
use super::slab::Slab;
use super::step::{Endpoint, FlowCore, SegmentKind, Step};

/// Packets of a flow that are kept as they are, before its features have a state.
///
/// Most flows of a scan or a flood never grow; those that do are replayed once.
const KEPT: usize = 3;

/// Payload bytes kept with them; with more the features have their state at once.
const KEPT_PAYLOAD: usize = 256;

/// Bytes that an allocator takes for a block beyond what was asked for, about.
const BLOCK: usize = 16;

/// An open flow.
#[derive(Debug)]
pub(super) struct Entry<S> {
    pub(super) core: FlowCore,
    /// Clock at its first packet.
    pub(super) opened_ns: i64,
    pub(super) connection: Connection,
    gaps: Option<Box<[Gaps; 2]>>,
    rare: Option<Box<Rare>>,
    pub(super) one_way: bool,
    /// Which early looks were told.
    pub(super) looked: u8,
    heap_bytes: u32,
    parts: Parts,
    features: PhantomData<S>,
}

#[derive(Debug, Default)]
struct Rare {
    tunnel: Option<Box<Tunnel>>,
    payload: Vec<u8>,
}

#[derive(Debug)]
enum Parts {
    Young([Option<Record>; KEPT]),
    /// Place of the state of the features.
    Grown(u32),
}

impl<S: FlowFeature> Entry<S> {
    /// A flow before its first packet.
    pub(super) fn new(key: FlowKey, packet: &Packet, tunnel: Option<Tunnel>) -> Self {
        let rare = tunnel
            .map(|tunnel| Box::new(Rare { tunnel: Some(Box::new(tunnel)), payload: Vec::new() }));
        Self {
            core: core(key, packet.number, packet.time_ns),
            opened_ns: packet.clock_ns,
            connection: Connection::default(),
            gaps: None,
            rare,
            one_way: packet.one_way,
            looked: 0,
            heap_bytes: 0,
            parts: Parts::Young([None; KEPT]),
            features: PhantomData,
        }
    }

    /// Bytes that it holds outside itself, the state of its features included.
    #[inline]
    pub(super) fn heap_bytes(&self) -> usize {
        let mut bytes = self.heap_bytes as usize;
        if let Some(rare) = &self.rare {
            bytes += size_of::<Rare>() + rare.payload.capacity() + 2 * BLOCK;
            bytes += rare.tunnel.as_ref().map_or(0, |_| size_of::<Tunnel>() + BLOCK);
        }
        if self.gaps.is_some() {
            bytes += size_of::<[Gaps; 2]>() + BLOCK;
        }
        bytes
    }

    /// Takes a packet; gives true if it closes the flow.
    pub(super) fn update(
        &mut self,
        packet: &Packet,
        payload: &[u8],
        direction: Direction,
        settings: &FlowSettings,
        states: &mut Slab<S>,
    ) -> bool {
        let segment = self.connection.classify(&self.core, self.gaps.as_deref(), packet, direction);
        if !self.keep(packet, payload, direction) {
            let step = Step { packet, payload, direction, segment, core: &self.core, settings };
            let place = match self.parts {
                Parts::Grown(place) => place,
                Parts::Young(_) => {
                    let state = self.replay(settings).unwrap_or_else(|| S::on_init(&step));
                    states.insert(state)
                }
            };
            if let Some(state) = states.get_mut(place) {
                state.on_update(&step);
                self.heap_bytes = (size_of::<S>() + state.heap_bytes()) as u32;
            }
            if matches!(self.parts, Parts::Young(_)) {
                self.parts = Parts::Grown(place);
                if let Some(rare) = &mut self.rare {
                    rare.payload = Vec::new();
                }
            }
        }
        self.connection.advance(&mut self.core, &mut self.gaps, packet, direction, segment)
    }

    /// The flow as it is now; adds its row behind `values`.
    pub(super) fn tell(
        &self,
        ended: EndReason,
        settings: &FlowSettings,
        states: &Slab<S>,
        values: &mut Vec<f64>,
    ) -> Flow {
        let mut flow = Flow {
            key: self.core.key,
            start_ns: self.core.start_ns,
            end_ns: self.core.last_ns,
            first_packet: self.core.first_packet,
            orig: self.core.orig.side,
            resp: self.core.resp.side,
            state: self.connection.state(&self.core),
            history: self.connection.history,
            service: None,
            ended,
            sensor: Sensor::Packets,
            uid: None,
            tunnel: self.rare.as_ref().and_then(|rare| rare.tunnel.clone()),
            app: None,
        };
        let mut row = Row::new(values);
        match self.parts {
            Parts::Grown(place) => {
                if let Some(state) = states.get(place) {
                    write(state, &mut flow, &mut row);
                }
            }
            Parts::Young(_) => {
                if let Some(state) = self.replay(settings) {
                    write(&state, &mut flow, &mut row);
                }
            }
        }
        flow
    }

    /// Where the state of its features lies; none while it is young.
    pub(super) fn state(&self) -> Option<u32> {
        match self.parts {
            Parts::Grown(place) => Some(place),
            Parts::Young(_) => None,
        }
    }

    /// Keeps a packet as it is, if the flow is young and the packet small.
    fn keep(&mut self, packet: &Packet, payload: &[u8], direction: Direction) -> bool {
        let Parts::Young(records) = &mut self.parts else { return false };
        let kept = self.rare.as_ref().map_or(0, |rare| rare.payload.len());
        if kept + payload.len() > KEPT_PAYLOAD || payload.len() != packet.payload_captured as usize
        {
            return false;
        }
        let Some(slot) = records.get_mut(self.core.packets() as usize) else { return false };
        let Some(record) = Record::keep(packet, direction, self.core.first_packet) else {
            return false;
        };
        *slot = Some(record);
        if !payload.is_empty() {
            let rare = self.rare.get_or_insert_default();
            rare.payload.reserve_exact(payload.len());
            rare.payload.extend_from_slice(payload);
        }
        true
    }

    /// The state of the features after the packets kept; `None` if there was none.
    fn replay(&self, settings: &FlowSettings) -> Option<S> {
        let Parts::Young(records) = &self.parts else { return None };
        let mut payloads = self.rare.as_ref().map_or(&[][..], |rare| rare.payload.as_slice());
        let mut connection = Connection::default();
        let mut gaps = None;
        let mut core = core(self.core.key, self.core.first_packet, self.core.start_ns);
        let mut state: Option<S> = None;
        for record in records.iter().map_while(Option::as_ref) {
            let packet = record.packet(&core.key, core.first_packet, self.one_way);
            let direction = record.direction();
            let (payload, rest) =
                payloads.split_at_checked(record.payload_captured()).unwrap_or_default();
            payloads = rest;
            let segment: SegmentKind =
                connection.classify(&core, gaps.as_deref(), &packet, direction);
            let step = Step { packet: &packet, payload, direction, segment, core: &core, settings };
            state.get_or_insert_with(|| S::on_init(&step)).on_update(&step);
            connection.advance(&mut core, &mut gaps, &packet, direction, segment);
        }
        state
    }
}

fn write<S: FlowFeature>(state: &S, flow: &mut Flow, row: &mut Row) {
    state.on_expire(flow);
    S::write(Some(state), flow, row);
}

fn core(key: FlowKey, first_packet: u64, start_ns: i64) -> FlowCore {
    FlowCore {
        key,
        first_packet,
        start_ns,
        last_ns: start_ns,
        orig: Endpoint::default(),
        resp: Endpoint::default(),
    }
}
