//! The TCP state machine of a flow with its history, after Zeek's.
//!
//! States, their changes and letters are those that Zeek documents for `conn.log`; each endpoint
//! has a phase of its own.

use tripline_core::flow::{ConnState, Direction, History};
use tripline_core::packet::{Packet, protocol, tcp_flags};

use super::sequence::{self, Gaps, before};
use super::step::{Endpoint, FlowCore, SegmentKind};

/// What an endpoint of TCP did last that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Inactive,
    SynSent,
    SynAckSent,
    /// It sent something without a SYN before.
    Partial,
    Established,
    Closed,
    Reset,
}

/// A set of letters that are told once.
mod seen {
    pub(super) const SYN: u8 = 1;
    pub(super) const FIN: u8 = 1 << 1;
    pub(super) const RST: u8 = 1 << 2;
    pub(super) const DATA: u8 = 1 << 3;
    pub(super) const ACK: u8 = 1 << 4;
    pub(super) const FIN_RST: u8 = 1 << 5;
    pub(super) const MANY: u8 = 1 << 6;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct End {
    phase: Phase,
    earlier: Phase,
    did_close: bool,
    seen: u8,
    /// Sequence numbers of the last letters, which are told again for another number.
    last_fin: u32,
    last_rst: u32,
    /// Highest number that the other endpoint acknowledged.
    acknowledged: u32,
    repeated: u16,
    zero_windows: u16,
    given_up: u16,
}

impl End {
    fn enter(&mut self, phase: Phase) {
        if phase != self.phase {
            self.earlier = self.phase;
            self.phase = phase;
        }
    }

    fn is_established_or_closing(&self) -> bool {
        self.phase == Phase::Established
            || (self.phase == Phase::Closed && self.earlier == Phase::Established)
    }
}

/// Endpoint phases of a flow with its history; the history alone for other protocols than TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Connection {
    ends: [End; 2],
    pub(super) history: History,
}

// Zeek's bound for how far a SYN, a RST or an acknowledgement of 0 may jump and still be believed.
const LARGEST_JUMP: i32 = 1 << 20;

impl Connection {
    /// What kind of segment a packet is.
    #[inline]
    pub(super) fn classify(
        &self,
        core: &FlowCore,
        gaps: Option<&[Gaps; 2]>,
        packet: &Packet,
        direction: Direction,
    ) -> SegmentKind {
        if self.starts_anew(core, packet, direction) {
            return SegmentKind::InOrder;
        }
        let endpoint = core.endpoint(direction);
        sequence::classify(endpoint, gaps.map(|gaps| &gaps[direction as usize]), packet)
    }

    /// True for a SYN that gives its sender another initial sequence number.
    fn starts_anew(&self, core: &FlowCore, packet: &Packet, direction: Direction) -> bool {
        packet.tcp.flags & tcp_flags::SYN != 0
            && packet.protocol == protocol::TCP
            && packet.tcp.sequence != core.endpoint(direction).initial_sequence
            && match self.ends[direction as usize] {
                End { phase: Phase::Reset, earlier, .. } => earlier == Phase::Inactive,
                End { phase, .. } => phase != Phase::Closed,
            }
    }

    /// Takes a packet; gives true if it closes the connection.
    pub(super) fn advance(
        &mut self,
        core: &mut FlowCore,
        gaps: &mut Option<Box<[Gaps; 2]>>,
        packet: &Packet,
        direction: Direction,
        kind: SegmentKind,
    ) -> bool {
        if packet.protocol != protocol::TCP {
            if packet.protocol == protocol::UDP && self.first_of_its_kind(direction, seen::DATA) {
                self.tell(direction, b'D');
            }
            self.count(core, packet, direction);
            return false;
        }
        let anew = self.starts_anew(core, packet, direction);
        let (own, peer) = (direction as usize, 1 - direction as usize);
        let flags = packet.tcp.flags;
        let endpoint = endpoint_mut(core, direction);
        let first = endpoint.side.packets == 0;
        if first || anew {
            let syn = flags & tcp_flags::SYN != 0;
            endpoint.initial_sequence = packet.tcp.sequence;
            let taken = if syn { sequence::length(packet) } else { 0 };
            endpoint.next_sequence = packet.tcp.sequence.wrapping_add(taken);
            self.ends[own].acknowledged = packet.tcp.sequence;
            if let Some(gaps) = gaps {
                gaps[own] = Gaps::default();
            }
        }
        let initial = endpoint_mut(core, direction).initial_sequence;
        self.tell_flags(packet, direction, initial);
        if packet.tcp.window == 0
            && flags & tcp_flags::RST == 0
            && self.ends[peer].phase != Phase::Closed
            && self.ends[own].phase != Phase::Reset
        {
            self.ends[own].zero_windows = self.ends[own].zero_windows.saturating_add(1);
            self.tell_power(direction, b'W', self.ends[own].zero_windows);
        }
        let unseen = flags & tcp_flags::ACK != 0 && self.acknowledge(core, packet, direction);
        self.sequence(core, gaps, packet, direction, kind);
        self.count(core, packet, direction);
        let closes = self.change(packet, direction);
        if flags & tcp_flags::ACK != 0 {
            self.give_up(gaps, packet, direction, unseen);
        }
        closes && self.close(direction)
    }

