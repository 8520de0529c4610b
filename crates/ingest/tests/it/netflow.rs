//! NetFlow and IPFIX: what scapy writes, and datagrams written here for what it does not.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use tripline_core::flow::{ConnState, Flow, Sensor};
use tripline_ingest::sensors::netflow::{
    Collector, CollectorCounters, CollectorOptions, Listener, ListenerOptions,
};

use crate::netflow_writer::{Data, SENT_S, ipfix, template_set, v5, v9};

const SECOND: i64 = 1_000_000_000;

fn exporter() -> SocketAddr {
    "192.0.2.1:9999".parse().unwrap()
}

fn alone() -> CollectorOptions {
    CollectorOptions { pair_window: Duration::ZERO, ..CollectorOptions::default() }
}

/// Flows of datagrams that came a millisecond apart.
fn collect(options: CollectorOptions, datagrams: &[Vec<u8>]) -> (Vec<Flow>, CollectorCounters) {
    let mut collector = Collector::new(options);
    let mut flows = Vec::new();
    let mut now_ns = SENT_S * SECOND;
    for datagram in datagrams {
        collector.packet(exporter(), now_ns, datagram, &mut flows);
        now_ns += 1_000_000;
    }
    collector.finish(&mut flows);
    let counters = collector.counters();
    assert_eq!(counters.flows, flows.len() as u64);
    (flows, counters)
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

// scapy 2.8: bench/oracles/netflow.py
#[test]
fn records_are_those_that_scapy_wrote() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/netflow.json");
    let oracle: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for (name, case) in oracle["cases"].as_object().unwrap() {
        let datagrams: Vec<Vec<u8>> = case["datagrams"]
            .as_array()
            .unwrap()
            .iter()
            .map(|text| hex(text.as_str().unwrap()))
            .collect();
        let (flows, counters) = collect(alone(), &datagrams);
        let told = case["records"].as_array().unwrap();
        assert_eq!((flows.len(), counters.malformed), (told.len(), 0), "{name}");
        assert_eq!(counters.missing_flows + counters.missing_records, 0, "{name}");
        assert_eq!(counters.missing_datagrams + counters.restarts, 0, "{name}");
        assert_eq!(counters.sampled > 0, name.contains("sampled"), "{name}");
        for (flow, told) in flows.iter().zip(told) {
            assert_eq!(Value::from(flow.orig_ip().to_string()), told["source"], "{name}");
            assert_eq!(Value::from(flow.resp_ip().to_string()), told["destination"], "{name}");
            assert_eq!(flow.key.orig_port, told["source_port"], "{name}");
            assert_eq!(flow.key.resp_port, told["destination_port"], "{name}");
            assert_eq!(flow.key.protocol, told["protocol"], "{name}");
            assert_eq!(flow.orig.packets, told["packets"], "{name}");
            assert_eq!(flow.orig.ip_bytes, told["bytes"], "{name}");
            assert_eq!((flow.resp.packets, flow.resp.ip_bytes), (0, 0), "{name}");
            assert_eq!(flow.start_ns, told["start_ns"], "{name}");
            assert_eq!(flow.end_ns, told["end_ns"], "{name}");
            assert_eq!(flow.state.name(), told["state"], "{name}");
            let ipfix = name.starts_with("ipfix");
            assert_eq!(flow.sensor, if ipfix { Sensor::Ipfix } else { Sensor::NetFlow });
        }
    }
}

#[test]
fn opposite_directions_become_one_flow() {
    let ask = Data::tcp([10, 0, 0, 1], 50_000, [10, 0, 0, 2], 443).flags(0x1b).counts(7, 700);
    let answer = ask.back().flags(0x1b).counts(5, 5000).ago(900, 100);
    for pair in [[ask, answer], [answer, ask]] {
        let (flows, counters) = collect(CollectorOptions::default(), &[v5(0, 0, &pair)]);
        assert_eq!((flows.len(), counters.paired), (1, 1));
        let flow = &flows[0];
        assert_eq!((flow.key.orig_port, flow.key.resp_port), (50_000, 443));
        assert_eq!((flow.orig.packets, flow.resp.packets), (7, 5));
        assert_eq!((flow.orig.ip_bytes, flow.resp.ip_bytes), (700, 5000));
        assert_eq!(flow.state, ConnState::SF);
        let milli = 1_000_000;
        assert_eq!(flow.start_ns, SENT_S * SECOND - 1000 * milli);
        assert_eq!(flow.end_ns, SENT_S * SECOND - 100 * milli);
        assert_eq!(flow.first_packet, 1);
    }
    // A second record of the same direction, or one too far away in time, is no pair.
    let (flows, counters) = collect(CollectorOptions::default(), &[v5(0, 0, &[ask, ask])]);
    assert_eq!((flows.len(), counters.paired), (2, 0));
    let far = answer.ago(60_000, 50_000);
    let (flows, counters) = collect(CollectorOptions::default(), &[v5(0, 0, &[ask, far])]);
    assert_eq!((flows.len(), counters.paired), (2, 0));
    // Each of them knows its initiator by the ports.
    assert!(flows.iter().all(|flow| flow.key.resp_port == 443));
    assert_eq!(flows[1].state, ConnState::Shr);
}

