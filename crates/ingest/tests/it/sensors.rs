//! Logs of Zeek and Suricata, made by hand.

use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use tempfile::TempDir;
use tripline_core::flow::{ConnState, EndReason, Flow, Sensor};
use tripline_ingest::IngestError;
use tripline_ingest::sensors::{
    SensorCounters, SensorFormat, SensorLogs, SensorOptions, recognise,
};

const CONN: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n\
    #path\tconn\n#open\t2020-09-13-12-26-40\n\
    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t\
    orig_bytes\tresp_bytes\tconn_state\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\t\
    resp_pkts\tresp_ip_bytes\ttunnel_parents\tvlan\tinner_vlan\n\
    #types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\t\
    count\tstring\tcount\tcount\tcount\tcount\tset[string]\tint\tint\n";

/// A record of `conn` by its identifier.
fn conn(uid: &str) -> String {
    format!(
        "1600000000.123456\t{uid}\t10.0.0.1\t50000\t10.0.0.2\t80\ttcp\tftp,-ssl\t0.25\t100\t2000\t\
         RSTO\t0\tShADadR\t6\t420\t5\t2260\t-\t7\t-\n"
    )
}

fn http(uid: &str, uri: &str, status: u16) -> String {
    format!(
        "1600000000.2\t{uid}\t10.0.0.1\t50000\t10.0.0.2\t80\t1\tGET\thost.example\t{uri}\t0\t10\t\
         {status}\ttext/html\n"
    )
}

const HTTP: &str = "#separator \\x09\n#path\thttp\n#fields\tts\tuid\tid.orig_h\tid.orig_p\t\
    id.resp_h\tid.resp_p\ttrans_depth\tmethod\thost\turi\trequest_body_len\tresponse_body_len\t\
    status_code\tresp_mime_types\n";

fn read_text(text: &str) -> (Vec<Flow>, SensorCounters) {
    read_with(text, &SensorOptions::default())
}

fn read_with(text: &str, options: &SensorOptions) -> (Vec<Flow>, SensorCounters) {
    let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
    all(SensorLogs::from_reader("log", reader, options).unwrap())
}

fn all(mut logs: SensorLogs) -> (Vec<Flow>, SensorCounters) {
    let flows = logs.by_ref().flatten().collect();
    (flows, logs.counters().clone())
}

/// A folder with files; names that end in `.gz` or `.zst` are packed.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes = match name.rsplit_once('.') {
            Some((_, "gz")) => {
                let mut packer = flate2::write::GzEncoder::new(Vec::new(), Default::default());
                packer.write_all(text.as_bytes()).unwrap();
                packer.finish().unwrap()
            }
            Some((_, "zst")) => zstd::encode_all(text.as_bytes(), 1).unwrap(),
            _ => text.as_bytes().to_vec(),
        };
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn read_folder(files: &[(&str, &str)]) -> (Vec<Flow>, SensorCounters) {
    let folder = folder(files);
    let paths = [folder.path().to_owned()];
    all(SensorLogs::open(&paths, &SensorOptions::default()).unwrap())
}

fn error_of(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| folder.path().join(name)).collect();
    let error = SensorLogs::open(&paths, &SensorOptions::default()).err().unwrap();
    error.to_string().replace(&folder.path().display().to_string(), "")
}

#[test]
fn a_connection_is_a_flow() {
    let (flows, counters) = read_text(&format!("{CONN}{}", conn("C1")));
    assert_eq!((flows.len(), counters.bad, counters.records), (1, 0, 1));
    let flow = &flows[0];
    assert_eq!(flow.start_ns, 1_600_000_000_123_456_000);
    assert_eq!(flow.end_ns, 1_600_000_000_373_456_000);
    assert_eq!((flow.orig_ip().to_string(), flow.key.orig_port), ("10.0.0.1".to_owned(), 50_000));
    assert_eq!((flow.resp_ip().to_string(), flow.key.resp_port), ("10.0.0.2".to_owned(), 80));
    assert_eq!((flow.key.protocol, flow.key.ip_version), (6, 4));
    assert_eq!((flow.key.vlan.outer(), flow.key.vlan.inner()), (Some(7), None));
    assert_eq!((flow.orig.packets, flow.orig.ip_bytes, flow.orig.payload_bytes), (6, 420, 100));
    assert_eq!((flow.resp.packets, flow.resp.ip_bytes, flow.resp.payload_bytes), (5, 2260, 2000));
    assert_eq!((flow.state, flow.history.as_str()), (ConnState::RstO, "ShADadR"));
    assert_eq!((flow.service, flow.uid.as_deref()), (Some("ftp"), Some("C1")));
    assert_eq!((flow.ended, flow.sensor, flow.first_packet), (EndReason::Sensor, Sensor::Zeek, 1));
    assert_eq!((&flow.app, &flow.tunnel), (&None, &None));
}

