//! Flows against those that nDPI tells: addresses, ports, packets and bytes each way.
//!
//! `expected/*.out` is what ndpiReader wrote. It knows no time-outs in a file, so none are set here.
//! It keeps one flow for all ICMP between two hosts, its initiator is the sender of the first
//! packet, and it passes over packets that were cut or whose IP length exceeds the frame: ours are
//! summed and turned alike, and those packets are left out before the engine sees them. Two more
//! of its ways are tried apart: see [`as_read`].

#![allow(clippy::print_stderr, reason = "a test on real data says what it found")]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use tripline_core::packet::{Anomalies, Batch, protocol};
use tripline_features::flow::FlowSettings;
use tripline_ingest::capture::CaptureOptions;

use crate::captures::{NEVER, bare_flows, captures, files, only, packets, packets_of};

/// A flow between two endpoints, the smaller first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    protocol: u8,
    endpoints: [(IpAddr, u16); 2],
    packets: [u64; 2],
    bytes: [u64; 2],
}

impl Told {
    fn new(
        protocol: u8,
        mut endpoints: [(IpAddr, u16); 2],
        mut packets: [u64; 2],
        mut bytes: [u64; 2],
    ) -> Self {
        if endpoints[0] > endpoints[1] {
            endpoints.reverse();
            packets.reverse();
            bytes.reverse();
        }
        Self { protocol, endpoints, packets, bytes }
    }
}

/// Where a capture differs.
struct Difference {
    capture: &'static str,
    /// Flows of nDPI that we do not have so, flows of ours that nDPI does not have so.
    counts: (usize, usize),
    /// The same once frames are written as nDPI reads them; the same as before for most.
    as_read: (usize, usize),
    reason: &'static str,
}

const FRAGMENTS: &str = "nDPI puts no fragments together: it counts the first of each datagram";

const DIFFERENCES: &[Difference] = &[
    Difference {
        capture: "ajp.pcap",
        counts: (3, 1),
        as_read: (2, 0),
        reason: "nDPI reads the header of Cisco FabricPath as IP of protocol 80; we look behind it",
    },
    Difference {
        capture: "capwap.pcap",
        counts: (0, 1),
        as_read: (0, 1),
        reason: "nDPI passes over CAPWAP that holds no IP; for us it is a flow of its own",
    },
    Difference {
        capture: "dns_fragmented.pcap",
        counts: (7, 7),
        as_read: (0, 0),
        reason: FRAGMENTS,
    },
    Difference {
        capture: "dnscrypt-v1-and-resolver-pings.pcap",
        counts: (117, 117),
        as_read: (0, 0),
        reason: FRAGMENTS,
    },
    Difference {
        capture: "fuzz-2006-06-26-2594.pcap",
        counts: (19, 12),
        as_read: (2, 0),
        reason: "nDPI reads IP behind any EtherType, IP headers of 4 bytes, TCP headers of 12",
    },
    Difference {
        capture: "fuzz-2006-09-29-28586.pcap",
        counts: (4, 2),
        as_read: (1, 0),
        reason: "nDPI reads IP behind any EtherType, TCP headers of 15 bytes as ports 0",
    },
    Difference {
        capture: "fuzz-2020-02-16-11740.pcap",
        counts: (5, 2),
        as_read: (0, 0),
        reason: "nDPI reads IP behind any EtherType",
    },
    Difference {
        capture: "fuzz-2021-10-13.pcap",
        counts: (1, 0),
        as_read: (1, 0),
        reason: "nDPI reads IP behind any address family of the loopback header",
    },
    Difference {
        capture: "ip_fragmented_garbage.pcap",
        counts: (1, 29),
        as_read: (1, 0),
        reason: "nDPI counts first fragments with 16 bytes of a TCP header as ports 0; we put the \
                 fragments together",
    },
    Difference {
        capture: "ja3_lots_of_cipher_suites_2_anon.pcap",
        counts: (1, 1),
        as_read: (0, 0),
        reason: "nDPI counts captured bytes, which lack the frame check sequence",
    },
];

