//! Idempotency keys: one request, one answer, for a day.

use tripline_store::metadata::{Audit as _, Begun, Idempotency as _, Models as _, StoredAnswer};
use tripline_store::records::Change;
use tripline_store::{MetadataError, Sqlite, SqliteOptions};

use super::{at, audit_key, change, each, new_version, run};

#[test]
fn a_request_that_comes_again_gets_the_answer_it_got() {
    each(async |store| {
        let begin = async |actor: &str, fingerprint: u8, second: i64| {
            store.begin(actor, "k1", &[fingerprint; 32], None, at(second)).await.unwrap()
        };
        assert_eq!(begin("key:a", 1, 0).await, Begun::New);
        assert_eq!(begin("key:a", 1, 1).await, Begun::UnderWay);
        assert_eq!(begin("key:b", 1, 1).await, Begun::New);
        let answer = StoredAnswer { status: 202, body: b"{\"id\":1}".to_vec() };
        store.complete("key:a", "k1", &answer).await.unwrap();
        assert_eq!(begin("key:a", 1, 2).await, Begun::Answered(answer.clone()));
        assert_eq!(begin("key:a", 2, 2).await, Begun::Other);
        store.abandon("key:b", "k1").await.unwrap();
        assert_eq!(begin("key:b", 2, 3).await, Begun::New);
        // What was answered is not forgotten by a late abandon.
        store.abandon("key:a", "k1").await.unwrap();
        assert_eq!(begin("key:a", 1, 86_400).await, Begun::Answered(answer.clone()));
        assert_eq!(begin("key:a", 1, 86_401).await, Begun::New);
        let large = StoredAnswer { status: 200, body: vec![0; (1 << 20) + 1] };
        let refused = store.complete("key:a", "k1", &large).await;
        assert!(matches!(refused, Err(MetadataError::Invalid { field: "body", .. })));
        let refused = store.begin("key:a", &"x".repeat(300), &[0; 32], None, at(0)).await;
        assert!(matches!(refused, Err(MetadataError::Invalid { field: "idempotency_key", .. })));
    });
}

/// A request under that id that begins with a key.
async fn begin(store: &Sqlite, key: &str) -> Begun {
    let request = format!("req-{key}");
    store.begin("key:a", key, &[1; 32], Some(&request), at(1)).await.unwrap()
}

/// What the changes of that request carry.
fn of(key: &str) -> Change {
    Change { request: Some(format!("req-{key}")), ..change(1) }
}

#[test]
fn what_was_done_before_the_service_was_killed_is_not_done_again() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metadata.db");
        let options = || SqliteOptions::new(audit_key(), at(0));
        let store = Sqlite::open(&path, options()).await.unwrap();
        for key in ["answered", "done", "refused", "nothing"] {
            assert_eq!(begin(&store, key).await, Begun::New);
        }
        let answer = StoredAnswer { status: 200, body: vec![] };
        store.complete("key:a", "answered", &answer).await.unwrap();
        let version = store.add_version(&new_version("m"), &of("done")).await.unwrap();
        store.record("model.deploy_refused", "m", "{}", &of("refused")).await.unwrap();
        // Another request's change says nothing of this one.
        store.deploy(&version.id, &change(2)).await.unwrap();
        drop(store);
        for _ in 0..2 {
            let store = Sqlite::open(&path, options()).await.unwrap();
            assert_eq!(begin(&store, "answered").await, Begun::Answered(answer.clone()));
            let done = vec![("model.register".to_owned(), version.id.clone())];
            assert_eq!(begin(&store, "done").await, Begun::Interrupted(done));
            assert_eq!(begin(&store, "refused").await, Begun::New);
            assert_eq!(begin(&store, "nothing").await, Begun::New);
            drop(store);
        }
    });
}

#[test]
fn a_key_whose_work_failed_after_a_change_is_not_free() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(audit_key(), at(0));
        let store = Sqlite::open(&folder.path().join("metadata.db"), options).await.unwrap();
        assert_eq!(begin(&store, "half").await, Begun::New);
        store.record("upload.create", "upl-1", "{}", &of("half")).await.unwrap();
        store.abandon("key:a", "half").await.unwrap();
        let done = vec![("upload.create".to_owned(), "upl-1".to_owned())];
        assert_eq!(begin(&store, "half").await, Begun::Interrupted(done));
        // The same id of a request before it began is another one's.
        store.record("upload.create", "upl-2", "{}", &of("later")).await.unwrap();
        assert_eq!(begin(&store, "later").await, Begun::New);
        store.abandon("key:a", "later").await.unwrap();
        assert_eq!(begin(&store, "later").await, Begun::New);
    });
}
