//! What is acknowledged was written and waited for, in that order: the system's own calls say so.
//!
//! A killed process loses nothing that the system holds, so only this shows that a loss of power
//! takes nothing that was acknowledged. It needs `strace`, without which it is left out;
//! `TRIPLINE_TEST_STRACE=required` fails then.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use tripline_store::metadata::{Audit as _, Detections as _, Jobs as _};
use tripline_store::records::NewJob;
use tripline_store::{Blobs, Sqlite, SqliteOptions};

use crate::metadata::{at, audit_key, change, new_detection, run};

/// Where the process that is looked at writes.
const FOLDER: &str = "TRIPLINE_TEST_POWER_FOLDER";

/// Acknowledged changes of each kind.
const ROUNDS: usize = 5;

#[test]
#[ignore = "the process that is looked at"]
fn changes_one_after_the_other() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    run(async {
        let log = folder.join("audit-heads.log");
        let options =
            SqliteOptions { head_log: Some(log), ..SqliteOptions::new(audit_key(), at(0)) };
        let store = Sqlite::open(&folder.join("metadata.db"), options).await.unwrap();
        let blobs = Blobs::folder(&folder.join("blobs")).unwrap();
        // One write of each line, which is the end of what came before it.
        let told = |what: &str| {
            use std::io::Write as _;
            let mut out = std::io::stdout().lock();
            out.write_all(format!("\nstored {what}\n").as_bytes()).unwrap();
            out.flush().unwrap();
        };
        told("nothing");
        for round in 0..ROUNDS {
            let (kind, spec) = ("training".to_owned(), "{}".to_owned());
            let job = NewJob { kind, priority: 0, spec, max_attempts: 1 };
            store.submit(&job, &change(1)).await.unwrap();
            told("change");
            store.record("login", "user:ada", "{}", &change(2)).await.unwrap();
            told("change");
            store.add_detections(&[new_detection(round as i64)]).await.unwrap();
            told("rows");
            // The second one replaces the first.
            blobs.put("models/deep/m.trip", Bytes::from(vec![round as u8; 9000])).await.unwrap();
            told("blob");
            let mut writer = blobs.writer("uploads/u.data").await.unwrap();
            writer.write(Bytes::from(vec![1; 6 << 20])).await.unwrap();
            writer.write(Bytes::from_static(b"end")).await.unwrap();
            writer.finish().await.unwrap();
            told("blob");
        }
    });
}

/// A call of the system that has ended.
#[derive(Debug, Clone, PartialEq)]
struct Call {
    name: String,
    /// The rest of its line: arguments with the paths of their files.
    text: String,
}

/// Calls in the order in which they ended.
fn calls(trace: &str) -> Vec<Call> {
    let mut begun: HashMap<&str, Call> = HashMap::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if rest.starts_with("<... ") {
            calls.extend(begun.remove(process));
            continue;
        }
        let Some((name, text)) = rest.split_once('(') else { continue };
        let call = Call { name: name.to_owned(), text: text.to_owned() };
        if text.ends_with("<unfinished ...>") {
            begun.insert(process, call);
        } else {
            calls.push(call);
        }
    }
    calls
}

impl Call {
    fn writes(&self, file: &str) -> bool {
        ["write", "pwrite64"].contains(&self.name.as_str()) && self.is_of(file)
    }

    fn syncs(&self, file: &str) -> bool {
        ["fsync", "fdatasync"].contains(&self.name.as_str()) && self.is_of(file)
    }

    /// `7</folder/file>, …`
    fn is_of(&self, file: &str) -> bool {
        self.text.split_once('>').is_some_and(|(first, _)| first.ends_with(file))
    }
}

/// The place of the last one that holds.
#[track_caller]
fn last(calls: &[Call], what: &str, holds: impl Fn(&Call) -> bool) -> usize {
    calls.iter().rposition(holds).unwrap_or_else(|| panic!("no {what} in {calls:#?}"))
}

#[test]
fn each_change_waits_for_the_disk_before_it_is_acknowledged() {
    let here = Command::new("strace").args(["-o", "/dev/null", "true"]).status();
    if !here.is_ok_and(|status| status.success()) {
        let required = std::env::var("TRIPLINE_TEST_STRACE").is_ok_and(|value| value == "required");
        assert!(!required, "there is no strace that works");
        println!("skipped: there is no strace");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let trace = folder.path().join("trace");
    let done = Command::new("strace")
        .args(["-f", "-y", "-s", "40", "-e"])
        .arg("trace=write,pwrite64,fsync,fdatasync,rename,renameat,renameat2")
        .arg("-o")
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(["power::changes_one_after_the_other", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, &data)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(done.success());
    let calls = calls(&std::fs::read_to_string(&trace).unwrap());
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut begin = 0;
    for (at, call) in calls.iter().enumerate() {
        let Some((_, what)) = call.text.split_once("\\nstored ") else { continue };
        let what = what.split("\\n").next().unwrap();
        let before = &calls[begin..at];
        begin = at + 1;
        *seen.entry(what).or_default() += 1;
        let written_and_waited_for = |file: &str| {
            let written = last(before, file, |call| call.writes(file));
            let waited = last(before, file, |call| call.syncs(file));
            assert!(waited > written, "{what}: {file} was written after the wait");
            waited
        };
        match what {
            "change" => {
                let database = written_and_waited_for("-wal");
                let log = written_and_waited_for("audit-heads.log");
                assert!(log > database, "the log tells of what is not there yet");
            }
            "rows" => drop(written_and_waited_for("-wal")),
            "blob" => {
                let file = written_and_waited_for("#1");
                let renamed = last(before, "rename", |call| call.name.starts_with("rename"));
                assert!(renamed > file, "a file took its place before it was on disk");
                for folder in ["/blobs/models/deep", "/blobs/models", "/blobs/uploads", "/blobs"] {
                    let is_above = before[renamed].text.contains(&format!("{folder}/"));
                    if is_above {
                        assert!(last(before, folder, |call| call.syncs(folder)) > renamed);
                    }
                }
            }
            _ => {}
        }
    }
    let expected = [("nothing", 1), ("change", 10), ("rows", 5), ("blob", 10)];
    assert_eq!(seen, HashMap::from(expected));
}
