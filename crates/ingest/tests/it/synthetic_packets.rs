//! Captures that are made: their bytes against RFCs, their truth against their packets.

use std::collections::BTreeMap;

use tripline_ingest::synthetic::packets::{Category, PacketOptions, PacketsMade, packets};

fn make(options: &PacketOptions) -> (Vec<u8>, String, PacketsMade) {
    let (mut capture, mut truth) = (Vec::new(), Vec::new());
    let made = packets(options, &mut capture, &mut truth).unwrap();
    (capture, String::from_utf8(truth).unwrap(), made)
}

/// Frames with their times, by the format's own rules.
fn frames(capture: &[u8]) -> Vec<(i64, &[u8])> {
    let word = |at: usize| u32::from_le_bytes(capture[at..at + 4].try_into().unwrap());
    assert_eq!(word(0), 0xa1b2_3c4d);
    let mut at = 24;
    let mut all = Vec::new();
    while at < capture.len() {
        let length = word(at + 8) as usize;
        assert_eq!(word(at + 12) as usize, length);
        let time = i64::from(word(at)) * 1_000_000_000 + i64::from(word(at + 4));
        all.push((time, &capture[at + 16..at + 16 + length]));
        at += 16 + length;
    }
    assert_eq!(at, capture.len());
    all
}

/// A key with protocol, endpoints as text; both directions have one.
type Key = (u8, String, u16, String, u16);

/// Checks lengths and checksums of a frame; gives its key from sender to receiver.
fn verify(frame: &[u8], vlan: bool) -> Key {
    let mut at = 12;
    if vlan {
        assert_eq!(frame[12..14], [0x81, 0]);
        at += 4;
    }
    let short = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
    let kind = short(at);
    let ip = at + 2;
    let (protocol, start, length, addresses) = if kind == 0x0800 {
        assert_eq!(frame[ip], 0x45);
        assert_eq!(sum(&frame[ip..ip + 20]), 0xffff, "IPv4 header");
        (frame[ip + 9], ip + 20, usize::from(short(ip + 2)) - 20, &frame[ip + 12..ip + 20])
    } else {
        assert_eq!(kind, 0x86dd);
        (frame[ip + 6], ip + 40, usize::from(short(ip + 4)), &frame[ip + 8..ip + 40])
    };
    assert!(start + length <= frame.len() && frame.len() <= 1518);
    let body = &frame[start..start + length];
    let mut checked = body.to_vec();
    if protocol != 1 {
        // The pseudo-header.
        checked.extend(std::iter::repeat_n(0, checked.len() % 2));
        checked.extend(addresses);
        checked.extend([0, protocol]);
        checked.extend((length as u16).to_be_bytes());
    }
    assert_eq!(sum(&checked), 0xffff, "protocol {protocol}");
    let ports = match protocol {
        6 => {
            assert!(usize::from(body[12] >> 4) * 4 <= length);
            (short(start), short(start + 2))
        }
        17 => {
            assert_eq!(usize::from(short(start + 4)), length);
            (short(start), short(start + 2))
        }
        1 => match body[0] {
            0 | 8 => (u16::from(body[0]), u16::from(8 - body[0])),
            kind => (u16::from(kind), u16::from(body[1])),
        },
        58 => match body[0] {
            128 | 129 => (u16::from(body[0]), u16::from(body[0] ^ 1)),
            kind => (u16::from(kind), u16::from(body[1])),
        },
        other => panic!("protocol {other}"),
    };
    let (from, to) = addresses.split_at(addresses.len() / 2);
    (protocol, address(from), ports.0, address(to), ports.1)
}

fn address(bytes: &[u8]) -> String {
    match <[u8; 4]>::try_from(bytes) {
        Ok(bytes) => std::net::Ipv4Addr::from(bytes).to_string(),
        Err(_) => std::net::Ipv6Addr::from(<[u8; 16]>::try_from(bytes).unwrap()).to_string(),
    }
}

