//! What a flow holds for the columns of CICFlowMeter.

use tripline_core::flow::{Direction, Flow};
use tripline_core::packet::protocol::{ICMP, ICMPV6, SCTP, TCP, UDP};

use super::columns::{self, PROTOCOLS};
use super::way::Way;
use crate::flow::column::ColumnDoc;
use crate::flow::feature::FlowFeature;
use crate::flow::moments::Moments;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// A gap longer than this begins a new subflow.
const SUBFLOW_NS: u64 = 1_000_000_000;

/// A gap longer than this is a time in which the flow was idle.
const IDLE_NS: u64 = 5_000_000_000;

/// The columns of CICFlowMeter: those of CIC-IDS2017, or else of CSE-CIC-IDS2018.
#[derive(Debug)]
pub(super) struct Record<const LATER: bool> {
    forward: Way,
    backward: Way,
    /// Nanoseconds between packets of either direction.
    gaps: Moments,
    /// Nanoseconds of stretches that an idle time ended.
    active: Moments,
    /// Nanoseconds of idle times.
    idle: Moments,
    /// Start of the stretch that goes on.
    stretch_ns: i64,
    /// Gaps that began a subflow.
    breaks: u32,
    /// Packets with each of the eight TCP flags, FIN first.
    flags: [u32; 8],
    packets: u64,
}

impl<const LATER: bool> FlowFeature for Record<LATER> {
    fn columns() -> Vec<ColumnDoc> {
        if LATER { columns::later() } else { columns::first() }
    }

    fn on_init(first: &Step) -> Self {
        Self {
            forward: Way::default(),
            backward: Way::default(),
            gaps: Moments::default(),
            active: Moments::default(),
            idle: Moments::default(),
            stretch_ns: first.packet.time_ns,
            breaks: 0,
            flags: [0; 8],
            packets: 0,
        }
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        let packet = step.packet;
        if self.packets > 0 {
            let last_ns = step.core.last_ns;
            let gap = packet.time_ns.saturating_sub(last_ns).max(0) as u64;
            self.gaps.add(gap);
            self.breaks += u32::from(gap > SUBFLOW_NS);
            if gap > IDLE_NS {
                let stretch = last_ns.saturating_sub(self.stretch_ns).max(0) as u64;
                if stretch > 0 {
                    self.active.add(stretch);
                }
                self.idle.add(gap);
                self.stretch_ns = packet.time_ns;
            }
        }
        self.packets += 1;
        if packet.protocol == TCP {
            for (bit, count) in self.flags.iter_mut().enumerate() {
                *count += u32::from(packet.tcp.flags >> bit & 1);
            }
        }
        let (own, other) = match step.direction {
            Direction::Orig => (&mut self.forward, &mut self.backward),
            Direction::Resp => (&mut self.backward, &mut self.forward),
        };
        own.add(step);
        if packet.payload_bytes > 0 {
            other.bulks.interrupt();
        }
    }

    fn write(state: Option<&Self>, flow: &Flow, row: &mut Row) {
        let duration = flow.duration_s();
        let (forward, backward) = (&flow.orig, &flow.resp);
        let packets = forward.packets + backward.packets;
        let bytes = forward.payload_bytes + backward.payload_bytes;
        row.count(u64::from(flow.key.resp_port));
        row.category(Some(protocol(flow.key.protocol)));
        row.number(duration * 1e6);
        row.count(forward.packets);
        row.count(backward.packets);
        row.count(forward.payload_bytes);
        row.count(backward.payload_bytes);
        match state {
            Some(state) => {
                lengths(&state.forward.lengths, row);
                lengths(&state.backward.lengths, row);
            }
            None => {
                for side in [forward, backward] {
                    row.missing(2);
                    row.number(ratio(side.payload_bytes, side.packets));
                    row.missing(1);
                }
            }
        }
        for count in [bytes, packets] {
            let some = duration > 0.0;
            row.maybe(some.then(|| count as f64 / duration));
        }
        match state {
            Some(state) => state.write_gaps(row),
            None => row.missing(20),
        }
        for side in [forward, backward] {
            row.number(if duration > 0.0 { side.packets as f64 / duration } else { 0.0 });
        }
        match state {
            Some(state) => state.write_whole(row),
            None => {
                row.missing(2);
                row.number(ratio(bytes, packets));
                row.missing(10);
            }
        }
        row.number(ratio(backward.packets, forward.packets));
        row.number(ratio(bytes, packets));
        row.number(ratio(forward.payload_bytes, forward.packets));
        row.number(ratio(backward.payload_bytes, backward.packets));
        if !LATER {
            row.maybe(state.map(|state| state.forward.header_bytes as f64));
        }
        match state {
            Some(state) => state.write_runs(row),
            None => row.missing(22),
        }
    }
}

