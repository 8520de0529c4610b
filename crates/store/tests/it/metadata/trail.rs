//! The audit trail: every write that takes a change stands in it, chained and signed.

use futures_util::stream;
use tripline_store::audit::{Finding, verify};
use tripline_store::records::{AuditEntry, Change, JobState, NewJob, Outcome, PageRequest};
use tripline_store::{Metadata, MetadataError};

use super::{at, audit_key, change, each, new_version};

async fn all(store: &dyn Metadata) -> Vec<AuditEntry> {
    store.entries_from(0, 10_000).await.unwrap()
}

#[test]
fn the_trail_says_who_did_what_and_why() {
    each(async |store| {
        assert_eq!(store.head().await.unwrap(), None);
        let id = store.add_version(&new_version("flow_detector"), &change(1)).await.unwrap().id;
        let why = Change { reason: Some("better".to_owned()), ..change(2) };
        store.deploy(&id, &why).await.unwrap();
        store.record("login.refused", "user:eve", r#"{"address":"::1"}"#, &why).await.unwrap();
        let entries = all(store).await;
        assert_eq!(entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [1, 2, 3]);
        let deploy = &entries[1];
        assert_eq!((deploy.action.as_str(), &deploy.object), ("model.deploy", &id));
        assert_eq!((deploy.actor.as_str(), deploy.at), ("user:ada", at(2)));
        assert_eq!(deploy.request.as_deref(), Some("req-2"));
        assert_eq!(deploy.detail, r#"{"previous":null,"reason":"better"}"#);
        assert_eq!(entries[2].detail, r#"{"address":"::1","reason":"better"}"#);
        // The newest first, of one object alone if asked.
        let page = PageRequest { limit: 1, after: None };
        let part = store.entries(Some(&id), &page).await.unwrap();
        assert_eq!(part.items[0], entries[1]);
        let page = PageRequest { limit: 1, after: part.next };
        let part = store.entries(Some(&id), &page).await.unwrap();
        assert_eq!((&part.items[0], part.next), (&entries[0], None));
        for (detail, action) in [("no JSON", "a"), ("{}", ""), ("{}", "a\nb")] {
            let refused = store.record(action, "x", detail, &why).await;
            assert!(matches!(refused, Err(MetadataError::Invalid { .. })));
        }
        let long = format!("\"{}\"", "x".repeat(70_000));
        let refused = store.record("a", "x", &long, &why).await;
        assert!(matches!(refused, Err(MetadataError::Invalid { field: "detail", .. })));
        assert_eq!(all(store).await.len(), 3);
    });
}

#[test]
fn the_chain_with_its_head_verifies_under_its_key_alone() {
    each(async |store| {
        for number in 0..20 {
            store.record("a.b", &format!("object {number}"), "{}", &change(number)).await.unwrap();
        }
        let entries = || async { stream::iter(all(store).await.into_iter().map(Ok)) };
        let head = store.head().await.unwrap();
        let key = audit_key().public();
        let report = verify(entries().await, head.clone(), &key, []).await.unwrap();
        assert!(report.is_intact(), "{:?}", report.findings);
        assert_eq!((report.entries, head.as_ref().unwrap().sequence), (20, 20));
        let other = tripline_store::SecretKey::from_bytes([8; 32]).public();
        let report = verify(entries().await, head, &other, []).await.unwrap();
        assert_eq!(report.findings, [Finding::OtherSigner { sequence: 20 }]);
    });
}

#[test]
fn a_refused_write_leaves_no_entry_and_the_next_one_follows() {
    each(async |store| {
        let id = store.add_version(&new_version("m"), &change(1)).await.unwrap().id;
        store.deploy(&id, &change(2)).await.unwrap();
        for _ in 0..3 {
            store.delete_version(&id, &change(3)).await.unwrap_err();
            store.deploy("m_v9.0.0", &change(3)).await.unwrap_err();
            store.roll_back("m", &change(3)).await.unwrap_err();
        }
        store.record("a", "b", "{}", &change(4)).await.unwrap();
        assert_eq!(all(store).await.len(), 3);
        let head = store.head().await.unwrap().unwrap();
        assert_eq!((head.sequence, head.hash), (3, all(store).await[2].hash));
    });
}

#[test]
fn a_write_whose_future_is_dropped_leaves_all_or_nothing() {
    each(async |store| {
        let job = NewJob {
            kind: "training".to_owned(),
            priority: 0,
            spec: "{}".to_owned(),
            max_attempts: 1,
        };
        for patience in 0..60_u64 {
            let change = change(1);
            let submit = store.submit(&job, &change);
            let short = std::time::Duration::from_micros(patience * 40);
            let _ = tokio::time::timeout(short, submit).await;
        }
        store.submit(&job, &change(2)).await.unwrap();
        let page = PageRequest { limit: 1000, after: None };
        let jobs = store.jobs(&Default::default(), &page).await.unwrap().items;
        let entries = all(store).await;
        let mut queued: Vec<_> = jobs.iter().map(|job| job.id.as_str()).collect();
        queued.reverse();
        let noted: Vec<_> = entries.iter().map(|entry| entry.object.as_str()).collect();
        assert_eq!(noted, queued);
        let head = store.head().await.unwrap();
        let entries = stream::iter(entries.into_iter().map(Ok));
        let report = verify(entries, head, &audit_key().public(), []).await.unwrap();
        assert!(report.is_intact(), "{:?}", report.findings);
        // The queue still works.
        let job = store.claim(at(3)).await.unwrap().unwrap();
        let done = Outcome::Completed { metrics: "{}".to_owned(), result: None };
        let job = store.finish(&job.id, &done, &change(4)).await.unwrap();
        assert_eq!(job.state, JobState::Completed);
    });
}

#[test]
fn a_long_reason_is_cut_and_its_entry_written() {
    each(async |store| {
        let long = "ä".repeat(40_000);
        let because = Change { reason: Some(long.clone()), ..change(1) };
        let detail = serde_json::json!({ "error": long }).to_string();
        store.record("model.register_refused", "m", &detail, &because).await.unwrap();
        let entry = store.entries_from(1, 1).await.unwrap().remove(0);
        let detail: serde_json::Value = serde_json::from_str(&entry.detail).unwrap();
        for field in ["error", "reason"] {
            let text = detail[field].as_str().unwrap();
            assert!(text.ends_with("ä…") && text.len() <= 4100, "{} bytes", text.len());
        }
    });
}