/// RFC 1071, word by word: all ones if a checksum is right.
fn sum(bytes: &[u8]) -> u16 {
    let mut sum = 0_u32;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// Lines of the truth by key: first and last time of each.
fn truth_keys(truth: &str) -> BTreeMap<Key, Vec<(i64, i64)>> {
    let mut keys: BTreeMap<Key, Vec<(i64, i64)>> = BTreeMap::new();
    for line in truth.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let protocol = match cells[2] {
            "tcp" => 6,
            "udp" => 17,
            "icmp" => 1,
            "ipv6-icmp" => 58,
            other => panic!("{other}"),
        };
        let port = |at: usize| cells[at].parse().unwrap();
        let key = (protocol, cells[3].to_owned(), port(4), cells[5].to_owned(), port(6));
        let times = (cells[0].parse().unwrap(), cells[1].parse().unwrap());
        keys.entry(key).or_default().push(times);
        assert_eq!(cells[7] == "1", cells[8] != "normal");
    }
    keys
}

#[test]
fn the_options_alone_decide_every_byte() {
    let options = PacketOptions::flows(400, 3);
    let once = make(&options);
    assert!(once == make(&options));
    assert!(once.0 != make(&PacketOptions { seed: 4, ..options }).0);
}

#[test]
fn every_packet_is_valid_and_told_by_the_truth() {
    for vlan in [false, true] {
        let options = PacketOptions { vlan, attack_share: 0.5, ..PacketOptions::flows(2500, 11) };
        let (capture, truth, made) = make(&options);
        let frames = frames(&capture);
        assert_eq!(frames.len() as u64, made.packets);
        assert_eq!(capture.len() as u64, made.bytes);
        assert!(frames.is_sorted_by_key(|(time, _)| *time));
        let keys = truth_keys(&truth);
        for (time, frame) in frames {
            let (protocol, from, from_port, to, to_port) = verify(frame, vlan);
            let forward = (protocol, from.clone(), from_port, to.clone(), to_port);
            let backward = (protocol, to, to_port, from, from_port);
            let told = [&forward, &backward]
                .into_iter()
                .flat_map(|key| keys.get(key).into_iter().flatten())
                .any(|&(first, last)| (first..=last).contains(&time));
            assert!(told, "{forward:?} at {time}");
        }
    }
}

#[test]
fn every_kind_is_there_in_its_share() {
    let (_, truth, made) = make(&PacketOptions::flows(4000, 1));
    assert_eq!(truth.lines().count() as u64, made.flows + 1);
    let attacks: u64 = made.by_category[1..].iter().sum();
    let share = attacks as f64 / made.flows as f64;
    assert!((0.08..0.14).contains(&share), "{share}");
    for (category, count) in Category::ALL.iter().zip(made.by_category) {
        assert!(count >= 10, "{category:?}: {count}");
    }
    let (_, _, none) = make(&PacketOptions { attack_share: 0.0, ..PacketOptions::flows(300, 1) });
    assert_eq!(none.by_category[1..].iter().sum::<u64>(), 0);
    assert!(none.flows >= 300);
}

#[test]
fn any_number_of_flows_is_made() {
    for flows in [0, 1, 2, 15] {
        let (capture, truth, made) = make(&PacketOptions::flows(flows, 1));
        assert!(made.flows >= flows as u64, "{flows}: {}", made.flows);
        assert!(truth.lines().count() > flows);
        assert_eq!(frames(&capture).len() as u64, made.packets);
    }
}

#[test]
fn time_is_that_which_was_asked_for() {
    let options = PacketOptions { start_ns: 1_000_000_000_123, ..PacketOptions::seconds(120.0, 5) };
    let (_, _, made) = make(&options);
    assert!(made.first_ns >= options.start_ns);
    // Conversations begin within the time; the last ones end later.
    let seconds = (made.last_ns - options.start_ns) as f64 / 1e9;
    assert!((90.0..4000.0).contains(&seconds), "{seconds}");
}
