//! What application protocols tell, against nDPI and the logs of Zeek.

#![allow(clippy::print_stderr, reason = "a test on real data says what it found")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

use tripline_core::flow::{App, Flow};
use tripline_core::packet::Batch;
use tripline_features::flow::FlowSettings;
use tripline_ingest::capture::CaptureOptions;

use crate::captures::{NEVER, captures, files, flows, packets};
use crate::zeek::pairing;

fn ours(batches: &[Batch]) -> Vec<Flow> {
    let settings = FlowSettings { idle: NEVER, active: NEVER, ..FlowSettings::default() };
    flows(batches, &settings, "tripline").flows
}

/// JA3 that nDPI has and we do not: capture, how many, why.
const JA3: &[(&str, usize, &str)] = &[
    ("dlt_ppp.pcap", 1, QUIC),
    ("doq.pcapng", 1, QUIC),
    ("doq_adguard.pcapng", 1, QUIC),
    ("fuzz-2021-10-13.pcap", 1, "the hello stands behind a damaged IPv6 header"),
    ("ja3_lots_of_cipher_suites.pcap", 1, "nDPI keeps no more than its array of cipher suites"),
];

const QUIC: &str = "the hello inside QUIC is encrypted; it is not read here";

#[test]
fn data_ja3_equal_those_of_ndpi() {
    let Some(folder) = captures("data_ja3_equal_those_of_ndpi") else { return };
    let (mut all, mut same, mut differences) = (0, 0, BTreeMap::new());
    for path in files(&folder.join("ndpi/expected"), &[".out"]) {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let told = |line: &str| Some(line.split("[JA3C: ").nth(1)?.get(..32)?.to_owned());
        let theirs: BTreeSet<String> = text.lines().filter_map(told).collect();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let capture = folder.join("ndpi/pcap").join(name);
        if theirs.is_empty() {
            continue;
        }
        let ours: BTreeSet<String> = ours(&packets(&capture, &CaptureOptions::default()))
            .iter()
            .filter_map(|flow| Some(flow.app.as_ref()?.tls.as_ref()?.ja3.as_ref()?.to_string()))
            .collect();
        let missing = theirs.difference(&ours).count();
        all += theirs.len();
        same += theirs.len() - missing;
        if missing > 0 {
            differences.insert(name.to_owned(), missing);
        }
    }
    eprintln!("JA3 of nDPI: {same} of {all} are equal");
    let named = JA3.iter().map(|&(name, count, _)| (name.to_owned(), count)).collect();
    assert_eq!(differences, named);
    assert!(all >= 52);
}

/// Fields that differ from those of Zeek's logs: trace, field, how many, why.
const FIELDS: &[(&str, &str, usize, &str)] = &[
    ("Teredo.pcap", "http answer body", 2, UNPACKED),
    ("ayiya3.pcap", "http answer body", 1, UNPACKED),
    ("globus-url-copy.pcap", "tls established", 1, ADAT),
    ("globus-url-copy.pcap", "tls version", 1, ADAT),
    ("http-single-conn-22.pcap", "http answer body", 1, LINE_END),
    ("mixed-vlan-mpls.pcap", "http answer body", 1, "an answer of HTTP/0.9 is not read"),
    ("no_crlf.pcap", "http request body", 1, LINE_END),
    ("teredo_bubble_with_payload.pcap", "http answer body", 1, UNPACKED),
    (
        "wikipedia.pcap",
        "dns query",
        2,
        "Zeek takes the name of an answer where there is no question",
    ),
];

const UNPACKED: &str = "Zeek counts what gzip unpacks to, we what was transferred";

const ADAT: &str = "the handshake is in base64, in commands of FTP";

const LINE_END: &str = "Zeek counts the end of the last line that is not there";

#[test]
fn data_protocols_equal_those_of_zeek() {
    let Some(folder) = captures("data_protocols_equal_those_of_zeek") else { return };
    let folder = folder.join("zeek");
    let mut seen = BTreeSet::new();
    let mut told: BTreeMap<PathBuf, Vec<Flow>> = BTreeMap::new();
    let (mut sums, mut differences) = (BTreeMap::new(), BTreeMap::new());
    let mut shown = String::new();
    for (log, trace) in pairing(&folder) {
        for (name, compare) in LOGS {
            let path = folder.join("Baseline").join(&log).join(name);
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let rows = rows(&String::from_utf8_lossy(&bytes));
            if rows.is_empty() || !seen.insert((trace.clone(), format!("{rows:?}"))) {
                continue;
            }
            let flows = told
                .entry(trace.clone())
                .or_insert_with(|| ours(&packets(&trace, &CaptureOptions::default())));
            for (endpoints, rows) in by_flow(&rows) {
                let mut of = flows.iter().filter(|flow| ends(flow) == endpoints);
                // Two flows of the same endpoints are not told apart by the log.
                let (Some(flow), None) = (of.next(), of.next()) else { continue };
                let app = flow.app.as_deref().cloned().unwrap_or_default();
                for (field, theirs, ours) in compare(&rows, &app) {
                    let sum: &mut (u64, u64) = sums.entry(field).or_default();
                    sum.1 += 1;
                    if theirs == ours {
                        sum.0 += 1;
                        continue;
                    }
                    let trace = trace.file_name().unwrap().to_string_lossy().into_owned();
                    shown += &format!("{log} {field}: theirs {theirs}, ours {ours}\n");
                    *differences.entry((trace, field)).or_insert(0) += 1;
                }
            }
        }
    }
    for (field, (same, of)) in &sums {
        eprintln!("{field} of Zeek: {same} of {of} are equal");
    }
    let named: BTreeMap<_, usize> =
        FIELDS.iter().map(|&(trace, field, count, _)| ((trace.to_owned(), field), count)).collect();
    assert_eq!(differences, named, "{shown}");
    assert!(sums.len() >= 15);
}

