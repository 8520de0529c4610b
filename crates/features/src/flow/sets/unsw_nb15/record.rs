//! What a flow holds for the columns of UNSW-NB15.

use tripline_core::flow::{Direction, Flow, Side};
use tripline_core::packet::tcp_flags::{ACK, RST, SYN};
use tripline_core::packet::{Packet, protocol};

use super::{columns, names};
use crate::flow::column::ColumnDoc;
use crate::flow::feature::FlowFeature;
use crate::flow::feature::service::Service;
use crate::flow::moments::Moments;
use crate::flow::row::Row;
use crate::flow::step::{SegmentKind, Step};

/// The columns of UNSW-NB15, with each packet counted so many times: 2 is as the published capture
/// has them.
#[derive(Debug)]
pub(super) struct Record<const COPIES: u64> {
    /// Tells the service and what HTTP and FTP say.
    service: Service,
    orig: Way,
    resp: Way,
    syn_ns: Option<i64>,
    syn_ack_ns: Option<i64>,
    ack_ns: Option<i64>,
}

/// What one endpoint sent.
#[derive(Debug, Default)]
struct Way {
    /// Nanoseconds between its packets.
    gaps: Moments,
    /// Retransmitted segments.
    lost: u32,
    /// Segments with a SYN or payload.
    in_sequence: u32,
    /// Sequence number of its first packet.
    sequence: u32,
    /// Largest window advertised.
    window: u16,
    /// Time to live of its first packet.
    ttl: u8,
    seen: bool,
}

impl Way {
    #[inline]
    fn add(&mut self, step: &Step) {
        let packet = step.packet;
        if self.seen {
            let last = step.core.endpoint(step.direction).last_ns;
            self.gaps.add(packet.time_ns.saturating_sub(last).max(0) as u64);
        } else {
            self.seen = true;
            self.ttl = packet.ttl;
            self.sequence = packet.tcp.sequence;
        }
        if packet.protocol == protocol::TCP {
            self.window = self.window.max(packet.tcp.window);
            self.lost += u32::from(step.segment == SegmentKind::Retransmission);
            self.in_sequence += u32::from(packet.tcp.flags & SYN != 0 || packet.payload_bytes > 0);
        }
    }

    /// A second copy of a segment in sequence counts as a retransmission.
    fn losses<const COPIES: u64>(&self) -> u64 {
        u64::from(self.lost) + (COPIES - 1) * u64::from(self.in_sequence)
    }

    /// Gaps with those of no time between the copies of a packet.
    fn copied<const COPIES: u64>(&self, packets: u64) -> Moments {
        self.gaps.with_zeros((COPIES - 1) * packets)
    }
}

impl<const COPIES: u64> Record<COPIES> {
    #[inline]
    fn handshake(&mut self, packet: &Packet, direction: Direction) {
        let flags = packet.tcp.flags;
        match direction {
            Direction::Orig if flags & (SYN | ACK) == SYN && self.syn_ack_ns.is_none() => {
                self.syn_ns.get_or_insert(packet.time_ns);
            }
            Direction::Resp if flags & (SYN | ACK) == SYN | ACK && self.syn_ns.is_some() => {
                self.syn_ack_ns.get_or_insert(packet.time_ns);
            }
            Direction::Orig if flags & (SYN | ACK | RST) == ACK && self.syn_ack_ns.is_some() => {
                self.ack_ns.get_or_insert(packet.time_ns);
            }
            _ => {}
        }
    }

    /// Seconds from SYN to SYN-ACK, from SYN-ACK to ACK; 0 where one is missing.
    fn handshake_s(&self) -> (f64, f64) {
        let between = |from: Option<i64>, to: Option<i64>| match (from, to) {
            (Some(from), Some(to)) => to.saturating_sub(from).max(0) as f64 / 1e9,
            _ => 0.0,
        };
        (between(self.syn_ns, self.syn_ack_ns), between(self.syn_ack_ns, self.ack_ns))
    }
}

impl<const COPIES: u64> FlowFeature for Record<COPIES> {
    fn columns() -> Vec<ColumnDoc> {
        columns::of(COPIES)
    }

    fn on_init(first: &Step) -> Self {
        Self {
            service: Service::on_init(first),
            orig: Way::default(),
            resp: Way::default(),
            syn_ns: None,
            syn_ack_ns: None,
            ack_ns: None,
        }
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        self.service.on_update(step);
        match step.direction {
            Direction::Orig => self.orig.add(step),
            Direction::Resp => self.resp.add(step),
        }
        if step.packet.protocol == protocol::TCP && self.ack_ns.is_none() {
            self.handshake(step.packet, step.direction);
        }
    }

