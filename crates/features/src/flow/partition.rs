//! The open flows of one partition with its share of the bounds.

use hashbrown::HashTable;
use tripline_core::flow::{Direction, EndReason, FlowKey};
use tripline_core::packet::{Batch, Packet};

use super::dispatch::Place;
use super::entry::Entry;
use super::feature::FlowFeature;
use super::initiator;
use super::key::{self, PARTITIONS, Seeds};
use super::merge::Block;
use super::recency::{Queue, Recency};
use super::settings::FlowSettings;
use super::slab::Slab;

/// What all partitions share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: FlowSettings,
    pub(super) seeds: Seeds,
    pub(super) columns: usize,
    idle_ns: i64,
    active_ns: i64,
    linger_ns: i64,
    attempt_ns: i64,
    max_flows: usize,
    max_bytes: usize,
}

impl Shared {
    pub(super) fn new(settings: &FlowSettings, columns: usize) -> Self {
        let idle_ns = nanoseconds(settings.idle);
        Self {
            settings: settings.clone(),
            seeds: Seeds::random(),
            columns,
            idle_ns,
            active_ns: nanoseconds(settings.active),
            linger_ns: settings.tcp_linger.map_or(i64::MAX, nanoseconds).min(idle_ns),
            attempt_ns: settings.tcp_attempt.map_or(i64::MAX, nanoseconds).min(idle_ns),
            max_flows: (settings.max_flows / PARTITIONS).max(1),
            max_bytes: settings.max_bytes / PARTITIONS,
        }
    }
}

fn nanoseconds(duration: std::time::Duration) -> i64 {
    duration.as_nanos().try_into().unwrap_or(i64::MAX)
}

/// What one partition counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) packets: u64,
    pub(super) opened: u64,
    pub(super) ended: u64,
    pub(super) evicted_for_count: u64,
    pub(super) evicted_for_bytes: u64,
}

/// The open flows of one partition.
#[derive(Debug)]
pub(super) struct Partition<S> {
    index: HashTable<u32>,
    slab: Slab<Entry<S>>,
    states: Slab<S>,
    recency: Recency,
    bytes: usize,
    /// Nothing ends by time before this clock.
    next_end_ns: i64,
    told: Block,
    pub(super) counted: Counted,
}

impl<S: FlowFeature> Partition<S> {
    /// Bytes of a flow but for what its entry points to: its entry, its links, its share of an
    /// index of 5 bytes a place that is at least 7/16 full.
    const FLOW_BYTES: usize = size_of::<Entry<S>>() + Recency::BYTES + 12;

    pub(super) fn new() -> Self {
        Self {
            index: HashTable::new(),
            slab: Slab::new(),
            states: Slab::new(),
            recency: Recency::new(),
            bytes: 0,
            next_end_ns: i64::MIN,
            told: Block::default(),
            counted: Counted::default(),
        }
    }

    /// Flows open.
    pub(super) fn open(&self) -> usize {
        self.index.len()
    }

    /// Bytes that they hold.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// No open flow will be told with an end before this clock; `None` if none is open.
    pub(super) fn oldest_ns(&self) -> Option<i64> {
        Queue::ALL
            .into_iter()
            .filter_map(|queue| self.recency.first(queue))
            .map(|(_, clock_ns)| clock_ns)
            .min()
    }

    /// Takes the flows told since the last call; what is told next goes into `empty`.
    pub(super) fn take_told(&mut self, empty: Block) -> Block {
        std::mem::replace(&mut self.told, empty)
    }

    /// True if flows were told since the last call.
    pub(super) fn has_told(&self) -> bool {
        !self.told.flows.is_empty()
    }

    /// Takes the packets of one call that belong here.
    pub(super) fn process(&mut self, shared: &Shared, batches: &[Batch], places: &[Place]) {
        for place in places {
            let batch = &batches[place.batch as usize];
            let packet = &batch.packets[place.packet as usize];
            self.packet(shared, batch, packet, place.hash);
        }
    }

