//! Fragments of IPv4 and IPv6.

use std::time::Duration;

use proptest::prelude::*;
use tripline_core::packet::{Anomalies, Batch};
use tripline_ingest::capture::{CaptureCounters, CaptureOptions, FragmentLimits, LinkType};

use super::build::{cat, decode, decode_with, ipv4, ipv4_with, ipv6, options, plain, udp};

/// A part of a datagram that IPv4 carries.
fn part(datagram: &[u8], id: u16, from: usize, to: usize) -> Vec<u8> {
    let more = if to < datagram.len() { 0x2000 } else { 0 };
    ipv4_with(17, id, (from / 8) as u16 | more, &[], &datagram[from..to])
}

fn part_v6(datagram: &[u8], from: usize, to: usize) -> Vec<u8> {
    let more = u16::from(to < datagram.len());
    let header = cat(&[&[17, 0], &(from as u16 | more).to_be_bytes(), &[0, 0, 0, 9]]);
    ipv6(44, &cat(&[&header, &datagram[from..to]]))
}

fn datagram(bytes: usize) -> Vec<u8> {
    let payload: Vec<u8> = (0..bytes).map(|byte| byte as u8).collect();
    udp(5000, 53, &payload)
}

fn raw(frames: &[Vec<u8>]) -> (Batch, CaptureCounters) {
    decode(LinkType::RAW, frames)
}

#[test]
fn fragments_become_a_packet() {
    let whole = datagram(100);
    let frames = [plain(), part(&whole, 1, 0, 48), plain(), part(&whole, 1, 48, 108), plain()];
    let (batch, counters) = raw(&frames);
    let numbers: Vec<u64> = batch.packets.iter().map(|packet| packet.number).collect();
    assert_eq!(numbers, [1, 3, 4, 5]);
    let packet = batch.packets[2];
    assert_eq!(batch.payload(&packet), &whole[8..]);
    assert_eq!((packet.ip_bytes, packet.payload_bytes), (128, 100));
    assert_eq!(packet.link_bytes as usize, frames[1].len() + frames[3].len());
    assert_eq!((packet.time_ns, packet.clock_ns), (3_000_000, 3_000_000));
    assert_eq!(packet.anomalies, Anomalies::FRAGMENTED);
    assert_eq!((counters.packets, counters.fragments, counters.reassembled), (3, 2, 1));
    for index in [0, 1, 3] {
        assert_eq!(batch.payload(&batch.packets[index]), b"abcd");
    }
}

#[test]
fn fragments_of_ipv6() {
    let whole = datagram(100);
    let (batch, _) = raw(&[part_v6(&whole, 48, 108), part_v6(&whole, 0, 48)]);
    let packet = batch.packets[0];
    assert_eq!(batch.payload(&packet), &whole[8..]);
    assert_eq!((packet.source_port, packet.ip_bytes, packet.ip_header_bytes), (5000, 156, 48));
    // All in one (RFC 6946).
    let (batch, counters) = raw(&[part_v6(&whole, 0, 108)]);
    assert_eq!((batch.packets[0].payload_bytes, counters.fragments), (100, 0));
    assert_eq!(batch.packets[0].anomalies.0, 0);
}

#[test]
fn the_first_bytes_win() {
    let whole = datagram(40);
    let mut other = whole.clone();
    other[8..].fill(0xee);
    // 16 to 32 comes twice, then 8 to 48 covers it.
    let frames = [
        part(&whole, 1, 0, 8),
        part(&whole, 1, 16, 32),
        part(&other, 1, 16, 32),
        part(&other, 1, 8, 48),
    ];
    let (batch, _) = raw(&frames);
    let packet = batch.packets[0];
    let mut expected = other.clone();
    expected[16..32].copy_from_slice(&whole[16..32]);
    assert_eq!(batch.payload(&packet), &expected[8..]);
    assert!(packet.anomalies.has(Anomalies::FRAGMENT_OVERLAP));
}

#[test]
fn what_is_longer_than_a_datagram() {
    // 65,528 + 16 bytes: the "ping of death".
    let mut frames: Vec<Vec<u8>> = (0..8191)
        .step_by(100)
        .map(|word| {
            let words = 100.min(8191 - word);
            ipv4_with(17, 1, word as u16 | 0x2000, &[], &vec![0; words * 8])
        })
        .collect();
    frames.push(ipv4_with(17, 1, 8191, &[], &[0; 16]));
    let (batch, _) = raw(&frames);
    let packet = batch.packets[0];
    assert!(packet.anomalies.has(Anomalies::FRAGMENT_OVERLAP));
    assert_eq!(packet.ip_bytes, 65_535 + 20);
}