    /// True if a packet begins another connection between the same endpoints.
    ///
    /// A SYN does so after either side has closed, or with another initial sequence number; a
    /// SYN-ACK only where nothing was seen of the initiator.
    pub(super) fn is_reused_by(&self, core: &FlowCore, packet: &Packet) -> bool {
        let flags = packet.tcp.flags;
        if packet.protocol != protocol::TCP || flags & tcp_flags::SYN == 0 {
            return false;
        }
        let mut endpoint = &core.orig;
        let [orig, resp] = &self.ends;
        if flags & tcp_flags::ACK != 0 {
            if orig.phase != Phase::Inactive {
                return false;
            }
            endpoint = &core.resp;
        }
        if orig.did_close || resp.did_close {
            return true;
        }
        // Of a side that sent nothing yet this is what the other side acknowledged, less one.
        packet.tcp.sequence != endpoint.initial_sequence
    }

    /// True while the initiator has tried to connect and the responder has said nothing.
    pub(super) fn is_attempt(&self) -> bool {
        let [orig, resp] = &self.ends;
        matches!(orig.phase, Phase::SynSent | Phase::SynAckSent) && resp.phase == Phase::Inactive
    }

    /// State by the names of Zeek, from `conn_state` in its `base/protocols/conn/main.zeek`.
    pub(super) fn state(&self, core: &FlowCore) -> ConnState {
        match core.key.protocol {
            protocol::TCP => self.tcp_state(core),
            protocol::UDP => match (core.orig.side.packets > 0, core.resp.side.packets > 0) {
                (true, true) => ConnState::SF,
                (true, false) => ConnState::S0,
                (false, true) => ConnState::Shr,
                (false, false) => ConnState::Oth,
            },
            _ => ConnState::Oth,
        }
    }

    fn tcp_state(&self, core: &FlowCore) -> ConnState {
        use Phase::{Closed, Established, Inactive, Partial, Reset, SynAckSent, SynSent};
        let [orig, resp] = self.ends.map(|end| end.phase);
        let orig_absent = matches!(orig, Inactive | Partial);
        let resp_absent = matches!(resp, Inactive | Partial);
        match (orig, resp) {
            (SynSent | SynAckSent, Reset) => ConnState::Rej,
            (Reset, Reset) if self.sent_nothing(core) => ConnState::Rej,
            (_, Reset) if orig_absent => ConnState::RstRH,
            (_, Reset) => ConnState::RstR,
            (Reset, _) if !resp_absent => ConnState::RstO,
            (Reset, _) if self.is_reset_attempt() => ConnState::RstOS0,
            (Reset, _) => ConnState::Oth,
            (Closed, Closed) => ConnState::SF,
            (Closed, _) if resp_absent => ConnState::SH,
            (Closed, _) => ConnState::S2,
            (_, Closed) if orig_absent => ConnState::Shr,
            (_, Closed) => ConnState::S3,
            (SynSent, Inactive) => ConnState::S0,
            (Established, Established) => ConnState::S1,
            _ => ConnState::Oth,
        }
    }

    fn sent_nothing(&self, core: &FlowCore) -> bool {
        core.orig.side.payload_bytes == 0 && core.resp.side.payload_bytes == 0
    }

    /// `^?S[^HAFGIQ]*R` begins the history.
    fn is_reset_attempt(&self) -> bool {
        let letters = self.history.as_str();
        let letters = letters.strip_prefix('^').unwrap_or(letters);
        letters.starts_with('S')
            && letters
                .find('R')
                .is_some_and(|reset| !letters[..reset].contains(['H', 'A', 'F', 'G', 'I', 'Q']))
    }

    fn tell(&mut self, direction: Direction, letter: u8) {
        let letter = match direction {
            Direction::Orig => letter,
            Direction::Resp => letter.to_ascii_lowercase(),
        };
        self.history.push(letter);
    }

