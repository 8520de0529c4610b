//! What one direction of a flow holds for the columns of CICFlowMeter.

use tripline_core::packet::protocol;
use tripline_core::packet::tcp_flags::{PSH, URG};

use super::bulk::Bulks;
use crate::flow::moments::Moments;
use crate::flow::step::Step;

/// What one endpoint sent.
#[derive(Debug, Default)]
pub(super) struct Way {
    /// Payload bytes of its packets.
    pub(super) lengths: Moments,
    /// Nanoseconds between its packets.
    pub(super) gaps: Moments,
    /// Bytes of its transport headers.
    pub(super) header_bytes: u64,
    /// Packets with PSH.
    pub(super) pushes: u32,
    /// Packets with URG.
    pub(super) urgents: u32,
    /// Packets with payload.
    pub(super) data_packets: u32,
    /// Window of its first packet, if that is TCP.
    pub(super) first_window: Option<u16>,
    /// Least bytes of a transport header.
    pub(super) least_header: u16,
    /// Runs of packets with payload.
    pub(super) bulks: Bulks,
}

impl Way {
    #[inline]
    pub(super) fn add(&mut self, step: &Step) {
        let packet = step.packet;
        if self.lengths.count() == 0 {
            self.least_header = packet.transport_header_bytes;
            if packet.protocol == protocol::TCP {
                self.first_window = Some(packet.tcp.window);
            }
        } else {
            let last = step.core.endpoint(step.direction).last_ns;
            self.gaps.add(packet.time_ns.saturating_sub(last).max(0) as u64);
            self.least_header = self.least_header.min(packet.transport_header_bytes);
        }
        self.lengths.add(u64::from(packet.payload_bytes));
        self.header_bytes += u64::from(packet.transport_header_bytes);
        self.pushes += u32::from(packet.tcp.flags & PSH != 0);
        self.urgents += u32::from(packet.tcp.flags & URG != 0);
        self.data_packets += u32::from(packet.payload_bytes > 0);
        if packet.payload_bytes > 0 {
            self.bulks.add(packet.time_ns, packet.payload_bytes);
        }
    }
}
