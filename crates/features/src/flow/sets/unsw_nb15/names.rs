//! Protocols, services, states by the names of the published data.

use tripline_core::flow::{ConnState, Flow};
use tripline_core::packet::protocol::{ICMP, ICMPV6, TCP};

/// The published names of protocols, with three that Argus has for numbers which the data lack:
/// `ah`, `esp`, `ipv6-icmp`.
#[rustfmt::skip]
pub(super) const PROTOCOLS: &[&str] = &[
    "3pc", "a/n", "aes-sp3-d", "ah", "any", "argus", "aris", "arp", "ax.25", "bbn-rcc", "bna",
    "br-sat-mon", "cbt", "cftp", "chaos", "compaq-peer", "cphb", "cpnx", "crtp", "crudp", "dcn",
    "ddp", "ddx", "dgp", "egp", "eigrp", "emcon", "encap", "esp", "etherip", "fc", "fire", "ggp",
    "gmtp", "gre", "hmp", "i-nlsp", "iatp", "ib", "icmp", "idpr", "idpr-cmtp", "idrp", "ifmp",
    "igmp", "igp", "il", "ip", "ipcomp", "ipcv", "ipip", "iplt", "ipnip", "ippc", "ipv6",
    "ipv6-frag", "ipv6-icmp", "ipv6-no", "ipv6-opts", "ipv6-route", "ipx-n-ip", "irtp", "isis",
    "iso-ip", "iso-tp4", "kryptolan", "l2tp", "larp", "leaf-1", "leaf-2", "merit-inp", "mfe-nsp",
    "mhrp", "micp", "mobile", "mtp", "mux", "narp", "netblt", "nsfnet-igp", "nvp", "ospf", "pgm",
    "pim", "pipe", "pnni", "pri-enc", "prm", "ptp", "pup", "pvp", "qnx", "rdp", "rsvp", "rtp",
    "rvd", "sat-expak", "sat-mon", "sccopmce", "scps", "sctp", "sdrp", "secure-vmtp", "sep",
    "skip", "sm", "smp", "snp", "sprite-rpc", "sps", "srp", "st2", "stp", "sun-nd", "swipe",
    "tcf", "tcp", "tlsp", "tp++", "trunk-1", "trunk-2", "ttp", "udp", "unas", "uti", "vines",
    "visa", "vmtp", "vrrp", "wb-expak", "wb-mon", "wsn", "xnet", "xns-idp", "xtp", "zero",
];

/// The published name of each protocol number from 0; higher ones are `unas`.
#[rustfmt::skip]
const BY_NUMBER: [&str; 134] = [
    "ip", "icmp", "igmp", "ggp", "ipnip", "st2", "tcp", "cbt", "egp", "igp", "bbn-rcc", "nvp",
    "pup", "argus", "emcon", "xnet", "chaos", "udp", "mux", "dcn", "hmp", "prm", "xns-idp",
    "trunk-1", "trunk-2", "leaf-1", "leaf-2", "rdp", "irtp", "iso-tp4", "netblt", "mfe-nsp",
    "merit-inp", "sep", "3pc", "idpr", "xtp", "ddp", "idpr-cmtp", "tp++", "il", "ipv6", "sdrp",
    "ipv6-route", "ipv6-frag", "idrp", "rsvp", "gre", "mhrp", "bna", "esp", "ah", "i-nlsp",
    "swipe", "narp", "mobile", "tlsp", "skip", "ipv6-icmp", "ipv6-no", "ipv6-opts", "any", "cftp",
    "any", "sat-expak", "kryptolan", "rvd", "ippc", "any", "sat-mon", "visa", "ipcv", "cpnx",
    "cphb", "wsn", "pvp", "br-sat-mon", "sun-nd", "wb-mon", "wb-expak", "iso-ip", "vmtp",
    "secure-vmtp", "vines", "ttp", "nsfnet-igp", "dgp", "tcf", "eigrp", "ospf", "sprite-rpc",
    "larp", "mtp", "ax.25", "ipip", "micp", "aes-sp3-d", "etherip", "encap", "pri-enc", "gmtp",
    "ifmp", "pnni", "pim", "aris", "scps", "qnx", "a/n", "ipcomp", "snp", "compaq-peer",
    "ipx-n-ip", "vrrp", "pgm", "zero", "l2tp", "ddx", "iatp", "stp", "srp", "uti", "smp", "sm",
    "ptp", "isis", "fire", "crtp", "crudp", "sccopmce", "iplt", "sps", "pipe", "sctp", "fc",
];

