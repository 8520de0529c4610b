//! A stored model on a site's own data, from the command line.

use std::fmt::Write;

use crate::bench::Bench;

/// Benign rows of three numbers with their end and, if asked for, their sender.
fn table(rows: u64, seed: u64, shift: f64, senders: bool) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut unit = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let more = if senders { ",sender" } else { "" };
    let mut text = format!("bytes,packets,duration,end{more}\n");
    for row in 0..rows {
        let mut bell = || (0..6).map(|_| unit()).sum::<f64>() - 3.0;
        let (a, b, c) = (bell() + shift, bell(), bell());
        let _ = write!(text, "{a:.6},{b:.6},{c:.6},{:.3}", 1.7e9 + row as f64 * 0.01);
        match (senders, row % 4) {
            (false, _) => text.push('\n'),
            (true, 0) => text.push_str(&format!(",host{}\n", row % 200)),
            (true, _) => text.push_str(",loud\n"),
        }
    }
    text
}

#[test]
fn the_shipped_model_is_adapted_on_a_capture() {
    let bench = Bench::new();
    bench.ok("generate packets --flows 2000 --seed 5 -o office.pcap --truth truth.csv");
    bench
        .ok("generate packets --flows 2000 --attack-share 0 --seed 6 -o benign.pcap --truth t.csv");
    let made = bench.json("adapt shipped benign.pcap -o here.trip --fpr 0.01");
    assert!(made["taken_as_benign"].as_u64().unwrap() > 1000, "{made}");
    assert_eq!(made["learnt"], 0);
    assert_ne!(made["threshold"], made["threshold_before"]);
    assert!(made["realised"]["rate"].as_f64().unwrap() < 0.05, "{made}");
    let inspected = bench.json("inspect here.trip");
    let ancestor = &inspected["lineage"][0];
    assert!(ancestor["digest"].as_str().unwrap().starts_with(made["parent"].as_str().unwrap()));
    assert_eq!(ancestor["data"], "benign.pcap");
    assert!(bench.ok("inspect here.trip").out.contains("made from"));
    // The data of adapting do not judge.
    let refused = bench.run("evaluate here.trip benign.pcap --labels t.csv");
    assert_eq!(refused.code, 3, "{}", refused.err);
    let made = bench
        .json("adapt shipped office.pcap --labels truth.csv --rounds 5 --fpr 0.02 -o both.trip");
    assert!(made["learnt"].as_u64().unwrap() > 1000, "{made}");
    assert!(made["changed"].to_string().contains("further rounds of boosting"), "{made}");
    bench.ok("score both.trip office.pcap -o scores.csv");
    // The same bytes once more.
    bench.ok("adapt shipped office.pcap --labels truth.csv --rounds 5 --fpr 0.02 --threads 1 \
         -o again.trip");
    // What it knew it still knows.
    bench.ok("generate packets --flows 1500 --seed 9 -o later.pcap --truth later.csv");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/models/traffic.trip");
    let auc = |model: &str| {
        let told = bench.json(&format!("evaluate {model} later.pcap --labels later.csv"));
        told["metrics"]["gradient_boosting"]["test"]["roc_auc"].as_f64().unwrap()
    };
    let (before, after) = (auc(shipped), auc("both.trip"));
    assert!(after > before - 0.02, "{before} to {after}");
    // The rows do not support the shipped model's own rate.
    let few = bench.run("adapt shipped benign.pcap -o few.trip --fpr 0.00001");
    assert_eq!(few.code, 1, "{}", few.err);
    assert!(few.err.contains("is not supported by"), "{}", few.err);
    assert_eq!(bench.bytes("both.trip"), bench.bytes("again.trip"));
    let refused = bench.run("adapt shipped office.pcap -o no.trip --max-alerts 0.001");
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.err.contains("--max-alerts"), "{}", refused.err);
    assert!(!bench.path("no.trip").exists());
}

#[test]
fn a_stream_is_learnt_journalled_and_taken_back() {
    let bench = Bench::new();
    bench
        .write("first.csv", table(6000, 1, 0.0, false))
        .write("second.csv", table(4000, 2, 0.3, true));
    bench.ok("train first.csv --model half_space_trees --time end -o m.trip");
    let learnt =
        bench.json("learn m.trip second.csv --journal j --time end --batch 1000 -o n.trip");
    let entries = learnt["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 4, "{learnt}");
    assert_eq!(entries[0]["event"], "learn");
    assert_eq!(entries[0]["number"], 1);
    assert!(entries[0]["learnt"].as_u64().unwrap() > 800, "{learnt}");
    assert_ne!(bench.bytes("m.trip"), bench.bytes("n.trip"));
    // The journal goes on with its own model; another is refused.
    bench.ok("train second.csv --model half_space_trees --time end -o o.trip");
    assert_eq!(bench.run("learn o.trip second.csv --journal j --time end").code, 2);
    bench.ok("learn --journal j --rollback 0 -o back.trip");
    assert_eq!(bench.bytes("back.trip"), bench.bytes("m.trip"));
    bench.ok("learn --journal j --rollback 4 -o again.trip");
    assert_eq!(bench.bytes("again.trip"), bench.bytes("n.trip"));
    let shown = bench.json("learn --journal j");
    assert_eq!(shown["entries"].as_array().unwrap().len(), 7);
    // Forty seconds of a source that sends three rows in four.
    let rated = bench
        .json("learn m.trip second.csv --journal k --time end --source sender --rate 2 --burst 10");
    let entry = &rated["entries"][0];
    let (learnt, over) = (entry["learnt"].as_u64().unwrap(), entry["over_rate"].as_u64().unwrap());
    assert!(over > 2500 && learnt < 1400, "{rated}");
    // A stream without rows begins no journal.
    let header = bench.read("second.csv").lines().next().unwrap_or_default().to_owned();
    bench.write("none.csv", header + "\n");
    let none = bench.run("learn m.trip none.csv --journal never --time end");
    assert_ne!(none.code, 0, "{}", none.out);
    assert!(!bench.path("never").exists(), "{}", none.err);
    let missing = bench.run("learn --journal nowhere");
    assert_eq!(missing.code, 2, "{}", missing.err);
    assert!(!bench.path("nowhere").exists());
}
