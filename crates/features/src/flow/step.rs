//! What a feature sees of a packet, with what the flow knows already.

use tripline_core::flow::{Direction, FlowKey, Side};
use tripline_core::packet::Packet;

use super::settings::FlowSettings;

/// A packet on its way into a flow.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The packet.
    pub packet: &'a Packet,
    /// Captured bytes of its payload.
    pub payload: &'a [u8],
    /// Who sent it.
    pub direction: Direction,
    /// What kind of segment it is, by the sequence numbers seen before it.
    pub segment: SegmentKind,
    /// The flow before this packet.
    pub core: &'a FlowCore,
    /// How packets become flows.
    pub settings: &'a FlowSettings,
}

/// A TCP segment against what its sender sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SegmentKind {
    /// Next in order, or no TCP, or it takes no sequence space.
    #[default]
    InOrder,
    /// All of its sequence space was sent before.
    Retransmission,
    /// It fills a gap that was left: it starts before the highest byte sent, and was not seen.
    OutOfOrder,
    /// It starts behind the highest byte sent: something is missing in between.
    Gap,
}

/// What every flow knows, whatever the feature set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowCore {
    /// Endpoints, initiator first.
    pub key: FlowKey,
    /// Number of its first packet.
    pub first_packet: u64,
    /// Time of its first packet.
    pub start_ns: i64,
    /// Latest time of a packet; `start_ns` before the second.
    pub last_ns: i64,
    /// The initiator.
    pub orig: Endpoint,
    /// The responder.
    pub resp: Endpoint,
}

impl FlowCore {
    /// The endpoint that sends in a direction.
    #[inline]
    pub fn endpoint(&self, direction: Direction) -> &Endpoint {
        match direction {
            Direction::Orig => &self.orig,
            Direction::Resp => &self.resp,
        }
    }

    /// Packets of both directions.
    #[inline]
    pub fn packets(&self) -> u64 {
        self.orig.side.packets + self.resp.side.packets
    }
}

/// What an endpoint did so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Endpoint {
    /// Counts.
    pub side: Side,
    /// Time of its first packet; meaningless before that.
    pub first_ns: i64,
    /// Time of its last packet; meaningless before the first.
    pub last_ns: i64,
    /// Sequence number of its SYN, or of its first segment.
    pub initial_sequence: u32,
    /// Sequence number behind the highest byte it sent.
    pub next_sequence: u32,
    /// Retransmitted segments.
    pub retransmissions: u32,
    /// Segments out of order.
    pub out_of_order: u32,
    /// Missing bytes: gaps that were not filled.
    pub gap_bytes: u32,
}
