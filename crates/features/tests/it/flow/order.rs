//! The same packets give the same flows in the same order, however they come.

use proptest::prelude::*;
use std::time::Duration;
use tripline_core::Column;
use tripline_core::flow::{EndReason, Flow};
use tripline_core::packet::{Batch, protocol};
use tripline_features::flow::{Early, FlowBatch, FlowSettings};

use super::packets::{SECOND, Talk, capture, engine, flows};

fn same(a: &FlowBatch, b: &FlowBatch) {
    assert_eq!(a.flows, b.flows);
    for (a, b) in a.rows.columns().iter().zip(b.rows.columns()) {
        match (a, b) {
            (Column::Numeric(a), Column::Numeric(b)) => assert_eq!(a, b),
            (Column::Category(a), Column::Category(b)) => assert_eq!(a.codes, b.codes),
            _ => panic!("kinds differ"),
        }
    }
}

/// Some talks of all kinds over some minutes.
fn traffic(seeds: &[(u32, u16, u8)]) -> Batch {
    capture(seeds.iter().enumerate().map(|(i, &(host, port, kind))| {
        let at = SECOND + i64::from(port) * SECOND / 100 + i as i64 * 7;
        let talk =
            |protocol| Talk::new(protocol).between((host % 40, 1000 + port % 50), (7, 80)).at(at);
        match kind % 5 {
            0 => talk(protocol::TCP).say("> S 100"),
            1 => talk(protocol::TCP).say(
                "> S 100; < SA 500 101; > A 101 501; > A 101 501 9; > FA 110 501; < FA 501 111",
            ),
            2 => talk(protocol::UDP).say("> - 0 0 30; < - 0 0 99"),
            3 => talk(protocol::TCP).say("> S 7; < RA 0 8"),
            _ => talk(protocol::UDP).say("> - 0 0 30; > - 0 0 9; > -; > -; < -; < -"),
        }
    }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn batches_threads_and_bounds_change_nothing(
        seeds in prop::collection::vec((any::<u32>(), 0_u16..40_000, any::<u8>()), 1..300),
        max_flows in prop::sample::select(vec![64_usize, 128, 256, 1 << 20]),
        max_bytes in prop::sample::select(vec![1_usize << 14, 1 << 17, 1 << 30]),
        max_held in prop::sample::select(vec![3_usize, 1 << 20]),
        ordered in any::<bool>(),
        packets in 0_u32..4,
    ) {
        let settings = FlowSettings {
            max_flows,
            max_bytes,
            max_held,
            ordered,
            early: Some(Early { packets, after: Some(Duration::from_millis(30)) }),
            ..FlowSettings::default()
        };
        let capture = traffic(&seeds);
        let whole = flows(&capture, &settings, usize::MAX);
        let ended: Vec<&Flow> =
            whole.flows.iter().filter(|flow| flow.ended != EndReason::Open).collect();
        let packets: u64 = ended.iter().map(|f| f.orig.packets + f.resp.packets).sum();
        prop_assert_eq!(packets, capture.packets.len() as u64);
        let bytes: u64 = ended.iter().map(|f| f.orig.link_bytes + f.resp.link_bytes).sum();
        prop_assert_eq!(bytes, capture.packets.iter().map(|p| u64::from(p.link_bytes)).sum::<u64>());
        for threads in [1, 2, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for size in [1, 17, 100_000] {
                pool.install(|| same(&flows(&capture, &settings, size), &whole));
            }
        }
    }
}

#[test]
fn flows_come_by_their_ends() {
    let seeds: Vec<(u32, u16, u8)> =
        (0..5000_u32).map(|i| (i, (i * 7919 % 40_000) as u16, (i % 5) as u8)).collect();
    let capture = traffic(&seeds);
    let mut engine = engine(&FlowSettings::default());
    let mut all = Vec::new();
    for packets in capture.packets.chunks(1000) {
        // Numbers that pass an epoch with every batch.
        let mut packets = packets.to_vec();
        packets.iter_mut().for_each(|packet| packet.number <<= 7);
        engine.process(&[Batch { packets, ..Batch::default() }]);
        all.extend(engine.take().flows);
    }
    assert!(all.len() > 1000, "flows are let go on the way: {}", all.len());
    engine.finish();
    all.extend(engine.take().flows);
    assert!(all.is_sorted_by_key(|flow| (flow.end_ns, flow.first_packet)));
    let counters = engine.counters();
    assert_eq!(counters.released_early, 0);
    assert_eq!(counters.ended, all.len() as u64);
    assert_eq!((counters.open, counters.bytes), (0, 0));
}
