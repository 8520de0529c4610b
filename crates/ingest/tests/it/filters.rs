//! Filters against the answers of libpcap, by bench/oracles/filters.py.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tripline_ingest::capture::LinkType;
use tripline_ingest::filter::{Filter, FilterError, FrameView, Program};

use crate::support::data_folder;

#[derive(Deserialize)]
struct Oracle {
    peer: String,
    captures: Vec<CaptureFile>,
    crafted: Vec<Crafted>,
    filters: Vec<Answers>,
}

#[derive(Deserialize)]
struct CaptureFile {
    path: String,
    link: u32,
    frames: usize,
}

#[derive(Deserialize)]
struct Crafted {
    link: u32,
    frames: Vec<String>,
}

/// `None` where libpcap refuses the filter for the link type.
#[derive(Deserialize)]
struct Answers {
    text: String,
    /// How many frames pass, and the begin of a hash of which.
    captures: Vec<Option<(u64, String)>>,
    /// Which frames pass, in hexadecimal; a second time if libpcap's optimiser changes that, since
    /// the first field asked for that lies outside a cut frame rejects it.
    crafted: Vec<Option<Vec<String>>>,
}

/// A frame with its length on the wire.
type Frame = (Vec<u8>, u32);

fn oracle() -> Oracle {
    serde_json::from_str(include_str!("../data/filters.json")).unwrap()
}

/// A bit for each frame, the first the lowest.
fn bits(program: &Program, frames: &[Frame]) -> Vec<u8> {
    let mut bits = vec![0; frames.len().div_ceil(8)];
    for (at, (bytes, wire_bytes)) in frames.iter().enumerate() {
        let frame = FrameView { bytes, wire_bytes: *wire_bytes, ..FrameView::default() };
        bits[at / 8] |= u8::from(program.passes(&frame)) << (at % 8);
    }
    bits
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len() / 2).map(|byte| digit(2 * byte)).collect()
}

/// `None` where we refuse the filter for the link type as well.
fn ours(text: &str, link: u32) -> Option<Program> {
    match Filter::parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).compile(LinkType(link), 1) {
        Ok(program) => Some(program),
        Err(FilterError::Vlan { .. }) => None,
        Err(error) => panic!("{text}: {error}"),
    }
}

/// Compares answers about crafted frames; tells how many there were, and the differences.
fn compare(oracle: &Oracle) -> (usize, Vec<String>) {
    let mut compared = 0;
    let mut differences = Vec::new();
    for (number, crafted) in oracle.crafted.iter().enumerate() {
        let frames: Vec<Frame> = crafted
            .frames
            .iter()
            .map(|text| unhex(text))
            .map(|bytes| (bytes.len() as u32, bytes))
            .map(|(wire, bytes)| (bytes, wire))
            .collect();
        for answers in &oracle.filters {
            let got = ours(&answers.text, crafted.link).map(|program| bits(&program, &frames));
            let wanted = answers.crafted[number].as_ref().map(|all| {
                let all: Vec<Vec<u8>> = all.iter().map(|text| unhex(text)).collect();
                (all[0].clone(), all[all.len() - 1].clone())
            });
            let same = match (&got, &wanted) {
                (Some(got), Some((plain, optimised))) => {
                    (0..got.len()).all(|at| (got[at] ^ plain[at]) & (got[at] ^ optimised[at]) == 0)
                }
                (got, wanted) => got.is_none() && wanted.is_none(),
            };
            if !same {
                differences
                    .push(format!("{} on {}: {got:?}, {wanted:?}", answers.text, crafted.link));
            }
            compared += frames.len();
        }
    }
    (compared, differences)
}

#[test]
fn crafted_frames_pass_as_in_libpcap() {
    let oracle = oracle();
    assert_eq!(oracle.peer, "libpcap version 1.10.3");
    let (compared, differences) = compare(&oracle);
    assert_eq!(differences, [""; 0]);
    assert!(compared > 50_000, "{compared}");
}

/// Random filters over random frames, written by `filters.py --random`.
#[test]
fn random_filters_pass_as_in_libpcap() {
    let Some(path) = std::env::var_os("TRIPLINE_FILTERS") else {
        eprintln!("TRIPLINE_FILTERS names no file of bench/oracles/filters.py --random");
        return;
    };
    let oracle: Oracle = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (compared, differences) = compare(&oracle);
    eprintln!("{} filters, {compared} answers compared", oracle.filters.len());
    assert_eq!(differences, [""; 0]);
}

