//! Fragments to packets, in capture order.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use tripline_core::packet::{Batch, Packet};

use super::counters::CaptureCounters;
use super::decode::{Decoded, Decoder};
use super::fragment::{Datagram, Fragment, Key};
use super::options::{CaptureOptions, FragmentLimits};
use super::view::View;

/// Most bytes that wait, so that places behind the bytes of a block fit 32 bits.
const MAX_BYTES: usize = 1 << 30;

/// Puts fragments together, as far as its bounds allow.
///
/// Of bytes that come twice the first stay, and the packet is marked. A datagram that is not whole
/// within the time-out is dropped, as is the oldest when there are too many, or too many bytes.
/// What comes out is decoded like any packet, so a datagram may hold tunnels with further fragments.
#[derive(Debug)]
pub struct Reassembler {
    limits: FragmentLimits,
    datagrams: HashMap<Key, Datagram>,
    /// In the order in which they began; some of them are gone.
    ages: VecDeque<(u64, Key)>,
    bytes: usize,
    sequence: u64,
    waiting: u64,
    counters: CaptureCounters,
}

impl Reassembler {
    /// Nothing waits yet.
    pub fn new(options: &CaptureOptions) -> Self {
        let bytes = options.fragments.bytes.min(MAX_BYTES);
        Self {
            limits: FragmentLimits { bytes, ..options.fragments },
            datagrams: HashMap::new(),
            ages: VecDeque::new(),
            bytes: 0,
            sequence: 0,
            waiting: 0,
            counters: CaptureCounters::default(),
        }
    }

    /// Takes what was decoded of the next block, with packets put together where their last
    /// fragment came.
    pub fn finish(&mut self, decoded: Decoded) -> Batch {
        self.counters.merge(&decoded.counters);
        let Decoded { mut batch, mut fragments, max_tunnels, .. } = decoded;
        if fragments.is_empty() {
            return batch;
        }
        // What comes out of a datagram may be a fragment itself, which comes next.
        fragments.reverse();
        let mut whole: Vec<(usize, Packet)> = Vec::new();
        let mut packets = Vec::new();
        let mut inner = Vec::new();
        while let Some(fragment) = fragments.pop() {
            let Some(datagram) = self.add(&fragment, &batch) else { continue };
            let Some((ip, mut around)) = datagram.complete() else { continue };
            around.number = fragment.around.number;
            around.time_ns = fragment.around.time_ns;
            around.clock_ns = fragment.around.clock_ns;
            let start = batch.reassembled.len();
            datagram.write(&mut batch.reassembled);
            let data = &batch.reassembled[start..];
            let view =
                View { data, at: (batch.bytes.len() + start) as u32, wire: data.len() as u32 };
            let mut decoder = Decoder {
                packets: &mut packets,
                tunnels: &mut batch.tunnels,
                fragments: &mut inner,
                max_tunnels,
            };
            if decoder.behind_ip(ip, datagram.protocol(), view, &around).is_err() {
                self.counters.fragments_dropped += datagram.fragments;
            }
            self.counters.reassembled += packets.len() as u64;
            let before = fragment.before;
            whole.extend(packets.drain(..).map(|packet| (before, packet)));
            fragments.extend(inner.drain(..).map(|inner| Fragment { before, ..inner }));
        }
        if !whole.is_empty() {
            batch.packets = merged(batch.packets, whole);
        }
        batch
    }

    /// What was counted while decoding, and here.
    pub fn counters(&self) -> CaptureCounters {
        CaptureCounters { fragments_waiting: self.waiting, ..self.counters.clone() }
    }

    /// Adds a fragment; gives its datagram if that is now whole.
    fn add(&mut self, fragment: &Fragment, batch: &Batch) -> Option<Datagram> {
        self.expire(fragment.around.clock_ns);
        if !fragment.whole {
            self.counters.fragments_dropped += 1;
            return None;
        }
        let key = fragment.key();
        let sequence = self.sequence;
        let mut entry = match self.datagrams.entry(key) {
            Entry::Occupied(entry) => entry,
            Entry::Vacant(entry) => {
                self.sequence += 1;
                self.ages.push_back((sequence, key));
                let datagram = Datagram::new(fragment, sequence);
                self.bytes += datagram.held_bytes();
                entry.insert_entry(datagram)
            }
        };
        let datagram = entry.get_mut();
        let held = datagram.held_bytes();
        datagram.add(fragment, payload(fragment, batch));
        self.waiting += 1;
        self.bytes = self.bytes - held + datagram.held_bytes();
        if datagram.complete().is_some() {
            let datagram = entry.remove();
            self.bytes -= datagram.held_bytes();
            self.waiting -= datagram.fragments;
            return Some(datagram);
        }
        while self.datagrams.len() > self.limits.datagrams || self.bytes > self.limits.bytes {
            if !self.drop_oldest() {
                break;
            }
        }
        // Entries of datagrams that are gone are swept out before they outnumber the others.
        if self.ages.len() > 2 * self.datagrams.len() + 64 {
            let datagrams = &self.datagrams;
            self.ages.retain(|(sequence, key)| {
                datagrams.get(key).is_some_and(|datagram| datagram.sequence == *sequence)
            });
        }
        None
    }

    fn expire(&mut self, clock_ns: i64) {
        let timeout_ns = i64::try_from(self.limits.timeout.as_nanos()).unwrap_or(i64::MAX);
        while let Some((sequence, key)) = self.ages.front() {
            let alive = self.datagrams.get(key).filter(|found| found.sequence == *sequence);
            if alive.is_some_and(|found| clock_ns.saturating_sub(found.since_ns) < timeout_ns) {
                return;
            }
            self.drop_oldest();
        }
    }

    /// Drops the datagram that began first; false if there is none.
    fn drop_oldest(&mut self) -> bool {
        let Some((sequence, key)) = self.ages.pop_front() else { return false };
        if let Entry::Occupied(entry) = self.datagrams.entry(key)
            && entry.get().sequence == sequence
        {
            let datagram = entry.remove();
            self.bytes -= datagram.held_bytes();
            self.waiting -= datagram.fragments;
            self.counters.fragments_dropped += datagram.fragments;
        }
        true
    }
}

/// Payload of a fragment, from a frame or from a datagram that was put together.
fn payload<'a>(fragment: &Fragment, batch: &'a Batch) -> &'a [u8] {
    let (start, length) = (fragment.start as usize, fragment.captured as usize);
    let (from, start) = match start.checked_sub(batch.bytes.len()) {
        Some(behind) if !batch.reassembled.is_empty() => (&batch.reassembled, behind),
        _ => (&batch.bytes, start),
    };
    from.get(start..start + length).unwrap_or_default()
}

/// Packets with others, each of which comes before the packet with its index.
fn merged(packets: Vec<Packet>, others: Vec<(usize, Packet)>) -> Vec<Packet> {
    let mut all = Vec::with_capacity(packets.len() + others.len());
    let mut done = 0;
    for (before, packet) in others {
        all.extend_from_slice(&packets[done..before]);
        done = before;
        all.push(packet);
    }
    all.extend_from_slice(&packets[done..]);
    all
}
