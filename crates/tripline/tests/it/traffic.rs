//! Traffic to flows to verdicts, command by command.

use std::io::Write;
use std::net::UdpSocket;
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::bench::Bench;

/// A folder with a made-up capture and what its flows are.
fn with_capture() -> Bench {
    let bench = Bench::new();
    bench.ok("generate packets --flows 1500 --seed 3 -o office.pcap --truth truth.csv");
    bench
}

#[test]
fn every_format_holds_the_same_flows() {
    let bench = with_capture();
    let told = bench.json("flows office.pcap -o flows.csv");
    bench.ok("flows office.pcap -o flows.jsonl");
    bench.ok("flows office.pcap -o flows.parquet");
    let csv = bench.read("flows.csv");
    let flows = told["flows"].as_u64().unwrap();
    assert_eq!(csv.lines().count() as u64, flows + 1);
    assert_eq!(bench.read("flows.jsonl").lines().count() as u64, flows);
    let header = csv.lines().next().unwrap();
    assert!(header.starts_with("flow_start,flow_end,flow_src,"), "{header}");
    assert!(header.contains(",packet_count,"), "{header}");
    let first: serde_json::Value =
        serde_json::from_str(bench.read("flows.jsonl").lines().next().unwrap()).unwrap();
    let line = csv.lines().nth(1).unwrap();
    assert!(line.starts_with(first["flow_start"].as_str().unwrap()), "{line}");
    // What was written is read again, by the names of its own layout.
    let checked = bench.json("check flows.parquet --label flow_protocol --benign tcp");
    assert_eq!(checked["data"][0]["rows"].as_u64(), Some(flows));
}

#[test]
fn flows_do_not_depend_on_threads_or_compression() {
    let bench = with_capture();
    bench.ok("generate packets --flows 1500 --seed 3 -o office.pcap.gz --truth again.csv");
    for (name, arguments) in [
        ("one", "office.pcap --threads 1"),
        ("three", "office.pcap --threads 3"),
        ("gzip", "office.pcap.gz --threads 2"),
    ] {
        bench.ok(&format!("flows {arguments} --max-flows 300 --set unsw_nb15 -o {name}.csv"));
    }
    assert!(bench.bytes("one.csv") == bench.bytes("three.csv"));
    assert!(bench.bytes("one.csv") == bench.bytes("gzip.csv"));
    assert!(bench.bytes("truth.csv") == bench.bytes("again.csv"));
}

#[test]
fn a_capture_with_labels_trains_and_judges() {
    let bench = with_capture();
    bench.ok("generate packets --flows 1500 --seed 4 -o other.pcap --truth other.csv");
    let trained = bench.json(
        "train office.pcap --labels truth.csv --task multiclass -p n_estimators=10 -o m.trip",
    );
    assert_eq!(trained["data"][0]["layout"], "flows:tripline");
    assert!(trained["data"][0]["classes"]["normal"].as_u64().unwrap() > 500);
    let judged = bench.json("evaluate m.trip other.pcap --labels other.csv");
    let auc = judged["metrics"]["gradient_boosting"]["test"]["roc_auc"].as_f64().unwrap();
    assert!(auc > 0.7, "{auc}");
    let scored = bench.json("score m.trip other.pcap --labels other.csv --reasons 2 -o v.csv");
    assert!(scored["verdicts"]["flows"].as_u64().unwrap() > 1000);
    let verdicts = bench.read("v.csv");
    assert!(verdicts.starts_with("row,flow_start,"), "{verdicts:.40}");
    let explained = bench.ok("explain m.trip other.pcap --row 7").out;
    assert!(explained.contains("row 7") || explained.contains("Row 7"), "{explained}");
    assert!(verdicts.lines().next().unwrap().ends_with(
        "verdict,category,probability,risk_score,severity,technique,recommended_action,reasons,\
         model_version,label"
    ));
    let version = |text: &str, column: usize| {
        let cells = text.lines().nth(1).unwrap().rsplit(',').nth(column).unwrap();
        cells.to_owned()
    };
    // The model's file is its version.
    let digest = Sha256::digest(bench.bytes("m.trip"));
    let digits: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(version(&verdicts, 1), format!("gradient_boosting:{digits}"));
    // A verdict that is no attack has no attack's category, an attack never the benign one.
    bench.ok("score m.trip other.pcap --reasons 0 -o v.jsonl");
    for line in bench.read("v.jsonl").lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let benign = row["category"] == "normal";
        match row["verdict"].as_str().unwrap() {
            "attack" => assert!(!benign, "{line}"),
            _ => assert!(benign || row["category"].is_null(), "{line}"),
        }
        assert!(row["notice"].is_null(), "{line}");
    }
    // The same flows as a table, through the same model.
    bench.ok("flows other.pcap --labels other.csv -o other-flows.parquet");
    let table = bench.json("evaluate m.trip other-flows.parquet");
    assert_eq!(table["metrics"]["gradient_boosting"]["test"]["roc_auc"].as_f64(), Some(auc));
    let refused = bench.run("train office.pcap -o n.trip");
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("--labels"), "{}", refused.err);
}

