//! A process that writes is killed at any moment: what it was told is stored is there, nothing is
//! half there.
//!
//! Six trials by default, `TRIPLINE_TRIALS` of them if set. A killed process loses what it holds
//! itself; what the system holds for the disk stays, so this is no test of losing power.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tripline_store::audit::read_heads;
use tripline_store::metadata::{Audit as _, Detections as _, Jobs as _, Models as _};
use tripline_store::records::{
    DetectionFilter, Feedback, JobFilter, JobState, Judgement, NewDetection, NewJob, Outcome,
    PageRequest, Status, VersionFilter,
};
use tripline_store::sqlite::verify_trail;
use tripline_store::{Sqlite, SqliteOptions, id};

use crate::metadata::{at, audit_key, change, new_detection, new_version, run};

/// Where the process that is killed writes.
const FOLDER: &str = "TRIPLINE_TEST_KILL_FOLDER";

/// Detections of one call.
const BATCH: usize = 100;

/// Trials on one folder, each on what the one before left.
const TRIALS_OF_A_FOLDER: u32 = 10;

const PROGRESS: &str = r#"{"loss":0.5}"#;

async fn open(folder: &Path) -> Sqlite {
    let log = folder.join("audit-heads.log");
    let options = SqliteOptions { head_log: Some(log), ..SqliteOptions::new(audit_key(), at(0)) };
    Sqlite::open(&folder.join("metadata.db"), options).await.unwrap()
}

/// Tells the parent, in one write, that something is stored.
fn acknowledge(what: &str, id: &str) {
    let line = format!("\nstored {what} {id}\n");
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).unwrap();
}

#[test]
#[ignore = "the process that is killed"]
fn writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    run(async {
        let store = open(Path::new(&folder)).await;
        store.take_over(&change(1)).await.unwrap();
        acknowledge("ready", "now");
        tokio::join!(jobs(&store), deploys(&store), detections(&store), records(&store));
    });
}

async fn jobs(store: &Sqlite) {
    loop {
        let (kind, spec) = ("training".to_owned(), "{}".to_owned());
        let new = NewJob { kind, priority: 0, spec, max_attempts: 1_000_000 };
        let job = store.submit(&new, &change(2)).await.unwrap();
        acknowledge("job", &job.id);
        let job = store.claim(at(3)).await.unwrap().unwrap();
        store.progress(&job.id, 0.5, "fitting", PROGRESS).await.unwrap();
        let outcome = Outcome::Completed { metrics: PROGRESS.to_owned(), result: None };
        store.finish(&job.id, &outcome, &change(4)).await.unwrap();
        acknowledge("done", &job.id);
    }
}

async fn deploys(store: &Sqlite) {
    for number in 1_u64.. {
        let version = store.add_version(&new_version("m"), &change(2)).await.unwrap();
        acknowledge("version", &version.id);
        store.deploy(&version.id, &change(3)).await.unwrap();
        acknowledge("deploy", &version.id);
        // The first one of all has nothing to go back to.
        if number.is_multiple_of(3) {
            let back = store.roll_back("m", &change(4)).await.unwrap();
            acknowledge("deploy", &back.active);
        }
    }
}

async fn detections(store: &Sqlite) {
    loop {
        let batch = id::fresh("batch", at(0));
        let all: Vec<_> = (0..BATCH)
            .map(|number| NewDetection {
                id: format!("{batch}/{number}"),
                kind: batch.clone(),
                ..new_detection(number as i64)
            })
            .collect();
        store.add_detections(&all).await.unwrap();
        acknowledge("batch", &batch);
        let feedback = Feedback {
            id: id::fresh("fbk", at(0)),
            detection: all[7].id.clone(),
            judgement: Judgement::Benign,
            label: None,
            comment: None,
            actor: "user:ada".to_owned(),
            at: at(5),
        };
        store.add_feedback(&feedback, &change(5)).await.unwrap();
        acknowledge("feedback", &format!("{} {}", feedback.detection, feedback.id));
    }
}

