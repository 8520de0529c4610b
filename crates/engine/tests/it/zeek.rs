//! Flows against `conn.log` as Zeek's own tests expect it.
//!
//! `trace_to_baseline.csv` pairs traces with logs. Connections are compared by initiator,
//! `conn_state`, `history`, packets and bytes of IP packets each way, where the log has the field.
//! Zeek tells the carrier of a tunnel as a connection of its own; we keep it as an attribute of
//! what it carries. So a row that others name as their `tunnel_parents`, or whose service is a
//! tunnel, is compared only if we tell a flow of its endpoints. An IPv6 packet without anything in
//! it (next header 59), such as a Teredo bubble, is a flow for us and none for Zeek. The letter `X`
//! of a history tells that Zeek's analyzers stopped, not what was seen, and is left out.

#![allow(clippy::print_stderr, reason = "a test on real data says what it found")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tripline_core::flow::Flow;
use tripline_core::packet::{Batch, protocol};
use tripline_features::flow::FlowSettings;
use tripline_ingest::capture::CaptureOptions;

use crate::captures::{NEVER, bare_flows, captures, files, only, packets};

/// A connection; the endpoints stand as Zeek tells them, the initiator first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    protocol: u8,
    orig: (IpAddr, u16),
    resp: (IpAddr, u16),
    state: String,
    history: String,
    /// Packets then bytes of the initiator, then of the responder.
    counts: [u64; 4],
}

impl Told {
    /// The two endpoints whoever began.
    fn pair(&self) -> (u8, (IpAddr, u16), (IpAddr, u16)) {
        (self.protocol, self.orig.min(self.resp), self.orig.max(self.resp))
    }

    /// Fields by name, as text.
    fn fields(&self) -> Vec<(&'static str, String)> {
        let [orig_packets, orig_bytes, resp_packets, resp_bytes] = self.counts;
        vec![
            ("initiator", format!("{:?}", self.orig)),
            ("conn_state", self.state.clone()),
            ("history", self.history.clone()),
            ("orig_pkts", orig_packets.to_string()),
            ("orig_ip_bytes", orig_bytes.to_string()),
            ("resp_pkts", resp_packets.to_string()),
            ("resp_ip_bytes", resp_bytes.to_string()),
        ]
    }
}

/// Logs that are not of the whole trace as it stands, with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("core.pcap.dynamic-filter", "the filter changes while it runs"),
    ("core.print-bpf-filters", "filters that keep nothing"),
    ("core.skip_analyzer", "the analyzer of IP in IP is switched off"),
    ("scripts.base.frameworks.netcontrol.packetfilter", "packets are thrown away by a rule"),
    ("core.pcap.read-trace-with-filter", "a filter on a port"),
    ("scripts.base.frameworks.analyzer.request-analyzer", "a filter on ports"),
    ("scripts.base.files.mime.mime-content-hash", "a filter on a port"),
    ("scripts.base.files.mime.mime-content-hash-2", "a filter on a port"),
    ("scripts.base.files.mime.mime-content-hash-3", "a filter on a port"),
    ("scripts.base.protocols.ssh.max-lengths", "a filter on a port"),
    ("scripts.base.protocols.ssh.max-lengths-2", "a filter on a port"),
    ("scripts.base.protocols.ssh.max-lengths-3", "a filter on a port"),
    ("scripts.base.protocols.ssh.max-lengths-4", "a filter on a port"),
    ("spicy.replaces", "another analyzer ends the connection"),
    ("spicy.terminate-session", "another analyzer ends the connection"),
];

/// Traces of logs where the pairing names several.
const TRACES: &[(&str, &str)] = &[
    ("core.pppoe-over-qinq", "pppoe-over-qinq.pcap"),
    ("core.tunnels.gre-in-gre", "tunnels/gre-within-gre.pcap"),
    (
        "scripts.policy.frameworks.analyzer.detect-protocols-violation-ssl-to-http",
        "tls/ssl-to-http-server.pcap",
    ),
    ("core.vntag-in-vlan", "vntag_vlan_sandwich_clean.pcap"),
];

/// A log that differs.
struct Difference {
    log: &'static str,
    /// Values that differ, in all its rows.
    fields: usize,
    /// False if Zeek was told to do something else, so that its counts are not of all packets.
    comparable: bool,
    reason: &'static str,
}

const CHECKSUM: &str = "Zeek passes over packets with a wrong checksum of TCP or UDP";

const CARRIER: &str = "carrier: Zeek counts the packets that we give to what they carry";

const NO_PORTS: &str = "run without scripts: Zeek knows no server ports";

const CONTENT: &str = "Zeek turns roles by what the application says";

const OFFLOAD: &str = "Zeek counts no bytes where segmentation offload left an IP length of 0";

