//! A packet as the flow engine takes it: header fields with a place in the bytes of its batch.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 or IPv6 address in 16 bytes; IPv4 takes the form `::ffff:a.b.c.d`.
///
/// The version stands beside it ([`Packet::ip_version`], [`FlowKey::ip_version`]), so an IPv6
/// packet with a mapped address is told apart from IPv4.
///
/// [`FlowKey::ip_version`]: crate::flow::FlowKey::ip_version
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Address(pub [u8; 16]);

impl Address {
    /// An IPv4 address.
    #[inline]
    pub fn v4(octets: [u8; 4]) -> Self {
        let mut bytes = [0; 16];
        bytes[10] = 0xff;
        bytes[11] = 0xff;
        bytes[12..].copy_from_slice(&octets);
        Self(bytes)
    }

    /// The address as the standard library has it; `version` is 4 or 6.
    pub fn to_ip(self, version: u8) -> IpAddr {
        if version == 4 {
            let [.., a, b, c, d] = self.0;
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        } else {
            IpAddr::V6(Ipv6Addr::from(self.0))
        }
    }
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::v4(address.octets()),
            IpAddr::V6(address) => Self(address.octets()),
        }
    }
}

/// Up to two IEEE 802.1Q tags, the outer first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Vlan(u32);

impl Vlan {
    /// No tag.
    pub const NONE: Self = Self(0);

    /// The tags without one more inside; a third and later ones are left out.
    #[must_use]
    #[inline]
    pub fn with(self, id: u16) -> Self {
        let tag = u32::from(id & 0x0fff) + 1;
        match (self.0 & 0xffff, self.0 >> 16) {
            (0, _) => Self(tag),
            (outer, 0) => Self(outer | (tag << 16)),
            _ => self,
        }
    }

    /// Identifier of the outer tag.
    pub fn outer(self) -> Option<u16> {
        ((self.0 & 0xffff) as u16).checked_sub(1)
    }

    /// Identifier of the inner tag of two.
    pub fn inner(self) -> Option<u16> {
        ((self.0 >> 16) as u16).checked_sub(1)
    }
}

/// Protocol numbers that are looked into (IANA "Assigned Internet Protocol Numbers").
pub mod protocol {
    /// ICMP for IPv4.
    pub const ICMP: u8 = 1;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// ICMP for IPv6.
    pub const ICMPV6: u8 = 58;
    /// SCTP.
    pub const SCTP: u8 = 132;
}

/// TCP flags, the low eight bits of header octet 14 (RFC 9293, section 3.1).
pub mod tcp_flags {
    /// The sender has no more to send.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// The acknowledgement number is valid.
    pub const ACK: u8 = 0x10;
    /// The urgent pointer is valid.
    pub const URG: u8 = 0x20;
    /// ECN echo (RFC 3168).
    pub const ECE: u8 = 0x40;
    /// Congestion window reduced (RFC 3168).
    pub const CWR: u8 = 0x80;
}

/// TCP header fields; all zero for other protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpHeader {
    /// Sequence number of the first payload byte, or of the SYN.
    pub sequence: u32,
    /// Acknowledgement number.
    pub acknowledgement: u32,
    /// Window as it stands in the header, not scaled.
    pub window: u16,
    /// See [`tcp_flags`].
    pub flags: u8,
    /// Shift count of the window scale option (RFC 7323, section 2.2); `u8::MAX` is absent.
    pub window_scale: u8,
    /// Maximum segment size option (RFC 9293, section 3.7.1); 0 is absent.
    pub maximum_segment: u16,
    /// Bytes of the header with options.
    pub header_bytes: u8,
    /// The urgent pointer is not zero.
    pub urgent: bool,
}

/// What is odd in the headers of a packet: a set of the constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Anomalies(pub u16);

impl Anomalies {
    /// The IPv4 header checksum is wrong.
    pub const IP_CHECKSUM: Self = Self(1);
    /// The IP length exceeds what was on the wire.
    pub const IP_LENGTH: Self = Self(1 << 1);
    /// IPv4 options or an IPv6 routing header that steer the way (RFC 791, RFC 5095).
    pub const SOURCE_ROUTE: Self = Self(1 << 2);
    /// The reserved bit of the IPv4 flags is set (RFC 3514 apart, RFC 791 wants 0).
    pub const IP_RESERVED: Self = Self(1 << 3);
    /// The packet came in fragments.
    pub const FRAGMENTED: Self = Self(1 << 4);
    /// Fragments overlapped, or the datagram is larger than 65,535 bytes.
    pub const FRAGMENT_OVERLAP: Self = Self(1 << 5);
    /// TCP without any flag.
    pub const TCP_NULL: Self = Self(1 << 6);
    /// TCP flags that exclude each other: SYN with FIN or RST; FIN, PSH, URG without ACK.
    pub const TCP_FLAGS: Self = Self(1 << 7);
    /// The TCP data offset lies under 5 words or outside the segment.
    pub const TCP_OFFSET: Self = Self(1 << 8);
    /// An urgent pointer without the flag, or the flag with a zero pointer.
    pub const TCP_URGENT: Self = Self(1 << 9);
    /// A SYN with payload.
    pub const SYN_PAYLOAD: Self = Self(1 << 10);
    /// The UDP length differs from what IP carries.
    pub const UDP_LENGTH: Self = Self(1 << 11);
    /// TCP or UDP from the address and port that it goes to, or from port 0.
    pub const BAD_ENDPOINT: Self = Self(1 << 12);
    /// A time to live (hop limit) of 0 or 1.
    pub const LOW_TTL: Self = Self(1 << 13);
    /// Captured bytes end before the headers say.
    pub const CUT: Self = Self(1 << 14);

