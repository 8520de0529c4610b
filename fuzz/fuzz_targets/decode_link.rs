//! Any bytes as frames of any link type: the first byte picks it, the second cuts the rest in two.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_ingest::capture::{Block, CaptureOptions, LinkType, Reassembler, Record};

fuzz_target!(|bytes: &[u8]| {
    let [link, cut, frames @ ..] = bytes else { return };
    let links = LinkType::DECODED;
    let link = links[usize::from(*link) % links.len()].0;
    let cut = usize::from(*cut).min(frames.len());
    let options = CaptureOptions::default();
    let mut block = Block::new(frames.to_vec(), 0, options.max_tunnels);
    // Both halves twice, so that fragments meet; the second time with more on the wire.
    for number in 0..4_u64 {
        let (start, end) = if number % 2 == 0 { (0, cut) } else { (cut, frames.len()) };
        let captured = (end - start) as u32;
        let wire = if number < 2 { captured } else { captured.saturating_mul(2) };
        let (start, time_ns) = (start as u32, number as i64);
        block.push(Record { number, time_ns, clock_ns: time_ns, start, captured, wire, link });
    }
    let mut reassembler = Reassembler::new(&options);
    let batch = reassembler.finish(block.decode());
    for packet in &batch.packets {
        assert_eq!(batch.payload(packet).len(), packet.payload_captured as usize);
        assert!(packet.payload_captured <= packet.payload_bytes);
    }
    let counters = reassembler.counters();
    let told = counters.packets
        + counters.fragments
        + counters.not_ip_frames()
        + counters.not_decoded_frames()
        + counters.malformed_frames();
    assert_eq!(told, 4);
});
