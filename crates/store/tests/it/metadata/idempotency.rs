//! Idempotency keys: one request, one answer, for a day.

use tripline_store::metadata::{Begun, StoredAnswer};
use tripline_store::{MetadataError, Sqlite, SqliteOptions};

use super::{at, audit_key, each, run};

#[test]
fn a_request_that_comes_again_gets_the_answer_it_got() {
    each(async |store| {
        let begin = async |actor: &str, fingerprint: u8, second: i64| {
            store.begin(actor, "k1", &[fingerprint; 32], at(second)).await.unwrap()
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
        let refused = store.begin("key:a", &"x".repeat(300), &[0; 32], at(0)).await;
        assert!(matches!(refused, Err(MetadataError::Invalid { field: "idempotency_key", .. })));
    });
}

#[test]
fn what_was_under_way_when_the_service_ended_counts_as_new() {
    use tripline_store::metadata::Idempotency as _;
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metadata.db");
        let options = || SqliteOptions::new(audit_key(), at(0));
        let store = Sqlite::open(&path, options()).await.unwrap();
        let answer = StoredAnswer { status: 200, body: vec![] };
        for key in ["done", "under way"] {
            assert_eq!(store.begin("key:a", key, &[1; 32], at(0)).await.unwrap(), Begun::New);
        }
        store.complete("key:a", "done", &answer).await.unwrap();
        drop(store);
        let store = Sqlite::open(&path, options()).await.unwrap();
        let begun = store.begin("key:a", "done", &[1; 32], at(1)).await.unwrap();
        assert_eq!(begun, Begun::Answered(answer));
        let begun = store.begin("key:a", "under way", &[1; 32], at(1)).await.unwrap();
        assert_eq!(begun, Begun::New);
    });
}