    /// Tells a letter at the first, the tenth, the hundredth time and so on.
    fn tell_power(&mut self, direction: Direction, letter: u8, times: u16) {
        if matches!(times, 1 | 10 | 100 | 1000 | 10_000) {
            self.tell(direction, letter);
        }
    }

    fn first_of_its_kind(&mut self, direction: Direction, kind: u8) -> bool {
        let end = &mut self.ends[direction as usize];
        let first = end.seen & kind == 0;
        end.seen |= kind;
        first
    }

    fn tell_flags(&mut self, packet: &Packet, direction: Direction, initial: u32) {
        let flags = packet.tcp.flags;
        let number = packet.tcp.sequence;
        match flags & (tcp_flags::SYN | tcp_flags::FIN | tcp_flags::RST) {
            0 => {
                if packet.payload_bytes > 0 {
                    if self.first_of_its_kind(direction, seen::DATA) {
                        self.tell(direction, b'D');
                    }
                } else if flags & tcp_flags::ACK != 0
                    && self.first_of_its_kind(direction, seen::ACK)
                {
                    self.tell(direction, b'A');
                }
            }
            tcp_flags::SYN => {
                let letter = if flags & tcp_flags::ACK != 0 { b'H' } else { b'S' };
                if self.first_of_its_kind(direction, seen::SYN) || number != initial {
                    self.tell(direction, letter);
                }
            }
            tcp_flags::FIN => {
                let number = number.wrapping_add(packet.payload_bytes);
                let again = self.ends[direction as usize].last_fin != number;
                if self.first_of_its_kind(direction, seen::FIN) || again {
                    self.tell(direction, b'F');
                }
                self.ends[direction as usize].last_fin = number;
            }
            tcp_flags::RST => {
                let again = self.ends[direction as usize].last_rst != number;
                if self.first_of_its_kind(direction, seen::RST) || again {
                    self.tell(direction, b'R');
                }
                self.ends[direction as usize].last_rst = number;
            }
            several if several & tcp_flags::FIN != 0 && several & tcp_flags::RST != 0 => {
                if self.first_of_its_kind(direction, seen::FIN_RST) {
                    self.tell(direction, b'I');
                }
            }
            _ => {
                if self.first_of_its_kind(direction, seen::MANY) {
                    self.tell(direction, b'Q');
                }
            }
        }
    }

    /// Takes the acknowledgement that a packet carries; gives true if it is the first one of bytes
    /// behind the last that were seen.
    fn acknowledge(&mut self, core: &mut FlowCore, packet: &Packet, direction: Direction) -> bool {
        let peer = &mut self.ends[1 - direction as usize];
        let number = packet.tcp.acknowledgement;
        if peer.phase == Phase::Inactive {
            // As if the other side's SYN had been seen.
            let other = match direction {
                Direction::Orig => &mut core.resp,
                Direction::Resp => &mut core.orig,
            };
            if other.side.packets == 0 {
                other.initial_sequence = number.wrapping_sub(1);
                other.next_sequence = number;
            }
            peer.acknowledged = number;
            false
        } else if packet.tcp.flags & tcp_flags::RST == 0 {
            let jump = number.wrapping_sub(peer.acknowledged) as i32;
            if jump > 0 && !(number == 0 && jump > LARGEST_JUMP) {
                peer.acknowledged = number;
                let sender = if direction == Direction::Orig { &core.resp } else { &core.orig };
                return before(sender.next_sequence, number);
            }
            false
        } else {
            false
        }
    }

    /// Takes the sequence space of a packet.
    fn sequence(
        &mut self,
        core: &mut FlowCore,
        gaps: &mut Option<Box<[Gaps; 2]>>,
        packet: &Packet,
        direction: Direction,
        kind: SegmentKind,
    ) {
        let end = self.ends[direction as usize];
        let endpoint = endpoint_mut(core, direction);
        let to = packet.tcp.sequence.wrapping_add(sequence::length(packet));
        let jump = to.wrapping_sub(endpoint.next_sequence) as i32;
        let flags = packet.tcp.flags;
        let jumps = flags & (tcp_flags::SYN | tcp_flags::RST) != 0
            && !(-LARGEST_JUMP..=LARGEST_JUMP).contains(&jump);
        if jumps || end.phase == Phase::Reset {
            return;
        }
        if jump <= 0 && packet.payload_bytes > 0 {
            let times = end.repeated.saturating_add(1);
            self.ends[direction as usize].repeated = times;
            self.tell_power(direction, b'T', times);
        }
        let (side, acknowledged) = (direction as usize, end.acknowledged);
        sequence::advance(endpoint_mut(core, direction), gaps, side, packet, kind, acknowledged);
    }