    /// Number of kinds.
    pub const KINDS: usize = 15;

    /// Both sets.
    #[must_use]
    #[inline]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True if all of the other set is here.
    #[inline]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A packet that a flow is made of: the innermost IP packet of a frame, fragments put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// Position in the capture, from 1; that of the last fragment for a reassembled packet.
    pub number: u64,
    /// When it was captured, in nanoseconds since 1970-01-01 UTC.
    pub time_ns: i64,
    /// The latest time seen so far in the capture, this packet included: "now" for time-outs.
    pub clock_ns: i64,
    /// Sender.
    pub source: Address,
    /// Receiver.
    pub destination: Address,
    /// Sender's port. ICMP: the type.
    pub source_port: u16,
    /// Receiver's port. ICMP: the type of the answer where there is one (8 for an echo reply, 0 for
    /// an echo request), else the code, as Zeek and Community ID pair them.
    pub destination_port: u16,
    /// See [`protocol`]; for IPv6 that behind the extension headers.
    pub protocol: u8,
    /// 4 or 6.
    pub ip_version: u8,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// Type of service or traffic class.
    pub tos: u8,
    /// Tags in front of the outermost IP packet.
    pub vlan: Vlan,
    /// True for ICMP types that have no answer: both directions are flows of their own.
    pub one_way: bool,
    /// Length of the frame on the wire with its link header; of all fragments together.
    pub link_bytes: u32,
    /// Length of the IP packet by its header, IP header included; for fragments that of the whole
    /// datagram, its header counted once, as Zeek has it.
    pub ip_bytes: u32,
    /// Length of IP header with options or extension headers.
    pub ip_header_bytes: u16,
    /// Length of the transport header (TCP with options, UDP 8, ICMP 8); 0 for other protocols.
    pub transport_header_bytes: u16,
    /// Length of the transport payload by the headers, whether captured or not.
    pub payload_bytes: u32,
    /// Where the captured payload begins in its [`Batch`].
    pub payload_start: u32,
    /// Captured bytes of the payload.
    pub payload_captured: u32,
    /// Index into [`Batch::tunnels`], or [`Packet::NO_TUNNEL`].
    pub tunnel: u32,
    /// TCP fields.
    pub tcp: TcpHeader,
    /// What is odd.
    pub anomalies: Anomalies,
}

impl Packet {
    /// The packet was in no tunnel.
    pub const NO_TUNNEL: u32 = u32::MAX;
}

/// How a packet was carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TunnelKind {
    /// RFC 2784, RFC 2890.
    Gre,
    /// RFC 7348, or its generic protocol extension.
    Vxlan,
    /// RFC 8926.
    Geneve,
    /// IPv4 or IPv6 in IPv4 or IPv6: RFC 2003, RFC 4213, RFC 2473.
    IpInIp,
    /// Teredo, RFC 4380.
    Teredo,
    /// GTP version 1, user plane: 3GPP TS 29.281.
    Gtp,
    /// draft-massar-v6ops-ayiya-02.
    Ayiya,
    /// CAPWAP data channel: RFC 5415.
    Capwap,
}

impl TunnelKind {
    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gre => "gre",
            Self::Vxlan => "vxlan",
            Self::Geneve => "geneve",
            Self::IpInIp => "ip-in-ip",
            Self::Teredo => "teredo",
            Self::Gtp => "gtp",
            Self::Ayiya => "ayiya",
            Self::Capwap => "capwap",
        }
    }
}

/// The innermost tunnel around a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tunnel {
    /// Its protocol.
    pub kind: TunnelKind,
    /// Outer sender.
    pub source: Address,
    /// Outer receiver.
    pub destination: Address,
    /// 4 or 6.
    pub ip_version: u8,
    /// Network identifier (VXLAN, GENEVE), key (GRE) or tunnel endpoint identifier (GTP).
    pub id: Option<u32>,
    /// How many tunnels are around the packet.
    pub depth: u8,
}

/// Packets in capture order with the bytes that they lie in.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The captured frames as they were read.
    pub bytes: Vec<u8>,
    /// Datagrams put together from fragments; they lie behind `bytes` for [`Packet::payload_start`].
    pub reassembled: Vec<u8>,
    /// In capture order.
    pub packets: Vec<Packet>,
    /// Tunnels that packets name.
    pub tunnels: Vec<Tunnel>,
}

impl Batch {
    /// Captured payload of one of its packets.
    #[inline]
    pub fn payload(&self, packet: &Packet) -> &[u8] {
        let start = packet.payload_start as usize;
        let length = packet.payload_captured as usize;
        let (from, start) = match start.checked_sub(self.bytes.len()) {
            Some(behind) if !self.reassembled.is_empty() => (&self.reassembled, behind),
            _ => (&self.bytes, start),
        };
        from.get(start..start + length).unwrap_or_default()
    }

    /// The tunnel around one of its packets.
    pub fn tunnel(&self, packet: &Packet) -> Option<&Tunnel> {
        self.tunnels.get(packet.tunnel as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_keep_their_order() {
        assert_eq!((Vlan::NONE.outer(), Vlan::NONE.inner()), (None, None));
        let one = Vlan::NONE.with(0);
        assert_eq!((one.outer(), one.inner()), (Some(0), None));
        let two = one.with(4095).with(7);
        assert_eq!((two.outer(), two.inner()), (Some(0), Some(4095)));
    }

    #[test]
    fn addresses_come_back() {
        for text in ["1.2.3.4", "::1", "2001:db8::7"] {
            let ip: IpAddr = text.parse().expect("an address");
            let version = if ip.is_ipv4() { 4 } else { 6 };
            assert_eq!(Address::from(ip).to_ip(version), ip);
        }
    }
}
