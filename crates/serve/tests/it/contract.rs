//! The example requests of the users' documents, word for word.

use serde_json::{Value, json};

use super::harness::Site;
use super::traffic;

#[test]
fn listing_active_models_has_the_documented_shape() {
    let site = Site::start();
    let answer = site.get("/api/v1/models?status=active");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let models = answer["models"].as_array().unwrap();
    assert!(!models.is_empty());
    for model in models {
        for name in ["model_id", "name", "version", "status", "deployed_at"] {
            assert!(model[name].is_string(), "{name}: {model}");
        }
        assert_eq!(model["status"], "active");
        assert!(model["metrics"].is_object(), "{model}");
        let joined =
            format!("{}_{}", model["name"].as_str().unwrap(), model["version"].as_str().unwrap());
        assert_eq!(model["model_id"], joined);
    }
    site.get("/api/v1/models?status=activ").is_problem(422);
}

#[test]
fn deploy_and_rollback_answer_by_id() {
    let site = Site::start();
    let token = [("X-Tripline-Token", site.token.as_str())];
    let id = "/api/v1/models/flow_detector_v1.0.0";
    site.post(&format!("{id}/deploy"), &json!({})).is_problem(403);
    let deployed = site.post_with(&format!("{id}/deploy"), &token, &json!({}));
    assert_eq!(deployed.status, 200, "{}", deployed.text());
    assert_eq!(deployed.json()["active_model_id"], "flow_detector_v1.0.0");
    // No version was active before this one.
    site.post_with(&format!("{id}/rollback"), &token, &json!({})).is_problem(409);
    site.post_with("/api/v1/models/nobody/deploy", &token, &json!({})).is_problem(404);
    site.post_with("/api/v1/models/nobody/rollback", &token, &json!({})).is_problem(404);
}

#[test]
fn a_flat_record_is_judged() {
    let site = Site::start();
    let (record, detection) = traffic::attack(&site);
    for path in ["/predict", "/api/v1/predict", "/api/v1/predict/flow"] {
        let answer = site.post(path, &record);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        assert_eq!(answer["prediction"], "attack");
        // Online and batch give the same.
        assert_eq!(answer["probability"], detection["probability"]);
        assert_eq!(answer["threat_detected"], true);
        assert_eq!(answer["threat_type"], detection["threat_type"]);
        assert_eq!(answer["risk_score"], detection["risk_score"]);
        assert_eq!(answer["model_version"], "flow_detector_v1.0.0");
        assert!(answer["prediction_id"].as_str().unwrap().starts_with("pred-"));
        assert!(answer["inference_time_ms"].as_f64().unwrap() > 0.0);
        assert!(answer.get("reasons").is_none());
    }
}