const DIFFERENCES: &[Difference] = &[
    Difference { log: "core.tcp.bad-checksum-syn", fields: 3, comparable: false, reason: CHECKSUM },
    Difference { log: "core.tunnels.ayiya", fields: 6, comparable: false, reason: CARRIER },
    Difference {
        log: "core.tunnels.gre-aruba-amsdu",
        fields: 6,
        comparable: false,
        reason: NO_PORTS,
    },
    Difference {
        log: "core.tunnels.teredo",
        fields: 11,
        comparable: true,
        reason: "Zeek ends DNS after 10 s",
    },
    Difference {
        log: "core.tunnels.teredo_bubble_with_payload",
        fields: 6,
        comparable: true,
        reason: CARRIER,
    },
    Difference {
        log: "core.tunnels.vxlan-unknown-internal-packet",
        fields: 42,
        comparable: false,
        reason: CHECKSUM,
    },
    Difference { log: "core.udp-corrupt", fields: 4, comparable: false, reason: CHECKSUM },
    Difference {
        log: "core.vntag-in-vlan",
        fields: 4,
        comparable: true,
        reason: "Zeek counts no packet whose TCP header was cut",
    },
    Difference {
        log: "scripts.base.frameworks.logging.field-extension",
        fields: 6,
        comparable: false,
        reason: NO_PORTS,
    },
    Difference {
        log: "scripts.base.frameworks.logging.field-name-map2",
        fields: 4,
        comparable: false,
        reason: CHECKSUM,
    },
    Difference {
        log: "scripts.base.protocols.dns.max-compression-depth",
        fields: 1,
        comparable: true,
        reason: CONTENT,
    },
    Difference {
        log: "scripts.base.protocols.ftp.gridftp",
        fields: 6,
        comparable: false,
        reason: "the script tells Zeek to pass over the rest of bulk transfers",
    },
    Difference {
        log: "scripts.base.protocols.ldap.gap",
        fields: 2,
        comparable: true,
        reason: "the directions have different VLAN tags, which belong to our key",
    },
    Difference {
        log: "scripts.base.protocols.ldap.sasl-signed-clear",
        fields: 3,
        comparable: false,
        reason: OFFLOAD,
    },
    Difference {
        log: "scripts.base.protocols.ldap.sasl-signed-clear-2",
        fields: 1,
        comparable: false,
        reason: OFFLOAD,
    },
    Difference {
        log: "scripts.base.protocols.ntp.misordered-ntp",
        fields: 7,
        comparable: true,
        reason: CONTENT,
    },
];

/// Services of Zeek that are carriers of other packets.
const CARRIERS: &[&str] = &["teredo", "ayiya", "gtpv1", "vxlan", "geneve"];

/// GRE in UDP (RFC 8086), to which Zeek gives no service.
const GRE_IN_UDP: u16 = 4754;

