//! The published captures themselves.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use tripline_ingest::capture::{Capture, CaptureOptions, Packets};

use super::build::contents;
use crate::support::data_folder;

/// A record with 4,293,562,680 microseconds, which libpcap takes for a negative number.
const NEGATIVE_TIME: &str = "pcaps/ndpi/pcap/fuzz-2021-06-07-c6c72a0a56.pcap";

/// What libpcap counted: `bench/oracles/captures.py`.
#[derive(Deserialize)]
struct Expected {
    #[serde(default)]
    frames: u64,
    #[serde(default)]
    captured: u64,
    #[serde(default)]
    wire: u64,
    first_ns: Option<i64>,
    last_ns: Option<i64>,
    stopped: Option<String>,
}

fn expected() -> BTreeMap<String, Expected> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn data_captures_have_the_frames_that_libpcap_counts() {
    let Some(folder) = data_folder("data_captures") else { return };
    let options = CaptureOptions::default();
    let expected = expected();
    let (mut frames, mut packets) = (0, 0);
    for (name, expected) in &expected {
        let mut capture = Capture::open(&folder.join(name), &options).unwrap();
        let (mut first, mut last) = (None, None);
        let mut reassembler = tripline_ingest::capture::Reassembler::new(&options);
        while let Some(block) = capture.next_block() {
            first = first.or(block.records().first().map(|record| record.time_ns));
            last = block.records().last().map(|record| record.time_ns);
            packets += reassembler.finish(block.decode()).packets.len();
        }
        let read = capture.counters();
        assert_eq!(
            (read.frames, read.bytes, read.wire_bytes),
            (expected.frames, expected.captured, expected.wire),
            "{name}"
        );
        if name != NEGATIVE_TIME {
            assert_eq!((first, last), (expected.first_ns, expected.last_ns), "{name}");
        }
        assert_eq!(read.damaged_records() > 0, expected.stopped.is_some(), "{name}: {read:?}");
        let decoded = reassembler.counters();
        assert!(decoded.not_decoded.is_empty(), "{name}: {:?}", decoded.not_decoded);
        frames += read.frames;
    }
    let arkime = expected.keys().filter(|name| name.starts_with("pcaps/arkime/")).count();
    eprintln!(
        "{} captures, {arkime} of arkime: {frames} frames, {packets} packets",
        expected.len()
    );
    assert_eq!(arkime, 197);
}

#[test]
fn data_captures_do_not_depend_on_blocks() {
    let Some(folder) = data_folder("data_captures_blocks") else { return };
    for name in expected().keys() {
        let told = [1 << 10, 4 << 20].map(|block_bytes| {
            let options = CaptureOptions { block_bytes, ..CaptureOptions::default() };
            let capture = Capture::open(&folder.join(name), &options).unwrap();
            let mut packets = Packets::new(capture, &options);
            let batches: Vec<_> = packets.by_ref().collect();
            (contents(&batches), packets.counters())
        });
        assert!(told[0] == told[1], "{name}");
    }
}