#[test]
fn json_says_the_same_as_tsv() {
    let (tsv, _) = read_text(&format!("{CONN}{}", conn("C1")));
    let rest = r#""proto":"tcp","service":"ftp,-ssl","duration":0.25,"orig_bytes":100,"resp_bytes":2000,"conn_state":"RSTO","missed_bytes":0,"history":"ShADadR","orig_pkts":6,"orig_ip_bytes":420,"resp_pkts":5,"resp_ip_bytes":2260,"vlan":7}"#;
    for start in [
        r#"{"ts":1600000000.123456,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":50000,"id.resp_h":"10.0.0.2","id.resp_p":80,"#,
        r#"{"_path":"conn","ts":"2020-09-13T12:26:40.123456Z","uid":"C1","id":{"orig_h":"10.0.0.1","orig_p":50000,"resp_h":"10.0.0.2","resp_p":80},"#,
    ] {
        let (json, counters) = read_text(&format!("{start}{rest}\n"));
        assert_eq!((&json, counters.bad), (&tsv, 0));
    }
}

#[test]
fn other_logs_are_joined_in_any_order() {
    let dns = r#"{"ts":1.5,"uid":"C2","id.orig_h":"10.0.0.1","id.orig_p":5353,"id.resp_h":"10.0.0.9","id.resp_p":53,"proto":"udp","trans_id":7,"query":"A.Example.","qtype":16,"rcode":0,"answers":["x","y"],"TTLs":[60.0,5.0]}
{"ts":2.5,"uid":"C2","id.orig_h":"10.0.0.1","id.orig_p":5353,"id.resp_h":"10.0.0.9","id.resp_p":53,"proto":"udp","trans_id":8,"query":"b.example","qtype":1,"rcode":3}
"#;
    let ssl = r#"{"ts":1.5,"uid":"C3","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"10.0.0.9","id.resp_p":443,"version":"TLSv12","cipher":"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256","server_name":"s.example","next_protocol":"h2","established":true,"ja3":"0123456789abcdef0123456789abcdef"}"#;
    let ssh = "#separator \\x09\n#path\tssh\n#fields\tuid\tclient\tserver\tauth_success\tauth_attempts\nC4\tSSH-2.0-a\\x09b\tSSH-2.0-s\tF\t3\n";
    let files = "#separator \\x09\n#path\tfiles\n#fields\tfuid\tconn_uids\tsource\tmime_type\tseen_bytes\n#types\tstring\tset[string]\tstring\tstring\tcount\nF1\tC1,C4\tHTTP\timage/png\t77\nF2\tC1\tHTTP\t-\t3\n";
    let conns = [conn("C1"), conn("C2"), conn("C3"), conn("C4"), conn("C5")].concat();
    let http = [http("C1", "/first", 200), http("C1", "/second/longer", 404)].concat();
    let (flows, counters) = read_folder(&[
        // A name that comes before the others; rotated and packed in any way.
        ("2020-09-13/conn.12:00:00-13:00:00.log.gz", &format!("{CONN}{conns}")),
        ("dns.log", dns),
        ("files.log", files),
        ("http.2020-09-13-12-00-00.log.zst", &format!("{HTTP}{http}")),
        ("ssh.log", ssh),
        ("ssl.log", ssl),
        ("weird.log", "#separator \\x09\n#path\tweird\n#fields\tts\tuid\n1\tC1\n"),
        ("empty.log", ""),
        ("stderr.log", "listening on eth0\n"),
    ]);
    assert_eq!((flows.len(), counters.joined, counters.without_record), (5, 4, 0));
    assert_eq!((counters.files, counters.skipped_files, counters.bad), (6, 3, 0));
    let app = |at: usize| flows[at].app.as_deref().unwrap();
    let http = app(0).http.as_ref().unwrap();
    assert_eq!((http.requests, http.responses, http.errors, http.get_or_post), (2, 2, 1, 2));
    assert_eq!((http.uri.as_deref(), http.uri_bytes, http.status), (Some("/first"), 14, Some(200)));
    assert_eq!(http.content_type.as_deref(), Some("text/html"));
    assert_eq!(http.response_body_bytes, 20);
    let files = app(0).files.as_ref().unwrap();
    assert_eq!((files.count, files.bytes, files.mime.as_deref()), (2, 80, Some("image/png")));
    let dns = app(1).dns.as_ref().unwrap();
    assert_eq!((dns.queries, dns.responses, dns.errors, dns.answers), (2, 2, 1, 2));
    assert_eq!((dns.query.as_deref(), dns.query_type), (Some("a.example"), Some(16)));
    assert_eq!((dns.ttl_min_s, dns.response_code, dns.tunnel_types), (Some(5), Some(0), 1));
    let tls = app(2).tls.as_ref().unwrap();
    assert_eq!((tls.version, tls.cipher, tls.established), (Some(0x0303), Some(0xc02f), true));
    assert_eq!((tls.sni.as_deref(), tls.alpn.as_deref()), (Some("s.example"), Some("h2")));
    let ssh = app(3).ssh.as_ref().unwrap();
    assert_eq!((ssh.client.as_deref(), ssh.login), (Some("SSH-2.0-a\tb"), Some(false)));
    assert_eq!((ssh.server.as_deref(), ssh.attempts), (Some("SSH-2.0-s"), Some(3)));
    assert_eq!(app(3).files.as_ref().unwrap().count, 1);
    assert_eq!(flows[4].app, None);
}