#[test]
fn the_initiator_is_told_by_what_is_known() {
    let one = |pair: &[Data]| {
        let (flows, _) = collect(CollectorOptions::default(), &[v5(0, 0, pair)]);
        assert_eq!(flows.len(), 1);
        flows[0].key.orig_port
    };
    // A SYN scan from a low port, rejected.
    let scan = Data::tcp([10, 0, 0, 1], 53, [10, 0, 0, 2], 8080).flags(0x02);
    assert_eq!(one(&[scan.back().flags(0x14), scan]), 53);
    assert_eq!(one(&[scan]), 53);
    // Both with SYN: the earlier one, whatever the ports.
    let ask = Data::tcp([10, 0, 0, 1], 700, [10, 0, 0, 2], 8080).flags(0x1b).ago(1000, 10);
    assert_eq!(one(&[ask.back().flags(0x1b).ago(900, 10), ask]), 700);
    // Midstream: by the ports, even if the answer starts earlier.
    let middle = Data::tcp([10, 0, 0, 1], 5000, [10, 0, 0, 2], 80).flags(0x10).ago(900, 10);
    assert_eq!(one(&[middle.back().ago(1000, 10), middle]), 5000);
    // Nothing tells: the earlier, then the first.
    let peer = Data::udp([10, 0, 0, 1], 5000, [10, 0, 0, 2], 6000).ago(900, 10);
    assert_eq!(one(&[peer, peer.back().ago(1000, 10)]), 6000);
    assert_eq!(one(&[peer.back(), peer]), 6000);
    // Version 5 has type and code of ICMP in the port: an echo reply answers.
    let ping = Data::icmp([10, 0, 0, 1], [10, 0, 0, 2], 8, 0);
    let pong = Data::icmp([10, 0, 0, 2], [10, 0, 0, 1], 0, 0);
    for pair in [&[ping, pong][..], &[pong, ping], &[pong]] {
        let (flows, _) = collect(CollectorOptions::default(), &[v5(0, 0, pair)]);
        assert_eq!(flows.len(), 1);
        assert_eq!((flows[0].key.orig_port, flows[0].key.resp_port), (8, 0));
        assert_eq!(flows[0].orig_ip().to_string(), "10.0.0.1");
    }
}

#[test]
fn a_record_waits_for_the_window_alone() {
    let mut collector = Collector::new(CollectorOptions::default());
    let mut flows = Vec::new();
    let now = SENT_S * SECOND;
    let ask = Data::udp([10, 0, 0, 1], 50_000, [10, 0, 0, 2], 53);
    collector.packet(exporter(), now, &v5(0, 0, &[ask]), &mut flows);
    collector.advance(now + 4 * SECOND, &mut flows);
    assert!(flows.is_empty());
    collector.advance(now + 5 * SECOND, &mut flows);
    assert_eq!(flows.len(), 1);
    // Another exporter's record is no pair.
    let other = "192.0.2.2:9999".parse().unwrap();
    collector.packet(exporter(), now, &v5(1, 0, &[ask]), &mut flows);
    collector.packet(other, now, &v5(0, 0, &[ask.back()]), &mut flows);
    collector.finish(&mut flows);
    assert_eq!((flows.len(), collector.counters().paired), (3, 0));
}