/// The published names of services; the first is for all others.
pub(super) const SERVICES: &[&str] = &[
    "-", "dhcp", "dns", "ftp", "ftp-data", "http", "irc", "pop3", "radius", "smtp", "snmp", "ssh",
    "ssl",
];

/// The published names of states.
pub(super) const STATES: &[&str] = &[
    "ACC", "CLO", "CON", "ECO", "ECR", "FIN", "INT", "MAS", "PAR", "REQ", "RST", "TST", "TXD",
    "URH", "URN", "no",
];

/// Index into [`PROTOCOLS`].
pub(super) fn protocol(number: u8) -> Option<usize> {
    let name = BY_NUMBER.get(usize::from(number)).copied().unwrap_or("unas");
    // The names are in order.
    PROTOCOLS.binary_search(&name).ok()
}

/// Index into [`SERVICES`] of a service by Zeek's name.
pub(super) fn service(name: Option<&str>) -> usize {
    let name = match name {
        Some("tls" | "ssl" | "quic") => "ssl",
        Some(name) => name,
        None => "-",
    };
    SERVICES.iter().position(|service| *service == name).unwrap_or(0)
}

/// The state of a flow, a member of [`STATES`]; `None` is an ICMP message that has none there.
pub(super) fn state(flow: &Flow) -> Option<&'static str> {
    let answered = flow.resp.packets > 0 && flow.orig.packets > 0;
    let seen = if answered { "CON" } else { "INT" };
    let (kind, code) = (flow.key.orig_port, flow.key.resp_port);
    match flow.key.protocol {
        TCP => Some(match flow.state {
            ConnState::S0 => "REQ",
            ConnState::S1 if acknowledged(flow) => "CON",
            ConnState::S1 => "ACC",
            ConnState::S2 | ConnState::S3 | ConnState::SF | ConnState::SH | ConnState::Shr => "FIN",
            ConnState::Rej
            | ConnState::RstO
            | ConnState::RstR
            | ConnState::RstOS0
            | ConnState::RstRH => "RST",
            ConnState::Oth => seen,
        }),
        // RFC 792.
        ICMP => match (kind, code) {
            (8, _) => Some("ECO"),
            (0, _) => Some("ECR"),
            (3, 0) => Some("URN"),
            (3, 1) => Some("URH"),
            (11, _) => Some("TXD"),
            (12, _) => Some("PAR"),
            (13 | 14, _) => Some("TST"),
            (17 | 18, _) => Some("MAS"),
            _ => None,
        },
        // RFC 4443.
        ICMPV6 => match (kind, code) {
            (128, _) => Some("ECO"),
            (129, _) => Some("ECR"),
            (1, 0) => Some("URN"),
            (1, 3) => Some("URH"),
            (3, _) => Some("TXD"),
            (4, _) => Some("PAR"),
            _ => None,
        },
        _ => Some(seen),
    }
}

/// The initiator sent something after its SYN; taken for granted where no history is known.
fn acknowledged(flow: &Flow) -> bool {
    let history = flow.history.as_str();
    history.is_empty() || history.contains(['A', 'D', 'F', 'R'])
}

/// `ct_state_ttl`: the class of state with both times to live that the published data hold.
pub(super) fn state_ttl(state: &str, sttl: u8, dttl: u8) -> u64 {
    match (state, sttl, dttl) {
        ("FIN", 62 | 63 | 254 | 255, 252 | 253) => 1,
        ("INT", 0 | 62 | 254, 0) => 2,
        ("CON", 62 | 254, 60 | 252 | 253) => 3,
        ("ACC", 254, 252) => 4,
        ("CLO", 254, 252) => 5,
        ("REQ", 254, 0) => 6,
        ("RST", 254, 252) => 7,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_protocol() {
        assert!(PROTOCOLS.is_sorted());
        for (number, name) in [(6, "tcp"), (17, "udp"), (58, "ipv6-icmp"), (63, "any")] {
            assert_eq!(protocol(number).map(|index| PROTOCOLS[index]), Some(name));
        }
        assert!((0..=255).all(|number| protocol(number).is_some()));
        assert_eq!(protocol(255).map(|index| PROTOCOLS[index]), Some("unas"));
    }

    #[test]
    fn services_take_zeeks_names() {
        assert_eq!(SERVICES[service(Some("ssl"))], "ssl");
        assert_eq!(SERVICES[service(Some("ftp-data"))], "ftp-data");
        assert_eq!(SERVICES[service(Some("mysql"))], "-");
        assert_eq!(SERVICES[service(None)], "-");
    }
}
