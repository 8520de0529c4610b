//! Signed models.

use crate::bench::Bench;

#[test]
fn a_signed_model_is_told_from_others() {
    let bench = Bench::with_model();
    bench.ok("keygen -o team.key");
    bench.ok("keygen -o other.key");
    bench.ok("train flows.csv -p n_estimators=5 --sign team.key -o signed.trip");
    let told = bench.json("inspect signed.trip");
    assert_eq!(told["signer"].as_str().unwrap(), bench.read("team.key.pub").trim());
    bench.ok("score signed.trip flows.csv -o s.csv --verify-key team.key.pub");

    let run = bench.run("score signed.trip flows.csv -o t.csv --verify-key other.key.pub");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("signed.trip: signed by"), "{}", run.err);
    let run = bench.run("score model.trip flows.csv -o t.csv --verify-key team.key.pub");
    assert!(run.err.contains("model.trip: not signed"), "{}", run.err);
    assert!(!bench.path("t.csv").exists());
}

#[test]
fn a_key_is_never_overwritten() {
    let bench = Bench::new();
    bench.ok("keygen -o team.key");
    let before = bench.read("team.key");
    let run = bench.run("keygen -o team.key");
    assert_eq!(run.code, 1);
    assert_eq!(bench.read("team.key"), before);
    assert_eq!(bench.names(), ["team.key", "team.key.pub"]);
}
