//! `tripline audit verify`: a trail that was changed is found out.

use crate::bench::Bench;
use crate::serve::{served, sql};

const FREE: &str = "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_cut;";

/// A folder with some entries in its trail.
fn trail() -> Bench {
    let bench = served();
    for name in ["a", "b", "c"] {
        bench.ok(&format!("key create --name {name} --scopes read --data-dir data"));
    }
    let run = bench.ok("audit verify --data-dir data");
    assert!(run.out.contains("intact") && !run.out.contains("NOT"), "{}", run.out);
    bench
}

/// Fails unless the trail is found out, with that in the words.
#[track_caller]
fn found(bench: &Bench, what: &str, words: &str) {
    let run = bench.run("audit verify --data-dir data");
    assert_eq!(run.code, 1, "{what}: {}{}", run.out, run.err);
    assert!(run.out.contains("NOT intact"), "{what}: {}", run.out);
    assert!(run.out.contains(words), "{what}: {}", run.out);
    let json = bench.run("audit verify --data-dir data --format json");
    assert_eq!(json.code, 1, "{what}");
    let told: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(told["intact"], false, "{what}");
    assert!(!told["findings"].as_array().unwrap().is_empty(), "{what}");
}

#[test]
fn a_tampered_row_is_found() {
    for (what, statement, words) in [
        ("actor", "UPDATE audit SET actor = 'key:other' WHERE sequence = 3", "entry 3"),
        ("time", "UPDATE audit SET at = at + 1 WHERE sequence = 2", "entry 2"),
        ("detail", "UPDATE audit SET detail = '{}' WHERE sequence = 4", "entry 4"),
        ("removed", "DELETE FROM audit WHERE sequence = 3", "3"),
        ("swapped", "UPDATE audit SET object = 'x', hash = zeroblob(32) WHERE sequence = 2", "2"),
        ("negative", "UPDATE audit SET sequence = -5 WHERE sequence = 1", ""),
    ] {
        let bench = trail();
        sql(&bench, &format!("{FREE}{statement};"));
        found(&bench, what, words);
    }
}

#[test]
fn a_cut_tail_is_found() {
    let bench = trail();
    let cut = "DELETE FROM audit WHERE sequence >= (SELECT max(sequence) - 1 FROM audit);";
    sql(&bench, &format!("{FREE}{cut}"));
    found(&bench, "the tail", "");

    // With the signed head gone too, the log of heads still knows.
    let bench = trail();
    sql(&bench, &format!("{FREE}{cut} DELETE FROM audit_head;"));
    found(&bench, "tail and head", "");

    // All of it.
    let bench = trail();
    sql(&bench, &format!("{FREE}DELETE FROM audit; DELETE FROM audit_head;"));
    found(&bench, "everything", "");
}

#[test]
fn a_log_of_heads_that_was_changed_is_found() {
    let bench = trail();
    let log = bench.read("data/audit-heads.log");
    let lines: Vec<&str> = log.lines().collect();
    let mut forged = log.clone().into_bytes();
    let middle = forged.len() / 2;
    forged[middle] = if forged[middle] == b'0' { b'1' } else { b'0' };
    bench.write("data/audit-heads.log", &forged);
    found(&bench, "a changed line", "");
    bench.write("data/audit-heads.log", &log);
    bench.ok("audit verify --data-dir data");
    std::fs::remove_file(bench.path("data/audit-heads.log")).unwrap();
    found(&bench, "no log", "the log of heads is missing");
    // A copy that is kept elsewhere does as well.
    bench.write("kept.log", &log);
    bench.ok("audit verify --data-dir data --heads kept.log");
    assert!(lines.len() > 3);
}

#[test]
fn another_key_does_not_verify() {
    let bench = trail();
    let own = bench.bytes("data/audit.key");
    bench.ok("keygen -o other.key");
    std::fs::copy(bench.path("other.key"), bench.path("data/audit.key")).unwrap();
    found(&bench, "another key", "");
    // A public key that is kept elsewhere tells as well.
    bench.write("data/audit.key", own);
    bench.ok("audit verify --data-dir data");
    let run = bench.run("audit verify --data-dir data --public-key other.key.pub");
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
}

/// The service goes on over a trail that does not hold, and mends nothing of it.
#[test]
fn a_service_over_a_tampered_trail_goes_on_and_hides_nothing() {
    use crate::service::Service;
    let bench = trail();
    let cut = "DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit);";
    sql(&bench, &format!("{FREE}{cut}"));
    let service = Service::start(&bench.path(""), "--data-dir data");
    service.says("the audit trail does not hold");
    assert_eq!(service.client(None).get("/readyz").status, 200);
    service.stop();
    found(&bench, "after a start", "");
}
