//! The same capture gives the same flows, however it is read; no packet is lost or counted twice.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tripline_core::Column;
use tripline_core::flow::Flow;
use tripline_core::packet::Batch;
use tripline_features::flow::{FlowBatch, FlowSettings, SETS, set};
use tripline_ingest::capture::CaptureOptions;

use crate::captures::{ENDINGS, bare_flows, captures, files, packets, packets_of};

/// Varied in protocols, tunnels, damage, length; the last has most flows at once.
const CAPTURES: &[&str] = &[
    "attacks/test7-malicious.pcap",
    "attacks/test12-icmp-portscan.pcap",
    "ndpi/pcap/ethereum.pcap",
    "ndpi/pcap/6in4tunnel.pcap",
    "ndpi/pcap/fuzz-2006-06-26-2594.pcap",
    "zeek/Traces/wikipedia.pcap",
    "zeek/Traces/tunnels/Teredo.pcap",
    "ndpi/pcap/anyconnect-vpn.pcap",
];

/// Settings under which flows end for every reason, eviction included.
fn settings() -> Vec<FlowSettings> {
    let small = FlowSettings { max_flows: 64, max_held: 16, ..Default::default() };
    vec![FlowSettings::default(), small]
}

/// What an engine told: the flows, a number for each cell of their rows, column by column.
type Told = (Vec<Flow>, Vec<Vec<u64>>);

/// The same for the same bits.
fn cell(column: &Column, row: usize) -> u64 {
    match column {
        Column::Numeric(values) => values[row].to_bits(),
        Column::Category(values) => {
            values.value(row).unwrap_or("?").bytes().fold(0, |sum, byte| {
                // The prime of FNV-1a.
                (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            })
        }
    }
}

/// What an engine tells if it takes some batches at a time and is asked after each.
fn told(batches: &[Batch], at_once: usize, settings: &FlowSettings, id: &str) -> Told {
    let mut engine = (set(id).unwrap().open)(settings);
    let mut told = Told::default();
    let mut add = |part: FlowBatch| {
        told.1.resize(part.rows.width(), Vec::new());
        for (cells, column) in told.1.iter_mut().zip(part.rows.columns()) {
            cells.extend((0..part.flows.len()).map(|row| cell(column, row)));
        }
        told.0.extend(part.flows);
    };
    for batches in batches.chunks(at_once) {
        engine.process(batches);
        add(engine.take());
    }
    engine.finish();
    add(engine.take());
    told
}

#[test]
fn data_flows_are_the_same_however_read() {
    let Some(folder) = captures("data_flows_are_the_same_however_read") else { return };
    for name in CAPTURES {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&bytes).unwrap();
        let gzip = gzip.finish().unwrap();
        let large = CaptureOptions::default();
        let small = CaptureOptions { block_bytes: 2048, ..CaptureOptions::default() };
        let readings = [
            (packets_of(bytes.clone(), &large), usize::MAX, 1),
            (packets_of(bytes.clone(), &large), 1, 2),
            (packets_of(bytes, &small), 1, 8),
            (packets_of(gzip.clone(), &small), 7, 2),
            (packets_of(gzip, &large), usize::MAX, 8),
        ];
        for settings in settings() {
            for card in SETS {
                let mut first: Option<Told> = None;
                for (index, (batches, at_once, workers)) in readings.iter().enumerate() {
                    let pool =
                        rayon::ThreadPoolBuilder::new().num_threads(*workers).build().unwrap();
                    let at_once = (*at_once).min(batches.len().max(1));
                    let now = pool.install(|| told(batches, at_once, &settings, card.id));
                    let Some(first) = &first else {
                        first = Some(now);
                        continue;
                    };
                    let about = format!("{name} {} reading {index}", card.id);
                    assert_eq!(first.0.len(), now.0.len(), "{about}");
                    assert!(first.0 == now.0, "{about}");
                    assert!(first.1 == now.1, "{about}");
                }
            }
        }
    }
}

#[test]
fn data_packets_of_flows_sum_to_those_of_captures() {
    let test = "data_packets_of_flows_sum_to_those_of_captures";
    let Some(folder) = captures(test) else { return };
    let options = CaptureOptions::default();
    let mut read = 0;
    for path in files(&folder, ENDINGS) {
        let batches = packets(&path, &options);
        let mut given = [0u64; 4];
        for packet in batches.iter().flat_map(|batch| &batch.packets) {
            given[0] += 1;
            given[1] += u64::from(packet.link_bytes);
            given[2] += u64::from(packet.ip_bytes);
            given[3] += u64::from(packet.payload_bytes);
        }
        for settings in settings() {
            let mut sums = [0u64; 4];
            for flow in &bare_flows(&batches, &settings) {
                for side in [flow.orig, flow.resp] {
                    sums[0] += side.packets;
                    sums[1] += side.link_bytes;
                    sums[2] += side.ip_bytes;
                    sums[3] += side.payload_bytes;
                }
            }
            assert_eq!(given, sums, "{}", path.display());
        }
        read += 1;
    }
    assert!(read >= 475, "{read}");
}
