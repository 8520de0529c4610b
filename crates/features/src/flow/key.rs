//! The key under which packets of one flow meet, hashed for the partition then for the index.

use std::hash::{BuildHasher, RandomState};

use tripline_core::flow::{Direction, FlowKey};
use tripline_core::packet::Packet;

/// Partitions of the table, whatever the number of cores: results depend on it.
pub(super) const PARTITIONS: usize = 64;

// Random odd words; the partition of a key must be the same on every machine.
const FIXED: Seeds = Seeds([
    0x9e37_79b9_7f4a_7c15,
    0xbf58_476d_1ce4_e5b9,
    0x94d0_49bb_1331_11eb,
    0xd6e8_feb8_6659_fd93,
    0xa076_1d64_78bd_642f,
]);

/// What keys a hash.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seeds([u64; 5]);

impl Seeds {
    /// Seeds that no sender of packets can know, so that nobody chooses flows which collide.
    pub(super) fn random() -> Self {
        let random = RandomState::new();
        Self(std::array::from_fn(|i| random.hash_one(i) | 1))
    }
}

/// The words of a key in canonical order: both directions have the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words([u64; 6]);

impl Words {
    /// The words of a packet. A packet of a one-way ICMP type keeps its direction.
    #[inline]
    pub(super) fn of(packet: &Packet) -> Self {
        let source = u128::from_be_bytes(packet.source.0);
        let destination = u128::from_be_bytes(packet.destination.0);
        let ports = (packet.source_port, packet.destination_port);
        let swap = !packet.one_way && (source, ports.0) > (destination, ports.1);
        let (a, b, ports) = if swap {
            (destination, source, (ports.1, ports.0))
        } else {
            (source, destination, ports)
        };
        let rest = u64::from(ports.0)
            | u64::from(ports.1) << 16
            | u64::from(packet.protocol) << 32
            | u64::from(packet.ip_version) << 40
            | u64::from(packet.one_way) << 48;
        let vlan = packet.vlan.outer().map_or(0, |id| u64::from(id) + 1)
            | packet.vlan.inner().map_or(0, |id| u64::from(id) + 1) << 16;
        Self([(a >> 64) as u64, a as u64, (b >> 64) as u64, b as u64, rest, vlan])
    }

    /// The partition, from a hash that is the same everywhere.
    #[inline]
    pub(super) fn partition(&self) -> usize {
        (self.folded(&FIXED) >> 58) as usize
    }

    /// The hash for an index; 32 bits are enough for the flows of a partition.
    #[inline]
    pub(super) fn hash(&self, seeds: &Seeds) -> u32 {
        (self.folded(seeds) >> 32) as u32
    }

    /// A hash of all words: folded products, as wyhash has them.
    #[inline]
    fn folded(&self, seeds: &Seeds) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        let s = &seeds.0;
        let first = fold(a ^ s[0], b ^ s[1]);
        let second = fold(c ^ s[2], d ^ s[3]);
        fold(first ^ e ^ s[4], second.rotate_left(17) ^ f ^ s[0])
    }
}

/// A hash as the index wants it: it looks at the highest and the lowest bits.
#[inline]
pub(super) fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(FIXED.0[0])
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The key of a packet with its sender as the initiator.
#[inline]
pub(super) fn forward(packet: &Packet) -> FlowKey {
    FlowKey {
        orig: packet.source,
        resp: packet.destination,
        orig_port: packet.source_port,
        resp_port: packet.destination_port,
        protocol: packet.protocol,
        ip_version: packet.ip_version,
        vlan: packet.vlan,
    }
}

/// The key with its ends exchanged.
pub(super) fn flipped(key: &FlowKey) -> FlowKey {
    FlowKey {
        orig: key.resp,
        resp: key.orig,
        orig_port: key.resp_port,
        resp_port: key.orig_port,
        ..*key
    }
}

/// Who of a flow's ends sent the packet; `None` if it is not of this flow.
#[inline]
pub(super) fn direction(key: &FlowKey, packet: &Packet) -> Option<Direction> {
    if (key.protocol, key.ip_version, key.vlan) != (packet.protocol, packet.ip_version, packet.vlan)
    {
        return None;
    }
    if (key.orig_port, key.resp_port) == (packet.source_port, packet.destination_port)
        && key.orig == packet.source
        && key.resp == packet.destination
    {
        return Some(Direction::Orig);
    }
    let swapped = (key.orig_port, key.resp_port) == (packet.destination_port, packet.source_port)
        && key.orig == packet.destination
        && key.resp == packet.source
        && !packet.one_way;
    swapped.then_some(Direction::Resp)
}
