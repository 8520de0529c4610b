//! Flows against the sessions that Arkime's own tests expect of each of its captures.
//!
//! Sessions with a Community ID are compared: the set of identifiers, for each the packets and
//! bytes of each sender, and the JA3 and JA4 of TLS clients. Sessions without one are of no
//! transport (ARP, IS-IS, …) or of headers that Arkime could not read. Sessions of protocols that
//! have no ports are left out: Arkime puts two ports of 0 into their identifier, where the
//! specification has none (RSVP from 10.1.24.4 to 10.1.12.1 is
//! `1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4=`).

#![allow(clippy::print_stderr, reason = "a test on real data says what it found")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

use serde_json::Value;
use tripline_core::packet::{Batch, protocol};
use tripline_features::flow::{FlowSettings, community_id};
use tripline_ingest::capture::CaptureOptions;

use crate::captures::{NEVER, captures, files, flows, packets};

/// Packets and bytes of each sender.
type Senders = BTreeMap<IpAddr, (u64, u64)>;

/// What is told of a capture.
#[derive(Debug, Default)]
struct Told {
    sessions: BTreeMap<String, Senders>,
    ja3: BTreeSet<String>,
    ja4: BTreeSet<String>,
}

const NO_IDENTIFIER: &str = "Arkime gives DHCP sessions no identifier";

const ONE_WAY: &str = "Arkime orders the endpoints of one-way ICMP by address; the specification \
                       keeps the sender first";

const ONE_SESSION: &str = "Arkime has one session for all ICMP between two hosts";

/// Identifiers that only one side has, or whose counts differ: capture, how many, why.
const DIFFERENCES: &[(&str, usize, &str)] = &[
    (
        "arkime_synthetic",
        14,
        "NSH is not looked into, VXLAN-GPE both ways; a UDP length of 0 is an anomaly here, a session \
         without identifier there; DHCP has no identifier there; IPv6 in IPv6 is not looked into \
         there",
    ),
    ("gre-sample", 2, ONE_SESSION),
    ("gtp-iphone", 2, ONE_WAY),
    ("single-packets", 1, "Arkime turns a session by what its one packet says"),
    (
        "socks5-http-302-frag",
        1,
        "a datagram that came in fragments has the bytes of all its frames here, of one there",
    ),
    ("v6", 8, ONE_SESSION),
    ("vxlan", 2, ONE_SESSION),
    ("wireshark-dhcp", 2, NO_IDENTIFIER),
    ("wireshark-dhcpv6", 4, NO_IDENTIFIER),
];

/// Fingerprints that only one side has: capture, how many, why.
const FINGERPRINTS: &[(&str, usize, &str)] = &[
    ("adb_synthetic", 2, "TLS behind the opening of ADB is not looked for"),
    (
        "arkime_synthetic",
        5,
        "QUIC, and JA3 of DTLS, as below; a hello of DTLS that Arkime passes over",
    ),
    ("cloudshark-dtls1", 1, DTLS_JA3),
    ("openvpn_synthetic", 3, "TLS inside OpenVPN is not looked for"),
    ("quicietf", 2, QUIC),
    ("quicietfooo", 2, QUIC),
    ("wireshark-dtls0", 1, DTLS_JA3),
    ("wireshark-dtls12", 1, DTLS_JA3),
];

const DTLS_JA3: &str = "Arkime makes no JA3 of DTLS";

const QUIC: &str = "the hello inside QUIC is encrypted; it is not read here";

fn expected(path: &Path) -> Told {
    let text = std::fs::read(path).unwrap();
    let value: Value = serde_json::from_slice(&text).unwrap();
    let mut told = Told::default();
    for session in value["sessions3"].as_array().into_iter().flatten() {
        let body = &session["body"];
        for (name, prints) in [("ja3", &mut told.ja3), ("ja4", &mut told.ja4)] {
            let values = body["tls"][name].as_array().into_iter().flatten();
            prints.extend(values.filter_map(|value| Some(value.as_str()?.to_owned())));
        }
        let Some(id) = body["network"]["community_id"].as_str() else { continue };
        if body["ipProtocol"].as_u64().is_none_or(|number| !has_ports(number as u8)) {
            continue;
        }
        let senders = told.sessions.entry(id.to_owned()).or_default();
        for side in ["source", "destination"] {
            let Some(address) = body[side]["ip"].as_str() else { continue };
            let count = |field: &str| body[side][field].as_u64().unwrap_or(0);
            add(senders, address.parse().unwrap(), count("packets"), count("bytes"));
        }
    }
    told
}