#[test]
fn watch_tells_alerts_with_reasons_and_a_summary() {
    let bench = with_capture();
    let run = bench.ok("watch office.pcap --min-score 0.5");
    assert!(run.err.contains("synthetic training data"), "{}", run.err);
    let lines: Vec<serde_json::Value> =
        run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (summary, alerts) = lines.split_last().unwrap();
    assert_eq!(summary["type"], "summary");
    assert_eq!(summary["verdicts"]["alerts"], alerts.len());
    assert!(!alerts.is_empty());
    for alert in alerts {
        assert_eq!(alert["verdict"], "attack");
        assert!(alert["probability"].as_f64().unwrap() >= 0.5);
        assert!(alert["risk_score"].as_u64().unwrap() <= 100);
        assert!(!alert["reasons"].as_array().unwrap().is_empty(), "{alert}");
        assert!(alert["flow"]["community_id"].as_str().unwrap().starts_with("1:"));
        assert_eq!(
            alert["notice"],
            "synthetic training data; no measured performance on your network"
        );
    }
    let named = alerts.iter().filter(|alert| alert["technique"]["id"].is_string()).count();
    assert!(named > 0);
    let early = bench.ok("watch office.pcap --all --early-packets 3").out;
    assert!(early.contains("\"early\":true"));
}

#[test]
fn the_shipped_model_says_everywhere_what_it_learned_from() {
    let bench = Bench::new();
    bench.ok("generate packets --flows 200 --seed 3 -o office.pcap --truth truth.csv");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/models/traffic.trip");
    let notice = "synthetic training data; no measured performance on your network";
    for command in [
        format!("inspect {shipped}"),
        format!("score {shipped} office.pcap -o v.jsonl"),
        format!("explain {shipped} office.pcap --row 0"),
        format!("evaluate {shipped} office.pcap --labels truth.csv"),
    ] {
        assert_eq!(bench.json(&command)["notice"], notice, "{command}");
        let text = bench.ok(&command).out;
        assert!(text.contains(notice), "{command}: {text}");
    }
    for line in bench.read("v.jsonl").lines() {
        assert!(line.contains(&format!("\"notice\":\"{notice}\"")), "{line}");
    }
    bench.ok(&format!("score {shipped} office.pcap -o v.csv"));
    let table = bench.read("v.csv");
    assert!(table.lines().next().unwrap().ends_with(",model_version,notice"));
    assert!(table.lines().skip(1).all(|line| line.ends_with(&format!(",{notice}"))));
    bench.ok(&format!("score {shipped} office.pcap -o v.parquet"));
    // The same flows as a table.
    bench.ok("flows office.pcap -o flows.csv");
    for output in ["t.csv", "t.jsonl", "t.parquet"] {
        let told = bench.json(&format!("score {shipped} flows.csv -o {output}"));
        assert_eq!(told["notice"], notice);
    }
    assert!(bench.read("t.csv").lines().skip(1).all(|line| line.ends_with(&format!(",{notice}"))));
    assert!(bench.read("t.jsonl").lines().all(|line| line.contains(notice)));
}