    /// Ends the flows whose time is over.
    pub(super) fn advance(&mut self, shared: &Shared, clock_ns: i64) {
        if clock_ns < self.next_end_ns {
            return;
        }
        let mut next = i64::MAX;
        for queue in Queue::ALL {
            let (wait_ns, reason) = match queue {
                Queue::Closed => (shared.linger_ns, EndReason::Closed),
                Queue::Attempt => (shared.attempt_ns, EndReason::Idle),
                _ => (shared.idle_ns, EndReason::Idle),
            };
            while let Some((place, since_ns)) = self.recency.first(queue) {
                let end_ns = since_ns.saturating_add(wait_ns);
                if end_ns > clock_ns {
                    next = next.min(end_ns);
                    break;
                }
                self.end(shared, place, reason);
            }
        }
        // A flow opened or moved later ends no sooner than this after the clock.
        let soonest = clock_ns.saturating_add(shared.linger_ns.min(shared.attempt_ns));
        self.next_end_ns = next.min(soonest);
    }

    /// Times of all open flows, in no order.
    pub(super) fn clocks(&self) -> impl Iterator<Item = i64> {
        Queue::ALL.into_iter().flat_map(|queue| self.recency.clocks(queue))
    }

    /// Ends every flow up to a time: the input is at its end.
    pub(super) fn finish(&mut self, shared: &Shared, until_ns: i64) {
        for queue in Queue::ALL {
            let reason = match queue {
                Queue::Closed => EndReason::Closed,
                _ => EndReason::InputEnd,
            };
            while let Some((place, clock_ns)) = self.recency.first(queue)
                && clock_ns <= until_ns
            {
                self.end(shared, place, reason);
            }
        }
    }

    fn packet(&mut self, shared: &Shared, batch: &Batch, packet: &Packet, hash: u32) {
        self.counted.packets += 1;
        self.advance(shared, packet.clock_ns);
        let found = self.find(packet, hash);
        let (place, direction) = match found {
            Some((place, direction)) => match self.split(shared, place, packet) {
                None => (place, direction),
                Some(key) => {
                    let direction = key::direction(&key, packet).unwrap_or(direction);
                    (self.open_flow(shared, batch, packet, hash, key), direction)
                }
            },
            None => {
                let forward = key::forward(packet);
                let flipped = initiator::is_answer(packet) && !packet.one_way;
                let (key, direction) = if flipped {
                    (key::flipped(&forward), Direction::Resp)
                } else {
                    (forward, Direction::Orig)
                };
                let place = self.open_flow(shared, batch, packet, hash, key);
                if flipped && let Some(entry) = self.slab.get_mut(place) {
                    entry.connection.history.push(b'^');
                }
                (place, direction)
            }
        };
        self.update(shared, batch, packet, place, direction);
        self.bound(shared, place);
    }

    fn find(&self, packet: &Packet, hash: u32) -> Option<(u32, Direction)> {
        let mut direction = Direction::Orig;
        let place = self.index.find(key::spread(hash), |&place| {
            self.recency.hash(place) == hash
                && self.slab.get(place).is_some_and(|entry| {
                    entry.one_way == packet.one_way
                        && key::direction(&entry.core.key, packet)
                            .map(|found| direction = found)
                            .is_some()
                })
        })?;
        Some((*place, direction))
    }

    /// Ends a flow before one of its packets, if that packet begins another: gives its key.
    fn split(&mut self, shared: &Shared, place: u32, packet: &Packet) -> Option<FlowKey> {
        let entry = self.slab.get(place)?;
        if shared.settings.tcp_linger.is_some()
            && entry.connection.is_reused_by(&entry.core, packet)
        {
            let forward = key::forward(packet);
            let key = if initiator::is_answer(packet) { key::flipped(&forward) } else { forward };
            self.end(shared, place, EndReason::Closed);
            return Some(key);
        }
        if packet.clock_ns.saturating_sub(entry.opened_ns) >= shared.active_ns {
            let key = entry.core.key;
            self.end(shared, place, EndReason::Active);
            return Some(key);
        }
        None
    }

