//! What a primitive asks of a frame, field by field.

use super::FilterError;
use super::condition::{Compare, Condition, Load, Width, equal, known, test};
use super::logic::Logic;
use super::primitive::{Carrier, Direction, IpVersion, Network, Primitive, ether_type};
use super::view::View;

use tripline_core::packet::protocol;

/// `IPPROTO_FRAGMENT`, RFC 8200, section 4.5.
const FRAGMENT_HEADER: u8 = 44;

/// Bytes of an IPv6 header (RFC 8200, section 3).
const IPV6_HEADER: u32 = 40;

/// The condition of a primitive; `vlan` moves the view.
pub(super) fn meaning(primitive: &Primitive, view: &mut View) -> Result<Condition, FilterError> {
    Ok(match *primitive {
        Primitive::EtherType(kind) => view.ether_type(kind),
        Primitive::Protocol { version, number } => match version {
            Some(IpVersion::V4) => protocol_v4(view, number),
            Some(IpVersion::V6) => protocol_v6(view, number),
            None => Logic::any(protocol_v4(view, number), [protocol_v6(view, number)]),
        },
        Primitive::Address { carrier, direction, network } => {
            address(view, carrier, direction, &network)
        }
        Primitive::Port { protocol, direction, low, high } => Logic::any(
            port_v4(view, protocol, direction, low, high),
            [port_v6(view, protocol, direction, low, high)],
        ),
        Primitive::Vlan(id) => view.enter_vlan(id)?,
        Primitive::AtMost(bytes) => Logic::Not(Box::new(view.longer_than(bytes))),
        Primitive::AtLeast(bytes) => match bytes.checked_sub(1) {
            Some(less) => view.longer_than(less),
            None => known(true),
        },
    })
}

/// RFC 791, section 3.1: the protocol is octet 9.
fn protocol_v4(view: &View, number: u8) -> Condition {
    Logic::all(view.ether_type(ether_type::IP), [byte(view, 9, number)])
}

/// The next header, also behind a fragment header that comes first, as libpcap looks.
fn protocol_v6(view: &View, number: u8) -> Condition {
    let behind_fragment =
        Logic::all(byte(view, 6, FRAGMENT_HEADER), [byte(view, IPV6_HEADER, number)]);
    let carried = Logic::any(byte(view, 6, number), [behind_fragment]);
    Logic::all(view.ether_type(ether_type::IP6), [carried])
}

fn byte(view: &View, offset: u32, wanted: u8) -> Condition {
    equal(Load::Kind(Width::Byte, view.network(offset)), u32::MAX, u32::from(wanted))
}

fn address(view: &View, carrier: Carrier, direction: Direction, network: &Network) -> Condition {
    match *network {
        Network::V4 { address, mask } => {
            // Sender then receiver: RFC 791, section 3.1; RFC 826 for IPv4 over Ethernet.
            let in_header = |kind: u16, source: u32, destination: u32| {
                let at = |offset| equal(Load::At(Width::Word, view.network(offset)), mask, address);
                let either = toward(direction, || at(source), || at(destination));
                Logic::all(view.ether_type(kind), [either])
            };
            let ip = || in_header(ether_type::IP, 12, 16);
            let arp = || in_header(ether_type::ARP, 14, 24);
            let rarp = || in_header(ether_type::RARP, 14, 24);
            match carrier {
                Carrier::Any | Carrier::Ip6 => Logic::any(ip(), [arp(), rarp()]),
                Carrier::Ip => ip(),
                Carrier::Arp => arp(),
                Carrier::Rarp => rarp(),
            }
        }
        Network::V6 { address, mask } => {
            let at = |offset: u32| {
                let words = (0..4).map(|word: u32| {
                    let load = Load::At(Width::Word, view.network(offset + 4 * word));
                    (load, mask[word as usize], address[word as usize])
                });
                // A word without a bit that counts is not loaded.
                let mut asked = words
                    .filter(|(_, mask, _)| *mask != 0)
                    .map(|(load, mask, wanted)| equal(load, mask, wanted));
                let first = asked.next().unwrap_or(known(true));
                Logic::all(first, asked)
            };
            // RFC 8200, section 3: sender then receiver.
            let either = toward(direction, || at(8), || at(24));
            Logic::all(view.ether_type(ether_type::IP6), [either])
        }
    }
}

/// Ports of an IPv4 packet that is no later fragment.
fn port_v4(
    view: &View,
    wanted: Option<u8>,
    direction: Direction,
    low: u16,
    high: u16,
) -> Condition {
    let later_fragment =
        test(Load::Kind(Width::Half, view.network(6)), u32::MAX, Compare::AnySet, 0x1fff);
    let header = view.network(0);
    let at = |more: u32| in_range(Load::BehindIpv4 { header, more }, low, high);
    Logic::all(
        view.ether_type(ether_type::IP),
        [
            has_ports(view, 9, wanted),
            Logic::Not(Box::new(later_fragment)),
            toward(direction, || at(0), || at(2)),
        ],
    )
}

/// Ports of an IPv6 packet without extension headers, as libpcap looks.
fn port_v6(
    view: &View,
    wanted: Option<u8>,
    direction: Direction,
    low: u16,
    high: u16,
) -> Condition {
    let at =
        |more: u32| in_range(Load::At(Width::Half, view.network(IPV6_HEADER + more)), low, high);
    Logic::all(
        view.ether_type(ether_type::IP6),
        [has_ports(view, 6, wanted), toward(direction, || at(0), || at(2))],
    )
}

fn has_ports(view: &View, offset: u32, wanted: Option<u8>) -> Condition {
    let is = |number: u8| byte(view, offset, number);
    match wanted {
        Some(number) => is(number),
        None => Logic::any(is(protocol::TCP), [is(protocol::UDP), is(protocol::SCTP)]),
    }
}

fn in_range(load: Load, low: u16, high: u16) -> Condition {
    let (low, high) = (u32::from(low), u32::from(high));
    if low == high {
        return equal(load, u32::MAX, low);
    }
    let above = test(load, u32::MAX, Compare::Greater, high);
    Logic::all(test(load, u32::MAX, Compare::AtLeast, low), [Logic::Not(Box::new(above))])
}

fn toward(
    direction: Direction,
    source: impl Fn() -> Condition,
    destination: impl Fn() -> Condition,
) -> Condition {
    match direction {
        Direction::Source => source(),
        Direction::Destination => destination(),
        Direction::Either => Logic::any(source(), [destination()]),
        Direction::Both => Logic::all(source(), [destination()]),
    }
}