#[test]
fn a_capture_comes_from_standard_input() {
    let bench = with_capture();
    let expected = bench.ok("flows office.pcap").out;
    let mut child = Command::new(env!("CARGO_BIN_EXE_tripline"))
        .args(["flows", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let bytes = bench.bytes("office.pcap");
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap() == expected);
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_read_once() {
    let bench = with_capture();
    let made = Command::new("mkfifo").arg(bench.path("pipe")).status().unwrap();
    assert!(made.success());
    let feed = |bytes: Vec<u8>| {
        let pipe = bench.path("pipe");
        std::thread::spawn(move || std::fs::write(pipe, bytes))
    };
    let expected = bench.ok("flows office.pcap").out;
    let writer = feed(bench.bytes("office.pcap"));
    assert!(bench.ok("flows pipe").out == expected);
    writer.join().unwrap().unwrap();
    let writer = feed(b"hello\n".to_vec());
    let run = bench.run("flows pipe");
    writer.join().unwrap().unwrap();
    assert_eq!(run.code, 1);
    assert!(run.err.contains("pipe: this is text"), "{}", run.err);
    let run = bench.run("flows office.pcap pipe");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("pipe: a pipe is read alone"), "{}", run.err);
}

#[test]
fn logs_may_lie_a_folder_deeper() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("logs/2024-05-01")).unwrap();
    let log = "{\"_path\":\"conn\",\"ts\":1.0,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.1\",\
        \"id.orig_p\":5000,\"id.resp_h\":\"10.0.0.2\",\"id.resp_p\":80,\"proto\":\"tcp\",\
        \"conn_state\":\"SF\"}\n";
    bench.write("logs/2024-05-01/conn.log", log).write("logs/notes.txt", "hello\n");
    // What cannot be read, such as damaged gzip, is no log.
    bench.write("logs/bad.gz", [0x1f, 0x8b, 8, 0, 0xff]);
    let told = bench.json("flows logs -o flows.csv");
    assert_eq!(told["flows"], 1, "{told}");
}

#[test]
fn a_cut_capture_gives_what_is_readable() {
    let bench = with_capture();
    let bytes = bench.bytes("office.pcap");
    bench.write("cut.pcap", &bytes[..bytes.len() / 2]);
    let told = bench.json("flows cut.pcap -o cut.csv");
    assert!(told["flows"].as_u64().unwrap() > 100);
    let error = told["errors"][0].as_str().unwrap();
    assert!(error.contains("ends inside a record") && error.contains("byte"), "{error}");
}

#[test]
fn a_filter_takes_packets() {
    let bench = with_capture();
    let run = bench.run_with(&["flows", "office.pcap", "--filter", "udp port 53", "-o", "dns.csv"]);
    assert_eq!(run.code, 0, "{}", run.err);
    for line in bench.read("dns.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!((cells[5], cells[6]), ("53", "udp"), "{line}");
    }
    let run = bench.run_with(&["flows", "office.pcap", "--filter", "udp prot 53"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("--filter"), "{}", run.err);
}

#[test]
fn what_is_no_traffic_is_an_error_that_names_it() {
    let bench = Bench::new();
    bench.write("empty.pcap", "").write("text.pcap", "hello\n").write("table.csv", "a,b\n1,2\n");
    std::fs::create_dir(bench.path("folder")).unwrap();
    for command in ["flows", "watch"] {
        for (input, expected) in [
            ("none.pcap", "none.pcap: there is no such file"),
            ("empty.pcap", "empty.pcap"),
            ("text.pcap", "text.pcap: neither a capture"),
            ("table.csv", "table.csv: neither a capture"),
            ("folder", "folder"),
        ] {
            let run = bench.run(&format!("{command} {input}"));
            assert_eq!(run.code, 1, "{command} {input}: {}{}", run.out, run.err);
            assert!(run.err.contains(expected), "{command} {input}: {}", run.err);
        }
    }
    let run = bench.run("watch --interface none0");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("none0"), "{}", run.err);
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let run = bench.run(&format!("watch --netflow {}", taken.local_addr().unwrap()));
    assert_eq!(run.code, 1);
    assert!(run.err.contains(&taken.local_addr().unwrap().port().to_string()), "{}", run.err);
    assert_eq!(bench.run("watch").code, 2);
    assert_eq!(bench.run("flows x.pcap --set nonsense").code, 2);
}

