//! How many of the last flows share an endpoint or service with a flow.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use tripline_core::flow::Flow;
use tripline_core::packet::Address;

/// Flows in a window (Moustafa & Slay 2015, table V: "in 100 connections").
const FLOWS: usize = 100;

/// Counts over the last 100 flows, in constant time for each.
#[derive(Debug, Default)]
pub(crate) struct RecentFlows {
    counts: HashMap<Key, u32, BuildHasherDefault<Mix>>,
    last: VecDeque<Endpoints>,
}

/// The counts of one flow, itself included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RecentCounts {
    /// With its service and initiator's address.
    pub(crate) service_source: u32,
    /// With its service and responder's address.
    pub(crate) service_destination: u32,
    /// With its responder's address.
    pub(crate) destination: u32,
    /// With its initiator's address.
    pub(crate) source: u32,
    /// With its initiator's address and responder's port.
    pub(crate) source_destination_port: u32,
    /// With its responder's address and initiator's port.
    pub(crate) destination_source_port: u32,
    /// With both its addresses.
    pub(crate) source_destination: u32,
}

impl RecentFlows {
    /// Takes a flow into the window, the oldest out of it; gives the flow's counts.
    pub(crate) fn push(&mut self, flow: &Flow, service: u8) -> RecentCounts {
        if self.last.len() == FLOWS
            && let Some(oldest) = self.last.pop_front()
        {
            oldest.keys().iter().for_each(|key| self.take(key));
        }
        let endpoints = Endpoints::of(flow, service);
        self.last.push_back(endpoints);
        let counts = endpoints.keys().map(|key| {
            let count = self.counts.entry(key).or_insert(0);
            *count += 1;
            *count
        });
        RecentCounts::from(counts)
    }

    /// The counts that [`RecentFlows::push`] would give; the window stays as it is.
    pub(crate) fn look(&self, flow: &Flow, service: u8) -> RecentCounts {
        let keys = Endpoints::of(flow, service).keys();
        let leaving = match self.last.front() {
            Some(oldest) if self.last.len() == FLOWS => Some(oldest.keys()),
            _ => None,
        };
        let counts = keys.map(|key| {
            let leaves = leaving.is_some_and(|leaving| leaving.contains(&key));
            self.counts.get(&key).copied().unwrap_or(0) + 1 - u32::from(leaves)
        });
        RecentCounts::from(counts)
    }

    fn take(&mut self, key: &Key) {
        if let Some(count) = self.counts.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(key);
            }
        }
    }
}

impl From<[u32; 7]> for RecentCounts {
    fn from(counts: [u32; 7]) -> Self {
        let [
            service_source,
            service_destination,
            destination,
            source,
            source_destination_port,
            destination_source_port,
            source_destination,
        ] = counts;
        Self {
            service_source,
            service_destination,
            destination,
            source,
            source_destination_port,
            destination_source_port,
            source_destination,
        }
    }
}

/// What a window keeps of a flow.
#[derive(Debug, Clone, Copy)]
struct Endpoints {
    source: Address,
    destination: Address,
    source_port: u16,
    destination_port: u16,
    service: u8,
}

/// What is counted: which count, of which addresses, of which port or service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key(u8, u16, Address, Address);

impl Endpoints {
    fn of(flow: &Flow, service: u8) -> Self {
        Self {
            source: flow.key.orig,
            destination: flow.key.resp,
            source_port: flow.key.orig_port,
            destination_port: flow.key.resp_port,
            service,
        }
    }

    /// In the order of [`RecentCounts`].
    fn keys(&self) -> [Key; 7] {
        let none = Address::default();
        let service = u16::from(self.service);
        [
            Key(0, service, self.source, none),
            Key(1, service, self.destination, none),
            Key(2, 0, self.destination, none),
            Key(3, 0, self.source, none),
            Key(4, self.destination_port, self.source, none),
            Key(5, self.source_port, self.destination, none),
            Key(6, 0, self.source, self.destination),
        ]
    }
}

/// A quick hash. At most 700 keys are held at once, so that keys chosen to collide cost little.
#[derive(Debug, Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
        for &byte in chunks.remainder() {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u16(&mut self, value: u16) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        // The odd number nearest to 2^64 divided by the golden ratio (Knuth, volume 3, 6.4).
        let product = u128::from(self.0 ^ value) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64) ^ (product >> 64) as u64 ^ self.0.rotate_left(23);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
