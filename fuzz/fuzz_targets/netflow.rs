//! Any datagrams to a collector, each behind its length in two bytes: every record is told once.

#![no_main]

use std::net::SocketAddr;

use libfuzzer_sys::fuzz_target;
use tripline_ingest::sensors::netflow::{Collector, CollectorOptions};

fuzz_target!(|bytes: &[u8]| {
    let mut collector = Collector::new(CollectorOptions {
        max_pairs: 8,
        max_templates: 4,
        max_waiting_bytes: 2048,
        max_exporters: 4,
        ..CollectorOptions::default()
    });
    let mut flows = Vec::new();
    let mut rest = bytes;
    let mut now_ns = 1_700_000_000_000_000_000;
    while let Some((length, after)) = rest.split_at_checked(2) {
        let length = usize::from(u16::from_be_bytes([length[0], length[1]])).min(after.len());
        let (datagram, after) = after.split_at(length);
        // Two exporters, by the parity of the length.
        let exporter = SocketAddr::from(([192, 0, 2, (length % 2) as u8], 2055));
        collector.packet(exporter, now_ns, datagram, &mut flows);
        now_ns += 1_000_000_000;
        rest = after;
    }
    collector.finish(&mut flows);
    let counters = collector.counters();
    assert_eq!(counters.flows, flows.len() as u64);
    let told = counters.records - counters.without_addresses;
    assert_eq!(told, flows.len() as u64 + counters.paired);
    assert!(flows.iter().all(|flow| flow.end_ns >= flow.start_ns));
});
