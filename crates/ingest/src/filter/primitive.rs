//! The single statements of the filter language.

use super::logic::Logic;

/// A filter as it was parsed; `None` lets everything pass.
pub(super) type Expression = Option<Logic<Primitive>>;

/// One statement about a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Primitive {
    /// The network protocol is this EtherType.
    EtherType(u16),
    /// IP carries this protocol; `None` is IPv4 or IPv6.
    Protocol { version: Option<IpVersion>, number: u8 },
    /// An address lies in a network.
    Address { carrier: Carrier, direction: Direction, network: Network },
    /// A port lies in a range; `None` is TCP, UDP or SCTP.
    Port { protocol: Option<u8>, direction: Direction, low: u16, high: u16 },
    /// There is an 802.1Q tag, with this identifier; what follows looks behind the tag.
    Vlan(Option<u16>),
    /// The frame is at most this long on the wire.
    AtMost(u32),
    /// The frame is at least this long on the wire.
    AtLeast(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IpVersion {
    V4,
    V6,
}

/// What an address stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    /// IPv4, ARP or RARP for an IPv4 address; IPv6 for another.
    Any,
    Ip,
    Arp,
    Rarp,
    Ip6,
}

/// Which of the two addresses or ports is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Source,
    Destination,
    Either,
    Both,
}

/// Addresses with a common prefix; bits outside the mask are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    V4 { address: u32, mask: u32 },
    V6 { address: [u32; 4], mask: [u32; 4] },
}

/// EtherTypes that have a word (IANA "IEEE 802 Numbers").
pub(super) mod ether_type {
    pub(in super::super) const IP: u16 = 0x0800;
    pub(in super::super) const ARP: u16 = 0x0806;
    pub(in super::super) const RARP: u16 = 0x8035;
    pub(in super::super) const IP6: u16 = 0x86dd;
    /// IEEE 802.1Q.
    pub(in super::super) const VLAN: u16 = 0x8100;
    /// IEEE 802.1ad.
    pub(in super::super) const SERVICE_VLAN: u16 = 0x88a8;
    /// Used for two tags before 802.1ad.
    pub(in super::super) const OLD_VLAN: u16 = 0x9100;
}
