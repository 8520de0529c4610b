//! Training on rows joined with features, and on judged detections.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tripline_core::verdict::Severity;
use tripline_store::Timestamp;
use tripline_store::records::{Change, Feedback, Judgement, NewDetection};

use super::harness::Site;
use super::jobs::{ended, start, table, upload};

/// Seconds since 1970 as the API takes them.
fn at(second: u32) -> String {
    format!("2025-01-01T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Trains on rows without any sign of their class, joined with a view that tells the class of
/// each: `offset` seconds before or after the row. Gives the area under the curve.
fn joined(offset: i32) -> f64 {
    let site = Site::start();
    let mut random = tripline_core::Rng::new(9);
    let mut text = String::from("host,noise,when,label\n");
    let mut rows = Vec::new();
    for row in 0..600_u32 {
        let attack = random.unit() < 0.4;
        let (second, noise) = (100 + row * 50, random.normal());
        let label = if attack { "dos" } else { "benign" };
        writeln!(text, "10.0.0.{},{noise},{},{label}", row % 3, at(second)).unwrap();
        let value = f64::from(u8::from(attack)) + 0.1 * random.normal();
        let known = second.saturating_add_signed(offset);
        rows.push(json!({"entity": format!("10.0.0.{}", row % 3), "at": at(known),
                         "values": {"alerts": value}}));
    }
    let json = [("Content-Type", "application/json")];
    let view = json!({"features": ["alerts"]}).to_string();
    let defined = site.send("PUT", "/api/v1/features/host", &json, view.as_bytes());
    assert_eq!(defined.status, 200, "{}", defined.text());
    let stored = site.post("/api/v1/features/host/rows", &json!({ "rows": rows }));
    assert_eq!(stored.json()["stored"], 600, "{}", stored.text());
    let body = json!({
        "model_type": "gradient_boosting", "training_data_source": upload(&site, &text),
        "label": "label", "protocol": "duplicate-grouped", "folds": 3,
        "hyperparameters": {"n_estimators": 30},
        "features": {"view": "host", "entity_column": "host", "time_column": "when"}
    });
    let job = ended(&site, &start(&site, &body));
    assert_eq!(job["status"], "completed", "{job}");
    let model = site.get(&format!("/api/v1/models/{}", job["new_model_id"].as_str().unwrap()));
    assert!(model.text().contains("host.alerts"), "{}", model.text());
    job["final_metrics"]["roc_auc"].as_f64().unwrap()
}

#[test]
fn a_later_value_never_reaches_an_earlier_row() {
    let known_before = joined(-1);
    assert!(known_before > 0.99, "{known_before}");
    let known_after = joined(1);
    // Each row then sees the value of the host's row before, which tells nothing.
    assert!((0.4..0.6).contains(&known_after), "{known_after}");
}

#[test]
fn features_are_read_now_and_as_of_a_time() {
    let site = Site::start();
    let json = [("Content-Type", "application/json")];
    let define =
        |body: Value| site.send("PUT", "/api/v1/features/host", &json, body.to_string().as_bytes());
    let view = define(json!({"features": ["a", "b"], "time_to_live_seconds": 3600}));
    assert_eq!(view.json()["time_to_live_seconds"], 3600.0);
    define(json!({"features": []})).is_problem(422);
    define(json!({"features": ["A"]})).is_problem(422);
    let put = |rows: Value| site.post("/api/v1/features/host/rows", &json!({ "rows": rows }));
    let rows = json!([
        {"entity": "x", "at": at(10), "values": {"a": 1.0, "b": null}},
        {"entity": "x", "at": at(20), "values": {"a": 2.0, "b": 5.0}}
    ]);
    assert_eq!(put(rows).status, 200);
    for wrong in [
        json!([{"entity": "", "at": at(1), "values": {}}]),
        json!([{"entity": "x", "at": "soon", "values": {}}]),
        json!([{"entity": "x", "at": at(1), "values": {"c": 1.0}}]),
        json!([]),
    ] {
        put(wrong).is_problem(422);
    }
    let points: Vec<Value> = [(9, "x"), (10, "x"), (19, "x"), (20, "x"), (25, "y"), (3621, "x")]
        .iter()
        .map(|(second, entity)| json!({"entity": entity, "as_of": at(*second)}))
        .collect();
    let found = site.post("/api/v1/features/host/historical", &json!({ "points": points })).json();
    let values: Vec<Value> =
        found["rows"].as_array().unwrap().iter().map(|row| row["values"]["a"].clone()).collect();
    assert_eq!(json!(values), json!([null, 1.0, 1.0, 2.0, null, null]));
    assert_eq!(found["rows"][1]["values"]["b"], Value::Null);
    assert_eq!(found["rows"][1]["at"], at(10));
    // All that is known is hours old by now.
    let now = site.post("/api/v1/features/host/online", &json!({"entities": ["x", "y"]})).json();
    assert_eq!(now["rows"], json!([null, null]));
    define(json!({"features": ["a", "b", "c"]}));
    let views = site.get("/api/v1/features").json();
    assert_eq!(views["views"][0]["features"], json!(["a", "b", "c"]));
    site.post("/api/v1/features/none/online", &json!({"entities": ["x"]})).is_problem(404);
}

/// A stored detection of a flow in the columns of [`table`].
fn detection(site: &Site, number: u32, rate: f64, judgement: Option<Judgement>) {
    let store = site.app.store().clone();
    let id = format!("det-{number}");
    let event = json!({"rate": rate, "bytes": 0.5, "protocol": "sctp", "label": "dos"});
    let new = NewDetection {
        id: id.clone(),
        at: Timestamp(1_700_000_000_000_000 + i64::from(number)),
        task: "flow".to_owned(),
        entity: Some("10.0.0.1".to_owned()),
        model_id: "flow_detector_v1.0.0".to_owned(),
        arm: None,
        kind: "Worm".to_owned(),
        severity: Severity::High,
        probability: 0.9,
        score: 1.0,
        threshold: 0.5,
        risk: 90,
        action: "block_ip".to_owned(),
        techniques: Vec::new(),
        reasons: "[]".to_owned(),
        event: event.to_string(),
        request: None,
    };
    site.runtime.block_on(async {
        store.add_detections(&[new]).await.unwrap();
        let Some(judgement) = judgement else { return };
        let feedback = Feedback {
            id: format!("fbk-{number}"),
            detection: id,
            judgement,
            label: None,
            comment: None,
            actor: "local".to_owned(),
            at: Timestamp(1_700_000_001_000_000),
        };
        store.add_feedback(&feedback, &Change::system(Timestamp(2), "test")).await.unwrap();
    });
}

#[test]
fn judged_detections_are_trained_on_alone_or_after_a_base() {
    let site = Site::start();
    for number in 0..60 {
        let judgement = match number % 3 {
            0 => Some(Judgement::TruePositive),
            1 => Some(Judgement::FalsePositive),
            _ => None,
        };
        let rate = f64::from(number % 3) * -4.0 + f64::from(number) * 0.01;
        detection(&site, number, rate, judgement);
    }
    let train = |source: &str| {
        let body = json!({"model_type": "gradient_boosting", "training_data_source": source,
                          "label": "label", "protocol": "none", "name": "judged",
                          "hyperparameters": {"n_estimators": 10, "min_child_samples": 2}});
        ended(&site, &start(&site, &body))
    };
    let job = train("detections:");
    assert_eq!(job["status"], "completed", "{job}");
    let run = site.get("/api/v1/runs").json()["runs"][0].clone();
    // 20 attacks and 20 false alarms; nobody judged the others. `label` is no column of theirs.
    assert_eq!(run["data"]["training"]["rows"], 40, "{run}");
    assert_eq!(run["data"]["training"]["columns"], 3);

    let base = upload(&site, &table(200, 2));
    let job = train(&format!("detections:task=flow&base={base}"));
    assert_eq!(job["status"], "completed", "{job}");
    let run = site.get("/api/v1/runs").json()["runs"][0].clone();
    assert_eq!(run["data"]["training"]["rows"], 240);
    let model = site.get("/api/v1/models/judged_v1.1.0").text();
    assert!(model.contains("worm") && model.contains("dos"), "{model}");

    let job = train("detections:kind=none");
    assert_eq!(job["status"], "failed");
    assert!(job["error"].as_str().unwrap().contains("no judged detection matches"), "{job}");
}
