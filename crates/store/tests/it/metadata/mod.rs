//! The promises of every database, against `&dyn Metadata`.

mod access;
mod detections;
mod features;
mod idempotency;
mod jobs;
mod models;
mod retention;
mod runs;
mod trail;

use std::collections::BTreeMap;
use std::future::Future;

use tripline_store::records::{Change, NewDetection, NewVersion};
use tripline_store::{Metadata, SecretKey, Sqlite, SqliteOptions, Timestamp};

/// Some time in 2025, in microseconds.
pub(crate) const T0: i64 = 1_760_000_000_000_000;

/// Seconds after [`T0`].
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp(T0 + seconds * 1_000_000)
}

/// A change by a user, so many seconds after [`T0`].
pub(crate) fn change(seconds: i64) -> Change {
    Change {
        at: at(seconds),
        actor: "user:ada".to_owned(),
        request: Some(format!("req-{seconds}")),
        reason: None,
    }
}

/// The key of the tests.
pub(crate) fn audit_key() -> SecretKey {
    SecretKey::from_bytes([7; 32])
}

pub(crate) fn run<F: Future>(test: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test)
}

/// Runs a test against each database there is.
fn each(test: impl AsyncFn(&dyn Metadata)) {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(audit_key(), at(0));
        let store = Sqlite::open(&folder.path().join("metadata.db"), options).await.unwrap();
        test(&store).await;
    });
}

pub(crate) fn new_version(name: &str) -> NewVersion {
    NewVersion {
        name: name.to_owned(),
        version: None,
        detector: "gradient_boosting".to_owned(),
        task: "flow".to_owned(),
        metrics: BTreeMap::from([("accuracy".to_owned(), 0.98)]),
        card: "{}".to_owned(),
        digest: "00ff".to_owned(),
        blob: format!("models/{name}"),
        bytes: 1 << 40,
        report: None,
        signer: None,
        canaries: None,
        parent: None,
        job: None,
        run: None,
    }
}
pub(crate) fn new_detection(number: i64) -> NewDetection {
    NewDetection {
        id: format!("det-{number:08}"),
        at: at(number),
        task: "flow".to_owned(),
        entity: Some(format!("10.0.0.{}", number % 7)),
        model_id: "flow_detector_v1.0.0".to_owned(),
        arm: (number % 2 == 0).then(|| "control".to_owned()),
        kind: if number % 3 == 0 { "dos" } else { "reconnaissance" }.to_owned(),
        severity: tripline_core::verdict::Severity::ALL[number as usize % 5],
        probability: 0.75,
        score: 1.5,
        threshold: 0.5,
        risk: 61,
        action: "block_ip".to_owned(),
        techniques: vec!["T1110".to_owned(), "T1046".to_owned()],
        reasons: "[]".to_owned(),
        event: format!("{{\"dur\":{number}}}"),
        request: None,
    }
}
