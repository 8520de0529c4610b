//! Real logs of sensors against sums counted by json and pandas: `bench/oracles/sensors.py`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tripline_core::flow::Flow;
use tripline_ingest::IngestError;
use tripline_ingest::sensors::{SensorCounters, SensorLogs, SensorOptions};

use crate::support::data_folder;

fn expected() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sensors.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn read(path: PathBuf) -> Result<(Vec<Flow>, SensorCounters), IngestError> {
    let mut logs = SensorLogs::open(&[path], &SensorOptions::default())?;
    let flows: Vec<Flow> = logs.by_ref().flatten().collect();
    let counters = logs.counters().clone();
    assert_eq!(counters.flows, flows.len() as u64);
    assert!(flows.iter().zip(1..).all(|(flow, number)| flow.first_packet == number));
    Ok((flows, counters))
}

/// The sums that the oracle has of Zeek's `conn`.
fn check_sums(name: &str, flows: &[Flow], expected: &Value) {
    let pair = |of: fn(&Flow) -> (u64, u64)| {
        let (orig, resp) =
            flows.iter().map(of).fold((0, 0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
        serde_json::json!([orig, resp])
    };
    let packets = pair(|flow| (flow.orig.packets, flow.resp.packets));
    assert_eq!(packets, expected["packets"], "{name}");
    let ip_bytes = pair(|flow| (flow.orig.ip_bytes, flow.resp.ip_bytes));
    assert_eq!(ip_bytes, expected["ip_bytes"], "{name}");
    let payload = pair(|flow| (flow.orig.payload_bytes, flow.resp.payload_bytes));
    assert_eq!(payload, expected["payload_bytes"], "{name}");
    // Flows told by other logs alone have state OTH, and no packets.
    let mut states: BTreeMap<&str, u64> = BTreeMap::new();
    for flow in flows.iter().filter(|flow| flow.orig.packets + flow.resp.packets > 0) {
        *states.entry(flow.state.name()).or_default() += 1;
    }
    for (state, count) in &states {
        let told = expected["states"][state].as_u64().unwrap_or(0);
        assert!(*count <= told, "{name}: {state} {count} {told}");
    }
}

#[test]
fn data_zeek_folders_are_the_oracles() {
    let Some(data) = data_folder("zeek folders") else { return };
    for (name, told) in expected()["folders"].as_object().unwrap() {
        let (flows, counters) = read(data.join(name)).unwrap();
        assert_eq!(flows.len() as u64, told["flows"].as_u64().unwrap(), "{name}");
        assert_eq!(counters.joined, told["joined"].as_u64().unwrap(), "{name}");
        assert_eq!(counters.without_record, told["alone"].as_u64().unwrap(), "{name}");
        assert_eq!((counters.bad, counters.evicted), (0, 0), "{name}");
        check_sums(name, &flows, told);
        let duration: f64 = flows
            .iter()
            .filter(|flow| flow.orig.packets + flow.resp.packets > 0)
            .map(Flow::duration_s)
            .sum();
        assert!((duration - told["duration_s"].as_f64().unwrap()).abs() < 0.01, "{duration}");
    }
}

#[test]
fn data_zeek_baselines_are_the_oracles() {
    let Some(data) = data_folder("zeek baselines") else { return };
    let base = data.join("pcaps/zeek/Baseline");
    let expected = expected();
    let (mut conns, mut apps, mut refused) = (0, 0, 0);
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(&base).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        for log in ["conn", "http", "dns", "ssl", "ssh", "files"] {
            let path = folder.join(format!("{log}.log"));
            if !path.exists() {
                continue;
            }
            let app = format!("{name}/{log}.log");
            let told = match log {
                "conn" => &expected["conn"][&name],
                _ => &expected["app"][&app],
            };
            match read(path) {
                Ok((flows, counters)) => {
                    assert_eq!(counters.bad, 0, "{app}: {:?}", counters.first_bad);
                    assert_eq!(Some(flows.len() as u64), told["flows"].as_u64(), "{app}");
                    if log == "conn" {
                        conns += 1;
                        check_sums(&app, &flows, told);
                    } else {
                        apps += 1;
                        assert_eq!(Some(counters.records), told["records"].as_u64(), "{app}");
                    }
                }
                // Logs cut down to some columns without a header, or with renamed columns.
                Err(IngestError::NotALog { .. } | IngestError::NoSensorColumn { .. }) => {
                    assert!(told.is_null(), "{app}");
                    refused += 1;
                }
                Err(error) => panic!("{app}: {error}"),
            }
        }
    }
    assert_eq!(conns, expected["conn"].as_object().unwrap().len());
    assert_eq!(apps, expected["app"].as_object().unwrap().len());
    eprintln!("{conns} conn logs, {apps} others, {refused} refused");
}

#[test]
fn data_eve_is_the_oracles() {
    let Some(data) = data_folder("eve.json") else { return };
    let told = &expected()["eve"];
    let (flows, counters) = read(data.join("logs/suricata/eve.json")).unwrap();
    let count = |name: &str| told[name].as_u64().unwrap();
    assert_eq!(flows.len() as u64, count("flows"));
    assert_eq!((counters.joined, counters.without_record), (count("joined"), count("alone")));
    assert_eq!((counters.bad, counters.ignored), (0, told["events"]["anomaly"].as_u64().unwrap()));
    let ended = &flows[..told["events"]["flow"].as_u64().unwrap() as usize];
    let sum = |of: fn(&Flow) -> u64| ended.iter().map(of).sum::<u64>();
    assert_eq!(sum(|flow| flow.orig.packets), told["packets"][0].as_u64().unwrap());
    assert_eq!(sum(|flow| flow.resp.packets), told["packets"][1].as_u64().unwrap());
    assert_eq!(sum(|flow| flow.orig.link_bytes), told["link_bytes"][0].as_u64().unwrap());
    assert_eq!(sum(|flow| flow.resp.link_bytes), told["link_bytes"][1].as_u64().unwrap());
    let apps = || flows.iter().filter_map(|flow| flow.app.as_ref());
    let alerts: usize = apps().map(|app| app.alerts.len()).sum();
    assert_eq!(alerts as u64, count("alerts"));
    let dns = || apps().filter_map(|app| app.dns.as_ref());
    assert_eq!(dns().map(|dns| u64::from(dns.queries)).sum::<u64>(), count("queries"));
    assert_eq!(dns().map(|dns| u64::from(dns.responses)).sum::<u64>(), count("answers"));
    let http = || apps().filter_map(|app| app.http.as_ref());
    assert_eq!(http().map(|http| u64::from(http.requests)).sum::<u64>(), count("requests"));
}