#[test]
fn a_model_of_other_columns_is_refused() {
    let bench = Bench::with_model();
    bench.ok("generate packets --flows 50 --seed 3 -o office.pcap --truth truth.csv");
    for command in ["watch office.pcap --model model.trip", "score model.trip office.pcap"] {
        let run = bench.run(command);
        assert_eq!(run.code, 1, "{}", run.err);
        assert!(run.err.contains("no feature set has all its columns"), "{}", run.err);
    }
}

#[test]
fn labels_of_other_flows_are_refused() {
    let bench = with_capture();
    let run = bench.run("train office.pcap --labels truth.csv --label-shift 86400 -o m.trip");
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.err.contains("none of the") && run.err.contains("--label-shift"), "{}", run.err);
    assert_eq!(bench.names(), ["office.pcap", "truth.csv"]);
}

#[test]
fn a_capture_and_its_flows_train_the_same_columns() {
    let bench = with_capture();
    bench.ok("flows office.pcap --labels truth.csv -o flows.parquet");
    bench.ok("train office.pcap --labels truth.csv -p n_estimators=5 -o a.trip");
    bench.ok("train flows.parquet -p n_estimators=5 -o b.trip");
    let columns = |file: &str| -> Vec<String> {
        let told = bench.json(&format!("inspect {file}"));
        let columns = told["columns"].as_array().unwrap();
        columns.iter().map(|column| column["name"].to_string()).collect()
    };
    assert_eq!(columns("a.trip"), columns("b.trip"));
    assert!(!columns("a.trip").contains(&"\"src_port\"".to_owned()));
}

#[test]
fn an_early_look_is_no_flow_more() {
    let bench = with_capture();
    let summary = |arguments: &str| -> serde_json::Value {
        let out = bench.ok(arguments).out;
        serde_json::from_str(out.lines().last().unwrap()).unwrap()
    };
    let usual = summary("watch office.pcap");
    let early = summary("watch office.pcap --early-packets 3");
    assert_eq!(usual["traffic"]["flows"], early["traffic"]["flows"]);
    assert!(early["traffic"]["counts"]["early_looks"].as_u64().unwrap() > 100);
}

/// A program that reads what is written to it, then gets SIGINT.
#[cfg(unix)]
fn interrupted(bench: &Bench, arguments: &[&str]) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tripline"))
        .args(arguments)
        .current_dir(bench.path(""))
        .stdin(Stdio::piped())
        // A pipe that nobody reads yet would fill.
        .stdout(std::fs::File::create(bench.path("out")).unwrap())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&bench.bytes("office.pcap")).unwrap();
    // Time to read it; the input stays open.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let status = child.wait().unwrap();
    drop(input);
    (status.code(), bench.read("out"))
}

#[test]
#[cfg(unix)]
fn an_interrupt_is_the_end_of_a_stream() {
    let bench = with_capture();
    let (code, _) = interrupted(&bench, &["flows", "-", "-o", "flows.csv"]);
    assert_eq!(code, Some(0));
    let expected = bench.ok("flows office.pcap").out;
    assert_eq!(bench.read("flows.csv").lines().count(), expected.lines().count());
    let (code, out) = interrupted(&bench, &["watch", "-"]);
    assert_eq!(code, Some(0));
    assert!(out.lines().last().unwrap().contains("\"type\":\"summary\""));
}

#[test]
#[cfg(unix)]
fn an_interrupt_leaves_nothing_half_written() {
    let bench = Bench::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tripline"))
        .args(["generate", "packets", "--flows", "3000000", "-o", "big.pcap"])
        .current_dir(bench.path(""))
        .spawn()
        .unwrap();
    while bench.names().is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(bench.names(), Vec::<String>::new());
}