/// The rows of a log that has its header, carriers apart.
fn expected(text: &str) -> Option<(Vec<Told>, Vec<Told>)> {
    let fields = text.lines().find_map(|line| line.strip_prefix("#fields\t"))?;
    let names: Vec<String> = fields
        .split('\t')
        .map(|name| match name.replace('_', ".").as_str() {
            "src" | "src.ip" => "id.orig.h".to_owned(),
            "src.port" => "id.orig.p".to_owned(),
            "dst" | "dst.ip" => "id.resp.h".to_owned(),
            "dst.port" => "id.resp.p".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    let rows: Vec<BTreeMap<&str, &str>> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| names.iter().map(String::as_str).zip(line.split('\t')).collect())
        .collect();
    let parents = rows.iter().filter_map(|row| Some(row.get("tunnel.parents")?.split(',')));
    let parents: BTreeSet<&str> = parents.flatten().collect();
    let (mut told, mut carriers) = (Vec::new(), Vec::new());
    for row in &rows {
        let get = |name: &str| row.get(name).copied();
        let number = |name: &str| get(name).and_then(|value| value.parse::<u64>().ok());
        let endpoint = |side: &str| {
            let address = get(&format!("id.{side}.h"))?.parse().ok()?;
            Some((address, number(&format!("id.{side}.p"))? as u16))
        };
        let one = Told {
            protocol: number("ip.proto")? as u8,
            orig: endpoint("orig")?,
            resp: endpoint("resp")?,
            state: get("conn.state")?.to_owned(),
            history: history(get("history")?),
            counts: [
                number("orig.pkts")?,
                number("orig.ip.bytes")?,
                number("resp.pkts")?,
                number("resp.ip.bytes")?,
            ],
        };
        let is_carrier = parents.contains(get("uid")?)
            || CARRIERS.contains(&get("service")?)
            || one.resp.1 == GRE_IN_UDP;
        if is_carrier { carriers.push(one) } else { told.push(one) }
    }
    Some((told, carriers))
}

/// A history without what says nothing of packets.
fn history(text: &str) -> String {
    text.chars().filter(|letter| !matches!(letter, '-' | 'X' | 'x')).collect()
}

/// Fields of logs that a test has cut to a few columns, without their endpoints.
const CUT: &[&str] =
    &["conn_state", "history", "orig_pkts", "resp_pkts", "orig_ip_bytes", "resp_ip_bytes"];

/// The values of those fields in a log with its column names in the first line, each row as one.
fn cut(text: &str) -> Option<(Vec<&'static str>, Vec<Vec<String>>)> {
    let mut lines = text.lines().filter(|line| !line.starts_with("###"));
    let names: Vec<&str> = lines.next()?.split('\t').collect();
    let fields: Vec<&'static str> =
        CUT.iter().copied().filter(|field| names.contains(field)).collect();
    let row = |line: &str| -> Option<Vec<String>> {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |field: &&str| {
            let value = cells.get(names.iter().position(|name| name == field)?)?;
            Some(if *field == "history" { history(value) } else { (*value).to_owned() })
        };
        fields.iter().map(cell).collect()
    };
    let mut rows: Vec<Vec<String>> =
        lines.filter(|line| !line.is_empty()).map(row).collect::<Option<_>>()?;
    rows.sort();
    (!fields.is_empty() && !rows.is_empty()).then_some((fields, rows))
}

/// RFC 8200, section 4.7.
const NO_NEXT_HEADER: u8 = 59;

fn ours(batches: &[Batch]) -> Vec<Told> {
    // Zeek's `tcp_inactivity_timeout` is 5 minutes, `udp_` and `icmp_inactivity_timeout` 1 minute,
    // `tcp_attempt_delay` 5 s.
    let tcp = only(batches, |packet| packet.protocol == protocol::TCP);
    let other = only(batches, |packet| ![protocol::TCP, NO_NEXT_HEADER].contains(&packet.protocol));
    let mut told = Vec::new();
    for (batches, idle) in [(tcp, 300), (other, 60)] {
        let idle = Duration::from_secs(idle);
        let settings = FlowSettings {
            idle,
            active: NEVER,
            tcp_attempt: Some(Duration::from_secs(5)),
            ..Default::default()
        };
        // Zeek knows the ports of these alone.
        let with_ports = [protocol::TCP, protocol::UDP, protocol::ICMP, protocol::ICMPV6];
        let port = |flow: &Flow, port: u16| {
            if with_ports.contains(&flow.key.protocol) { port } else { 0 }
        };
        told.extend(bare_flows(&batches, &settings).iter().map(|flow| Told {
            protocol: flow.key.protocol,
            orig: (flow.orig_ip(), port(flow, flow.key.orig_port)),
            resp: (flow.resp_ip(), port(flow, flow.key.resp_port)),
            state: flow.state.name().to_owned(),
            history: flow.history.as_str().to_owned(),
            counts: [flow.orig.packets, flow.orig.ip_bytes, flow.resp.packets, flow.resp.ip_bytes],
        }));
    }
    told
}

/// Pairs of rows of the same endpoints: equal ones first, then in the order told.
fn paired(theirs: &[Told], ours: &[Told]) -> Vec<(Option<Told>, Option<Told>)> {
    let mut pairs = Vec::new();
    let keys: BTreeSet<_> = theirs.iter().chain(ours).map(Told::pair).collect();
    for key in keys {
        let of = |list: &[Told]| -> Vec<Told> {
            list.iter().filter(|told| told.pair() == key).cloned().collect()
        };
        let (mut theirs, mut ours) = (of(theirs), of(ours));
        theirs.retain(|told| match ours.iter().position(|other| other == told) {
            Some(index) => {
                ours.remove(index);
                pairs.push((Some(told.clone()), Some(told.clone())));
                false
            }
            None => true,
        });
        for index in 0..theirs.len().max(ours.len()) {
            pairs.push((theirs.get(index).cloned(), ours.get(index).cloned()));
        }
    }
    pairs
}

/// The trace of each log; logs that are not of a whole trace are left out.
pub(crate) fn pairing(folder: &Path) -> BTreeMap<String, PathBuf> {
    let text = std::fs::read_to_string(folder.join("trace_to_baseline.csv")).unwrap();
    let mut traces = BTreeMap::new();
    for line in text.lines().skip(1) {
        let mut cells = line.splitn(3, ',');
        let (Some(trace), Some(log)) = (cells.next(), cells.next()) else { continue };
        if !LEFT_OUT.iter().any(|(name, _)| *name == log) {
            let named = TRACES.iter().find(|(name, _)| *name == log);
            let trace = named.map_or(trace, |(_, trace)| trace);
            let path = folder.join("Traces").join(trace.trim_start_matches('/'));
            traces.entry(log.to_owned()).or_insert(path);
        }
    }
    traces
}

/// How many values of a field are equal, of how many.
type Sums = BTreeMap<&'static str, (u64, u64)>;

fn add(sums: &mut Sums, field: &'static str, same: bool) {
    let sum = sums.entry(field).or_default();
    sum.0 += u64::from(same);
    sum.1 += 1;
}

/// Compares the rows of a log; gives how many fields differ, with the first few rows.
fn compare(
    (mut theirs, carriers): (Vec<Told>, Vec<Told>),
    ours: &[Told],
    sums: &mut Sums,
) -> (usize, String) {
    let is_ours = |told: &&Told| ours.iter().any(|other| other.pair() == told.pair());
    theirs.extend(carriers.iter().filter(is_ours).cloned());
    let (mut differ, mut shown) = (0, String::new());
    for (theirs, ours) in paired(&theirs, ours) {
        let before = differ;
        let some = theirs.as_ref().or(ours.as_ref()).unwrap();
        for (index, (name, _)) in some.fields().iter().enumerate() {
            let value = |told: &Option<Told>| told.as_ref().map(|t| t.fields()[index].1.clone());
            let same = value(&theirs) == value(&ours);
            add(sums, name, same);
            differ += usize::from(!same);
        }
        if differ > before && shown.len() < 3000 {
            shown += &format!("\n  theirs {theirs:?}\n  ours   {ours:?}");
        }
    }
    (differ, shown)
}

/// Compares the rows of a log of few columns, both sorted.
fn compare_cut(
    (fields, theirs): (Vec<&'static str>, Vec<Vec<String>>),
    ours: &[Told],
    sums: &mut Sums,
) -> (usize, String) {
    let row = |told: &Told| -> Vec<String> {
        let all = told.fields();
        let value = |field: &&str| all.iter().find(|(name, _)| name == field).unwrap().1.clone();
        fields.iter().map(value).collect()
    };
    let mut ours: Vec<Vec<String>> = ours.iter().map(row).collect();
    ours.sort();
    let mut differ = 0;
    for index in 0..theirs.len().max(ours.len()) {
        for (place, field) in fields.iter().enumerate() {
            let value = |rows: &[Vec<String>]| rows.get(index).map(|row| row[place].clone());
            let same = value(&theirs) == value(&ours);
            add(sums, field, same);
            differ += usize::from(!same);
        }
    }
    let shown = format!("\n  {fields:?}\n  theirs {theirs:?}\n  ours   {ours:?}");
    (differ, shown.chars().take(2000).collect())
}

#[test]
fn data_connections_equal_those_of_zeek() {
    let Some(folder) = captures("data_connections_equal_those_of_zeek") else { return };
    let folder = folder.join("zeek");
    let traces = pairing(&folder);
    let options = CaptureOptions::default();
    let (mut all, mut comparable) = (Sums::new(), Sums::new());
    let mut seen = BTreeSet::new();
    let (mut logs, mut wrong) = (0, Vec::new());
    for path in files(&folder.join("Baseline"), &["/conn.log"]) {
        let log = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let Some(trace) = traces.get(log) else { continue };
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let mut sums = Sums::new();
        // Several tests of Zeek read the same trace.
        let (differ, shown) = if let Some(theirs) = expected(&text) {
            if !seen.insert((trace.clone(), format!("{theirs:?}"))) {
                continue;
            }
            compare(theirs, &ours(&packets(trace, &options)), &mut sums)
        } else if let Some(theirs) = cut(&text) {
            if log.contains("tunnel") || !seen.insert((trace.clone(), format!("{theirs:?}"))) {
                continue;
            }
            compare_cut(theirs, &ours(&packets(trace, &options)), &mut sums)
        } else {
            continue;
        };
        logs += 1;
        let named = DIFFERENCES.iter().find(|named| named.log == log);
        for (field, (same, of)) in sums {
            let add = |sums: &mut Sums| {
                let sum = sums.entry(field).or_default();
                *sum = (sum.0 + same, sum.1 + of);
            };
            add(&mut all);
            if named.is_none_or(|named| named.comparable) {
                add(&mut comparable);
            }
        }
        if named.map_or(0, |named| named.fields) != differ {
            wrong.push(format!("{log} ({}): {differ} fields{shown}", trace.display()));
        }
    }
    eprintln!("{logs} logs; equal values of all: {all:?}; of comparable logs: {comparable:?}");
    for Difference { log, fields, comparable, reason } in DIFFERENCES {
        let kind = if *comparable { "differs" } else { "not comparable" };
        eprintln!("{log}: {fields} values, {kind}: {reason}");
    }
    assert!(wrong.is_empty(), "{all:?} {comparable:?}\n{}", wrong.join("\n"));
    assert!(logs > 100, "{logs}");
    for (name, (same, of)) in comparable {
        assert!(same as f64 >= 0.98 * of as f64, "{name}: {same} of {of}");
    }
}
