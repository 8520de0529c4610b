//! Changes of the registry by HTTP: repeated, left in the middle, beside requests.

use serde_json::json;
use tripline_engine::service::Registration;
use tripline_store::Timestamp;
use tripline_store::records::Change;

use super::harness::{SHIPPED, Site};
use super::traffic;

/// Registers the shipped model's file again under its name, as the next version.
fn next(site: &Site) -> String {
    let service = site.app.service().clone();
    let what = Registration { name: SHIPPED[0].name.to_owned(), ..Registration::default() };
    let change = Change::system(Timestamp(1), "test");
    let file = bytes::Bytes::from_static(SHIPPED[0].bytes);
    site.runtime.block_on(service.register(file, what, &change)).unwrap().id
}

#[test]
fn a_second_rollback_of_the_same_version_goes_no_further_back() {
    let site = Site::start();
    let token = [("X-Tripline-Token", site.token.as_str())];
    let post = |path: &str| site.post_with(path, &token, &json!({}));
    let (second, third) = (next(&site), next(&site));
    for id in [&second, &third] {
        assert_eq!(post(&format!("/api/v1/models/{id}/deploy")).status, 200);
    }
    let rolled = post(&format!("/api/v1/models/{third}/rollback"));
    assert_eq!(rolled.json()["active_model_id"], *second, "{}", rolled.text());
    post(&format!("/api/v1/models/{third}/rollback")).is_problem(409);
    let active = site.get("/api/v1/models?status=active").json();
    assert_eq!(active["models"][0]["model_id"], *second);
    // By its name whatever is active is left.
    let rolled = post("/api/v1/models/flow_detector/rollback");
    assert_eq!(rolled.json()["active_model_id"], "flow_detector_v1.0.0", "{}", rolled.text());
}

#[test]
fn a_detection_is_explained_after_its_version_was_left() {
    let site = Site::start();
    let token = [("X-Tripline-Token", site.token.as_str())];
    let (_, detection) = traffic::attack(&site);
    for id in [next(&site), next(&site)] {
        let path = format!("/api/v1/models/{id}/deploy");
        assert_eq!(site.post_with(&path, &token, &json!({})).status, 200);
    }
    let body = json!({"detection_id": detection["detection_id"]});
    let answer = site.post("/api/v1/explain", &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["model_version"], "flow_detector_v1.2.0");
}

#[test]
fn a_durable_capture_answers_with_detections_that_are_on_disk() {
    // So long that nothing would be on disk by itself.
    let site = Site::with_both(
        |_| {},
        |service| service.commit_every = std::time::Duration::from_millis(1500),
    );
    let headers = [("Content-Type", "application/vnd.tcpdump.pcap")];
    let path = "/api/v1/predict/capture?durable=true";
    let answer = site.send("POST", path, &headers, &traffic::capture());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let flows = answer["flows"].as_array().unwrap();
    let attacks = flows.iter().filter(|flow| flow["prediction"] == "attack").count();
    let ids: Vec<&str> = flows.iter().filter_map(|flow| flow["detection_id"].as_str()).collect();
    assert!(attacks > 20, "{attacks}");
    assert_eq!(ids.len(), attacks);
    for id in ids {
        assert_eq!(site.get(&format!("/api/v1/detections/{id}")).status, 200, "{id}");
    }
}
