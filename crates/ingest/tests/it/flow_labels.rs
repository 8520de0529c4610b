//! Labels joined to flows: published layouts, open endpoints, times.

use std::time::Duration;

use tripline_core::flow::{ConnState, EndReason, Flow, FlowKey, History, Sensor, Side};
use tripline_core::packet::{Address, Vlan};
use tripline_ingest::IngestError;
use tripline_ingest::flow_labels::{FlowLabels, JoinCounts, LabelOptions, Unlabelled};

const SECOND: i64 = 1_000_000_000;

fn flow(protocol: u8, from: (&str, u16), to: (&str, u16), start: i64, end: i64) -> Flow {
    let address = |text: &str| Address::from(text.parse::<std::net::IpAddr>().unwrap());
    Flow {
        key: FlowKey {
            orig: address(from.0),
            resp: address(to.0),
            orig_port: from.1,
            resp_port: to.1,
            protocol,
            ip_version: if from.0.contains(':') { 6 } else { 4 },
            vlan: Vlan::NONE,
        },
        start_ns: start,
        end_ns: end,
        first_packet: 1,
        orig: Side::default(),
        resp: Side::default(),
        state: ConnState::SF,
        history: History::default(),
        service: None,
        ended: EndReason::InputEnd,
        sensor: Sensor::Packets,
        uid: None,
        tunnel: None,
        app: None,
    }
}

fn read(text: &str, options: &LabelOptions) -> Result<FlowLabels, IngestError> {
    FlowLabels::read_bytes("labels.csv", text.as_bytes(), options)
}

fn names(labels: &FlowLabels, flows: &[Flow]) -> (Vec<String>, JoinCounts) {
    let (classes, counts) = labels.join(flows);
    let name = |class: Option<u32>| match class {
        Some(class) => labels.classes()[class as usize].clone(),
        None => "dropped".to_owned(),
    };
    (classes.into_iter().map(name).collect(), counts)
}

#[test]
fn our_own_truth_is_joined_by_endpoints_and_time() {
    let text = "start_ns,end_ns,protocol,source,source_port,destination,destination_port,label,category\n\
        100000000000,110000000000,tcp,10.0.0.1,1000,10.0.0.2,22,1,brute_force\n\
        200000000000,210000000000,tcp,10.0.0.1,1000,10.0.0.2,22,0,normal\n\
        100000000000,100000000000,ipv6-icmp,fd00::1,128,fd00::2,129,1,port_scan\n";
    let options = LabelOptions { unlabelled: Unlabelled::Drop, ..LabelOptions::default() };
    let labels = read(text, &options).unwrap();
    assert_eq!(labels.classes(), ["normal", "brute_force", "port_scan"]);
    let (a, b) = (("10.0.0.1", 1000), ("10.0.0.2", 22));
    let flows = [
        flow(6, a, b, 105 * SECOND, 106 * SECOND),
        // Told the other way round.
        flow(6, b, a, 203 * SECOND, 290 * SECOND),
        // Too early, and within the slack.
        flow(6, a, b, 90 * SECOND, 98 * SECOND),
        flow(6, a, b, 90 * SECOND, 99 * SECOND),
        // Both fit: the nearer start wins.
        flow(6, a, b, 190 * SECOND, 215 * SECOND),
        flow(6, a, b, 102 * SECOND, 205 * SECOND),
        flow(58, ("fd00::1", 128), ("fd00::2", 129), 100 * SECOND, 100 * SECOND),
        flow(17, a, b, 105 * SECOND, 106 * SECOND),
    ];
    let (found, counts) = names(&labels, &flows);
    let expected = [
        "brute_force",
        "normal",
        "dropped",
        "brute_force",
        "normal",
        "brute_force",
        "port_scan",
        "dropped",
    ];
    assert_eq!(found, expected);
    let expected = JoinCounts {
        flows: 8,
        labelled: 6,
        reversed: 1,
        conflicts: 1,
        unlabelled: 2,
        labels: 3,
        labels_without_flow: 0,
    };
    assert_eq!(counts, expected);
}

#[test]
fn cic_ids2017_is_understood() {
    // Local time in UTC-3, an afternoon without saying so, to the minute.
    let text = "Flow ID, Source IP, Source Port, Destination IP, Destination Port, Protocol, Timestamp, Flow Duration, Label\n\
        x,172.16.0.1,50000,192.168.10.50,21,6,4/7/2017 9:20,1000000,FTP-Patator\n\
        y,172.16.0.1,50001,192.168.10.50,80,6,4/7/2017 1:10,2,BENIGN\n";
    let options = LabelOptions { shift_s: 3 * 3600, ..LabelOptions::default() };
    let labels = read(text, &options).unwrap();
    // date -u -d '2017-07-04 12:20:30' +%s
    let at = 1_499_170_830 * SECOND;
    let attack = flow(6, ("172.16.0.1", 50000), ("192.168.10.50", 21), at, at + SECOND);
    let afternoon = at + (4 * 60 - 10) * 60 * SECOND;
    let benign = flow(6, ("172.16.0.1", 50001), ("192.168.10.50", 80), afternoon, afternoon);
    let (found, counts) = names(&labels, &[attack, benign]);
    assert_eq!(found, ["FTP-Patator", "normal"]);
    assert_eq!((counts.labelled, counts.labels_without_flow), (2, 0));
}