    /// Gives up what is missing of the other side's bytes though it was acknowledged.
    fn give_up(
        &mut self,
        gaps: &mut Option<Box<[Gaps; 2]>>,
        packet: &Packet,
        direction: Direction,
        unseen: bool,
    ) {
        let (peer, sender) = match direction {
            Direction::Orig => (1, Direction::Resp),
            Direction::Resp => (0, Direction::Orig),
        };
        let mut lost = u32::from(unseen);
        if let Some(gaps) = gaps {
            lost += gaps[peer].acknowledge(packet.tcp.acknowledgement);
        }
        if !self.ends.iter().all(End::is_established_or_closing) {
            return;
        }
        for _ in 0..lost {
            let times = self.ends[peer].given_up.saturating_add(1);
            self.ends[peer].given_up = times;
            self.tell_power(sender, b'G', times);
        }
    }

    fn count(&self, core: &mut FlowCore, packet: &Packet, direction: Direction) {
        let endpoint = endpoint_mut(core, direction);
        if endpoint.side.packets == 0 {
            endpoint.first_ns = packet.time_ns;
        }
        endpoint.last_ns = packet.time_ns;
        let side = &mut endpoint.side;
        side.packets += 1;
        side.link_bytes += u64::from(packet.link_bytes);
        side.ip_bytes += u64::from(packet.ip_bytes);
        side.payload_bytes += u64::from(packet.payload_bytes);
        core.last_ns = core.last_ns.max(packet.time_ns);
    }

    /// Changes the phases; gives true if the sender closes its side.
    fn change(&mut self, packet: &Packet, direction: Direction) -> bool {
        let flags = packet.tcp.flags;
        let [syn, ack, fin, rst] = [tcp_flags::SYN, tcp_flags::ACK, tcp_flags::FIN, tcp_flags::RST]
            .map(|flag| flags & flag != 0);
        let (own, peer) = match (&mut self.ends, direction) {
            ([own, peer], Direction::Orig) | ([peer, own], Direction::Resp) => (own, peer),
        };
        match own.phase {
            Phase::Inactive => {
                if syn {
                    if direction == Direction::Orig {
                        own.enter(if ack { Phase::SynAckSent } else { Phase::SynSent });
                    } else {
                        if peer.phase == Phase::SynSent {
                            peer.enter(Phase::Established);
                        }
                        own.enter(Phase::Established);
                    }
                }
                if fin {
                    own.enter(Phase::Closed);
                }
                if rst {
                    own.enter(Phase::Reset);
                }
                if own.phase == Phase::Inactive {
                    let early_ack = direction == Direction::Resp
                        && packet.payload_bytes == 0
                        && peer.phase == Phase::SynSent;
                    if early_ack {
                        // Some stacks acknowledge a SYN before they answer it.
                    } else if ack && peer.phase == Phase::Established {
                        // The SYN alone was missed.
                        own.enter(Phase::Established);
                    } else {
                        own.enter(Phase::Partial);
                    }
                }
                fin || rst
            }
            Phase::SynSent | Phase::SynAckSent => {
                if fin {
                    own.enter(Phase::Closed);
                }
                if rst {
                    own.enter(Phase::Reset);
                }
                fin || rst
            }
            Phase::Established | Phase::Partial => {
                if syn && !ack && own.phase == Phase::Partial && peer.phase == Phase::Inactive {
                    own.enter(Phase::SynSent);
                }
                if fin && !rst {
                    own.enter(Phase::Closed);
                    if peer.phase == Phase::Reset && peer.earlier == Phase::Closed {
                        // A FIN then a RST of the other side, now answered: a normal end.
                        peer.enter(Phase::Closed);
                    }
                }
                if rst {
                    own.enter(Phase::Reset);
                }
                fin || rst
            }
            Phase::Closed => {
                if rst && peer.phase != Phase::Closed {
                    own.enter(Phase::Reset);
                    return true;
                }
                false
            }
            Phase::Reset => false,
        }
    }

    /// One side is closed; gives true if that closes the connection.
    fn close(&mut self, direction: Direction) -> bool {
        self.ends[direction as usize].did_close = true;
        let (own, peer) = (self.ends[direction as usize], self.ends[1 - direction as usize]);
        own.phase == Phase::Reset || peer.did_close || peer.phase == Phase::Inactive
    }
}

fn endpoint_mut(core: &mut FlowCore, direction: Direction) -> &mut Endpoint {
    match direction {
        Direction::Orig => &mut core.orig,
        Direction::Resp => &mut core.resp,
    }
}