    fn open_flow(
        &mut self,
        shared: &Shared,
        batch: &Batch,
        packet: &Packet,
        hash: u32,
        key: FlowKey,
    ) -> u32 {
        if self.index.len() >= shared.max_flows {
            self.counted.evicted_for_count += u64::from(self.evict(shared, None));
        }
        self.counted.opened += 1;
        let place = self.slab.insert(Entry::new(key, packet, batch.tunnel(packet).copied()));
        self.recency.insert(place, hash, Queue::Unanswered, packet.clock_ns);
        let recency = &self.recency;
        self.index
            .insert_unique(key::spread(hash), place, |&place| key::spread(recency.hash(place)));
        self.bytes += Self::FLOW_BYTES + self.slab.get(place).map_or(0, |entry| entry.heap_bytes());
        place
    }

    fn update(
        &mut self,
        shared: &Shared,
        batch: &Batch,
        packet: &Packet,
        place: u32,
        direction: Direction,
    ) {
        let Some(entry) = self.slab.get_mut(place) else { return };
        let before = entry.heap_bytes();
        let payload = batch.payload(packet);
        let closes = entry.update(packet, payload, direction, &shared.settings, &mut self.states);
        self.bytes = self.bytes + entry.heap_bytes() - before;
        let closes = closes && shared.settings.tcp_linger.is_some();
        let queue = if closes || self.recency.queue(place) == Queue::Closed {
            Queue::Closed
        } else if shared.settings.tcp_attempt.is_some() && entry.connection.is_attempt() {
            Queue::Attempt
        } else if entry.core.orig.side.packets > 0 && entry.core.resp.side.packets > 0 {
            Queue::Answered
        } else {
            Queue::Unanswered
        };
        self.recency.touch(place, queue, packet.clock_ns);
        if let Some(early) = shared.settings.early {
            let at_count = entry.core.packets() == u64::from(early.packets);
            let late = early.after.is_some_and(|after| {
                packet.time_ns.saturating_sub(entry.core.start_ns) >= nanoseconds(after)
            });
            if at_count || (late && entry.looked == 0) {
                entry.looked |= u8::from(late);
                self.told.push(entry, &self.states, EndReason::Open, shared);
            }
        }
    }

    /// Evicts until the partition holds no more bytes than its share.
    fn bound(&mut self, shared: &Shared, keep: u32) {
        while self.bytes > shared.max_bytes && self.index.len() > 1 {
            if !self.evict(shared, Some(keep)) {
                break;
            }
            self.counted.evicted_for_bytes += 1;
        }
    }

    /// Ends a flow for want of room: the first of the first queue that has one.
    fn evict(&mut self, shared: &Shared, keep: Option<u32>) -> bool {
        let place = Queue::ALL
            .into_iter()
            .filter_map(|queue| self.recency.first(queue))
            .map(|(place, _)| place)
            .find(|&place| Some(place) != keep);
        match place {
            Some(place) => {
                self.end(shared, place, EndReason::Evicted);
                true
            }
            None => false,
        }
    }

    fn end(&mut self, shared: &Shared, place: u32, reason: EndReason) {
        let hash = self.recency.hash(place);
        self.recency.remove(place);
        if let Ok(found) = self.index.find_entry(key::spread(hash), |&other| other == place) {
            found.remove();
        }
        let Some(entry) = self.slab.get(place) else { return };
        self.bytes -= Self::FLOW_BYTES + entry.heap_bytes();
        self.counted.ended += 1;
        self.told.push(entry, &self.states, reason, shared);
        if let Some(state) = entry.state() {
            self.states.remove(state);
        }
        self.slab.remove(place);
    }
}

impl Block {
    fn push<S: FlowFeature>(
        &mut self,
        entry: &Entry<S>,
        states: &Slab<S>,
        reason: EndReason,
        shared: &Shared,
    ) {
        self.values.reserve(shared.columns);
        let flow = entry.tell(reason, &shared.settings, states, &mut self.values);
        self.flows.push(Some(flow));
        // A feature that writes another number of columns than it names must not shift the rest.
        debug_assert_eq!(self.values.len(), self.flows.len() * shared.columns);
        self.values.resize(self.flows.len() * shared.columns, f64::NAN);
    }
}
