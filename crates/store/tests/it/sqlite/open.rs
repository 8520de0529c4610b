//! What opening refuses, with an error that names the file and the way out.

use sqlx::Connection as _;
use tripline_store::metadata::{Audit as _, Begun, Idempotency as _, Models as _};
use tripline_store::{MetadataError, Sqlite};

use super::{database, execute, intruder, open, options};
use crate::metadata::{at, change, new_version, run};

async fn refused(folder: &std::path::Path) -> MetadataError {
    Sqlite::open(&database(folder), options(folder)).await.unwrap_err()
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        let added = store.add_version(&new_version("m"), &change(1)).await.unwrap();
        let head = store.head().await.unwrap();
        store.close().await;
        drop(store);
        let store = open(folder.path()).await;
        let read = store.version(&added.id).await.unwrap().unwrap();
        assert_eq!(format!("{read:?}"), format!("{added:?}"));
        assert_eq!(store.head().await.unwrap(), head);
        assert_eq!(*store.heads().borrow(), head);
        assert_eq!(store.broken_trail(), None);
        store.record("a", "b", "{}", &change(2)).await.unwrap();
        assert_eq!(store.heads().borrow().as_ref().unwrap().sequence, 2);
    });
}

#[test]
fn two_services_never_share_a_folder() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        let text = refused(folder.path()).await.to_string();
        let me = format!("is used by process {} (", std::process::id());
        assert!(text.contains("tripline.lock") && text.contains(&me), "{text}");
        drop(store);
        open(folder.path()).await;
    });
}

#[test]
fn what_is_no_database_is_refused_and_left_as_it_is() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = database(folder.path());
        let text = "this is no database at all, whatever its name says\n".repeat(100);
        std::fs::write(&path, &text).unwrap();
        let error = refused(folder.path()).await;
        assert!(matches!(error, MetadataError::NotADatabase { .. }), "{error}");
        assert!(error.to_string().contains("metadata.db"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    });
}

#[test]
fn the_database_of_another_program_is_refused_and_left_as_it_is() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let mut other = intruder(folder.path()).await;
        execute(&mut other, "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)").await;
        other.close().await.unwrap();
        let before = std::fs::read(database(folder.path())).unwrap();
        let error = refused(folder.path()).await;
        assert!(matches!(error, MetadataError::NotADatabase { .. }), "{error}");
        assert_eq!(std::fs::read(database(folder.path())).unwrap(), before);
    });
}

#[test]
fn a_later_schema_is_refused() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).await.close().await;
        let mut later = intruder(folder.path()).await;
        execute(&mut later, "PRAGMA user_version = 99").await;
        later.close().await.unwrap();
        let error = refused(folder.path()).await;
        assert!(matches!(error, MetadataError::Newer { version: 99, .. }), "{error}");
        assert!(error.to_string().contains("use a newer tripline"));
    });
}

#[test]
fn a_damaged_file_is_refused() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        for number in 0..50 {
            store.record("a", &format!("{number}"), "{}", &change(1)).await.unwrap();
        }
        store.close().await;
        drop(store);
        let path = database(folder.path());
        let whole = std::fs::read(&path).unwrap();
        let pages = whole.len() / 4096;
        let mut told = 0;
        for page in 1..pages {
            let mut bytes = whole.clone();
            bytes[page * 4096..(page + 1) * 4096].fill(0xa5);
            std::fs::write(&path, &bytes).unwrap();
            let opened = Sqlite::open(&database(folder.path()), options(folder.path())).await;
            if let Err(error) = opened {
                assert!(matches!(error, MetadataError::Damaged { .. }), "{error}");
                assert!(error.to_string().contains("metadata.db"), "{error}");
                told += 1;
            }
        }
        assert_eq!(told, pages - 1);
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let error = refused(folder.path()).await;
        assert!(matches!(error, MetadataError::Damaged { .. }), "{error}");
    });
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no");
        let text = refused(&missing).await.to_string();
        assert!(text.contains("there is no folder") && text.contains("metadata.db"), "{text}");
        std::fs::create_dir_all(database(folder.path())).unwrap();
        let text = refused(folder.path()).await.to_string();
        assert!(text.contains("is a folder"), "{text}");
        // procfs takes no file, whoever asks.
        let text = refused(std::path::Path::new("/proc/self")).await.to_string();
        assert!(text.contains("/proc/self/tripline.lock: cannot open it for writing"), "{text}");
    });
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        store.record("a", "b", "{}", &change(1)).await.unwrap();
        for name in ["metadata.db", "metadata.db-wal", "metadata.db-shm", "audit-heads.log"] {
            let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    });
}

#[test]
fn who_reads_does_not_wait_for_who_writes() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        store.record("a", "b", "{}", &change(1)).await.unwrap();
        let mut other = intruder(folder.path()).await;
        execute(&mut other, "BEGIN IMMEDIATE; INSERT INTO settings VALUES ('a', 'b')").await;
        // More than there are readers, so that each of them connects meanwhile.
        let read = futures_util::future::join_all((0..16).map(|_| store.entries_from(0, 9)));
        for entries in tokio::time::timeout(std::time::Duration::from_secs(5), read).await.unwrap()
        {
            assert_eq!(entries.unwrap().len(), 1);
        }
        execute(&mut other, "ROLLBACK").await;
        store.record("a", "b", "{}", &change(2)).await.unwrap();
    });
}

#[test]
fn a_database_of_the_first_version_is_brought_to_the_newest() {
    const FIRST: &str = include_str!("../../../src/sqlite/schema/0001_first.sql");
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let mut old = intruder(folder.path()).await;
        execute(&mut old, FIRST).await;
        execute(&mut old, "PRAGMA application_id = 1414678864; PRAGMA user_version = 1").await;
        let under_way = "INSERT INTO idempotency (actor, name, fingerprint, begun_at)
            VALUES ('key:a', 'k', zeroblob(32), 1)";
        execute(&mut old, under_way).await;
        old.close().await.unwrap();
        let store = open(folder.path()).await;
        store.add_version(&new_version("m"), &change(1)).await.unwrap();
        // Of what was under way then nothing is known.
        let begun = store.begin("key:a", "k", &[0; 32], None, at(1)).await.unwrap();
        assert_eq!(begun, Begun::New);
    });
}
