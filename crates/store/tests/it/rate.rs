//! How fast detections are stored: `cargo test --release -p tripline-store --test it rate --
//! --ignored`.

use std::time::Instant;

use tripline_store::metadata::Detections as _;
use tripline_store::records::{DetectionFilter, NewDetection};
use tripline_store::{Sqlite, SqliteOptions};

use crate::metadata::{at, audit_key, new_detection, run};

/// Detections of one call: about what comes within 50 ms at this rate.
const BATCH: i64 = 1000;

#[test]
#[ignore = "it measures"]
fn twenty_thousand_detections_a_second_are_stored() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metadata.db");
        let store = Sqlite::open(&path, SqliteOptions::new(audit_key(), at(0))).await.unwrap();
        let batches = 200;
        let rows = (0..batches * BATCH).map(|number| NewDetection {
            reasons: "x".repeat(600),
            event: "y".repeat(600),
            ..new_detection(number)
        });
        let rows: Vec<_> = rows.collect();
        let start = Instant::now();
        for batch in rows.chunks(BATCH as usize) {
            store.add_detections(batch).await.unwrap();
        }
        let rate = rows.len() as f64 / start.elapsed().as_secs_f64();
        let stored = store.count_detections(&DetectionFilter::default()).await.unwrap();
        assert_eq!(stored, rows.len() as u64);
        assert!(rate >= 20_000.0, "{rate:.0} a second");
        let line = format!("{rate:.0} detections of 1.5 kB a second\n");
        std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()).unwrap();
    });
}
