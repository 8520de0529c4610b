//! Planned packets to Ethernet frames with valid checksums.

use std::net::IpAddr;

use tripline_core::packet::protocol;

use super::checksum::{checksum, sum};
use super::conversation::{Conversation, End, Planned, Segment, What};

/// Bytes of a frame without its checksum that Ethernet sends at least (IEEE 802.3, clause 3.2.7).
const LEAST: usize = 60;

/// Writes packet `index` of a conversation as a frame, in place of what is in `out`.
pub(super) fn render(conversation: &Conversation, index: usize, out: &mut Vec<u8>) {
    out.clear();
    let Some(planned) = conversation.packets.get(index) else { return };
    let source = &conversation.ends[planned.from];
    let destination = &conversation.ends[1 - planned.from];
    out.extend(group_mac(destination));
    out.extend(source.mac);
    if let Some(vlan) = conversation.vlan {
        out.extend([0x81, 0x00]);
        out.extend((vlan & 0x0fff).to_be_bytes());
    }
    let is_ipv4 = source.address.is_ipv4();
    out.extend(if is_ipv4 { [0x08, 0x00] } else { [0x86, 0xdd] });
    let ip = out.len();
    let protocol = match planned.what {
        What::Segment(_) => protocol::TCP,
        What::Datagram => protocol::UDP,
        What::Icmp(..) if is_ipv4 => protocol::ICMP,
        What::Icmp(..) => protocol::ICMPV6,
    };
    let transport = ip + if is_ipv4 { 20 } else { 40 };
    out.resize(transport, 0);
    push_transport(planned, source, destination, out);
    let check = place_of_checksum(protocol);
    let length = out.len() - transport;
    if protocol == protocol::UDP {
        out[transport + 4..transport + 6].copy_from_slice(&(length as u16).to_be_bytes());
    }
    let start = if protocol == protocol::ICMP {
        0
    } else {
        pseudo_header(source, destination, protocol, length)
    };
    let mut value = checksum(&out[transport..], start);
    if protocol == protocol::UDP && value == 0 {
        // RFC 768: a sum of zero is sent as all ones, since zero means none.
        value = 0xffff;
    }
    out[transport + check..transport + check + 2].copy_from_slice(&value.to_be_bytes());
    let identification = source.identification.wrapping_add(index as u16);
    let dont_fragment = protocol == protocol::TCP;
    ip_header(
        source,
        destination,
        protocol,
        length,
        identification,
        dont_fragment,
        &mut out[ip..transport],
    );
    if out.len() < LEAST {
        out.resize(LEAST, 0);
    }
}

/// The first 28 bytes of a datagram as an ICMP error quotes them (RFC 792).
pub(super) fn quoted(source: &End, destination: &End, payload: usize) -> Vec<u8> {
    let is_ipv4 = source.address.is_ipv4();
    let mut out = vec![0; if is_ipv4 { 20 } else { 40 }];
    let length = 8 + payload;
    let id = source.identification;
    ip_header(source, destination, protocol::UDP, length, id, false, &mut out);
    out.extend(source.port.to_be_bytes());
    out.extend(destination.port.to_be_bytes());
    out.extend((length as u16).to_be_bytes());
    // The checksum of what is quoted is not checked by anybody.
    out.extend([0, 0]);
    out
}

/// The address of the receiver's card; groups have their own (RFC 1112, section 6.4; RFC 2464,
/// section 7).
fn group_mac(end: &End) -> [u8; 6] {
    match end.address {
        IpAddr::V4(address) if address.is_multicast() => {
            let [_, b, c, d] = address.octets();
            [0x01, 0x00, 0x5e, b & 0x7f, c, d]
        }
        IpAddr::V6(address) if address.is_multicast() => {
            let [.., a, b, c, d] = address.octets();
            [0x33, 0x33, a, b, c, d]
        }
        _ => end.mac,
    }
}

fn push_transport(planned: &Planned, source: &End, destination: &End, out: &mut Vec<u8>) {
    match &planned.what {
        What::Segment(segment) => push_segment(segment, source.port, destination.port, out),
        What::Datagram => {
            out.extend(source.port.to_be_bytes());
            out.extend(destination.port.to_be_bytes());
            out.extend([0; 4]);
        }
        What::Icmp(kind, code, rest) => {
            out.extend([*kind, *code, 0, 0]);
            out.extend(rest);
        }
    }
    if let Some(part) = &planned.part {
        part.message.copy(part.from, part.bytes, out);
    }
}

fn push_segment(segment: &Segment, source: u16, destination: u16, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend(source.to_be_bytes());
    out.extend(destination.to_be_bytes());
    out.extend(segment.sequence.to_be_bytes());
    out.extend(segment.acknowledgement.to_be_bytes());
    out.extend([0, segment.flags]);
    out.extend(segment.window.to_be_bytes());
    out.extend([0; 4]);
    if segment.maximum_segment != 0 {
        out.extend([2, 4]);
        out.extend(segment.maximum_segment.to_be_bytes());
    }
    if segment.selective {
        out.extend([4, 2]);
    }
    if let Some((value, echo)) = segment.stamps {
        if !segment.selective {
            out.extend([1, 1]);
        }
        out.extend([8, 10]);
        out.extend(value.to_be_bytes());
        out.extend(echo.to_be_bytes());
    }
    if let Some(scale) = segment.window_scale {
        out.extend([1, 3, 3, scale]);
    }
    while !(out.len() - start).is_multiple_of(4) {
        out.push(1);
    }
    out[start + 12] = (((out.len() - start) / 4) << 4) as u8;
}

fn place_of_checksum(protocol: u8) -> usize {
    match protocol {
        protocol::TCP => 16,
        protocol::UDP => 6,
        _ => 2,
    }
}

/// Sum over the pseudo-header (RFC 9293, section 3.1; RFC 8200, section 8.1).
fn pseudo_header(source: &End, destination: &End, protocol: u8, length: usize) -> u64 {
    let addresses = match (source.address, destination.address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => sum(&a.octets()) + sum(&b.octets()),
        (IpAddr::V6(a), IpAddr::V6(b)) => sum(&a.octets()) + sum(&b.octets()),
        _ => 0,
    };
    addresses + u64::from(protocol) + length as u64
}

fn ip_header(
    source: &End,
    destination: &End,
    protocol: u8,
    length: usize,
    identification: u16,
    dont_fragment: bool,
    out: &mut [u8],
) {
    match (source.address, destination.address) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            out[0] = 0x45;
            out[1] = source.tos;
            out[2..4].copy_from_slice(&((length + 20) as u16).to_be_bytes());
            out[4..6].copy_from_slice(&identification.to_be_bytes());
            out[6] = if dont_fragment { 0x40 } else { 0 };
            out[8] = source.ttl;
            out[9] = protocol;
            out[12..16].copy_from_slice(&from.octets());
            out[16..20].copy_from_slice(&to.octets());
            let check = checksum(out, 0);
            out[10..12].copy_from_slice(&check.to_be_bytes());
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            // The flow label is one for each direction of a flow (RFC 6437).
            let label = (u32::from(source.identification) * 13) & 0x000f_ffff;
            let first = 0x6000_0000 | u32::from(source.tos) << 20 | label;
            out[..4].copy_from_slice(&first.to_be_bytes());
            out[4..6].copy_from_slice(&(length as u16).to_be_bytes());
            out[6] = protocol;
            out[7] = source.ttl;
            out[8..24].copy_from_slice(&from.octets());
            out[24..40].copy_from_slice(&to.octets());
        }
        // Both ends of a conversation have one version; it is made so.
        _ => {}
    }
}