/// Frames of a pcap file.
fn read(path: &std::path::Path) -> Vec<Frame> {
    let data = std::fs::read(path).unwrap();
    let little = matches!(data[..4], [0xd4, 0xc3, 0xb2, 0xa1] | [0x4d, 0x3c, 0xb2, 0xa1]);
    let number = |at: usize| {
        let bytes = data[at..at + 4].try_into().unwrap();
        if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
    };
    let (mut frames, mut at) = (Vec::new(), 24);
    while at + 16 <= data.len() {
        let (captured, wire) = (number(at + 8) as usize, number(at + 12));
        at += 16;
        let Some(bytes) = data.get(at..at + captured) else { break };
        frames.push((bytes.to_vec(), wire));
        at += captured;
    }
    frames
}

#[test]
fn data_captured_frames_pass_as_in_libpcap() {
    let Some(folder) = data_folder("data_captured_frames_pass_as_in_libpcap") else { return };
    let oracle = oracle();
    for (number, capture) in oracle.captures.iter().enumerate() {
        let frames = read(&folder.join("pcaps").join(&capture.path));
        assert_eq!(frames.len(), capture.frames, "{}", capture.path);
        for answers in &oracle.filters {
            let got = ours(&answers.text, capture.link).map(|program| {
                let bits = bits(&program, &frames);
                let count: u32 = bits.iter().map(|byte| byte.count_ones()).sum();
                (u64::from(count), hex(&Sha256::digest(&bits)[..8]))
            });
            assert_eq!(got, answers.captures[number], "{} on {}", answers.text, capture.path);
        }
    }
}

#[test]
fn a_program_is_shown_as_tcpdump_shows_it() {
    let shown = |text: &str| {
        Filter::parse(text).unwrap().compile(LinkType::ETHERNET, 262_144).unwrap().to_string()
    };
    // tcpdump 4.99.3 -ddd -y EN10MB 'udp'
    assert_eq!(
        shown("udp"),
        "12\n40 0 0 12\n21 0 2 2048\n48 0 0 23\n21 6 7 17\n21 0 6 34525\n48 0 0 20\n21 3 0 17\n\
         21 0 3 44\n48 0 0 54\n21 0 1 17\n6 0 0 262144\n6 0 0 0\n"
    );
    assert_eq!(shown("  "), "1\n6 0 0 262144\n");
    assert_eq!(shown("ip and not ip"), "1\n6 0 0 0\n");
}

#[test]
fn a_refusal_says_where_with_the_way_out() {
    let refused = |text: &str| Filter::parse(text).unwrap_err().to_string();
    let starts = |text: &str, message: &str| {
        assert!(refused(text).starts_with(message), "{text}: {}", refused(text));
    };
    starts("tcp prot 80", "filter, column 5: expected `and`, `or` or the end, found `prot`");
    starts("hots 1.2.3.4", "filter, column 1: expected `host`, `net`, `port`,");
    starts("tcp and", "filter, column 8: expected `host`, `net`, `port`,");
    starts("host example.org", "filter, column 6: expected an IPv4 or IPv6 address, found `exam");
    starts("ip6 host 1.2.3.4", "filter, column 10: expected an IPv6 address, found `1.2.3.4`");
    starts("ip host ::1", "filter, column 9: expected an IPv4 address, found `::1`");
    starts("host 10.1", "filter, column 6: expected an IPv4 or IPv6 address, found `10.1`");
    starts("host 10.0.0.0/8", "filter, column 14: expected `and`, `or` or the end, found `/`");
    starts("port http", "filter, column 6: expected a port to 65535, found `http`");
    starts("port 70000", "filter, column 6: expected a port to 65535, found `70000`");
    starts("port 080", "filter, column 6: expected a port to 65535, found `080`");
    starts("portrange 1-", "filter, column 11: expected two ports with `-` between");
    starts("proto 300", "filter, column 7: expected a number to 255, `tcp`, `udp`");
    starts("ether proto 5", "filter, column 13: expected an EtherType from 0x0600");
    starts("ether 1", "filter, column 7: expected `proto`, found `1`");
    starts("ether host 1", "filter, column 1: `ether` does not go with `host`");
    starts("vlan 5000", "filter, column 6: expected a number to 4095, found `5000`");
    starts("net 10.0.0.0/40", "filter, column 14: expected a length to 32, found `40`");
    starts("1.2.3.4", "filter, column 1: expected `host`");
    starts("tcp or 80", "filter, column 8: expected `host`");
    starts("(tcp", "filter, column 5: expected `and`, `or` or `)`, found the end");
    starts("tcp)", "filter, column 4: expected `and`, `or` or the end, found `)`");
    starts("tcp[13] & 2 != 0", "filter, column 4: expected a word, a number, an address");
    starts("é tcp", "filter, column 1: expected a word");
    starts("src proto 6", "filter, column 5: expected `host`, `net`, `port`");
    assert_eq!(
        refused("net 10.1.0.0/8"),
        "filter, column 5: `10.1.0.0/8` has bits set beyond its network; write `10.0.0.0/8`"
    );
    assert_eq!(
        refused("net 10.1.0.0 mask 255.0.255.0"),
        "filter, column 5: `10.1.0.0 mask 255.0.255.0` has bits set beyond its network; write \
         `10.0.0.0 mask 255.0.255.0`"
    );
    assert_eq!(
        refused("net 2001:db8::1/32"),
        "filter, column 5: `2001:db8::1/32` has bits set beyond its network; write `2001:db8::/32`"
    );
    assert_eq!(
        refused("tcp host 1.2.3.4"),
        "filter, column 1: `tcp` does not go with `host`; it takes `ip`, `ip6`, `arp`, `rarp` or \
         none"
    );
}