const FIELDS: &[(u16, u16)] =
    &[(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (2, 4), (1, 4), (22, 4), (21, 4)];

#[test]
fn data_may_come_before_their_template() {
    let ask = Data::tcp([10, 0, 0, 1], 50_000, [10, 0, 0, 2], 443);
    let template = v9(1, &[template_set(0, 256, FIELDS)]);
    let data = v9(2, &[ask.set(256, FIELDS)]);
    let (flows, counters) = collect(alone(), &[data.clone(), template.clone(), data.clone()]);
    assert_eq!((flows.len(), counters.waited, counters.waited_read), (2, 1, 1));
    // Never more than the bound.
    let bound = CollectorOptions { max_waiting_bytes: 1000, ..alone() };
    let many: Vec<Vec<u8>> = (0..100).map(|number| v9(number, &[ask.set(300, FIELDS)])).collect();
    let (flows, counters) = collect(bound, &many);
    assert_eq!((flows.len(), counters.waited, counters.without_template), (0, 100, 100));
    // A template that is not repeated is forgotten.
    let mut collector = Collector::new(alone());
    let mut flows = Vec::new();
    let now = SENT_S * SECOND;
    collector.packet(exporter(), now, &template, &mut flows);
    collector.packet(exporter(), now + 5400 * SECOND, &data, &mut flows);
    assert_eq!(flows.len(), 1);
    collector.packet(exporter(), now + 5401 * SECOND, &data, &mut flows);
    assert_eq!((flows.len(), collector.counters().expired_templates), (1, 1));
    collector.advance(now + 6000 * SECOND, &mut flows);
    assert_eq!(collector.counters().without_template, 1);
}

#[test]
fn templates_belong_to_a_domain() {
    let ask = Data::tcp([10, 0, 0, 1], 50_000, [10, 0, 0, 2], 443);
    let template = ipfix(0, 1, &[template_set(2, 256, FIELDS)]);
    let (flows, counters) = collect(
        alone(),
        &[
            template.clone(),
            ipfix(0, 2, &[ask.set(256, FIELDS)]),
            ipfix(0, 1, &[ask.set(256, FIELDS)]),
        ],
    );
    assert_eq!((flows.len(), counters.waited), (1, 1));
    // One is withdrawn, then all.
    let withdrawn = |id: u16| {
        let set = [&[0, 2, 0, 8][..], &id.to_be_bytes(), &[0, 0]].concat();
        ipfix(0, 1, &[set])
    };
    for id in [256, 2] {
        let (flows, counters) = collect(
            alone(),
            &[template.clone(), withdrawn(id), ipfix(0, 1, &[ask.set(256, FIELDS)])],
        );
        assert_eq!((flows.len(), counters.withdrawn), (0, 1), "{id}");
    }
    let (flows, counters) = collect(
        alone(),
        &[template.clone(), withdrawn(2), template, ipfix(0, 1, &[ask.set(256, FIELDS)])],
    );
    assert_eq!((flows.len(), counters.withdrawn), (1, 1));
}

#[test]
fn fields_may_vary_in_length_and_belong_to_others() {
    // interfaceName (82) of variable length, an element of enterprise 9, padding to four bytes.
    let mut template = Vec::new();
    for part in [2_u16, 0, 256, 6, 8, 4, 12, 4, 82, 65_535, 0x8000 | 100, 2, 0, 9, 4, 1, 1, 2] {
        template.extend_from_slice(&part.to_be_bytes());
    }
    let length = template.len() as u16;
    template[2..4].copy_from_slice(&length.to_be_bytes());
    let mut data = vec![1, 0, 0, 0];
    let long = [&[255_u8, 1, 4][..], &[b'x'; 260]].concat();
    for name in [&[3, b'e', b't', b'h'][..], &[0], &long] {
        data.extend_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
        data.extend_from_slice(name);
        data.extend_from_slice(&[0xaa, 0xbb, 17, 0x12, 0x34]);
    }
    data.extend_from_slice(&[0, 0]);
    let length = data.len() as u16;
    data[2..4].copy_from_slice(&length.to_be_bytes());
    let (flows, counters) = collect(alone(), &[ipfix(0, 1, &[template, data])]);
    assert_eq!((flows.len(), counters.malformed), (3, 0));
    assert!(flows.iter().all(|flow| flow.orig.ip_bytes == 0x1234 && flow.key.protocol == 17));
    // No time is told: that of the message.
    assert!(flows.iter().all(|flow| flow.start_ns == SENT_S * SECOND));
}

#[test]
fn a_biflow_tells_both_directions() {
    // RFC 5103: elements 1, 2, 6 of enterprise 29305; biflowDirection (239).
    let fields: &[(u16, u16, u32)] = &[
        (8, 4, 0),
        (12, 4, 0),
        (7, 2, 0),
        (11, 2, 0),
        (4, 1, 0),
        (6, 1, 0),
        (2, 1, 0),
        (1, 1, 0),
        (2, 1, 29_305),
        (1, 1, 29_305),
        (6, 1, 29_305),
        (239, 1, 0),
    ];
    let mut template = [1_u16, 0, fields.len() as u16, 0].map(u16::to_be_bytes).concat();
    template.truncate(6);
    for &(number, bytes, enterprise) in fields {
        let marked = if enterprise > 0 { number | 0x8000 } else { number };
        template.extend_from_slice(&marked.to_be_bytes());
        template.extend_from_slice(&bytes.to_be_bytes());
        if enterprise > 0 {
            template.extend_from_slice(&enterprise.to_be_bytes());
        }
    }
    let mut set = vec![0, 2];
    set.extend_from_slice(&(template.len() as u16 + 2).to_be_bytes());
    set.extend_from_slice(&256_u16.to_be_bytes());
    set.extend_from_slice(&template[4..]);
    let length = set.len() as u16;
    set[2..4].copy_from_slice(&length.to_be_bytes());
    for (direction, orig_port) in [(1, 443), (2, 50_000), (0, 443)] {
        let record =
            [10, 0, 0, 1, 10, 0, 0, 2, 1, 187, 195, 80, 6, 0x1b, 7, 70, 5, 50, 0x1b, direction];
        let data = [&[1, 0, 0, 24][..], &record].concat();
        let (flows, counters) =
            collect(CollectorOptions::default(), &[ipfix(0, 1, &[set.clone(), data])]);
        assert_eq!((flows.len(), counters.biflows), (1, 1));
        assert_eq!(flows[0].key.orig_port, orig_port, "{direction}");
        let orig = if orig_port == 443 { (7, 70) } else { (5, 50) };
        assert_eq!((flows[0].orig.packets, flows[0].orig.ip_bytes), orig);
        assert_eq!(flows[0].state, ConnState::SF);
    }
}

#[test]
fn missing_datagrams_are_counted_as_each_version_counts() {
    let ask = Data::tcp([10, 0, 0, 1], 50_000, [10, 0, 0, 2], 443);
    let two = [ask, ask];
    let (_, counters) =
        collect(alone(), &[v5(u32::MAX - 1, 0, &two), v5(0, 0, &two), v5(32, 0, &two)]);
    assert_eq!((counters.missing_flows, counters.restarts, counters.late), (30, 0, 0));
    let template = |number| v9(number, &[template_set(0, 256, FIELDS)]);
    let (_, counters) = collect(alone(), &[template(5), template(6), template(9), template(8)]);
    assert_eq!((counters.missing_datagrams, counters.late), (2, 1));
    let data = |number| ipfix(number, 1, &[ask.set(256, FIELDS), ask.set(256, FIELDS)]);
    let first = ipfix(100, 1, &[template_set(2, 256, FIELDS)]);
    let (_, counters) = collect(alone(), &[first.clone(), data(100), data(102), data(110)]);
    assert_eq!((counters.missing_records, counters.restarts), (6, 0));
    // After data that cannot be read, nobody knows what comes next.
    let unknown = ipfix(102, 1, &[ask.set(999, FIELDS)]);
    let (_, counters) = collect(alone(), &[first, data(100), unknown, data(110)]);
    assert_eq!((counters.missing_records, counters.restarts), (0, 0));
    let (_, counters) = collect(alone(), &[v5(9_000_000, 0, &two), v5(0, 0, &two)]);
    assert_eq!((counters.missing_flows, counters.restarts), (0, 1));
}

#[test]
fn samplers_are_told_by_number() {
    // Sampler 3 looks at one of 20; records name theirs.
    let mut fields = FIELDS.to_vec();
    fields.push((48, 1));
    // Options template: scope of system, sampler and interval; record of sampler 3.
    let template = [0, 1, 0, 24, 1, 44, 0, 4, 0, 8, 0, 1, 0, 4, 0, 48, 0, 1, 0, 50, 0, 4, 0, 0];
    let options = [1, 44, 0, 16, 0, 0, 0, 0, 3, 0, 0, 0, 20, 0, 0, 0];
    let ask = Data::tcp([10, 0, 0, 1], 50_000, [10, 0, 0, 2], 443).counts(2, 100);
    let sets = [
        template.to_vec(),
        options.to_vec(),
        template_set(0, 256, &fields),
        ask.sampler(3).set(256, &fields),
        ask.sampler(4).set(256, &fields),
    ];
    let (flows, counters) = collect(alone(), &[v9(0, &sets)]);
    assert_eq!((flows.len(), counters.options, counters.sampled), (2, 1, 1));
    assert_eq!((flows[0].orig.packets, flows[0].orig.ip_bytes), (40, 2000));
    assert_eq!((flows[1].orig.packets, flows[1].orig.ip_bytes), (2, 100));
    let (flows, _) = collect(CollectorOptions { scale_samples: false, ..alone() }, &[v9(0, &sets)]);
    assert_eq!(flows[0].orig.packets, 2);
}

#[test]
fn tables_keep_their_bounds() {
    let ask = Data::tcp([10, 0, 0, 1], 50_000, [10, 0, 0, 2], 443);
    let options = CollectorOptions {
        max_pairs: 100,
        max_templates: 10,
        max_exporters: 10,
        ..CollectorOptions::default()
    };
    let mut datagrams = Vec::new();
    for number in 0..1000_u16 {
        datagrams.push(v9(u32::from(number), &[template_set(0, 256 + number, FIELDS)]));
        let mut from = ask;
        from.source_port = number;
        datagrams.push(v5(0, number, &[from]));
    }
    let (flows, counters) = collect(options, &datagrams);
    assert_eq!(flows.len(), 1000);
    assert_eq!(counters.evicted_templates, 990);
    assert_eq!(counters.evicted_pairs, 900);
}

#[test]
fn what_is_no_flow_is_counted() {
    let ask = Data::tcp([10, 0, 0, 1], 50_000, [10, 0, 0, 2], 443);
    let mut cut = v5(0, 0, &[ask, ask]);
    cut.truncate(24 + 48 + 10);
    let (flows, counters) = collect(alone(), &[cut, vec![0, 7, 1], vec![1], Vec::new()]);
    assert_eq!((flows.len(), counters.malformed, counters.other_version), (1, 1, 3));
    let layer_2 = &[(80, 6), (1, 4)];
    let set = [1, 0, 0, 14, 1, 2, 3, 4, 5, 6, 0, 0, 0, 9].to_vec();
    let (flows, counters) = collect(alone(), &[v9(0, &[template_set(0, 256, layer_2), set])]);
    assert_eq!((flows.len(), counters.records, counters.without_addresses), (0, 1, 1));
    // Records of no bytes would never end.
    let (_, counters) = collect(alone(), &[v9(0, &[template_set(0, 256, &[(1, 0), (2, 0)])])]);
    assert_eq!((counters.templates, counters.malformed), (0, 1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    // Any byte changed, any end cut off: no panic, every record is a flow.
    #[test]
    fn damage_is_counted(at in 0usize..400, value in any::<u8>(), end in 0usize..400, which in 0..3) {
        let ask = Data::tcp([10, 0, 0, 1], 50_000, [10, 0, 0, 2], 443);
        let (template, mut data) = match which {
            0 => (v5(0, 0, &[ask]), v5(1, 0, &[ask, ask.back(), ask])),
            1 => (
                v9(1, &[template_set(0, 256, FIELDS)]),
                v9(2, &[template_set(0, 257, FIELDS), ask.set(256, FIELDS), ask.set(257, FIELDS)]),
            ),
            _ => (
                ipfix(1, 1, &[template_set(2, 256, FIELDS)]),
                ipfix(1, 1, &[template_set(2, 257, FIELDS), ask.set(256, FIELDS), ask.set(257, FIELDS)]),
            ),
        };
        if let Some(byte) = data.get_mut(at) {
            *byte = value;
        }
        data.truncate(end);
        let (flows, counters) = collect(alone(), &[template, data]);
        prop_assert_eq!(flows.len() as u64, counters.records - counters.without_addresses);
    }
}

#[test]
fn a_listener_takes_what_comes() {
    let options = ListenerOptions { timeout: Duration::from_millis(50), ..Default::default() };
    let mut listener = Listener::bind("127.0.0.1:0", options.clone(), alone()).unwrap();
    let address = listener.local_address();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let ask = Data::tcp([10, 0, 0, 1], 50_000, [10, 0, 0, 2], 443);
    for number in 0..10 {
        sender.send_to(&v5(number, 0, &[ask]), address).unwrap();
    }
    let mut flows = Vec::new();
    for _ in 0..100 {
        flows.extend(listener.receive().unwrap());
        if flows.len() == 10 {
            break;
        }
    }
    assert_eq!(flows.len(), 10);
    assert_eq!(listener.counters().datagrams, 10);
    assert!(listener.finish().is_empty());
    if cfg!(target_os = "linux") {
        assert_eq!(listener.dropped(), Some(0));
    }
    let busy = Listener::bind(&address.to_string(), options.clone(), alone()).unwrap_err();
    let text = busy.to_string();
    assert!(text.contains("in use") && text.contains("another port"), "{text}");
    let wrong = Listener::bind("no address", options, alone()).unwrap_err().to_string();
    assert!(wrong.contains("127.0.0.1:2055"), "{wrong}");
}