#[test]
fn a_log_alone_still_tells_flows() {
    let text = format!("{HTTP}{}{}", http("C1", "/a", 200), http("C2", "/b", 500));
    let (flows, counters) = read_text(&text);
    assert_eq!((flows.len(), counters.without_record, counters.evicted), (2, 2, 0));
    assert_eq!(flows[0].key.resp_port, 80);
    assert_eq!((flows[0].service, flows[0].state), (Some("http"), ConnState::Oth));
    assert_eq!(flows[0].start_ns, 1_600_000_000_200_000_000);
    assert_eq!(flows[1].uid.as_deref(), Some("C2"));
    // Held within the bound: the oldest is told first.
    let bound = SensorOptions { max_waiting_flows: 1, ..SensorOptions::default() };
    let (same, counters) = read_with(&text, &bound);
    assert_eq!((same, counters.evicted), (flows, 1));
    let bound = SensorOptions { max_waiting_bytes: 1, ..SensorOptions::default() };
    assert_eq!(read_with(&text, &bound).1.evicted, 2);
}

#[test]
fn a_header_may_come_again() {
    let text = format!(
        "{CONN}{}#close\t2020\n{HTTP}{}{CONN}{}",
        conn("C1"),
        http("C2", "/", 200),
        conn("C2")
    );
    let (flows, counters) = read_text(&text);
    assert_eq!((flows.len(), counters.joined, counters.bad), (2, 1, 0));
    assert!(flows[1].app.is_some());
}

#[test]
fn a_bad_record_is_counted_and_stops_nothing() {
    let good = conn("C1");
    let wrong_address = good.replace("10.0.0.2", "nowhere");
    let cut = &good[..30];
    let two_families = good.replace("10.0.0.2", "2001:db8::1");
    let unknown_time = good.replace("1600000000.123456", "XXXXXXXXXX.XXXXXX");
    let long = "x".repeat(2000);
    let text = format!("{CONN}{wrong_address}{cut}\n\n{good}{two_families}{long}\n{unknown_time}");
    let options = SensorOptions { max_line_bytes: 1000, ..SensorOptions::default() };
    let (flows, counters) = read_with(&text, &options);
    assert_eq!((flows.len(), counters.bad, counters.without_time), (2, 4, 1));
    assert_eq!(flows[1].start_ns, 0);
    let told: Vec<String> =
        counters.first_bad.iter().map(|bad| format!("{}: {}", bad.line, bad.reason)).collect();
    assert_eq!(
        told,
        [
            "9: `id.resp_h` is no address: \"nowhere\"",
            "10: 4 cells where `#fields` has 21",
            "13: one address is IPv4, the other IPv6",
            "14: a line over the bound of 1000 bytes",
        ]
    );
    let json = "{\"ts\":1,\"uid\":\"C1\",\"id.orig_h\":\"::1\"}\n{\"ts\":\n[]\n\x7f\n";
    let (flows, counters) = read_text(json);
    assert_eq!((flows.len(), counters.bad, counters.ignored), (0, 3, 1));
}

