//! A capture that is made, through our own flow engine: its truth fits its flows.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::time::Duration;

use tripline_core::flow::Flow;
use tripline_features::flow::{FlowSettings, set};
use tripline_ingest::capture::{Capture, CaptureCounters, CaptureOptions, Packets};
use tripline_ingest::flow_labels::{FlowLabels, LabelOptions, Unlabelled};
use tripline_ingest::synthetic::packets::{Category, PacketOptions, PacketsMade, packets};

fn flows(options: &PacketOptions) -> (Vec<Flow>, FlowLabels, PacketsMade, CaptureCounters) {
    let (mut capture, mut truth) = (Vec::new(), Vec::new());
    let made = packets(options, &mut capture, &mut truth).unwrap();
    let exact =
        LabelOptions { slack: Duration::ZERO, unlabelled: Unlabelled::Drop, ..Default::default() };
    let labels = FlowLabels::read_bytes("truth", &truth, &exact).unwrap();
    let options = CaptureOptions::default();
    let capture = Capture::from_reader("made", Box::new(Cursor::new(capture)), &options).unwrap();
    let mut read = Packets::new(capture, &options);
    let mut engine = (set("tripline").unwrap().open)(&FlowSettings::default());
    let mut flows = Vec::new();
    for batch in read.by_ref() {
        engine.process(&[batch]);
        flows.extend(engine.take().flows);
    }
    engine.finish();
    flows.extend(engine.take().flows);
    (flows, labels, made, read.counters())
}

#[test]
fn nearly_every_flow_has_its_label() {
    for vlan in [false, true] {
        let options = PacketOptions { vlan, attack_share: 0.3, ..PacketOptions::flows(3000, 21) };
        let (flows, labels, made, counters) = flows(&options);
        assert_eq!(counters.frames, made.packets);
        let seen: u64 = flows.iter().map(|flow| flow.orig.packets + flow.resp.packets).sum();
        assert_eq!(seen, made.packets);
        assert_eq!(labels.len() as u64, made.flows);
        let (classes, counts) = labels.join(&flows);
        // Of a thousand flows at most one has none, though not one nanosecond of slack is given.
        assert!(counts.unlabelled * 1000 <= counts.flows, "{counts:?}");
        // A poll every minute is one flow with several lines, so some lines are not taken.
        assert!(counts.labels_without_flow * 20 <= counts.labels, "{counts:?}");
        // Endpoints are told from initiator to responder, as the engine sees them.
        assert!(counts.reversed * 1000 <= counts.flows, "{counts:?}");
        let mut found: BTreeMap<&str, u64> = BTreeMap::new();
        for class in classes.into_iter().flatten() {
            *found.entry(&labels.classes()[class as usize]).or_default() += 1;
        }
        for category in Category::ALL {
            assert!(found.get(category.name()).copied().unwrap_or(0) >= 20, "{found:?}");
        }
    }
}

#[test]
fn connections_end_in_every_usual_way() {
    let (flows, ..) = flows(&PacketOptions::flows(4000, 2));
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let mut services: BTreeMap<&str, usize> = BTreeMap::new();
    for flow in &flows {
        if flow.key.protocol == 6 {
            *states.entry(flow.state.name()).or_default() += 1;
        }
        *services.entry(flow.service.unwrap_or("-")).or_default() += 1;
    }
    for state in ["SF", "S0", "S1", "REJ", "RSTO", "RSTR"] {
        assert!(states.get(state).copied().unwrap_or(0) >= 5, "{states:?}");
    }
    // Midstream traffic would be a defect: every connection is seen from its start.
    assert!(states.get("OTH").copied().unwrap_or(0) * 200 <= flows.len(), "{states:?}");
    for service in ["dns", "http", "ssl", "ssh", "smtp", "ftp"] {
        assert!(services.get(service).copied().unwrap_or(0) >= 3, "{services:?}");
    }
}