/// A row of a log by its field names.
type Row = BTreeMap<String, String>;

/// A field with its values by Zeek and by us, for the rows of one flow.
type Compared = (&'static str, String, String);

/// The fields of the rows of one flow that a log is compared by.
type Compare = fn(&[&Row], &App) -> Vec<Compared>;

const LOGS: &[(&str, Compare)] =
    &[("http.log", http), ("dns.log", dns), ("ssh.log", ssh), ("ssl.log", ssl)];

type Ends = ((IpAddr, u16), (IpAddr, u16));

fn ends(flow: &Flow) -> Ends {
    ((flow.orig_ip(), flow.key.orig_port), (flow.resp_ip(), flow.key.resp_port))
}

fn by_flow(rows: &[Row]) -> BTreeMap<Ends, Vec<&Row>> {
    let mut flows: BTreeMap<Ends, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let end = |side: &str| {
            let address = row.get(&format!("id.{side}_h"))?.parse().ok()?;
            Some((address, row.get(&format!("id.{side}_p"))?.parse().ok()?))
        };
        if let (Some(orig), Some(resp)) = (end("orig"), end("resp")) {
            flows.entry((orig, resp)).or_default().push(row);
        }
    }
    flows
}

fn rows(text: &str) -> Vec<Row> {
    let Some(fields) = text.lines().find_map(|line| line.strip_prefix("#fields\t")) else {
        return Vec::new();
    };
    let names: Vec<&str> = fields.split('\t').collect();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let cells = line.split('\t').map(str::to_owned);
            names.iter().map(|name| (*name).to_owned()).zip(cells).collect()
        })
        .collect()
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or("-").to_owned()
}

/// A field of the first row against ours, where the log has it.
fn first(
    compared: &mut Vec<Compared>,
    rows: &[&Row],
    field: &str,
    name: &'static str,
    ours: String,
) {
    if let Some(theirs) = rows.first().and_then(|row| row.get(field)) {
        compared.push((name, theirs.clone(), ours));
    }
}

fn http(rows: &[&Row], app: &App) -> Vec<Compared> {
    let http = app.http.clone().unwrap_or_default();
    let mut compared = Vec::new();
    let sum = |field: &str| -> Option<u64> {
        let values = rows.iter().filter_map(|row| row.get(field));
        let values: Vec<u64> = values.filter_map(|value| value.parse().ok()).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    };
    first(&mut compared, rows, "method", "http method", text(http.method.as_deref()));
    first(&mut compared, rows, "host", "http host", text(http.host.as_deref()));
    first(&mut compared, rows, "user_agent", "http user agent", text(http.user_agent.as_deref()));
    // Zeek writes a target with what is percent-encoded decoded.
    if http.uri.as_ref().is_none_or(|uri| !uri.contains('%')) {
        first(&mut compared, rows, "uri", "http target", text(http.uri.as_deref()));
    }
    let final_status = |value: &&String| !matches!(value.as_str(), "-" | "0" | "100");
    let status = rows.iter().filter_map(|row| row.get("status_code")).find(final_status);
    let ours = http.status.map(|status| status.to_string());
    compared.push(("http status", text(status.map(String::as_str)), text(ours.as_deref())));
    let requests = rows.iter().filter(|row| row.get("method").is_some_and(|method| method != "-"));
    compared.push(("http requests", requests.count().to_string(), http.requests.to_string()));
    for (name, field, ours) in [
        ("http request body", "request_body_len", http.request_body_bytes),
        ("http answer body", "response_body_len", http.response_body_bytes),
    ] {
        if let Some(theirs) = sum(field) {
            compared.push((name, theirs.to_string(), ours.to_string()));
        }
    }
    compared
}

fn dns(rows: &[&Row], app: &App) -> Vec<Compared> {
    let dns = app.dns.clone().unwrap_or_default();
    let mut compared = Vec::new();
    let query = rows.first().and_then(|row| row.get("query")).map(|query| query.to_lowercase());
    if let Some(theirs) = query {
        compared.push(("dns query", theirs, text(dns.query.as_deref())));
    }
    let number = |value: Option<u64>| text(value.map(|value| value.to_string()).as_deref());
    first(&mut compared, rows, "qtype", "dns query type", number(dns.query_type.map(u64::from)));
    first(
        &mut compared,
        rows,
        "rcode",
        "dns response code",
        number(dns.response_code.map(u64::from)),
    );
    compared
}

fn ssh(rows: &[&Row], app: &App) -> Vec<Compared> {
    let ssh = app.ssh.clone().unwrap_or_default();
    let mut compared = Vec::new();
    first(&mut compared, rows, "client", "ssh client", text(ssh.client.as_deref()));
    first(&mut compared, rows, "server", "ssh server", text(ssh.server.as_deref()));
    compared
}

fn ssl(rows: &[&Row], app: &App) -> Vec<Compared> {
    let tls = app.tls.clone().unwrap_or_default();
    let version = tls.version.map(|version| match version {
        0x0002 => "SSLv2",
        0x0300 => "SSLv3",
        0x0301 => "TLSv10",
        0x0302 => "TLSv11",
        0x0303 => "TLSv12",
        0x0304 => "TLSv13",
        0xfeff => "DTLSv10",
        0xfefd => "DTLSv12",
        _ => "unknown",
    });
    let established = if tls.established { "T" } else { "F" };
    let mut compared = Vec::new();
    first(&mut compared, rows, "version", "tls version", text(version));
    first(&mut compared, rows, "server_name", "tls server name", text(tls.sni.as_deref()));
    first(&mut compared, rows, "established", "tls established", established.to_owned());
    compared
}
