//! `Idempotency-Key` over the end of the service: work is not done twice.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tripline_store::Timestamp;
use tripline_store::metadata::Begun;
use tripline_store::records::Change;

use super::harness::Site;

const PATH: &str = "/api/v1/feedback";

/// What the service keeps of a request: a hash of its parts, each after its length.
fn fingerprint(body: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in ["POST", PATH, body] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[test]
fn a_repeat_after_a_crash_is_told_what_was_done() {
    let site = Site::start();
    let body = json!({"detection_id": "det-none", "verdict": "false_positive"});
    let text = body.to_string();
    let store = site.app.store().clone();
    let now = site.app.service().clock().now();
    // The service is killed after the change and before the answer, and before any change.
    site.runtime.block_on(async {
        for (key, changed) in [("after", true), ("before", false)] {
            let request = Some(format!("req-{key}"));
            let hash = fingerprint(&text);
            let begun = store.begin("local", key, &hash, request.as_deref(), now).await.unwrap();
            assert_eq!(begun, Begun::New);
            if changed {
                let change =
                    Change { at: Timestamp(1), actor: "local".to_owned(), request, reason: None };
                store.record("feedback.add", "fbk-7", "{}", &change).await.unwrap();
            }
        }
    });
    drop(store);
    let again = |site: &Site, key: &str| site.post_with(PATH, &[("Idempotency-Key", key)], &body);
    let under_way = again(&site, "after");
    under_way.is_problem(409);
    assert!(under_way.text().contains("is being worked on"), "{}", under_way.text());
    let site = Site::over(site.stop(), |_| {}, |_| {});
    for _ in 0..2 {
        let told = again(&site, "after");
        told.is_problem(409);
        let detail = told.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("`feedback.add` of `fbk-7`"), "{detail}");
        assert!(detail.contains("under a fresh key"), "{detail}");
    }
    // Nothing was done, so it is done now: there is no such detection.
    again(&site, "before").is_problem(404);
}
