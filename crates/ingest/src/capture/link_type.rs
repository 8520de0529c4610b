//! Link types of the registry at <https://www.tcpdump.org/linktypes.html>.

/// What the first bytes of a frame are: a `LINKTYPE_` value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// BSD loopback: address family in the byte order of the machine that captured.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// PPP; also Cisco HDLC where the first byte says so.
    pub const PPP: Self = Self(9);
    /// IP, as some BSDs write it.
    pub const RAW_BSD: Self = Self(12);
    /// IP, as OpenBSD writes it.
    pub const RAW_OPENBSD: Self = Self(14);
    /// PPP in HDLC-like framing (RFC 1662), or Cisco HDLC.
    pub const PPP_HDLC: Self = Self(50);
    /// PPPoE session packet (RFC 2516).
    pub const PPPOE: Self = Self(51);
    /// IP.
    pub const RAW: Self = Self(101);
    /// Cisco HDLC.
    pub const CISCO_HDLC: Self = Self(104);
    /// IEEE 802.11.
    pub const WIFI: Self = Self(105);
    /// Frame relay (RFC 2427).
    pub const FRAME_RELAY: Self = Self(107);
    /// OpenBSD loopback: address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux "cooked" capture.
    pub const LINUX_SLL: Self = Self(113);
    /// OpenBSD packet filter log.
    pub const PFLOG: Self = Self(117);
    /// IEEE 802.11 behind a Prism header.
    pub const WIFI_PRISM: Self = Self(119);
    /// IEEE 802.11 behind a radiotap header.
    pub const WIFI_RADIOTAP: Self = Self(127);
    /// IEEE 802.11 behind an AVS header.
    pub const WIFI_AVS: Self = Self(163);
    /// PPP behind a byte for the direction.
    pub const PPP_DIRECTION: Self = Self(204);
    /// Per-packet information, then a frame of the type it names.
    pub const PPI: Self = Self(192);
    /// MPLS.
    pub const MPLS: Self = Self(219);
    /// IPv4.
    pub const IPV4: Self = Self(228);
    /// IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux netfilter log.
    pub const NFLOG: Self = Self(239);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);

    /// Those that are decoded, with their names.
    pub const DECODED: [(Self, &'static str); 24] = [
        (Self::NULL, "BSD loopback"),
        (Self::ETHERNET, "Ethernet"),
        (Self::PPP, "PPP"),
        (Self::RAW_BSD, "raw IP (BSD)"),
        (Self::RAW_OPENBSD, "raw IP (OpenBSD)"),
        (Self::PPP_HDLC, "PPP in HDLC framing"),
        (Self::PPPOE, "PPPoE"),
        (Self::RAW, "raw IP"),
        (Self::CISCO_HDLC, "Cisco HDLC"),
        (Self::WIFI, "IEEE 802.11"),
        (Self::FRAME_RELAY, "frame relay"),
        (Self::LOOP, "OpenBSD loopback"),
        (Self::LINUX_SLL, "Linux cooked"),
        (Self::PFLOG, "OpenBSD pflog"),
        (Self::WIFI_PRISM, "IEEE 802.11 with Prism header"),
        (Self::WIFI_RADIOTAP, "IEEE 802.11 with radiotap header"),
        (Self::WIFI_AVS, "IEEE 802.11 with AVS header"),
        (Self::PPI, "per-packet information"),
        (Self::PPP_DIRECTION, "PPP with direction"),
        (Self::MPLS, "MPLS"),
        (Self::IPV4, "raw IPv4"),
        (Self::IPV6, "raw IPv6"),
        (Self::NFLOG, "Linux netfilter log"),
        (Self::LINUX_SLL2, "Linux cooked, version 2"),
    ];

    /// Name of a type that is decoded.
    pub fn name(self) -> Option<&'static str> {
        Self::DECODED.iter().find(|(link, _)| *link == self).map(|(_, name)| *name)
    }
}

impl std::fmt::Display for LinkType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "link type {}", self.0),
        }
    }
}