#[test]
fn numbers_are_kept_in_bounds() {
    let text = format!("{CONN}{}", conn("C1"))
        .replace("1600000000.123456", "9000000000.5")
        .replace("\t0.25\t100\t", "\t1e300\t18446744073709551615\t");
    let (flows, counters) = read_text(&text);
    assert_eq!((flows.len(), counters.bad), (1, 0));
    assert_eq!((flows[0].start_ns, flows[0].end_ns), (1 << 62, 1 << 62));
    assert_eq!(flows[0].orig.payload_bytes, 1 << 53);
}

#[test]
fn what_cannot_be_read_says_the_way_out() {
    assert_eq!(
        error_of(&[("conn.log", "")]),
        "/conn.log: the log is empty; give one that the sensor has written to"
    );
    assert!(
        error_of(&[("notes.txt", "hello\n")]).contains("no log that is read here; give Zeek's")
    );
    assert!(error_of(&[("flows.csv", "a,b\n1,2\n")]).contains("eve.json"));
    let renamed = CONN.replace("id.orig_h", "src_ip");
    let text = error_of(&[("conn.log", &renamed)]);
    assert!(text.contains("no column `id.orig_h`") && text.contains("ts, uid, src_ip"), "{text}");
    let missing = SensorLogs::open(&["/nowhere/conn.log".into()], &SensorOptions::default());
    assert!(matches!(missing, Err(IngestError::Missing { .. })));
    let nothing = folder(&[("readme.txt", "hello\n")]);
    let none = SensorLogs::open(&[nothing.path().to_owned()], &SensorOptions::default());
    assert!(matches!(none, Err(IngestError::NotALog { .. })));
}

#[test]
fn damaged_compression_is_counted() {
    let folder = folder(&[("conn.log.gz", &format!("{CONN}{}", conn("C1").repeat(20_000)))]);
    let path = folder.path().join("conn.log.gz");
    let mut bytes = std::fs::read(&path).unwrap();
    assert_eq!(recognise(&bytes[..bytes.len().min(4096)]), Some(SensorFormat::ZeekTsv));
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&path, bytes).unwrap();
    let (flows, counters) = all(SensorLogs::open(&[path], &SensorOptions::default()).unwrap());
    assert!(flows.len() > 1000, "{}", flows.len());
    assert_eq!(counters.damaged_files, 1);
    assert!(counters.first_bad.iter().any(|bad| bad.reason.contains("damaged gzip")));
}

const EVE: &str = concat!(
    r#"{"timestamp":"2020-09-13T14:26:40.000001+0200","flow_id":1,"event_type":"dns","src_ip":"10.0.0.1","src_port":5353,"dest_ip":"10.0.0.9","dest_port":53,"proto":"UDP","dns":{"type":"query","id":7,"rrname":"a.example","rrtype":"TXT"}}"#,
    "\n",
    r#"{"timestamp":"2020-09-13T14:26:41.000000+0200","flow_id":1,"event_type":"alert","src_ip":"10.0.0.9","src_port":53,"dest_ip":"10.0.0.1","dest_port":5353,"proto":"UDP","alert":{"signature":"odd name","category":"Misc","severity":2},"flow":{"pkts_toserver":1,"pkts_toclient":1,"bytes_toserver":80,"bytes_toclient":100,"start":"2020-09-13T14:26:39+0200"}}"#,
    "\n",
    r#"{"timestamp":"2020-09-13T14:26:42+0200","event_type":"stats","stats":{}}"#,
    "\n",
    r#"{"timestamp":"2020-09-13T14:26:42+0200","flow_id":2,"event_type":"http","src_ip":"10.0.0.1","src_port":4000,"dest_ip":"10.0.0.2","dest_port":80,"proto":"TCP","vlan":[5],"http":{"hostname":"h","url":"/x","http_user_agent":"u","http_content_type":"text/html","http_method":"GET","status":200,"length":5}}"#,
    "\n",
    r#"{"timestamp":"2020-09-13T14:27:00+0200","flow_id":2,"event_type":"flow","src_ip":"10.0.0.1","src_port":4000,"dest_ip":"10.0.0.2","dest_port":80,"proto":"TCP","vlan":[5],"app_proto":"http","flow":{"pkts_toserver":5,"pkts_toclient":4,"bytes_toserver":500,"bytes_toclient":900,"start":"2020-09-13T14:26:39.5+0200","end":"2020-09-13T14:26:41+0200","state":"closed"},"tcp":{"tcp_flags":"1b","tcp_flags_ts":"1b","tcp_flags_tc":"1b"}}"#,
    "\n",
    r#"{"timestamp":"2020-09-13T14:27:00+0200","flow_id":3,"event_type":"flow","src_ip":"fe80::1","dest_ip":"ff02::2","proto":"IPv6-ICMP","icmp_type":133,"icmp_code":0,"flow":{"pkts_toserver":1,"pkts_toclient":0,"bytes_toserver":70,"bytes_toclient":0,"start":"2020-09-13T14:26:39.5+0200","end":"2020-09-13T14:26:41+0200","state":"new"}}"#,
    "\n",
);