/// A line such as `1 TCP 1.2.3.4:5 <-> [::1]:6 [proto: …][3 pkts/4 bytes <-> 5 pkts/6 bytes]…`.
fn parse(line: &str) -> Option<Told> {
    let mut words = line.strip_prefix('\t')?.split_whitespace();
    words.next()?.parse::<u32>().ok()?;
    let name = words.next()?;
    let from = endpoint(words.next()?)?;
    if !matches!(words.next()?, "->" | "<->") {
        return None;
    }
    let to = endpoint(words.next()?)?;
    let counts = line.split('[').find(|part| part.contains(" pkts/"))?;
    let numbers: Vec<u64> = counts
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map_while(|part| part.parse().ok())
        .collect();
    let [packets, bytes, packets_back, bytes_back] = numbers.as_slice() else { return None };
    let number = match name {
        "TCP" => protocol::TCP,
        "UDP" => protocol::UDP,
        "ICMP" => protocol::ICMP,
        "ICMPV6" => protocol::ICMPV6,
        "SCTP" => protocol::SCTP,
        "IGMP" => 2,
        "VRRP" => 112,
        other => other.parse().ok()?,
    };
    Some(Told::new(number, [from, to], [*packets, *packets_back], [*bytes, *bytes_back]))
}

/// `1.2.3.4:5` or `[::1]:5`.
fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.rsplit_once(':')?;
    let address = address.trim_start_matches('[').trim_end_matches(']');
    // It writes every `:0:` as `::`, even beside another one.
    let address = match address.matches("::").count() {
        2 => address.replacen("::", ":0:", 1),
        _ => address.to_owned(),
    };
    Some((address.parse().ok()?, port.parse().ok()?))
}

/// Ours as nDPI tells them.
fn ours(batches: &[Batch]) -> Vec<Told> {
    let settings =
        FlowSettings { idle: NEVER, active: NEVER, tcp_linger: None, ..Default::default() };
    let whole = |anomalies: Anomalies| {
        !anomalies.has(Anomalies::CUT) && !anomalies.has(Anomalies::IP_LENGTH)
    };
    let batches = only(batches, |packet| whole(packet.anomalies));
    let mut sums = BTreeMap::<_, Told>::new();
    for flow in bare_flows(&batches, &settings) {
        let key = flow.key;
        let ports = matches!(key.protocol, protocol::TCP | protocol::UDP | protocol::SCTP);
        let port = |port: u16| if ports { port } else { 0 };
        let told = Told::new(
            key.protocol,
            [(flow.orig_ip(), port(key.orig_port)), (flow.resp_ip(), port(key.resp_port))],
            [flow.orig.packets, flow.resp.packets],
            [flow.orig.link_bytes, flow.resp.link_bytes],
        );
        let sum = sums.entry((told.protocol, told.endpoints, key.vlan)).or_insert(Told {
            packets: [0; 2],
            bytes: [0; 2],
            ..told.clone()
        });
        for side in 0..2 {
            sum.packets[side] += told.packets[side];
            sum.bytes[side] += told.bytes[side];
        }
    }
    sums.into_values().collect()
}

/// What stands in the first list and not in the second, as often as it does.
fn without(these: &[Told], those: &[Told]) -> Vec<Told> {
    let mut counts = BTreeMap::<&Told, usize>::new();
    those.iter().for_each(|told| *counts.entry(told).or_default() += 1);
    let absent = |told: &&Told| match counts.get_mut(*told) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    these.iter().filter(absent).cloned().collect()
}

/// Writes frames as nDPI reads them.
///
/// What follows an Ethernet header is IP for nDPI if its first four bits are 4 or 6, whatever the
/// EtherType; fuzzed captures have many such frames. It puts no fragments together: the first of a
/// datagram counts as a packet, the others are passed over. A packet counts its captured bytes.
fn as_read(mut bytes: Vec<u8>) -> Vec<u8> {
    for frame in frames(&bytes) {
        // The captured length stands in front of that on the wire.
        bytes.copy_within(frame.start - 8..frame.start - 4, frame.start - 4);
        let Some(frame) = bytes.get_mut(frame).filter(|frame| frame.len() > 34) else { continue };
        let kind = u16::from_be_bytes([frame[12], frame[13]]);
        match (kind, frame[14] >> 4) {
            (0x0800, _) => {
                let offset = u16::from_be_bytes([frame[20], frame[21]]);
                frame[20] &= 0xdf;
                if offset & 0x1fff != 0 {
                    frame[12..14].copy_from_slice(&[0xff, 0xff]);
                }
            }
            (0x86dd, _) if frame[20] == 44 && frame.len() > 60 => {
                let offset = u16::from_be_bytes([frame[56], frame[57]]);
                frame[57] &= 0xfe;
                if offset & 0xfff8 != 0 {
                    frame[12..14].copy_from_slice(&[0xff, 0xff]);
                }
            }
            (0x86dd | 0x8100 | 0x88a8 | 0x8847 | 0x8864, _) => {}
            (_, 4) => {
                frame[12..14].copy_from_slice(&[0x08, 0x00]);
                frame[20..22].fill(0);
            }
            (_, 6) => frame[12..14].copy_from_slice(&[0x86, 0xdd]),
            _ => {}
        }
    }
    bytes
}