    fn on_expire(&self, flow: &mut Flow) {
        self.service.on_expire(flow);
    }

    fn heap_bytes(&self) -> usize {
        self.service.heap_bytes()
    }

    fn write(state: Option<&Self>, flow: &Flow, row: &mut Row) {
        let duration = flow.duration_s();
        let orig = sizes::<COPIES>(&flow.orig);
        let resp = sizes::<COPIES>(&flow.resp);
        let condition = names::state(flow);
        row.number(duration);
        row.category(names::protocol(flow.key.protocol));
        row.category(Some(names::service(flow.service)));
        row.category(
            condition.and_then(|name| names::STATES.iter().position(|state| *state == name)),
        );
        row.count(orig.packets);
        row.count(resp.packets);
        row.count(orig.bytes);
        row.count(resp.bytes);
        row.number(per_second((orig.packets + resp.packets).saturating_sub(1) as f64, duration));
        let ttl = state.map(|state| (state.orig.ttl, state.resp.ttl));
        row.maybe(ttl.map(|ttl| f64::from(ttl.0)));
        row.maybe(ttl.map(|ttl| f64::from(ttl.1)));
        row.number(orig.load(duration));
        row.number(resp.load(duration));
        match state {
            Some(state) => state.write_packets(flow, row),
            None => row.missing(13),
        }
        row.count(orig.mean());
        row.count(resp.mean());
        write_http(flow, row);
        // The windows over connections fill these in where they stand.
        row.missing(1);
        row.maybe(ttl.map(|ttl| names::state_ttl(condition.unwrap_or("no"), ttl.0, ttl.1) as f64));
        row.missing(4);
        write_ftp(flow, row);
        let http = flow.app.as_ref().and_then(|app| app.http.as_ref());
        row.count(http.map_or(0, |http| u64::from(http.get_or_post)));
        row.missing(2);
        let key = &flow.key;
        row.flag(key.orig == key.resp && key.orig_port == key.resp_port);
    }
}

impl<const COPIES: u64> Record<COPIES> {
    /// From `sloss` to `ackdat`.
    fn write_packets(&self, flow: &Flow, row: &mut Row) {
        let ways = [(&self.orig, flow.orig.packets), (&self.resp, flow.resp.packets)];
        for (way, _) in ways {
            row.count(way.losses::<COPIES>());
        }
        for (way, packets) in ways {
            row.number(way.copied::<COPIES>(packets).mean() / 1e6);
        }
        for (way, packets) in ways {
            row.number(way.copied::<COPIES>(packets).population_variance().sqrt() / 1e6);
        }
        let window = |way: &Way| u64::from(way.window.min(255));
        row.count(window(&self.orig));
        row.count(u64::from(self.orig.sequence));
        row.count(u64::from(self.resp.sequence));
        row.count(window(&self.resp));
        let (syn_ack, ack) = self.handshake_s();
        row.number(syn_ack + ack);
        row.number(syn_ack);
        row.number(ack);
    }
}

/// `trans_depth`, `response_body_len`.
fn write_http(flow: &Flow, row: &mut Row) {
    let http = flow.app.as_ref().and_then(|app| app.http.as_ref());
    row.count(http.map_or(0, |http| u64::from(http.requests)));
    row.count(http.map_or(0, |http| http.response_body_bytes));
}

/// `is_ftp_login`, `ct_ftp_cmd`.
fn write_ftp(flow: &Flow, row: &mut Row) {
    let ftp = flow.app.as_ref().and_then(|app| app.ftp.as_ref());
    row.flag(ftp.is_some_and(|ftp| ftp.user && ftp.password));
    row.flag(ftp.is_some_and(|ftp| ftp.commands > 0));
}

struct Sizes {
    packets: u64,
    bytes: u64,
}

fn sizes<const COPIES: u64>(side: &Side) -> Sizes {
    Sizes {
        packets: side.packets.saturating_mul(COPIES),
        bytes: side.ip_bytes.saturating_mul(COPIES),
    }
}

impl Sizes {
    /// Bytes for each packet, to the nearest whole number, halves up.
    fn mean(&self) -> u64 {
        match self.packets {
            0 => 0,
            packets => (self.bytes.saturating_add(packets / 2)) / packets,
        }
    }

    /// Bits per second, less those of one mean packet.
    fn load(&self, duration: f64) -> f64 {
        match self.packets {
            0 | 1 => 0.0,
            packets => per_second(8.0 * (self.bytes - self.bytes / packets) as f64, duration),
        }
    }
}

fn per_second(count: f64, duration: f64) -> f64 {
    if duration > 0.0 { count / duration } else { 0.0 }
}
