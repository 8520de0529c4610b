//! What makes the two ends of a flow, from the words of sensors.

use std::net::IpAddr;

use tripline_core::flow::FlowKey;
use tripline_core::packet::{Address, Vlan, protocol};

use crate::capture::{answer_v4, answer_v6};

/// Number of a protocol by its name in any case, or by its digits (Suricata pads them).
pub(crate) fn protocol_number(name: &str) -> Option<u8> {
    const NAMES: &[(&str, u8)] = &[
        ("tcp", protocol::TCP),
        ("udp", protocol::UDP),
        ("icmp", protocol::ICMP),
        ("icmp6", protocol::ICMPV6),
        ("icmpv6", protocol::ICMPV6),
        ("ipv6-icmp", protocol::ICMPV6),
        ("sctp", protocol::SCTP),
        ("igmp", 2),
        ("ipv6", 41),
        ("gre", 47),
        ("esp", 50),
        ("ah", 51),
        ("ospf", 89),
        ("pim", 103),
        ("vrrp", 112),
    ];
    NAMES
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))
        .map(|(_, number)| *number)
        .or_else(|| name.parse().ok())
}

/// True for ICMP of either version.
pub(crate) fn is_icmp(protocol: u8) -> bool {
    matches!(protocol, protocol::ICMP | protocol::ICMPV6)
}

/// ICMP type that answers another, or is answered by it.
pub(crate) fn icmp_answer(protocol: u8, kind: u8) -> Option<u8> {
    match protocol {
        protocol::ICMP => answer_v4(kind),
        protocol::ICMPV6 => answer_v6(kind),
        _ => None,
    }
}

/// True for ICMP types that ask, where the answer has a type of its own.
pub(crate) fn icmp_asks(protocol: u8, kind: u8) -> bool {
    match protocol {
        protocol::ICMP => matches!(kind, 8 | 10 | 13 | 15 | 17),
        _ => matches!(kind, 128 | 130 | 133 | 135 | 139 | 144),
    }
}

/// The ports that stand for an ICMP message: its type, then the type of the answer or the code.
pub(crate) fn icmp_ports(protocol: u8, kind: u8, code: u8) -> (u16, u16) {
    (u16::from(kind), u16::from(icmp_answer(protocol, kind).unwrap_or(code)))
}

/// A key of two addresses with ports; `None` if one is IPv4, the other IPv6.
pub(crate) fn key(
    orig: (IpAddr, u16),
    resp: (IpAddr, u16),
    protocol: u8,
    vlan: Vlan,
) -> Option<FlowKey> {
    if orig.0.is_ipv4() != resp.0.is_ipv4() {
        return None;
    }
    Some(FlowKey {
        orig: Address::from(orig.0),
        resp: Address::from(resp.0),
        orig_port: orig.1,
        resp_port: resp.1,
        protocol,
        ip_version: if orig.0.is_ipv4() { 4 } else { 6 },
        vlan,
    })
}

/// The same flow with its ends exchanged.
pub(crate) fn turned(key: &FlowKey) -> FlowKey {
    FlowKey {
        orig: key.resp,
        resp: key.orig,
        orig_port: key.resp_port,
        resp_port: key.orig_port,
        ..*key
    }
}
