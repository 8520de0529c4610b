//! Records of opposite directions put together to one flow.

use std::time::Duration;

use tripline_core::flow::{Flow, FlowKey, Sensor, Side};
use tripline_core::packet::{Address, protocol, tcp_flags};

use super::exporter::Exporter;
use super::record::{Half, Record};
use crate::sensors::aged::Aged;
use crate::sensors::bounds;
use crate::sensors::endpoint::{icmp_asks, is_icmp};
use crate::sensors::join::blank;
use crate::sensors::state::{self, Seen};

/// Records that wait for the one of the opposite direction.
///
/// Two records are a pair if one exporter sent both, their ends are each other's, and no more than
/// the window lies between the times they cover. A record is told alone once it has waited for the
/// window, when another of its own direction comes, or when too many wait. VLANs are not compared:
/// a router tells that of the interface by which packets came in.
///
/// The initiator is found by the first of these that tells:
/// 1. a biflow record says so, or its source is the initiator (RFC 5103);
/// 2. TCP: only one side sent a SYN without an ACK in any packet; ICMP: one side asks;
/// 3. TCP with SYNs of both sides: the side whose record starts earlier;
/// 4. just one of the ports is below 1024: the other side;
/// 5. the side whose record starts earlier, else whose record came first.
#[derive(Debug)]
pub(super) struct Pairs {
    waiting: Aged<Ends, Waiting>,
    window_ns: i64,
    max: usize,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    record: Record,
    number: u64,
    since_ns: i64,
}

/// Both ends in an order of their own, so that both directions have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Ends {
    exporter: Exporter,
    low: (Address, u16),
    high: (Address, u16),
    protocol: u8,
    ip_version: u8,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Waits,
    Paired,
    /// It waits, and pushed another out.
    Evicts,
}

impl Pairs {
    pub(super) fn new(window: Duration, max: usize) -> Self {
        let window_ns = i64::try_from(window.as_nanos()).unwrap_or(i64::MAX);
        Self { waiting: Aged::default(), window_ns, max }
    }

    /// Takes a record of one direction.
    pub(super) fn take(
        &mut self,
        exporter: Exporter,
        record: Record,
        number: u64,
        now_ns: i64,
        out: &mut Vec<Flow>,
    ) -> Fate {
        let source = (record.source, record.source_port);
        let destination = (record.destination, record.destination_port);
        let ends = Ends {
            exporter,
            low: source.min(destination),
            high: source.max(destination),
            protocol: record.protocol,
            ip_version: record.ip_version,
        };
        if let Some(waiting) = self.waiting.remove(&ends) {
            let first = waiting.record;
            let opposite =
                (first.source, first.source_port) == destination && source != destination;
            let between =
                first.start_ns.max(record.start_ns).saturating_sub(first.end_ns.min(record.end_ns));
            if opposite && between <= self.window_ns {
                out.push(flow(exporter, &first, Some(&record), waiting.number));
                return Fate::Paired;
            }
            out.push(flow(exporter, &first, None, waiting.number));
        }
        self.waiting.insert(ends, Waiting { record, number, since_ns: now_ns });
        if self.waiting.len() > self.max
            && let Some((ends, oldest)) = self.waiting.pop_oldest()
        {
            out.push(flow(ends.exporter, &oldest.record, None, oldest.number));
            return Fate::Evicts;
        }
        Fate::Waits
    }

    /// Tells records that have waited for the window.
    pub(super) fn advance(&mut self, now_ns: i64, out: &mut Vec<Flow>) {
        while let Some((_, oldest)) = self.waiting.oldest() {
            if now_ns.saturating_sub(oldest.since_ns) < self.window_ns {
                return;
            }
            self.pop(out);
        }
    }

    /// Tells the oldest record alone; `false` if none waits.
    pub(super) fn pop(&mut self, out: &mut Vec<Flow>) -> bool {
        let Some((ends, oldest)) = self.waiting.pop_oldest() else { return false };
        out.push(flow(ends.exporter, &oldest.record, None, oldest.number));
        true
    }
}

/// The flow of a record, or of two in opposite directions.
pub(super) fn flow(
    exporter: Exporter,
    first: &Record,
    second: Option<&Record>,
    number: u64,
) -> Flow {
    let back = second.map(|second| second.forward).or(first.reverse).unwrap_or_default();
    let key = FlowKey {
        orig: first.source,
        resp: first.destination,
        orig_port: first.source_port,
        resp_port: first.destination_port,
        protocol: first.protocol,
        ip_version: first.ip_version,
        vlan: first.vlan,
    };
    let stays = source_initiates(first, second);
    let (key, orig, resp) = if stays {
        (key, first.forward, back)
    } else {
        let vlan = second.map_or(first.vlan, |second| second.vlan);
        (FlowKey { vlan, ..crate::sensors::endpoint::turned(&key) }, back, first.forward)
    };
    let sensor = if exporter.version == 10 { Sensor::Ipfix } else { Sensor::NetFlow };
    let mut flow = blank(key, sensor);
    flow.start_ns = second.map_or(first.start_ns, |second| second.start_ns.min(first.start_ns));
    flow.end_ns = second.map_or(first.end_ns, |second| second.end_ns.max(first.end_ns));
    flow.first_packet = number;
    flow.orig = side(&orig);
    flow.resp = side(&resp);
    let seen = |half: &Half| Seen { packets: half.packets, flags: half.flags };
    flow.state = state::of(&key, seen(&orig), seen(&resp));
    bounds::keep(&mut flow);
    flow
}

/// Whether the source of the first record is the initiator, by the rules of [`Pairs`].
fn source_initiates(first: &Record, second: Option<&Record>) -> bool {
    if first.directed || first.reverse.is_some() {
        return !first.turned;
    }
    let flags = (first.forward.flags, second.map_or(0, |second| second.forward.flags));
    if first.protocol == protocol::TCP {
        let opens = |flags: u8| flags & (tcp_flags::SYN | tcp_flags::ACK) == tcp_flags::SYN;
        if opens(flags.0) != opens(flags.1) {
            return opens(flags.0);
        }
    }
    if is_icmp(first.protocol) {
        let kind = |port: u16| u8::try_from(port).unwrap_or(u8::MAX);
        let asks = |port: u16| icmp_asks(first.protocol, kind(port));
        let answered =
            crate::sensors::endpoint::icmp_answer(first.protocol, kind(first.source_port));
        return answered.is_none() || asks(first.source_port);
    }
    let earlier =
        second.map_or(std::cmp::Ordering::Equal, |second| first.start_ns.cmp(&second.start_ns));
    let both_open = flags.0 & flags.1 & tcp_flags::SYN != 0;
    if both_open && earlier.is_ne() {
        return earlier.is_lt();
    }
    match (first.source_port < 1024, first.destination_port < 1024) {
        (true, false) => false,
        (false, true) => true,
        _ => earlier.is_le(),
    }
}

fn side(half: &Half) -> Side {
    Side { packets: half.packets, link_bytes: 0, ip_bytes: half.octets, payload_bytes: 0 }
}