/// Where the Ethernet frames of a capture lie: pcap, or enhanced packet blocks of pcapng of the
/// usual byte order.
fn frames(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let big = bytes[..4] == [0xa1, 0xb2, 0xc3, 0xd4];
    let word = |at: usize| -> Option<usize> {
        let word = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(if big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) } as usize)
    };
    let mut frames = Vec::new();
    if big || bytes[..4] == [0xd4, 0xc3, 0xb2, 0xa1] {
        let mut at = if word(20) == Some(1) { 24 } else { bytes.len() };
        while let Some(captured) = word(at + 8) {
            frames.push(at + 16..at + 16 + captured);
            at += 16 + captured;
        }
    } else {
        let (mut at, mut ethernet) = (0, false);
        while let (Some(kind), Some(length @ 12..)) = (word(at), word(at + 4)) {
            if kind == 1 {
                ethernet = word(at + 8).is_some_and(|link| link & 0xffff == 1);
            } else if kind == 6 && ethernet {
                frames.push(at + 28..at + 28 + word(at + 20).unwrap_or(0));
            }
            at += length;
        }
    }
    frames
}

/// The flows that can be read, with the number of those that cannot.
fn expected(path: &Path) -> (Vec<Told>, usize) {
    let text = std::fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&text);
    let is_flow = |line: &&str| line.starts_with('\t') && line.contains(" pkts/");
    let lines: Vec<&str> = text.lines().filter(is_flow).collect();
    let told: Vec<Told> = lines.iter().filter_map(|line| parse(line)).collect();
    let unreadable = lines.len() - told.len();
    (told, unreadable)
}

/// Flows of nDPI that we lack, flows of ours that it lacks, a few of them as text.
fn compare(expected: &(Vec<Told>, usize), batches: &[Batch]) -> ((usize, usize), String) {
    let ours = ours(batches);
    let (missing, extra) = (without(&expected.0, &ours), without(&ours, &expected.0));
    let show = |list: &[Told]| {
        list.iter().take(6).map(|told| format!("\n    {told:?}")).collect::<String>()
    };
    let text = format!("\n  missing{}\n  extra{}", show(&missing), show(&extra));
    ((missing.len() + expected.1, extra.len()), text)
}

#[test]
fn data_flows_equal_those_of_ndpi() {
    let Some(folder) = captures("data_flows_equal_those_of_ndpi") else { return };
    let folder = folder.join("ndpi");
    let options = CaptureOptions::default();
    let (mut total, mut as_they_stand, mut equal, mut wrong) = (0, 0, 0, Vec::new());
    for path in files(&folder.join("expected"), &[".out"]) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let expected = expected(&path);
        let capture = folder.join("pcap").join(name);
        let (counts, text) = compare(&expected, &packets(&capture, &options));
        let bytes = as_read(std::fs::read(capture).unwrap());
        let (counts_as_read, text_as_read) = compare(&expected, &packets_of(bytes, &options));
        let all = expected.0.len() + expected.1;
        total += all;
        as_they_stand += all - counts.0;
        equal += all - counts_as_read.0;
        let named = DIFFERENCES.iter().find(|difference| difference.capture == name);
        let named = named.map_or(((0, 0), (0, 0)), |named| (named.counts, named.as_read));
        if named != (counts, counts_as_read) {
            wrong.push(format!(
                "{name}: {counts:?} then {counts_as_read:?}, named {named:?}{text}\n  as read:{text_as_read}"
            ));
        }
    }
    eprintln!(
        "of {total} flows {as_they_stand} are equal, {equal} once frames are as nDPI reads them"
    );
    for difference in DIFFERENCES {
        let Difference { capture, counts, as_read, reason } = difference;
        eprintln!("{capture}: {counts:?} then {as_read:?}: {reason}");
    }
    assert!(wrong.is_empty(), "{equal} of {total} equal\n{}", wrong.join("\n"));
    assert!(total > 1500 && equal as f64 >= 0.995 * total as f64, "{equal} of {total}");
}
