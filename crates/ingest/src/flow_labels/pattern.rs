//! Endpoints of flows, exact or in part left open.

use std::net::IpAddr;

use tripline_core::flow::FlowKey;
use tripline_core::packet::Address;

/// Bits of an address in its 16 bytes; IPv4 addresses have 96 before their own.
const BITS: u8 = 128;

/// One endpoint as a line tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) address: Address,
    /// Bits of the address that count; 0 is any.
    pub(super) prefix: u8,
    pub(super) port: Option<u16>,
}

/// Which parts of the endpoints count; those that leave less open stand first in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    prefixes: [u8; 2],
    ports: [bool; 2],
    protocol: bool,
}

/// Endpoints with all that does not count left at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Pattern {
    addresses: [Address; 2],
    ports: [u16; 2],
    protocol: u8,
}

impl Endpoint {
    /// An address, a network as `address/bits`, or `*` or nothing for any; with a port the same
    /// way. What is wrong is told.
    pub(super) fn parse(address: &str, port: &str) -> Result<Self, String> {
        let (address, prefix) = parse_address(address.trim())?;
        let port = match port.trim() {
            "" | "*" | "-" => None,
            // Some tools write ports as numbers with a fraction, some in hexadecimal.
            text => Some(parse_port(text).ok_or_else(|| format!("`{text}` is no port"))?),
        };
        Ok(Self { address, prefix, port })
    }
}

impl Shape {
    /// Of two endpoints.
    pub(super) fn of(from: &Endpoint, to: &Endpoint, protocol: Option<u8>) -> Self {
        Self {
            prefixes: [from.prefix, to.prefix],
            ports: [from.port.is_some(), to.port.is_some()],
            protocol: protocol.is_some(),
        }
    }

    /// How much is left open.
    pub(super) fn openness(&self) -> u32 {
        let bits = |prefix: u8| u32::from(BITS - prefix);
        let open = |known: bool| if known { 0 } else { 16 };
        bits(self.prefixes[0])
            + bits(self.prefixes[1])
            + open(self.ports[0])
            + open(self.ports[1])
            + if self.protocol { 0 } else { 8 }
    }

    /// The pattern of a line.
    pub(super) fn pattern(&self, from: &Endpoint, to: &Endpoint, protocol: Option<u8>) -> Pattern {
        self.keep(
            [from.address, to.address],
            [from.port.unwrap_or(0), to.port.unwrap_or(0)],
            protocol.unwrap_or(0),
        )
    }

    /// The pattern that a flow has, from initiator to responder or the other way round.
    pub(super) fn of_flow(&self, key: &FlowKey, reversed: bool) -> Pattern {
        let (addresses, ports) = if reversed {
            ([key.resp, key.orig], [key.resp_port, key.orig_port])
        } else {
            ([key.orig, key.resp], [key.orig_port, key.resp_port])
        };
        self.keep(addresses, ports, key.protocol)
    }

    fn keep(&self, addresses: [Address; 2], ports: [u16; 2], protocol: u8) -> Pattern {
        let port = |place: usize| if self.ports[place] { ports[place] } else { 0 };
        Pattern {
            addresses: [
                masked(addresses[0], self.prefixes[0]),
                masked(addresses[1], self.prefixes[1]),
            ],
            ports: [port(0), port(1)],
            protocol: if self.protocol { protocol } else { 0 },
        }
    }
}

/// The number of a protocol by its name or its number; `None` is any.
pub(super) fn parse_protocol(text: &str) -> Result<Option<u8>, String> {
    // IANA "Assigned Internet Protocol Numbers", with the names of Argus beside them.
    const NAMES: &[(&str, u8)] = &[
        ("tcp", 6),
        ("udp", 17),
        ("icmp", 1),
        ("ipv6-icmp", 58),
        ("icmp6", 58),
        ("icmpv6", 58),
        ("igmp", 2),
        ("ggp", 3),
        ("ipip", 4),
        ("ipnip", 4),
        ("ipv6", 41),
        ("rsvp", 46),
        ("gre", 47),
        ("esp", 50),
        ("ah", 51),
        ("swipe", 53),
        ("mobile", 55),
        ("ospf", 89),
        ("pim", 103),
        ("vrrp", 112),
        ("l2tp", 115),
        ("sctp", 132),
        ("udplite", 136),
        ("eigrp", 88),
        ("egp", 8),
        ("igp", 9),
        ("st2", 5),
        ("cbt", 7),
        ("pup", 12),
        ("chaos", 16),
        ("hmp", 20),
        ("rdp", 27),
        ("sun-nd", 77),
        ("any", 61),
        ("unas", 255),
    ];
    let text = text.trim();
    if matches!(text, "" | "*" | "-") {
        return Ok(None);
    }
    if let Ok(number) = text.parse::<u8>() {
        return Ok(Some(number));
    }
    let lower = text.to_ascii_lowercase();
    match NAMES.iter().find(|(name, _)| *name == lower) {
        Some(&(_, number)) => Ok(Some(number)),
        None => Err(format!("`{text}` is no protocol that is known; give its number")),
    }
}

fn parse_address(text: &str) -> Result<(Address, u8), String> {
    if matches!(text, "" | "*" | "any" | "-") {
        return Ok((Address::default(), 0));
    }
    let wrong = || format!("`{text}` is no address and no network");
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| wrong())?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let before = if address.is_ipv4() { 96 } else { 0 };
    let prefix = match bits {
        Some(bits) => {
            before + Some(bits).filter(|&bits| bits <= BITS - before).ok_or_else(wrong)?
        }
        None => BITS,
    };
    Ok((masked(Address::from(address), prefix), prefix))
}

fn parse_port(text: &str) -> Option<u16> {
    match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16).ok(),
        None => text.strip_suffix(".0").unwrap_or(text).parse().ok(),
    }
}

fn masked(address: Address, prefix: u8) -> Address {
    let kept = u128::MAX.checked_shl(u32::from(BITS - prefix)).unwrap_or(0);
    Address((u128::from_be_bytes(address.0) & kept).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_keep_their_bits() {
        let of = |text| Endpoint::parse(text, "").map(|it| (it.address.to_ip(6), it.prefix));
        assert_eq!(of("10.1.2.3/8").unwrap(), ("::ffff:10.0.0.0".parse().unwrap(), 104));
        assert_eq!(of("2001:db8::1/32").unwrap(), ("2001:db8::".parse().unwrap(), 32));
        assert_eq!(of("*").unwrap().1, 0);
        for text in ["10.1.2.3/33", "::1/129", "host", "1.2.3.4/", "/8"] {
            assert!(of(text).is_err(), "{text}");
        }
        let ports = ["80", "80.0", "0x50"].map(|text| Endpoint::parse("", text).unwrap().port);
        assert_eq!(ports, [Some(80); 3]);
        assert!(Endpoint::parse("", "65536").is_err());
    }
}