#[test]
fn programs_are_bounded() {
    let hosts = |count: u32| {
        let hosts: Vec<String> =
            (0..count).map(|host| format!("10.{}.{}.1", host / 256, host % 256)).collect();
        Filter::parse(&format!("host {}", hosts.join(" or ")))
    };
    let program = hosts(300).unwrap().compile(LinkType::ETHERNET, 1).unwrap();
    // Jumps over more than 255 instructions still arrive.
    let mut frame = vec![0; 60];
    frame[12..14].copy_from_slice(&[8, 0]);
    for (address, passes) in
        [([10, 0, 0, 1], true), ([10, 1, 43, 1], true), ([10, 1, 44, 1], false)]
    {
        frame[26..30].copy_from_slice(&address);
        assert_eq!(program.passes(&FrameView::whole(&frame)), passes, "{address:?}");
    }
    let error = hosts(2000).unwrap().compile(LinkType::ETHERNET, 1).unwrap_err();
    assert!(matches!(error, FilterError::Instructions { bound: 4096, .. }), "{error}");
    assert!(matches!(hosts(9000), Err(FilterError::Text { .. })));
    let deep = format!("{}tcp{}", "(".repeat(200), ")".repeat(200));
    assert!(matches!(Filter::parse(&deep), Err(FilterError::Depth { .. })));
    assert!(matches!(Filter::parse(&"! ".repeat(200)), Err(FilterError::Depth { .. })));
}

/// A frame whose outer tag the kernel took off passes as the frame that was sent.
#[test]
fn tags_beside_the_frame_change_nothing() {
    let oracle = oracle();
    let ethernet = oracle.crafted.iter().find(|crafted| crafted.link == 1).unwrap();
    let mut stripped_frames = 0;
    for answers in &oracle.filters {
        let filter = Filter::parse(&answers.text).unwrap();
        let in_file = filter.compile(LinkType::ETHERNET, 1).unwrap();
        let on_socket = filter.compile_for_socket(LinkType::ETHERNET, 1, true).unwrap();
        for frame in &ethernet.frames {
            let bytes = unhex(frame);
            let whole = FrameView::whole(&bytes);
            let wanted = in_file.passes(&whole);
            assert_eq!(on_socket.passes(&whole), wanted, "{}: {frame}", answers.text);
            assert!(!on_socket.passes(&FrameView { outgoing: true, ..whole }));
            if let Some(&[a @ (0x81 | 0x88), b @ (0x00 | 0xa8), c, d]) = bytes.get(12..16)
                && [0x8100, 0x88a8].contains(&u16::from_be_bytes([a, b]))
            {
                let rest: Vec<u8> = bytes[..12].iter().chain(&bytes[16..]).copied().collect();
                let tag = Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])));
                let frame = FrameView {
                    bytes: &rest,
                    wire_bytes: rest.len() as u32,
                    stripped_tag: tag,
                    outgoing: false,
                };
                assert_eq!(on_socket.passes(&frame), wanted, "{}: {frame:?}", answers.text);
                stripped_frames += 1;
            }
        }
    }
    assert!(stripped_frames > 5000, "{stripped_frames}");
}
