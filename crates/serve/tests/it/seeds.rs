//! Example requests of the users' documents for what this version does not have, and the published
//! record.

use serde_json::{Value, json};

use super::harness::Site;

/// A row of UNSW-NB15's published partition, under its own names and in its own order, without
/// number and labels.
const RECORD: &str = r#"{"dur": 0.983874, "proto": "tcp", "service": "http", "state": "FIN",
    "spkts": 10, "dpkts": 8, "sbytes": 816, "dbytes": 1172, "rate": 17.278635, "sttl": 62,
    "dttl": 252, "sload": 5976.375, "dload": 8342.53125, "sloss": 2, "dloss": 2,
    "sinpkt": 109.319333, "dinpkt": 124.932859, "sjit": 5929.211713, "djit": 192.590406,
    "swin": 255, "stcpb": 794167371, "dtcpb": 1624757001, "dwin": 255, "tcprtt": 0.206572,
    "synack": 0.108393, "ackdat": 0.098179, "smean": 82, "dmean": 147, "trans_depth": 1,
    "response_body_len": 184, "ct_srv_src": 2, "ct_state_ttl": 1, "ct_dst_ltm": 1,
    "ct_src_dport_ltm": 1, "ct_dst_sport_ltm": 1, "ct_dst_src_ltm": 2, "is_ftp_login": 0,
    "ct_ftp_cmd": 0, "ct_flw_http_mthd": 1, "ct_src_ltm": 1, "ct_srv_dst": 3,
    "is_sm_ips_ports": 0}"#;

/// A service with the model of the published record too.
fn site() -> Site {
    let site = Site::start();
    let token = ("X-Tripline-Token", site.token.as_str());
    let headers = [("Content-Type", "application/octet-stream"), token];
    let file = include_bytes!("../../../tripline/models/unsw_nb15.trip");
    let made = site.send("POST", "/api/v1/models?name=unsw_nb15_detector", &headers, file);
    assert_eq!(made.status, 201, "{}", made.text());
    let path = "/api/v1/models/unsw_nb15_detector_v1.0.0/deploy";
    let deployed = site.post_with(path, &[token], &json!({}));
    assert_eq!(deployed.status, 200, "{}", deployed.text());
    site
}

#[test]
fn the_published_record_is_judged_as_it_is() {
    let site = site();
    let record: Value = serde_json::from_str(RECORD).unwrap();
    assert_eq!(record.as_object().unwrap().len(), 42);
    let mut scores = Vec::new();
    let json_type = [("Content-Type", "application/json")];
    for path in ["/predict", "/api/v1/predict", "/api/v1/predict/flow"] {
        let answer = site.send("POST", path, &json_type, RECORD.as_bytes());
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let answer = answer.json();
        // As the document's test asks.
        let prediction = answer["prediction"].as_str().unwrap();
        assert!(["attack", "normal"].contains(&prediction), "{answer}");
        assert_eq!(prediction == "attack", answer["threat_detected"] == true);
        assert!((0.0..=1.0).contains(&answer["probability"].as_f64().unwrap()), "{answer}");
        assert_eq!(answer["model_name"], "unsw_nb15_detector", "{answer}");
        // Nothing that the model takes is missing, under the published names.
        assert!(answer.get("missing_columns").is_none_or(|names| names == &json!([])), "{answer}");
        scores.push(answer["probability"].clone());
    }
    // The same in a batch, and with other values another score.
    let batch = site.post("/api/v1/predict/flow/batch?model=unsw_nb15_detector", &json!([record]));
    scores.push(batch.json()["predictions"][0]["probability"].clone());
    assert!(scores.iter().all(|score| *score == scores[0]), "{scores:?}");
    let mut other = record.clone();
    for (name, value) in [("dur", json!(1e-6)), ("rate", json!(1e6)), ("sttl", json!(254))] {
        other[name] = value;
    }
    let other = site.post("/predict?model=unsw_nb15_detector", &other).json();
    assert_ne!(other["probability"], scores[0], "{other}");

    // A value of another kind is named.
    let mut wrong = record;
    wrong["dur"] = json!("long");
    let answer = site.post("/predict?model=unsw_nb15_detector", &wrong);
    answer.is_problem(422);
    assert_eq!(answer.field().0, "dur");
}