async fn records(store: &Sqlite) {
    loop {
        let id = id::fresh("record", at(0));
        store.record("test", &id, "{}", &change(6)).await.unwrap();
        acknowledge("record", &id);
    }
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    let trials = std::env::var("TRIPLINE_TRIALS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let mut acknowledged = 0;
    let mut folder = tempfile::tempdir().unwrap();
    let mut told = Told::default();
    for trial in 0..trials {
        if trial % TRIALS_OF_A_FOLDER == 0 {
            folder = tempfile::tempdir().unwrap();
            told = Told::default();
        }
        trial_on(folder.path(), &mut told);
        run(check(folder.path(), &told));
        acknowledged += told.changes;
    }
    assert!(acknowledged > u64::from(trials) * 4, "only {acknowledged} in {trials} trials");
}

/// What the killed processes of a folder said.
#[derive(Default)]
struct Told {
    by_kind: BTreeMap<String, Vec<String>>,
    /// How many of them stand in the audit trail.
    changes: u64,
}

/// Starts a process that writes, kills it after a while, reads what it said.
fn trial_on(folder: &Path, told: &mut Told) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["kill::writes_until_it_is_killed", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let stored = |line: std::io::Result<String>| -> Option<(String, String)> {
        let line = line.ok()?;
        let (what, id) = line.strip_prefix("stored ")?.split_once(' ')?;
        Some((what.to_owned(), id.to_owned()))
    };
    // A kill in the middle of opening is a moment too: every fourth trial does not wait for it.
    let random = RandomState::new().hash_one(0);
    let delay = Duration::from_micros(random % 200_000);
    if !random.is_multiple_of(4) {
        let ready = lines.by_ref().find_map(stored);
        assert_eq!(ready.map(|(what, _)| what).as_deref(), Some("ready"));
    }
    let killing = std::thread::spawn(move || {
        std::thread::sleep(delay);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    for (what, id) in lines.filter_map(stored).filter(|(what, _)| what != "ready") {
        told.changes += u64::from(what != "batch");
        told.by_kind.entry(what).or_default().push(id);
    }
    killing.join().unwrap();
}

async fn check(folder: &Path, told: &Told) {
    let (database, log) = (folder.join("metadata.db"), folder.join("audit-heads.log"));
    // Before anything repairs it: the log covers what was acknowledged.
    let last = read_heads(&log).unwrap().filter_map(|line| line.unwrap().head).last();
    let covered = last.map_or(0, |head| head.sequence);
    assert!(covered >= told.changes, "{covered} logged, {} acknowledged", told.changes);
    let store = open(folder).await;
    assert_eq!(store.broken_trail(), None);
    let report = verify_trail(&database, &audit_key().public(), Some(&log)).await.unwrap();
    assert!(report.is_intact(), "{:?}", report.findings);
    let entries = store.entries_from(0, u32::MAX).await.unwrap();
    let objects = |action: &str| -> BTreeSet<String> {
        let found = entries.iter().filter(|entry| entry.action == action);
        found.map(|entry| entry.object.clone()).collect()
    };
    let none = Vec::new();
    let of = |what: &str| told.by_kind.get(what).unwrap_or(&none);

    let (queued, done) = jobs_of(&store).await;
    assert_eq!(queued, objects("job.submit"));
    assert_eq!(done, objects("job.complete"));
    assert!(of("job").iter().all(|id| queued.contains(id)));
    assert!(of("done").iter().all(|id| done.contains(id)));

    let versions = store.versions(&VersionFilter::default()).await.unwrap();
    let ids: BTreeSet<_> = versions.iter().map(|version| version.id.clone()).collect();
    assert_eq!(ids, objects("model.register"));
    assert!(of("version").iter().all(|id| ids.contains(id)));
    let active: Vec<_> = versions.iter().filter(|v| v.status == Status::Active).collect();
    let history = store.history("m").await.unwrap();
    let noted = |action: &str| entries.iter().filter(|entry| entry.action == action).count();
    let deployed = noted("model.deploy") + noted("model.rollback");
    assert_eq!(history.len(), deployed.min(1000));
    assert!(deployed >= of("deploy").len());
    assert!(active.len() <= 1);
    assert_eq!(history.first().map(|(id, _)| id), active.first().map(|version| &version.id));

    let mut judged = BTreeSet::new();
    for said in of("feedback") {
        let (detection, id) = said.split_once(' ').unwrap();
        let kept = store.feedback(detection).await.unwrap();
        assert!(kept.iter().any(|feedback| feedback.id == id), "{said} is lost");
        let detection = store.detection(detection).await.unwrap().unwrap();
        assert_eq!(detection.judgement, Some(Judgement::Benign));
        judged.insert(id.to_owned());
    }
    assert!(judged.is_subset(&objects("feedback.add")));
    for batch in of("batch") {
        let filter = DetectionFilter { kind: Some(batch.clone()), ..DetectionFilter::default() };
        assert_eq!(store.count_detections(&filter).await.unwrap(), BATCH as u64);
    }
    let all = store.count_detections(&DetectionFilter::default()).await.unwrap();
    assert_eq!(all % BATCH as u64, 0, "a part of a batch is stored");
    assert!(of("record").iter().all(|id| objects("test").contains(id)));
}

/// Ids of all jobs, of those that are done.
async fn jobs_of(store: &Sqlite) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut all, mut done) = (BTreeSet::new(), BTreeSet::new());
    let mut page = PageRequest { limit: 1000, after: None };
    loop {
        let part = store.jobs(&JobFilter::default(), &page).await.unwrap();
        for job in part.items {
            if job.state == JobState::Completed {
                done.insert(job.id.clone());
            }
            all.insert(job.id);
        }
        page.after = part.next;
        if page.after.is_none() {
            return (all, done);
        }
    }
}