impl<const LATER: bool> Record<LATER> {
    /// From `Flow IAT Mean` to `Bwd Header Length`.
    fn write_gaps(&self, row: &mut Row) {
        microseconds(&self.gaps, row);
        for way in [&self.forward, &self.backward] {
            row.number(way.gaps.sum() as f64 / 1e3);
            microseconds(&way.gaps, row);
        }
        row.count(u64::from(self.forward.pushes));
        row.count(u64::from(self.backward.pushes));
        row.count(u64::from(self.forward.urgents));
        row.count(u64::from(self.backward.urgents));
        row.count(self.forward.header_bytes);
        row.count(self.backward.header_bytes);
    }

    /// From `Min Packet Length` to `ECE Flag Count`.
    fn write_whole(&self, row: &mut Row) {
        let all = self.forward.lengths.with(&self.backward.lengths);
        row.count(all.min());
        row.count(all.max());
        row.number(all.mean());
        row.number(all.sample_variance().sqrt());
        row.number(all.sample_variance());
        let [fin, syn, rst, psh, ack, urg, ece, cwr] = self.flags;
        for count in [fin, syn, rst, psh, ack, urg, cwr, ece] {
            row.count(u64::from(count));
        }
    }

    /// From `Fwd Avg Bytes/Bulk` to `Idle Min`.
    fn write_runs(&self, row: &mut Row) {
        for way in [&self.forward, &self.backward] {
            let bulks = &way.bulks;
            row.number(ratio(bulks.bytes, u64::from(bulks.count)));
            row.number(ratio(bulks.packets, u64::from(bulks.count)));
            row.number(ratio(bulks.bytes, bulks.duration_ns) * 1e9);
        }
        let subflows = u64::from(self.breaks) + 1;
        for way in [&self.forward, &self.backward] {
            row.number(ratio(way.lengths.count(), subflows));
            row.number(ratio(way.lengths.sum(), subflows));
        }
        for way in [&self.forward, &self.backward] {
            row.number(way.first_window.map_or(-1.0, f64::from));
        }
        row.count(u64::from(self.forward.data_packets));
        row.count(u64::from(self.forward.least_header));
        for times in [&self.active, &self.idle] {
            let [mean, deviation, max, min] = statistics(times);
            for value in [mean, deviation, max, min] {
                row.number(value / 1e3);
            }
        }
    }
}

/// Maximum, minimum, mean, deviation of payload bytes.
fn lengths(lengths: &Moments, row: &mut Row) {
    let [mean, deviation, max, min] = statistics(lengths);
    for value in [max, min, mean, deviation] {
        row.number(value);
    }
}

/// Mean, deviation, maximum, minimum of nanoseconds.
fn microseconds(times: &Moments, row: &mut Row) {
    for value in statistics(times) {
        row.number(value / 1e3);
    }
}

fn statistics(of: &Moments) -> [f64; 4] {
    [of.mean(), of.sample_variance().sqrt(), of.max() as f64, of.min() as f64]
}

fn ratio(top: u64, bottom: u64) -> f64 {
    if bottom == 0 { 0.0 } else { top as f64 / bottom as f64 }
}

/// Index into [`PROTOCOLS`].
fn protocol(number: u8) -> usize {
    let name = match number {
        ICMP => "1",
        TCP => "6",
        UDP => "17",
        ICMPV6 => "58",
        SCTP => "132",
        _ => "0",
    };
    PROTOCOLS.iter().position(|protocol| *protocol == name).unwrap_or(0)
}
