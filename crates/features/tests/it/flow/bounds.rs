//! The table stays under its bounds.

use tripline_core::packet::Batch;
use tripline_features::flow::FlowSettings;

use super::packets::{Talk, capture, engine};

#[test]
fn a_syn_flood_stays_under_the_bounds() {
    let settings =
        FlowSettings { max_flows: 100_000, max_bytes: 16 << 20, ..FlowSettings::default() };
    let mut engine = engine(&settings);
    let mut syn = capture([Talk::tcp().say("> S 1")]).packets[0];
    let (mut told, mut state) = (0, 1_u64);
    for round in 0..100_u64 {
        let packets = (0..10_000_u64).map(|i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            syn.source.0[12..].copy_from_slice(&((state >> 32) as u32).to_be_bytes());
            syn.source_port = (state >> 16) as u16;
            syn.number = round * 10_000 + i + 1;
            syn.time_ns += 1000;
            syn.clock_ns = syn.time_ns;
            syn
        });
        engine.process(&[Batch { packets: packets.collect(), ..Batch::default() }]);
        told += engine.take().flows.len();
    }
    let counters = engine.counters();
    assert!(counters.open_peak <= settings.max_flows as u64, "{counters:?}");
    assert!(counters.bytes_peak <= settings.max_bytes as u64, "{counters:?}");
    assert!(counters.evicted_for_bytes + counters.evicted_for_count > 900_000, "{counters:?}");
    assert!(counters.bytes / counters.open <= 560, "{counters:?}");
    engine.finish();
    told += engine.take().flows.len();
    assert_eq!(told as u64, counters.opened);
}
