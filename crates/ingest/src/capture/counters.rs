//! What was counted while a capture was read.

use std::collections::BTreeMap;

use super::link_type::LinkType;

/// Offsets kept of each kind of damage.
const OFFSETS: usize = 8;
/// Interfaces whose statistics are kept.
const INTERFACES: usize = 4096;

/// What was counted while a capture was read.
///
/// Each frame is one of: a packet, a fragment, not IP, not decoded, malformed. So
/// `frames = packets + fragments + not_ip + not_decoded + malformed`, and what a flow engine gets
/// is `packets + aggregated + reassembled`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaptureCounters {
    /// Frames.
    pub frames: u64,
    /// Captured bytes of frames.
    pub bytes: u64,
    /// Bytes of frames on the wire.
    pub wire_bytes: u64,
    /// Frames that gave a packet.
    pub packets: u64,
    /// Packets beyond the first of a frame: aggregates of IEEE 802.11.
    pub aggregated: u64,
    /// Frames that hold something else than IP, by EtherType; under 256 by service access
    /// point (IEEE 802.2) or address family (BSD loopback); by protocol for PPP; 0xffff for what has no number, such as encrypted 802.11 frames.
    pub not_ip: BTreeMap<u16, u64>,
    /// Frames of a link type that is not decoded.
    pub not_decoded: BTreeMap<LinkType, u64>,
    /// Frames whose headers do not hold together.
    pub malformed: BTreeMap<Malformed, Tally>,
    /// Frames of which less was captured than their headers need or say.
    pub cut: u64,
    /// Frames that are a fragment.
    pub fragments: u64,
    /// Packets put together from fragments.
    pub reassembled: u64,
    /// Fragments that gave no packet: late, incomplete, over a bound, or with damaged content.
    pub fragments_dropped: u64,
    /// Fragments whose datagram is not whole yet.
    pub fragments_waiting: u64,
    /// Records or blocks of the file that do not hold together.
    pub damaged: BTreeMap<Damage, Tally>,
    /// What capturing interfaces told of themselves, latest first word last.
    pub interfaces: BTreeMap<u32, InterfaceStatistics>,
}

impl CaptureCounters {
    /// Adds what another part of the same capture counted.
    pub fn merge(&mut self, other: &Self) {
        self.frames += other.frames;
        self.bytes += other.bytes;
        self.wire_bytes += other.wire_bytes;
        self.packets += other.packets;
        self.aggregated += other.aggregated;
        self.cut += other.cut;
        self.fragments += other.fragments;
        self.reassembled += other.reassembled;
        self.fragments_dropped += other.fragments_dropped;
        self.fragments_waiting += other.fragments_waiting;
        add(&mut self.not_ip, &other.not_ip);
        add(&mut self.not_decoded, &other.not_decoded);
        merge(&mut self.malformed, &other.malformed);
        merge(&mut self.damaged, &other.damaged);
        for (&interface, &statistics) in &other.interfaces {
            self.interface(interface, statistics);
        }
    }

    /// Frames that are not IP.
    pub fn not_ip_frames(&self) -> u64 {
        self.not_ip.values().sum()
    }

    /// Frames of link types that are not decoded.
    pub fn not_decoded_frames(&self) -> u64 {
        self.not_decoded.values().sum()
    }

    /// Malformed frames.
    pub fn malformed_frames(&self) -> u64 {
        self.malformed.values().map(|tally| tally.count).sum()
    }

    /// Damaged places of the file.
    pub fn damaged_records(&self) -> u64 {
        self.damaged.values().map(|tally| tally.count).sum()
    }

    /// Frames that the capturing machine lost, as far as the file tells.
    pub fn lost(&self) -> u64 {
        self.interfaces.values().filter_map(InterfaceStatistics::lost).sum()
    }

    pub(crate) fn malformed(&mut self, reason: Malformed, offset: u64) {
        self.malformed.entry(reason).or_default().add(offset);
    }

    pub(crate) fn damage(&mut self, what: Damage, offset: u64) {
        self.damaged.entry(what).or_default().add(offset);
    }

    /// Later statistics replace earlier ones: they count from the start.
    pub(crate) fn interface(&mut self, interface: u32, statistics: InterfaceStatistics) {
        if self.interfaces.len() < INTERFACES || self.interfaces.contains_key(&interface) {
            self.interfaces.insert(interface, statistics);
        }
    }
}

