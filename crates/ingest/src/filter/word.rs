//! Keywords of the filter language.

use super::primitive::{IpVersion, Primitive, ether_type};

use tripline_core::packet::protocol;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadKind {
    Host,
    Net,
    Port,
    PortRange,
    Proto,
}

impl HeadKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Net => "net",
            Self::Port => "port",
            Self::PortRange => "portrange",
            Self::Proto => "proto",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::Host, Self::Net, Self::Port, Self::PortRange, Self::Proto]
            .into_iter()
            .find(|kind| kind.word() == word)
    }

    /// Protocols that may stand before it, also in words.
    pub(super) fn protocols(self) -> (&'static [Protocol], &'static str) {
        match self {
            Self::Host | Self::Net => (
                &[Protocol::Ip, Protocol::Ip6, Protocol::Arp, Protocol::Rarp],
                "`ip`, `ip6`, `arp`, `rarp` or none",
            ),
            Self::Port | Self::PortRange => {
                (&[Protocol::Tcp, Protocol::Udp, Protocol::Sctp], "`tcp`, `udp`, `sctp` or none")
            }
            Self::Proto => {
                (&[Protocol::Ether, Protocol::Ip, Protocol::Ip6], "`ether`, `ip`, `ip6` or none")
            }
        }
    }
}

/// Protocols that have a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Ether,
    Ip,
    Ip6,
    Arp,
    Rarp,
    Tcp,
    Udp,
    Sctp,
    Icmp,
    Icmp6,
}

impl Protocol {
    const ALL: [(&'static str, Self); 10] = [
        ("ether", Self::Ether),
        ("ip", Self::Ip),
        ("ip6", Self::Ip6),
        ("arp", Self::Arp),
        ("rarp", Self::Rarp),
        ("tcp", Self::Tcp),
        ("udp", Self::Udp),
        ("sctp", Self::Sctp),
        ("icmp", Self::Icmp),
        ("icmp6", Self::Icmp6),
    ];

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == word).map(|(_, protocol)| protocol)
    }

    pub(super) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, protocol)| *protocol == self).map_or("", |(name, _)| name)
    }

    pub(super) fn ether_type(self) -> Option<u16> {
        match self {
            Self::Ip => Some(ether_type::IP),
            Self::Ip6 => Some(ether_type::IP6),
            Self::Arp => Some(ether_type::ARP),
            Self::Rarp => Some(ether_type::RARP),
            _ => None,
        }
    }

    pub(super) fn ip_number(self) -> Option<u8> {
        match self {
            Self::Tcp => Some(protocol::TCP),
            Self::Udp => Some(protocol::UDP),
            Self::Sctp => Some(protocol::SCTP),
            Self::Icmp => Some(protocol::ICMP),
            Self::Icmp6 => Some(protocol::ICMPV6),
            _ => None,
        }
    }

    /// The word alone; `None` for `ether`, which says nothing by itself.
    pub(super) fn alone(self) -> Option<Primitive> {
        let version = match self {
            Self::Icmp => Some(IpVersion::V4),
            Self::Icmp6 => Some(IpVersion::V6),
            _ => None,
        };
        match (self.ether_type(), self.ip_number()) {
            (Some(kind), _) => Some(Primitive::EtherType(kind)),
            (None, Some(number)) => Some(Primitive::Protocol { version, number }),
            (None, None) => None,
        }
    }
}
