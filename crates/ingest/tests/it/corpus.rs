//! The seeds of the fuzz targets, read without a fuzzer.

use std::path::Path;
use std::time::{Duration, Instant};

use tripline_core::Rng;
use tripline_core::flow::Flow;
use tripline_ingest::capture::LinkType;
use tripline_ingest::filter::{Filter, FrameView, Program};
use tripline_ingest::live::RingFrames;
use tripline_ingest::sensors::netflow::{Collector, CollectorOptions};
use tripline_ingest::sensors::{SensorCounters, SensorLogs, SensorOptions};
use tripline_ingest::{ReadOptions, open_bytes, read_bytes};

use crate::support::show;

/// Each seed of a target with its name.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut seeds: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    seeds
}

/// Whole or in pieces, with the same answer or the same error.
fn pieces_do_not_matter(name: &str, bytes: &[u8]) {
    let whole = ReadOptions { max_record_bytes: 256, ..ReadOptions::default() };
    let pieces = ReadOptions { chunk_bytes: 7, ..whole.clone() };
    let told = |options| match read_bytes("f", bytes, options) {
        Ok(data) => show(&data),
        Err(error) => error.to_string(),
    };
    assert_eq!(told(&whole), told(&pieces), "{name}");
}

/// Seeds with random changes, for `TRIPLINE_FUZZ_SECONDS` or a moment: what stands in for the
/// fuzzer where there is none. A panic names the seed of the change.
fn changed(target: &str, check: impl Fn(&str, &[u8])) {
    let seconds = std::env::var("TRIPLINE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let budget = seconds.map_or(Duration::from_millis(300), Duration::from_secs);
    let seeds = seeds(target);
    let start = Instant::now();
    let mut round = 0;
    while start.elapsed() < budget {
        let mut rng = Rng::for_part(0, round);
        let (name, bytes) = &seeds[rng.index(seeds.len())];
        let mut bytes = bytes.clone();
        for _ in 0..1 + rng.index(8) {
            change(&mut bytes, &seeds, &mut rng);
        }
        check(&format!("{name}, change {round}"), &bytes);
        round += 1;
    }
    eprintln!("{target}: {round} changed seeds read");
}

fn change(bytes: &mut Vec<u8>, seeds: &[(String, Vec<u8>)], rng: &mut Rng) {
    // Bytes that mean something to a parser.
    const SIGNS: &[u8] = b"\",\n\r;\t{}[]:.-+eE0129\\ \x00\xff\x96";
    let at = rng.index(bytes.len() + 1);
    match rng.below(6) {
        0 if at < bytes.len() => bytes[at] = rng.next_u64() as u8,
        1 if at < bytes.len() => bytes[at] ^= 1 << rng.below(8),
        2 => bytes.insert(at, SIGNS[rng.index(SIGNS.len())]),
        3 => bytes.truncate(at),
        4 => {
            let end = (at + rng.index(20)).min(bytes.len());
            bytes.drain(at..end);
        }
        _ => {
            let other = &seeds[rng.index(seeds.len())].1;
            let from = rng.index(other.len() + 1);
            let to = (from + rng.index(40)).min(other.len());
            bytes.splice(at..at, other[from..to].iter().copied());
        }
    }
}

#[test]
fn read_csv() {
    for (name, bytes) in seeds("read_csv") {
        pieces_do_not_matter(&name, &bytes);
    }
    changed("read_csv", pieces_do_not_matter);
}

#[test]
fn read_jsonl() {
    let check = |name: &str, bytes: &[u8]| {
        let mut lines = b"{\"a\":1,\"b\":\"x\",\"label\":0}\n".to_vec();
        lines.extend_from_slice(bytes);
        pieces_do_not_matter(name, &lines);
    };
    for (name, bytes) in seeds("read_jsonl") {
        check(&name, &bytes);
    }
    changed("read_jsonl", check);
}

#[test]
fn read_parquet() {
    for (name, bytes) in seeds("read_parquet") {
        let read = read_bytes("f", bytes, &ReadOptions::default());
        assert_eq!(read.is_ok(), name.starts_with("good"), "{name}: {read:?}");
    }
    changed("read_parquet", |_, bytes| {
        let _ = read_bytes("f", bytes, &ReadOptions::default());
    });
}

#[test]
fn decompress() {
    for (name, bytes) in seeds("decompress") {
        let good = open_bytes("f", bytes, &ReadOptions::default())
            .is_ok_and(|mut batches| batches.all(|batch| batch.is_ok()));
        assert_eq!(good, name.starts_with("good"), "{name}");
    }
    changed("decompress", |_, bytes| {
        if let Ok(batches) = open_bytes("f", bytes, &ReadOptions::default()) {
            // A small stream may unpack to a large one: its first batches are enough.
            let _ = batches.take(4).map_while(Result::ok).count();
        }
    });
}

#[test]
fn read_capture() {
    for (name, bytes) in seeds("read_capture") {
        let frames = crate::capture::frames_of(&bytes);
        assert_eq!(frames > 0, !name.starts_with("none") && !name.starts_with("cut"), "{name}");
    }
    changed("read_capture", |_, bytes| {
        crate::capture::check(bytes);
    });
}

#[test]
fn decode_link() {
    let check = |_: &str, bytes: &[u8]| {
        let [link, _, frame @ ..] = bytes else { return };
        let links = tripline_ingest::capture::LinkType::DECODED;
        let link = links[usize::from(*link) % links.len()].0;
        crate::capture::decode_any(link, frame.to_vec(), 0);
    };
    for (name, bytes) in seeds("decode_link") {
        check(&name, &bytes);
    }
    changed("decode_link", check);
}

/// The flows of a log, however many come at a time.
fn sensor_flows(bytes: &[u8], batch_flows: usize) -> Option<(Vec<Flow>, SensorCounters)> {
    let options = SensorOptions {
        batch_flows,
        max_line_bytes: 4096,
        max_waiting_flows: 3,
        ..SensorOptions::default()
    };
    let reader = Box::new(std::io::Cursor::new(bytes.to_vec()));
    let mut logs = SensorLogs::from_reader("f", reader, &options).ok()?;
    let flows = logs.by_ref().flatten().collect();
    Some((flows, logs.counters().clone()))
}

#[test]
fn logs_of_sensors() {
    for target in ["zeek_tsv", "eve_json"] {
        for (name, bytes) in seeds(target) {
            let (flows, counters) = sensor_flows(&bytes, 8192).expect("a seed is a log");
            assert!(!flows.is_empty(), "{name}: {counters:?}");
        }
        changed(target, |name, bytes| {
            assert_eq!(sensor_flows(bytes, 8192), sensor_flows(bytes, 1), "{name}");
        });
    }
}

#[test]
fn netflow() {
    let collect = |bytes: &[u8]| {
        let mut collector = Collector::new(CollectorOptions::default());
        let mut flows = Vec::new();
        let mut rest = bytes;
        while let Some((length, after)) = rest.split_at_checked(2) {
            let length = usize::from(u16::from_be_bytes([length[0], length[1]])).min(after.len());
            let exporter = ([192, 0, 2, 1], 2055).into();
            collector.packet(exporter, 1_700_000_000_000_000_000, &after[..length], &mut flows);
            rest = &after[length..];
        }
        collector.finish(&mut flows);
        let counters = collector.counters();
        let told = counters.records - counters.without_addresses;
        assert_eq!(told, flows.len() as u64 + counters.paired);
        flows.len()
    };
    for (name, bytes) in seeds("netflow") {
        assert!(collect(&bytes) > 0, "{name}");
    }
    changed("netflow", |_, bytes| {
        collect(bytes);
    });
}

#[test]
fn filter() {
    let check = |bytes: &[u8]| {
        let cut = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
        let (text, frame) = bytes.split_at(cut);
        let Ok(filter) = Filter::parse(&String::from_utf8_lossy(text)) else { return false };
        for (link, _) in LinkType::DECODED {
            let Ok(program) = filter.compile(link, 96) else { continue };
            assert_eq!(Program::new(program.instructions().to_vec()).as_ref(), Ok(&program));
            let Ok(on_socket) = filter.compile_for_socket(link, 96, false) else { continue };
            let frame = FrameView::whole(frame);
            assert_eq!(on_socket.run(&frame), program.run(&frame));
        }
        true
    };
    for (name, bytes) in seeds("filter") {
        assert_eq!(check(&bytes), name != "bad", "{name}");
    }
    changed("filter", |_, bytes| {
        check(bytes);
    });
}

#[test]
fn ring_block() {
    let check = |bytes: &[u8]| {
        let mut frames = RingFrames::new(LinkType::ETHERNET, 4);
        let block = frames.read(bytes.to_vec());
        assert_eq!(block.records().len() as u64, frames.frames());
        block.decode();
        frames.frames()
    };
    let told: Vec<(String, u64)> =
        seeds("ring_block").into_iter().map(|(name, bytes)| (name, check(&bytes))).collect();
    let told: Vec<(&str, u64)> = told.iter().map(|(name, told)| (name.as_str(), *told)).collect();
    assert_eq!(told, [("none", 0), ("short", 1), ("two", 2)]);
    changed("ring_block", |_, bytes| {
        check(bytes);
    });
}