#[test]
fn an_envelope_tells_whom_and_when() {
    let site = Site::start();
    let (record, _) = traffic::attack(&site);
    let body =
        json!({"record": record, "entity": "203.0.113.45", "timestamp": "2025-10-08T14:30:00Z"});
    let path = "/api/v1/predict/flow?durable=true&reasons=over_threshold&reasons_limit=2";
    let answer = site.post(path, &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let reasons = answer["reasons"].as_array().unwrap();
    assert!((1..=2).contains(&reasons.len()), "{answer}");
    assert!(reasons.iter().all(|reason| reason["contribution"].as_f64().unwrap() > 0.0));
    // It is on disk already.
    let id = answer["detection_id"].as_str().unwrap();
    let stored = site.get(&format!("/api/v1/detections/{id}")).json();
    assert_eq!(stored["entity"], "203.0.113.45");
    assert_eq!(stored["explanation"]["reasons"].as_array().unwrap().len(), reasons.len());
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let site = Site::start();
    let (record, _) = traffic::attack(&site);
    let sequences = site.post("/predict", &json!({"sequences": [[1, 2, 3], [4, 5]]}));
    sequences.is_problem(422);
    let (field, message) = sequences.field();
    assert_eq!(field, "sequences");
    assert!(message.contains("flow_detector"), "{message}");
    for field in ["request_data", "behavioral_data"] {
        let answer = site.post("/api/v1/predict", &json!({field: {"method": "POST"}}));
        answer.is_problem(422);
        assert_eq!(answer.field().0, field);
    }

    let empty = site.post("/predict", &json!({}));
    empty.is_problem(422);
    let names = record.as_object().unwrap();
    let named = empty.json()["errors"].as_array().unwrap().len();
    assert!((1..=20).contains(&named), "{}", empty.text());
    assert!(empty.body.len() < 4000, "{}", empty.text());

    let numeric = names.iter().find(|(_, value)| value.is_number()).unwrap().0.clone();
    let mut wrong = record.clone();
    wrong[&numeric] = json!("many");
    let answer = site.post("/predict", &wrong);
    answer.is_problem(422);
    assert_eq!(answer.field().0, numeric);
    wrong[&numeric] = json!([1]);
    let answer = site.post("/predict", &wrong);
    answer.is_problem(422);
    assert_eq!(answer.field().0, numeric);

    let value = wrong.as_object_mut().unwrap().remove(&numeric).unwrap();
    wrong[format!("{numeric}x")] = value;
    let answer = site.post("/predict", &wrong);
    answer.is_problem(422);
    assert_eq!(answer.field().0, numeric);
    assert!(answer.field().1.contains(&format!("{numeric}x")), "{}", answer.text());
    let before = site.post("/predict", &record).json()["ignored_fields"].as_u64().unwrap_or(0);
    let filled = site.post("/predict?missing_columns=fill", &wrong);
    assert_eq!(filled.status, 200, "{}", filled.text());
    assert_eq!(filled.json()["missing_columns"], json!([numeric]));
    assert_eq!(filled.json()["ignored_fields"], before + 1);

    let wrapped = json!({"record": record, "entty": "x"});
    let answer = site.post("/api/v1/predict/flow", &wrapped);
    answer.is_problem(422);
    assert_eq!(answer.field().0, "entty");
    let answer = site.post("/predict?model=unknown", &record);
    answer.is_problem(422);
    assert_eq!(answer.field().0, "model");
    site.post("/predict", &json!([1])).is_problem(422);
}

#[test]
fn routes_of_detectors_that_are_not_there_are_absent() {
    let site = Site::start();
    let document = site.get("/api/v1/openapi.json").json();
    for path in ["/api/v1/predict/threat", "/api/v1/predict/anomaly"] {
        site.post(path, &json!({"request_data": {}})).is_problem(404);
        assert!(document["paths"].get(path).is_none(), "{path}");
    }
    let paths = document["paths"].as_object().unwrap();
    for path in [
        "/predict",
        "/api/v1/predict",
        "/api/v1/predict/flow",
        "/api/v1/predict/flow/batch",
        "/api/v1/predict/capture",
        "/api/v1/explain",
        "/api/v1/models",
        "/api/v1/models/{id}",
        "/api/v1/detections/stream",
        "/api/v1/feedback",
        "/graphql",
        "/v2/models/{name}/infer",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
}

#[test]
fn an_explanation_sums_to_the_output() {
    let site = Site::start();
    let (record, detection) = traffic::attack(&site);
    let sum = |answer: &Value| {
        let values = answer["shap_values"].as_array().unwrap();
        let sum: f64 = values.iter().map(|value| value.as_f64().unwrap()).sum();
        sum + answer["base_value"].as_f64().unwrap() - answer["output"].as_f64().unwrap()
    };
    for body in [json!({"record": record}), json!({"detection_id": detection["detection_id"]})] {
        let answer = site.post("/api/v1/explain", &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = answer.text();
        let answer = answer.json();
        assert!(sum(&answer).abs() < 1e-6, "{answer}");
        assert_eq!(answer["prediction"], "attack");
        assert_eq!(answer["probability"], detection["probability"]);
        let names = answer["feature_names"].as_array().unwrap();
        assert_eq!(names.len(), answer["shap_values"].as_array().unwrap().len());
        let importance = answer["feature_importance"].as_object().unwrap();
        assert_eq!(importance.len(), names.len());
        // The largest comes first in the text.
        let largest = importance
            .iter()
            .max_by(|a, b| a.1.as_f64().unwrap().total_cmp(&b.1.as_f64().unwrap()));
        assert!(text.contains(&format!("\"feature_importance\":{{\"{}\"", largest.unwrap().0)));
    }
    site.post("/api/v1/explain", &json!({})).is_problem(422);
    site.post("/api/v1/explain", &json!({"detection_id": "det-none"})).is_problem(404);
}