#[test]
fn events_of_a_flow_are_joined() {
    let (flows, counters) = read_text(EVE);
    assert_eq!((flows.len(), counters.joined, counters.without_record), (3, 1, 1));
    assert_eq!((counters.records, counters.ignored, counters.bad), (5, 1, 0));
    let web = &flows[0];
    assert_eq!((web.sensor, web.uid.as_deref()), (Sensor::Suricata, Some("2")));
    assert_eq!((web.state, web.service), (ConnState::SF, Some("http")));
    assert_eq!((web.start_ns, web.end_ns), (1_599_999_999_500_000_000, 1_600_000_001_000_000_000));
    assert_eq!((web.orig.packets, web.orig.link_bytes, web.orig.ip_bytes), (5, 500, 500 - 5 * 18));
    assert_eq!(web.key.vlan.outer(), Some(5));
    let http = web.app.as_ref().unwrap().http.as_ref().unwrap();
    assert_eq!((http.method.as_deref(), http.status, http.requests), (Some("GET"), Some(200), 1));
    let router = &flows[1];
    assert_eq!((router.key.protocol, router.key.orig_port, router.key.resp_port), (58, 133, 134));
    assert_eq!((router.key.ip_version, router.state), (6, ConnState::Oth));
    // No `flow` event: what the others say, with the one who asks as initiator.
    let dns = &flows[2];
    assert_eq!((dns.key.orig_port, dns.key.resp_port, dns.service), (5353, 53, Some("dns")));
    assert_eq!((dns.orig.packets, dns.resp.link_bytes), (1, 100));
    assert_eq!((dns.start_ns, dns.end_ns), (1_599_999_999_000_000_000, 1_600_000_001_000_000_000));
    let app = dns.app.as_ref().unwrap();
    assert_eq!((&*app.alerts[0].signature, app.alerts[0].severity), ("odd name", 2));
    assert_eq!(app.dns.as_ref().unwrap().tunnel_types, 1);
}

#[test]
fn flows_of_a_pipe_are_told_as_they_come() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(format!("{CONN}{}", conn("C1")).as_bytes()).unwrap();
    let options = SensorOptions::default();
    let mut logs = SensorLogs::from_reader("-", Box::new(reader), &options).unwrap();
    assert_eq!(logs.next().unwrap().len(), 1);
    writer.write_all(conn("C2").as_bytes()).unwrap();
    assert_eq!(logs.next().unwrap().len(), 1);
    drop(writer);
    assert_eq!(logs.next(), None);
}

#[test]
fn batches_do_not_matter() {
    let logs = format!("{CONN}{}", (0..50).map(|n| conn(&format!("C{n}"))).collect::<String>());
    for text in [logs.as_str(), EVE] {
        let whole = read_text(text);
        for batch_flows in [0, 1, 7] {
            let options = SensorOptions { batch_flows, ..SensorOptions::default() };
            assert_eq!(read_with(text, &options), whole);
        }
    }
}
