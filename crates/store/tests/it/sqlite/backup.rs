//! A copy made beside writers, and a file whose room is used again.

use tripline_store::audit::Finding;
use tripline_store::metadata::{Detections as _, Models as _, Retention as _};
use tripline_store::records::{Kept, Old};
use tripline_store::sqlite::verify_trail;

use super::{database, open};
use crate::metadata::{at, audit_key, change, new_detection, new_version, run};

#[test]
fn a_copy_is_a_whole_database() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let copy = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        let added = store.add_version(&new_version("m"), &change(1)).await.unwrap();
        store.backup_to(&database(copy.path())).await.unwrap();
        let twice = store.backup_to(&database(copy.path())).await.unwrap_err().to_string();
        assert!(twice.contains("name a file that is not there yet"), "{twice}");
        store.deploy(&added.id, &change(2)).await.unwrap();
        let restored = open(copy.path()).await;
        let read = restored.version(&added.id).await.unwrap().unwrap();
        assert_eq!(format!("{read:?}"), format!("{added:?}"));
        let report = verify_trail(&database(copy.path()), &audit_key().public(), None).await;
        assert!(report.unwrap().is_intact());
        // An older copy put in place of the database is a cut tail to the log of heads.
        let log = folder.path().join("audit-heads.log");
        let report = verify_trail(&database(copy.path()), &audit_key().public(), Some(&log)).await;
        assert_eq!(report.unwrap().findings, [Finding::LoggedCut { line: 2, head: 2, last: 1 }]);
    });
}

#[test]
fn room_of_what_is_forgotten_is_used_again_and_given_back() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        let all: Vec<_> = (0..5000).map(new_detection).collect();
        store.add_detections(&all).await.unwrap();
        while store.give_back(0).await.unwrap() {}
        let size = || std::fs::metadata(database(folder.path())).unwrap().len();
        let (full, used) = (size(), store.bytes_in_use().await.unwrap());
        let old = Old::Before(at(4900));
        while store.forget_old(Kept::Detections, old, 1000).await.unwrap() == 1000 {}
        assert!(store.bytes_in_use().await.unwrap() < used / 4);
        // What is kept for later is not given back, and is taken before the file grows.
        while store.give_back(full).await.unwrap() {}
        assert_eq!(size(), full);
        let more: Vec<_> = (10_000..12_000).map(new_detection).collect();
        store.add_detections(&more).await.unwrap();
        while store.give_back(full).await.unwrap() {}
        assert_eq!(size(), full);
        while store.forget_old(Kept::Detections, Old::AllBut(0), 1000).await.unwrap() > 0 {}
        while store.give_back(0).await.unwrap() {}
        assert!(size() < full / 4, "{} of {full}", size());
    });
}
