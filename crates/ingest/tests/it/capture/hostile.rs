//! Any bytes: no panic, and counts that add up.

use proptest::prelude::*;
use tripline_ingest::capture::{
    Block, Capture, CaptureCounters, CaptureOptions, FragmentLimits, LinkType, Packets,
    Reassembler, Record,
};

use super::build::{
    Order, cat, contents, ethernet, ipv4, ipv4_with, ipv6, options, pcap, plain, read, tcp, udp,
};

fn add_up(counters: &CaptureCounters, given: usize) {
    let told = counters.packets
        + counters.fragments
        + counters.not_ip_frames()
        + counters.not_decoded_frames()
        + counters.malformed_frames();
    assert_eq!(counters.frames, told, "{counters:?}");
    assert_eq!(
        given as u64,
        counters.packets + counters.aggregated + counters.reassembled,
        "{counters:?}"
    );
}

/// Frames of a file that is a capture.
pub(crate) fn frames_of(file: &[u8]) -> u64 {
    read(file, &options()).1.frames
}

/// A file that may be a capture: counts add up, blocks do not matter.
pub(crate) fn check(file: &[u8]) {
    let small = CaptureOptions { block_bytes: 64, ..options() };
    let mut told = Vec::new();
    for options in [options(), small] {
        let reader = Box::new(std::io::Cursor::new(file.to_vec()));
        let Ok(capture) = Capture::from_reader("f", reader, &options) else { return };
        let mut packets = Packets::new(capture, &options);
        let batches: Vec<_> = packets.by_ref().collect();
        let counters = packets.counters();
        let all = contents(&batches);
        add_up(&counters, all.len());
        told.push((all, counters));
    }
    assert_eq!(told[0], told[1], "blocks do not matter");
}

/// A little of everything.
fn frames() -> Vec<Vec<u8>> {
    let inner = ethernet(0x0800, &plain());
    vec![
        ethernet(0x0800, &plain()),
        ethernet(0x8100, &cat(&[&[0, 9, 8, 0], &ipv4(6, &tcp(2, &[2, 4, 5, 0xb4], b"x"))])),
        ethernet(0x86dd, &ipv6(0, &cat(&[&[17, 0, 1, 4, 0, 0, 0, 0], &udp(1, 2, b"y")]))),
        ethernet(0x0806, &[0; 28]),
        ethernet(0x0800, &ipv4(47, &cat(&[&[0x20, 0, 0x65, 0x58, 0, 0, 0, 1], &inner]))),
        ethernet(0x0800, &ipv4(17, &udp(9, 4789, &cat(&[&[8, 0, 0, 0, 0, 0, 1, 0], &inner])))),
        ethernet(0x0800, &ipv4_with(17, 3, 0x2000, &[], &udp(1, 2, &[3; 8]))),
        ethernet(0x0800, &ipv4_with(17, 3, 2, &[], b"end")),
        ethernet(0x8847, &cat(&[&[0, 0, 1, 9], &ipv4(1, &[8, 0, 0, 0, 0, 1, 0, 1])])),
        ethernet(0x8864, &cat(&[&[0x11, 0, 0, 1, 0, 34, 0, 0x21], &plain()])),
    ]
}

fn pcapng() -> Vec<u8> {
    let order = Order { big: true };
    let mut file = cat(&[
        &order.section(),
        &order.interface(LinkType::ETHERNET, &order.option(9, &[9])),
        &order.interface(LinkType::RAW, &order.option(14, &[0; 8])),
    ]);
    for (at, frame) in frames().iter().enumerate() {
        file.extend(order.enhanced(0, at as u64 * 1000, frame));
    }
    file.extend(order.enhanced(1, 5, &plain()));
    let length = order.four(frames()[0].len() as u32);
    file.extend(order.block(3, &cat(&[&length, &frames()[0]])));
    file.extend(order.block(5, &cat(&[&order.four(0), &[0; 8], &order.option(5, &[0; 8])])));
    file.extend(order.block(4, &[0; 8]));
    file
}

#[test]
fn cut_anywhere() {
    for file in [pcap(&frames()), pcapng()] {
        for end in 0..file.len() {
            check(&file[..end]);
        }
    }
}

#[test]
fn a_flipped_bit_anywhere() {
    for file in [pcap(&frames()), pcapng()] {
        let mut bad = file.clone();
        for at in 0..file.len() {
            for bit in [0, 3, 7] {
                bad[at] ^= 1 << bit;
                check(&bad);
                bad[at] = file[at];
            }
        }
    }
}

#[test]
fn noise_behind_a_header_is_searched_once() {
    // A header with a length that cannot be, then noise: each byte is looked at once.
    let mut file = pcap(&[]);
    let mut rng = tripline_core::Rng::for_part(7, 0);
    file.extend((0..4 << 20).map(|_| rng.next_u64() as u8));
    let start = std::time::Instant::now();
    let (_, counters) = read(&file, &options());
    assert!(counters.damaged_records() >= 1);
    assert!(start.elapsed() < std::time::Duration::from_secs(20));
}

proptest! {
    /// Any frame of any link type.
    #[test]
    fn any_frame(
        link in prop_oneof![
            4 => prop::sample::select(LinkType::DECODED.map(|(link, _)| link).to_vec()),
            1 => (0_u32..300).prop_map(LinkType),
        ],
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        wire in any::<u32>(),
    ) {
        decode_any(link, bytes, wire);
    }

    /// Frames that are good up to some place.
    #[test]
    fn nearly_good_frames(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let frames = frames();
        let mut frame = frames[which.index(frames.len())].clone();
        for (at, value) in changes {
            let at = at.index(frame.len());
            frame[at] = value;
        }
        let wire = frame.len() as u32;
        frame.truncate(end.index(frame.len()) + 1);
        decode_any(LinkType::ETHERNET, frame, wire);
    }
}

/// Any bytes as a frame.
pub(crate) fn decode_any(link: LinkType, bytes: Vec<u8>, wire: u32) {
    let options = CaptureOptions {
        fragments: FragmentLimits { datagrams: 2, ..FragmentLimits::default() },
        ..options()
    };
    let captured = bytes.len() as u32;
    let mut block = Block::new(bytes, 0, options.max_tunnels);
    // The same frame again: its fragments meet themselves.
    for number in 1..=2 {
        let wire = wire.max(captured);
        block.push(Record { number, time_ns: 0, clock_ns: 0, start: 0, captured, wire, link });
    }
    let mut reassembler = Reassembler::new(&options);
    let batch = reassembler.finish(block.decode());
    for packet in &batch.packets {
        assert_eq!(batch.payload(packet).len(), packet.payload_captured as usize);
        assert!(packet.payload_captured <= packet.payload_bytes);
    }
    let counters = CaptureCounters { frames: 2, ..reassembler.counters() };
    add_up(&counters, batch.packets.len());
}