/// What a field may be, as the problem lists it.
fn known(answer: &super::harness::Answer) -> Vec<String> {
    let problem = answer.json();
    let known = problem["errors"][0]["known"].as_array().cloned().unwrap_or_default();
    known.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// The document's example, word for word.
const TRAINING: &str = r#"{
  "model_type": "sql_injection_detector",
  "training_data_source": "s3://training-data/sql-injection-2025-q3.csv",
  "hyperparameters": {
    "learning_rate": 0.001,
    "epochs": 100,
    "batch_size": 64
  }
}"#;

#[test]
fn a_training_of_what_is_not_there_lists_what_is() {
    let site = Site::start();
    let send = |body: &str| {
        let headers = [("Content-Type", "application/json")];
        site.send("POST", "/api/v1/training/start", &headers, body.as_bytes())
    };
    let refused = send(TRAINING);
    refused.is_problem(422);
    assert_eq!(refused.field().0, "model_type", "{}", refused.text());
    assert!(refused.field().1.contains("sql_injection_detector"), "{}", refused.text());
    let detectors = known(&refused);
    for name in ["gradient_boosting", "isolation_forest", "flow_detector"] {
        assert!(detectors.iter().any(|known| known == name), "{name}: {detectors:?}");
    }

    // With a detector that is there, its parameters are looked at,
    let refused = send(&TRAINING.replace("sql_injection_detector", "gradient_boosting"));
    refused.is_problem(422);
    assert!(refused.field().0.starts_with("hyperparameters."), "{}", refused.text());
    assert!(known(&refused).iter().any(|name| name == "learning_rate"), "{}", refused.text());

    // then the source.
    let mut body: Value = serde_json::from_str(TRAINING).unwrap();
    body["model_type"] = json!("gradient_boosting");
    body["hyperparameters"] = json!({"learning_rate": 0.001});
    for source in ["s3://training-data/sql-injection-2025-q3.csv", "postgres://db/flows"] {
        body["training_data_source"] = json!(source);
        let refused = send(&body.to_string());
        refused.is_problem(422);
        let (field, message) = refused.field();
        assert_eq!(field, "training_data_source", "{}", refused.text());
        let said = format!("{message} {:?}", known(&refused));
        for kind in ["upload:", "file:", "detections:"] {
            assert!(said.contains(kind), "{source}: {said}");
        }
    }
    // Nothing was queued by all this.
    assert_eq!(site.get("/api/v1/training").json()["jobs"], json!([]));
    site.get("/api/v1/training/job-789").is_problem(404);
}

#[test]
fn models_of_the_documents_are_not_found_by_name() {
    let site = Site::start();
    let token = [("X-Tripline-Token", site.token.as_str())];
    for action in ["deploy", "rollback"] {
        let path = format!("/api/v1/models/sql_detector_v2.1.0/{action}");
        // Neither example has a body.
        let answer = site.send("POST", &path, &token, b"");
        answer.is_problem(404);
        assert!(answer.text().contains("sql_detector_v2.1.0"), "{}", answer.text());
    }
    let health = site.get("/health");
    assert_eq!(health.status, 200);
    assert_eq!(health.json()["status"], "ok");
    for status in ["active", "candidate", "shadow", "archived"] {
        assert_eq!(site.get(&format!("/api/v1/models?status={status}")).status, 200, "{status}");
    }
}

/// Examples of routes whose detectors do not exist yet, sent to those that do.
#[test]
fn examples_of_other_tasks_name_their_field() {
    let site = Site::start();
    let threat = json!({"request_data": {
        "method": "POST", "path": "/api/users",
        "headers": {"User-Agent": "sqlmap/1.5.5", "Content-Type": "application/json"},
        "body": "{\"username\":\"' OR 1=1 --\"}", "source_ip": "203.0.113.45"}});
    let anomaly = json!({"user_id": "user-prod-123", "behavioral_data": {
        "login_timestamp": "2025-10-08T03:15:00Z", "login_geolocation": "Unknown",
        "device_fingerprint": "new_device_hash_xyz",
        "actions": ["view_dashboard", "export_user_data", "delete_records"]}});
    for (path, body, field) in
        [("threat", &threat, "request_data"), ("anomaly", &anomaly, "behavioral_data")]
    {
        site.post(&format!("/api/v1/predict/{path}"), body).is_problem(404);
        for path in ["/predict", "/api/v1/predict"] {
            let answer = site.post(path, body);
            answer.is_problem(422);
            assert_eq!(answer.field().0, field, "{}", answer.text());
            assert!(answer.text().contains("flow_detector"), "{}", answer.text());
        }
    }
}