/// A count with the first places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// Offsets of the first few in the unpacked file, in bytes.
    pub offsets: Vec<u64>,
}

impl Tally {
    fn add(&mut self, offset: u64) {
        self.count += 1;
        if self.offsets.len() < OFFSETS {
            self.offsets.push(offset);
        }
    }
}

/// Why a frame is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Malformed {
    /// It ends inside its link header.
    LinkHeader,
    /// More headers than any network would stack.
    TooDeep,
    /// It ends inside its IP header, or that header's length is impossible.
    IpHeader,
    /// What should be IP has another version than 4 or 6.
    IpVersion,
    /// The IP length is shorter than the header.
    IpLength,
    /// An extension header that ends outside the packet, or too many of them.
    Extension,
    /// It ends inside the transport header.
    Transport,
    /// A fragment that no datagram can hold.
    Fragment,
}

impl Malformed {
    /// What is wrong, for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::LinkHeader => "ends inside its link header",
            Self::TooDeep => "too many headers inside each other",
            Self::IpHeader => "ends inside its IP header",
            Self::IpVersion => "IP version is neither 4 nor 6",
            Self::IpLength => "IP length shorter than its header",
            Self::Extension => "bad IPv6 extension headers",
            Self::Transport => "ends inside its transport header",
            Self::Fragment => "impossible fragment",
        }
    }
}

/// What is damaged in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Damage {
    /// The file ends inside a record.
    Cut,
    /// A length that cannot be; reading went on at the next record that holds together.
    Length,
    /// A packet of an interface that was never described.
    Interface,
    /// A block of pcapng whose contents do not hold together.
    Block,
    /// More interfaces than are kept.
    Interfaces,
    /// The gzip or zstd data are damaged or end early; what came before was read.
    Compression,
    /// The operating system could not read on.
    Reading,
}

impl Damage {
    /// What is damaged, for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Cut => "the file ends inside a record",
            Self::Length => "a record with an impossible length",
            Self::Interface => "a packet of an interface that was never described",
            Self::Block => "a block that does not hold together",
            Self::Interfaces => "too many interfaces",
            Self::Compression => "damaged compressed data",
            Self::Reading => "the file could not be read on",
        }
    }
}

/// What an interface told of itself at the end of a capture: block type 5 of pcapng.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InterfaceStatistics {
    /// Packets received.
    pub received: Option<u64>,
    /// Packets dropped by the interface.
    pub dropped: Option<u64>,
    /// Packets that passed the filter.
    pub accepted: Option<u64>,
    /// Packets dropped by the operating system.
    pub dropped_by_system: Option<u64>,
    /// Packets delivered to the user.
    pub delivered: Option<u64>,
}

impl InterfaceStatistics {
    /// Dropped packets of both kinds.
    pub fn lost(&self) -> Option<u64> {
        match (self.dropped, self.dropped_by_system) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))),
        }
    }
}

fn add<K: Ord + Copy>(to: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    for (&key, count) in from {
        *to.entry(key).or_default() += count;
    }
}

fn merge<K: Ord + Copy>(to: &mut BTreeMap<K, Tally>, from: &BTreeMap<K, Tally>) {
    for (&key, tally) in from {
        let mine = to.entry(key).or_default();
        mine.count += tally.count;
        let room = OFFSETS.saturating_sub(mine.offsets.len());
        mine.offsets.extend(tally.offsets.iter().take(room));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        let mut whole = CaptureCounters::default();
        for part in 0..3_u64 {
            let mut counters = CaptureCounters { frames: 5, ..CaptureCounters::default() };
            for at in 0..4 {
                counters.malformed(Malformed::IpHeader, part * 100 + at);
            }
            *counters.not_ip.entry(0x0806).or_default() += 1;
            whole.merge(&counters);
        }
        assert_eq!((whole.frames, whole.malformed_frames(), whole.not_ip_frames()), (15, 12, 3));
        let offsets = &whole.malformed[&Malformed::IpHeader].offsets;
        assert_eq!(offsets, &[0, 1, 2, 3, 100, 101, 102, 103]);
    }
}
