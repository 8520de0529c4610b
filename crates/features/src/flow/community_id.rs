//! Community ID version 1: one name for a flow in the logs of all tools.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use tripline_core::flow::FlowKey;
use tripline_core::packet::{Address, protocol};

/// The Community ID of a flow, such as `1:X0snYXpgwiv9TZtqg64sgzUn6Dk=`.
///
/// Both directions have the same, but for ICMP types without an answer. The seed is 0 unless a site
/// wants identifiers of its own. Source: "Community ID Flow Hashing", version 1,
/// corelight/community-id-spec; tags of virtual networks are no part of it.
pub fn community_id(key: &FlowKey, seed: u16) -> String {
    let ends = [(key.orig, key.orig_port), (key.resp, key.resp_port)];
    let [first, second] =
        if ends[0] <= ends[1] || is_one_way(key) { ends } else { [ends[1], ends[0]] };
    let mut hash = Sha1::new();
    hash.update(seed.to_be_bytes());
    hash.update(bytes(&first.0, key.ip_version));
    hash.update(bytes(&second.0, key.ip_version));
    hash.update([key.protocol, 0]);
    let has_ports = matches!(
        key.protocol,
        protocol::TCP | protocol::UDP | protocol::SCTP | protocol::ICMP | protocol::ICMPV6
    );
    if has_ports {
        hash.update(first.1.to_be_bytes());
        hash.update(second.1.to_be_bytes());
    }
    format!("1:{}", STANDARD.encode(hash.finalize()))
}

fn bytes(address: &Address, ip_version: u8) -> &[u8] {
    if ip_version == 4 { &address.0[12..] } else { &address.0 }
}

/// True for ICMP unless the responder's port is the type that answers the initiator's.
fn is_one_way(key: &FlowKey) -> bool {
    let pairs: &[(u16, u16)] = match key.protocol {
        // RFC 792, RFC 950, RFC 1256.
        protocol::ICMP => &[(8, 0), (13, 14), (15, 16), (10, 9), (17, 18)],
        // RFC 4443, RFC 4861, RFC 2710, RFC 4620, RFC 6275.
        protocol::ICMPV6 => {
            &[(128, 129), (133, 134), (135, 136), (130, 131), (139, 140), (144, 145)]
        }
        _ => return false,
    };
    let ports = (key.orig_port, key.resp_port);
    !pairs.iter().any(|&(ask, answer)| ports == (ask, answer) || ports == (answer, ask))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use tripline_core::packet::Vlan;

    use super::*;

    fn id(protocol: u8, orig: &str, orig_port: u16, resp: &str, resp_port: u16) -> String {
        let [orig, resp]: [IpAddr; 2] = [orig, resp].map(|ip| ip.parse().expect("an address"));
        let key = FlowKey {
            orig: orig.into(),
            resp: resp.into(),
            orig_port,
            resp_port,
            protocol,
            ip_version: if orig.is_ipv4() { 4 } else { 6 },
            vlan: Vlan::NONE,
        };
        community_id(&key, 0)
    }

    #[test]
    fn published_values() {
        // baseline/baseline_deflt.json of corelight/community-id-spec at c4ec2bc.
        let tcp = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=";
        assert_eq!(id(6, "128.232.110.120", 34855, "66.35.250.204", 80), tcp);
        assert_eq!(id(6, "66.35.250.204", 80, "128.232.110.120", 34855), tcp);
        let udp = "1:d/FP5EW3wiY1vCndhwleRRKHowQ=";
        assert_eq!(id(17, "192.168.1.52", 54585, "8.8.8.8", 53), udp);
        let (a, b) = ("2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a");
        assert_eq!(id(6, a, 63943, b, 25), "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=");
        let sctp = "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs=";
        assert_eq!(id(132, "192.168.170.8", 7, "192.168.170.56", 7), sctp);
        assert_eq!(id(132, "192.168.170.56", 7, "192.168.170.8", 7), sctp);
        assert_eq!(id(46, "10.1.12.2", 0, "10.1.12.1", 0), "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw=");
    }

    #[test]
    fn published_values_of_icmp() {
        let echo = "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=";
        assert_eq!(id(1, "192.168.0.89", 8, "192.168.0.1", 0), echo);
        assert_eq!(id(1, "192.168.0.1", 0, "192.168.0.89", 8), echo);
        assert_eq!(id(1, "10.0.0.1", 11, "10.0.0.2", 0), "1:YHxtAirCG//0OzkcVAukqKQN9xM=");
        let (a, b) = ("fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea");
        assert_eq!(id(58, a, 135, b, 136), "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=");
        assert_eq!(id(58, b, 136, a, 135), "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=");
        assert_eq!(id(58, b, 135, a, 136), "1:zavyT/cezQr1fmImYCwYnMXbgck=");
        let far = "3ffe:507:0:1:200:86ff:fe05:80da";
        let unreachable = id(58, "3ffe:501:410:0:2c0:dfff:fe47:33e", 1, far, 4);
        assert_eq!(unreachable, "1:hLZd0XGWojozrvxqE0dWB1iM6R0=");
        assert_eq!(id(58, a, 133, "ff02::2", 134), "1:hO+sN4H+MG5MY/8hIrXPqc4ZQz0=");
        assert_eq!(id(58, b, 134, "ff02::1", 133), "1:pkvHqCL88/tg1k4cPigmZXUtL00=");
    }
}
