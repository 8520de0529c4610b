//! TCP sequence space of one endpoint: what was sent before, what is missing.

use tripline_core::packet::{Packet, protocol, tcp_flags};

use super::step::{Endpoint, SegmentKind};

/// Gaps remembered for each endpoint; with more, the oldest is taken for lost.
const GAPS: usize = 8;

/// Sequence space that an endpoint has left out so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Gaps {
    // From, to, acknowledged all the same; the oldest first.
    ranges: [(u32, u32, bool); GAPS],
    length: u8,
}

impl Gaps {
    fn as_slice(&self) -> &[(u32, u32, bool)] {
        &self.ranges[..self.length as usize]
    }

    fn push(&mut self, from: u32, to: u32, acknowledged: bool) {
        if self.length as usize == GAPS {
            self.remove(0);
        }
        self.ranges[self.length as usize] = (from, to, acknowledged);
        self.length += 1;
    }

    fn remove(&mut self, position: usize) {
        self.ranges.copy_within(position + 1.., position);
        self.length -= 1;
    }

    fn overlaps(&self, from: u32, to: u32) -> bool {
        self.as_slice().iter().any(|&(start, end, _)| before(start, to) && before(from, end))
    }

    /// Takes a segment out of what is missing; gives the bytes that it filled.
    fn fill(&mut self, from: u32, to: u32) -> u32 {
        let mut filled = 0;
        let mut position = 0;
        while position < self.length as usize {
            let (start, end, acknowledged) = self.ranges[position];
            if !(before(start, to) && before(from, end)) {
                position += 1;
                continue;
            }
            let cut_from = if before(start, from) { from } else { start };
            let cut_to = if before(to, end) { to } else { end };
            filled += cut_to.wrapping_sub(cut_from);
            match (before(start, cut_from), before(cut_to, end)) {
                (false, false) => {
                    self.remove(position);
                    continue;
                }
                (true, false) => self.ranges[position].1 = cut_from,
                (false, true) => self.ranges[position].0 = cut_to,
                (true, true) => {
                    self.ranges[position].1 = cut_from;
                    self.push(cut_to, end, acknowledged);
                    // A full list has moved by one.
                    break;
                }
            }
            position += 1;
        }
        filled
    }

    /// Notes which gaps were acknowledged though nobody saw what fills them; gives how many are new.
    pub(super) fn acknowledge(&mut self, number: u32) -> u32 {
        let mut new = 0;
        for (start, _, acknowledged) in &mut self.ranges[..self.length as usize] {
            if !*acknowledged && before(*start, number) {
                *acknowledged = true;
                new += 1;
            }
        }
        new
    }
}

/// True if a sequence number lies before another, modulo 2^32 (RFC 9293, section 3.4).
#[inline]
pub(super) fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// Sequence space that a segment takes: its payload, SYN, FIN. What a RST carries is no stream.
#[inline]
pub(super) fn length(packet: &Packet) -> u32 {
    let flags = packet.tcp.flags;
    let payload = if flags & tcp_flags::RST == 0 { packet.payload_bytes } else { 0 };
    payload + u32::from(flags & tcp_flags::SYN != 0) + u32::from(flags & tcp_flags::FIN != 0)
}

/// What kind of segment a packet is, by what its sender sent before.
#[inline]
pub(super) fn classify(endpoint: &Endpoint, gaps: Option<&Gaps>, packet: &Packet) -> SegmentKind {
    let length = length(packet);
    if packet.protocol != protocol::TCP || length == 0 || endpoint.side.packets == 0 {
        return SegmentKind::InOrder;
    }
    let from = packet.tcp.sequence;
    let to = from.wrapping_add(length);
    if from == endpoint.next_sequence {
        return SegmentKind::InOrder;
    }
    if before(endpoint.next_sequence, from) {
        return SegmentKind::Gap;
    }
    if gaps.is_some_and(|gaps| gaps.overlaps(from, to)) {
        return SegmentKind::OutOfOrder;
    }
    if before(endpoint.next_sequence, to) {
        SegmentKind::InOrder
    } else {
        SegmentKind::Retransmission
    }
}

/// Takes a segment into what its sender sent; `acknowledged` is what the other side has of it.
pub(super) fn advance(
    endpoint: &mut Endpoint,
    gaps: &mut Option<Box<[Gaps; 2]>>,
    side: usize,
    packet: &Packet,
    kind: SegmentKind,
    acknowledged: u32,
) {
    let from = packet.tcp.sequence;
    let to = from.wrapping_add(length(packet));
    match kind {
        SegmentKind::InOrder => {}
        SegmentKind::Retransmission => {
            endpoint.retransmissions = endpoint.retransmissions.saturating_add(1);
        }
        SegmentKind::OutOfOrder => {
            endpoint.out_of_order = endpoint.out_of_order.saturating_add(1);
            if let Some(gaps) = gaps {
                let filled = gaps[side].fill(from, to);
                endpoint.gap_bytes = endpoint.gap_bytes.saturating_sub(filled);
            }
        }
        SegmentKind::Gap => {
            let missing = from.wrapping_sub(endpoint.next_sequence);
            endpoint.gap_bytes = endpoint.gap_bytes.saturating_add(missing);
            gaps.get_or_insert_default()[side].push(
                endpoint.next_sequence,
                from,
                !before(acknowledged, from),
            );
        }
    }
    if before(endpoint.next_sequence, to) {
        endpoint.next_sequence = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_piece_by_piece() {
        let mut gaps = Gaps::default();
        gaps.push(100, 200, false);
        gaps.push(u32::MAX - 9, 10, false);
        assert!(gaps.overlaps(150, 151) && !gaps.overlaps(200, 300) && gaps.overlaps(0, 1));
        assert_eq!(gaps.fill(120, 130), 10);
        assert_eq!(
            gaps.as_slice(),
            [(100, 120, false), (u32::MAX - 9, 10, false), (130, 200, false)]
        );
        assert_eq!(gaps.fill(90, 150), 40);
        assert_eq!(gaps.as_slice(), [(u32::MAX - 9, 10, false), (150, 200, false)]);
        assert_eq!((gaps.acknowledge(20), gaps.acknowledge(30)), (1, 0));
        assert_eq!(gaps.fill(0, 1000), 60);
        assert_eq!(gaps.as_slice(), [(u32::MAX - 9, 0, true)]);
    }

    #[test]
    fn gaps_are_bounded() {
        let mut gaps = Gaps::default();
        for i in 0..100 {
            gaps.push(i * 10, i * 10 + 5, false);
        }
        assert_eq!(gaps.as_slice().len(), GAPS);
        assert_eq!(gaps.as_slice()[0], (920, 925, false));
        assert_eq!(gaps.fill(921, 922), 1);
        assert_eq!(gaps.as_slice().len(), GAPS);
    }
}