#[test]
fn the_ground_truth_of_unsw_is_understood() {
    let text = "Start time,Last time,Attack category,Attack subcategory,Protocol,Source IP,Source Port,Destination IP,Destination Port,Attack Name,Attack Reference,.\n\
        1421927414,1421927416,Reconnaissance,HTTP,tcp,175.45.176.0,13284,149.171.126.16,80,a,b,.\n\
        1421927415,1421927415,Exploits,Unix,udp,175.45.176.3,21223,149.171.126.18,32780,a,b,.\n\
        1421927416,1421927416,DoS,,icmp,175.45.176.3,0,149.171.126.18,0,a,b,.\n\
        1421927416,1421927416,DoS,,nonsense,175.45.176.3,0,149.171.126.18,0,a,b,.\n";
    let labels = read(text, &LabelOptions::default()).unwrap();
    assert_eq!((labels.len(), labels.bad_lines().lines), (3, 1));
    assert_eq!(labels.bad_lines().first.as_ref().map(|it| it.0), Some(5));
    let at = 1_421_927_415 * SECOND;
    let flows = [
        flow(6, ("175.45.176.0", 13284), ("149.171.126.16", 80), at, at),
        flow(17, ("175.45.176.3", 21223), ("149.171.126.18", 32780), at, at),
        // ICMP has no ports there.
        flow(1, ("175.45.176.3", 8), ("149.171.126.18", 0), at, at),
        flow(17, ("10.0.0.1", 5), ("10.0.0.2", 6), at, at),
    ];
    let (found, counts) = names(&labels, &flows);
    assert_eq!(found, ["Reconnaissance", "Exploits", "DoS", "normal"]);
    assert_eq!((counts.labelled, counts.unlabelled, counts.conflicts), (3, 1, 0));
}

#[test]
fn what_is_left_open_fits_all_and_loses_to_what_is_not() {
    let text = "source,destination,destination_port,protocol,start_time,end_time,label\n\
        10.9.0.0/16,*,*,*,,,scanner\n\
        *,10.1.1.1,80,tcp,2020-01-01T00:00:00Z,2020-01-01T01:00:00Z,flood\n\
        10.9.0.7,10.1.1.1,80,tcp,2020-01-01T00:00:00Z,2020-01-01T01:00:00Z,special\n\
        2001:db8::/32,,,,,,six\n";
    let labels = read(text, &LabelOptions::default()).unwrap();
    let at = 1_577_836_800 * SECOND + 60 * SECOND;
    let flows = [
        flow(6, ("10.9.0.7", 5), ("10.1.1.1", 80), at, at),
        flow(6, ("10.9.0.8", 5), ("10.1.1.1", 80), at, at),
        flow(6, ("10.9.0.8", 5), ("10.1.1.1", 81), at, at),
        flow(6, ("10.8.0.8", 5), ("10.1.1.1", 80), at, at),
        flow(6, ("10.8.0.8", 5), ("10.1.1.1", 80), 0, 0),
        flow(17, ("2001:db8::5", 5), ("fd00::1", 80), at, at),
    ];
    let (found, counts) = names(&labels, &flows);
    assert_eq!(found, ["special", "flood", "scanner", "flood", "normal", "six"]);
    assert_eq!(counts.conflicts, 2);
}

#[test]
fn a_file_that_tells_no_labels_is_refused() {
    let options = LabelOptions::default();
    let error = |text: &str| read(text, &options).unwrap_err().to_string();
    assert!(error("").contains("empty"));
    assert!(error("a,b\n1,2\n").contains("`source` or `destination`"));
    assert!(error("source,destination\n1,2\n").contains("`label` or `category`"));
    let text = error("source,destination,label\nhost,10.0.0.1,1\n");
    assert!(text.contains(":2:") && text.contains("`host` is no address"), "{text}");
    let few = LabelOptions { max_labels: 1, ..options };
    let text = "source,destination,label\n10.0.0.1,10.0.0.2,1\n10.0.0.1,10.0.0.2,1\n";
    assert!(read(text, &few).unwrap_err().to_string().contains("over the bound of 1"));
    assert_eq!(read("source,label\n", &options).unwrap().len(), 0);
}

#[test]
fn many_labels_of_one_pair_take_no_quadratic_time() {
    let mut text = "source,destination,start_time,end_time,label\n".to_owned();
    // One that holds for long, before many short ones: the usual way to make a search slow.
    text.push_str("10.0.0.1,10.0.0.2,1,1000000,long\n");
    for at in 0..50_000 {
        text.push_str(&format!("10.0.0.1,10.0.0.2,{},{},short\n", 10 + 2 * at, 10 + 2 * at));
    }
    let options = LabelOptions { slack: Duration::ZERO, ..LabelOptions::default() };
    let labels = read(&text, &options).unwrap();
    let flows: Vec<Flow> = (0..50_000)
        .map(|at| {
            // Between two short ones.
            let start = (11 + 2 * at) * SECOND + 1;
            flow(6, ("10.0.0.1", 1), ("10.0.0.2", 2), start, start)
        })
        .collect();
    let began = std::time::Instant::now();
    let (_, counts) = labels.join(&flows);
    assert_eq!(counts.labelled, 50_000);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