#[test]
fn fragments_inside_tunnels_inside_fragments() {
    let whole = datagram(100);
    // The second part of the inner datagram is itself carried in two parts.
    let first = ipv4(4, &part(&whole, 1, 0, 48));
    let second = part(&whole, 1, 48, 108);
    let outer = |from: usize, to: usize, more: u16| {
        ipv4_with(4, 2, (from / 8) as u16 | more, &[], &second[from..to])
    };
    let frames = [first, outer(0, 40, 0x2000), outer(40, second.len(), 0), plain()];
    let (batch, counters) = raw(&frames);
    let numbers: Vec<u64> = batch.packets.iter().map(|packet| packet.number).collect();
    assert_eq!(numbers, [3, 4]);
    assert_eq!(batch.payload(&batch.packets[0]), &whole[8..]);
    assert_eq!((counters.reassembled, counters.fragments_waiting), (1, 0));
    assert!(batch.tunnel(&batch.packets[0]).is_some());
}

#[test]
fn late_fragments_are_dropped() {
    let whole = datagram(100);
    // Frames are a millisecond apart.
    let limits = FragmentLimits { timeout: Duration::from_millis(2), ..FragmentLimits::default() };
    let options = CaptureOptions { fragments: limits, ..options() };
    let frames =
        [part(&whole, 1, 0, 48), plain(), part(&whole, 1, 48, 108), part(&whole, 1, 0, 48)];
    let (batch, counters) = decode_with(LinkType::RAW, &frames, &options);
    assert_eq!(batch.packets.len(), 2, "the first fragment came again in time");
    assert_eq!((counters.fragments, counters.fragments_dropped), (3, 1));
}

#[test]
fn fragments_are_bounded() {
    let whole = datagram(2000);
    let frames: Vec<Vec<u8>> = (0..5000).map(|id| part(&whole, id, 0, 1024)).collect();
    for limits in [
        FragmentLimits { datagrams: 10, ..FragmentLimits::default() },
        FragmentLimits { bytes: 20_000, ..FragmentLimits::default() },
        FragmentLimits { bytes: 0, ..FragmentLimits::default() },
    ] {
        let options = CaptureOptions { fragments: limits, ..options() };
        let (_, counters) = decode_with(LinkType::RAW, &frames, &options);
        assert!(counters.fragments_waiting <= 12, "{limits:?}");
        assert_eq!(counters.fragments_dropped + counters.fragments_waiting, 5000);
    }
}

#[test]
fn tiny_pieces_in_the_worst_order() {
    let whole = datagram(60_000);
    let pieces = whole.len() / 8;
    let orders: [Vec<usize>; 3] = [
        (0..pieces).rev().collect(),
        (0..pieces).step_by(2).chain((1..pieces).step_by(2)).collect(),
        (0..pieces).map(|at| at * 4001 % pieces).collect(),
    ];
    for order in orders {
        let mut frames: Vec<Vec<u8>> =
            order.iter().map(|&at| part(&whole, 1, at * 8, at * 8 + 8)).collect();
        frames.dedup();
        let (batch, counters) = raw(&frames);
        assert_eq!((batch.packets.len(), counters.fragments_waiting), (1, 0));
        assert_eq!(batch.payload(&batch.packets[0]), &whole[8..]);
    }
}

proptest! {
    /// Any cuts, in any order, some twice: the datagram comes out as it was.
    #[test]
    fn any_cuts_in_any_order(
        bytes in 8_usize..900,
        cuts in prop::collection::btree_set(1_usize..110, 0..12),
        twice in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        seed in any::<u64>(),
    ) {
        let whole = datagram(bytes);
        let mut ends: Vec<usize> =
            cuts.into_iter().map(|cut| cut * 8).filter(|&cut| cut < whole.len()).collect();
        ends.push(whole.len());
        let mut start = 0;
        let mut frames = Vec::new();
        for end in ends {
            frames.push(part(&whole, 1, start, end));
            start = end;
        }
        if frames.len() > 1 {
            // All but one of them come early, so that none comes after the datagram is whole.
            for index in &twice {
                let copy = frames[index.index(frames.len() - 1)].clone();
                frames.insert(0, copy);
            }
            let last = frames.len() - 1;
            let mut rng = tripline_core::Rng::for_part(seed, 0);
            for at in (1..last).rev() {
                frames.swap(at, rng.index(at + 1));
            }
        }
        let (batch, counters) = raw(&frames);
        prop_assert_eq!(batch.packets.len(), 1);
        prop_assert_eq!(batch.payload(&batch.packets[0]), &whole[8..]);
        prop_assert_eq!(counters.fragments_waiting, 0);
    }
}