fn has_ports(number: u8) -> bool {
    use protocol::{ICMP, ICMPV6, SCTP, TCP, UDP};
    [ICMP, ICMPV6, SCTP, TCP, UDP].contains(&number)
}

fn add(senders: &mut Senders, address: IpAddr, packets: u64, bytes: u64) {
    let sum = senders.entry(address).or_default();
    sum.0 += packets;
    sum.1 += bytes;
}

fn ours(batches: &[Batch]) -> Told {
    let settings = FlowSettings { idle: NEVER, active: NEVER, ..Default::default() };
    let mut told = Told::default();
    for flow in flows(batches, &settings, "tripline").flows {
        if !has_ports(flow.key.protocol) {
            continue;
        }
        let senders = told.sessions.entry(community_id(&flow.key, 0)).or_default();
        add(senders, flow.orig_ip(), flow.orig.packets, flow.orig.link_bytes);
        add(senders, flow.resp_ip(), flow.resp.packets, flow.resp.link_bytes);
        let Some(tls) = flow.app.as_ref().and_then(|app| app.tls.as_ref()) else { continue };
        told.ja3.extend(tls.ja3.iter().map(|text| text.to_string()));
        told.ja4.extend(tls.ja4.iter().map(|text| text.to_string()));
    }
    told
}

#[test]
fn data_sessions_equal_those_of_arkime() {
    let Some(folder) = captures("data_sessions_equal_those_of_arkime") else { return };
    let options = CaptureOptions::default();
    let (mut total, mut equal, mut read, mut wrong) = (0, 0, 0, Vec::new());
    let (mut prints, mut same_prints) = (0, 0);
    for path in files(&folder.join("arkime"), &[".pcap"]) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let batches = packets(&path, &options);
        read += 1;
        let (expected, ours) = (expected(&path.with_extension("test")), ours(&batches));
        let ids: BTreeSet<&String> = expected.sessions.keys().chain(ours.sessions.keys()).collect();
        let differs = |id: &&&String| expected.sessions.get(**id) != ours.sessions.get(**id);
        let different: Vec<&String> = ids.iter().filter(differs).copied().collect();
        total += ids.len();
        equal += ids.len() - different.len();
        let named = DIFFERENCES.iter().find(|(capture, ..)| *capture == name);
        if named.map_or(0, |(_, count, _)| *count) != different.len() {
            let show = |id: &&String| {
                let (theirs, ours) = (expected.sessions.get(*id), ours.sessions.get(*id));
                format!("\n  {id}\n    theirs {theirs:?}\n    ours   {ours:?}")
            };
            let shown: String = different.iter().take(12).map(show).collect();
            wrong.push(format!("{name}: {} of {} differ{shown}", different.len(), ids.len()));
        }
        let ja3: Vec<_> = expected.ja3.symmetric_difference(&ours.ja3).collect();
        let ja4: Vec<_> = expected.ja4.symmetric_difference(&ours.ja4).collect();
        prints += expected.ja3.len() + expected.ja4.len();
        same_prints += expected.ja3.intersection(&ours.ja3).count();
        same_prints += expected.ja4.intersection(&ours.ja4).count();
        let named = FINGERPRINTS.iter().find(|(capture, ..)| *capture == name);
        if named.map_or(0, |(_, count, _)| *count) != ja3.len() + ja4.len() {
            wrong.push(format!(
                "{name}: fingerprints\n  theirs {:?} {:?}\n  ours   {:?} {:?}",
                expected.ja3, expected.ja4, ours.ja3, ours.ja4
            ));
        }
    }
    eprintln!("{equal} of {total} sessions equal, {same_prints} of {prints} fingerprints");
    assert!(wrong.is_empty(), "{equal} of {total} equal\n{}", wrong.join("\n"));
    assert_eq!(read, 197);
}
