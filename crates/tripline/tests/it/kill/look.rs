//! Reads what the service holds, and whether that fits together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ledger::{Ledger, Values};
use crate::service::{Client, PATIENCE};

/// Models that come with the program.
const SHIPPED: [&str; 2] = ["flow_detector", "unsw_nb15_detector"];
/// Names under which the clients register versions.
const MODELS: [&str; 3] = ["swap", "split", "brief"];

/// A record that every version calls an attack.
pub(super) fn record() -> Value {
    json!({"rate": 9.0, "bytes": 0.1, "protocol": "tcp"})
}

/// All values that can be listed; of those that cannot, the named ones.
pub(super) fn values(client: &Client, named: &BTreeSet<String>) -> Values {
    let mut values = Values::new();
    let mut put = |name: String, value: Value| {
        assert!(values.insert(name.clone(), value).is_none(), "{name} is there twice");
    };
    for name in MODELS {
        let models = client.get(&format!("/api/v1/models?name={name}")).of(200);
        for model in list(&models, "models") {
            put(format!("model {}", text(model, "model_id")), model["status"].clone());
        }
    }
    for experiment in list(&client.get("/api/v1/experiments").of(200), "experiments") {
        let value = json!([experiment["treatment"]["model_id"], experiment["share"]]);
        put(format!("experiment {}", text(experiment, "name")), value);
    }
    for rule in list(&client.get("/api/v1/rollback-rules").of(200), "rules") {
        put(format!("rule {}", text(rule, "name")), rule["max_error_rate"].clone());
    }
    for upload in list(&client.get("/api/v1/uploads").of(200), "uploads") {
        put(format!("upload {}", text(upload, "name")), upload["sha256"].clone());
    }
    for job in list(&client.get("/api/v1/training?limit=1000").of(200), "jobs") {
        put(format!("job {}", text(job, "name")), state(job));
    }
    for key in list(&client.get("/api/v1/keys").of(200), "keys") {
        let state = if key["revoked_at"].is_null() { "valid" } else { "revoked" };
        put(format!("key {}", text(key, "name")), json!(state));
    }
    for name in named {
        let (kind, id) = name.split_once(' ').unwrap();
        match kind {
            "alias" => {
                let answer = client.get(&format!("/api/v1/models/{id}"));
                if answer.status != 404 {
                    put(name.clone(), answer.of(200)["model_id"].clone());
                }
            }
            "detection" => {
                let answer = client.get(&format!("/api/v1/detections/{id}"));
                if answer.status != 404 {
                    put(name.clone(), answer.of(200)["entity"].clone());
                }
            }
            "verdict" => {
                let detection = client.get(&format!("/api/v1/detections/{id}")).of(200);
                put(name.clone(), detection["feedback"].clone());
            }
            "row" => {
                let body = json!({"points": [{"entity": id, "as_of": "2025-01-02T00:00:00Z"}]});
                let found = client.post("/api/v1/features/kill/historical", &body).of(200);
                put(name.clone(), found["rows"][0]["values"]["a"].clone());
            }
            _ => {}
        }
    }
    values
}

/// Whether a job is there, or was cancelled.
fn state(job: &Value) -> Value {
    let state = text(job, "status");
    assert_ne!(state, "failed", "{job}");
    let cancelled = state == "cancelled" || job["cancel_requested"] == true;
    json!(if cancelled { "cancelled" } else { "there" })
}

fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer[name].as_array().unwrap_or_else(|| panic!("no `{name}` in {answer}"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {value}"))
}

/// Each name has one active version, and that is the one which answers; an experiment of the
/// database splits the answers.
pub(super) fn sound(client: &Client, trial: &str) {
    let mut active: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for model in list(&client.get("/api/v1/models").of(200), "models") {
        let ids = active.entry(text(model, "name").to_owned()).or_default();
        if model["status"] == "active" {
            ids.push(text(model, "model_id").to_owned());
        }
    }
    for name in SHIPPED {
        assert!(active.contains_key(name), "{trial}: no {name}: {active:?}");
    }
    for (name, ids) in &active {
        // Versions of this name come and go, and none is deployed; jobs register candidates.
        let most =
            usize::from(SHIPPED.contains(&name.as_str()) || ["swap", "split"].contains(&&**name));
        assert_eq!(ids.len(), most, "{trial}: {name} has {ids:?}");
    }
    for name in SHIPPED {
        let ready = client.get(&format!("/v2/models/{name}/ready")).of(200);
        assert_eq!(ready["ready"], true, "{trial}: {name}");
    }
    if let Some(ids) = active.get("swap") {
        let path = "/api/v1/predict/flow?model=swap";
        let answer = client.post(path, &record()).of(200);
        assert_eq!(answer["model_version"], *ids[0], "{trial}: database and answers differ");
    }
    if let Some(ids) = active.get("split") {
        let experiments = client.get("/api/v1/experiments").of(200);
        let tried = list(&experiments, "experiments").first();
        let mut expected = BTreeSet::from([ids[0].clone()]);
        expected.extend(tried.map(|tried| text(&tried["treatment"], "model_id").to_owned()));
        let mut found = BTreeSet::new();
        for entity in 0..40 {
            let body = json!({"record": record(), "entity": format!("host-{entity}")});
            let answer = client.post("/api/v1/predict/flow?model=split", &body).of(200);
            found.insert(text(&answer, "model_version").to_owned());
        }
        assert_eq!(found, expected, "{trial}: experiment and answers differ");
    }
}

/// All jobs come to their end, and each registers one version.
pub(super) fn to_the_end(client: &Client, ledger: &Ledger) {
    let begin = Instant::now();
    loop {
        let waiting = |state: &str| {
            let path = format!("/api/v1/training?limit=1000&status={state}");
            list(&client.get(&path).of(200), "jobs").len()
        };
        if waiting("queued") + waiting("running") == 0 {
            break;
        }
        assert!(begin.elapsed() < PATIENCE * 4, "jobs do not end");
        std::thread::sleep(Duration::from_millis(50));
    }
    let jobs = client.get("/api/v1/training?limit=1000").of(200);
    for job in list(&jobs, "jobs") {
        let name = text(job, "name");
        let models = client.get(&format!("/api/v1/models?name={name}")).of(200);
        let models = list(&models, "models");
        if ledger.value(&format!("job {name}")) == "cancelled" {
            assert_eq!(job["status"], "cancelled", "{job}");
            assert!(models.is_empty(), "{job}: {models:?}");
        } else {
            assert_eq!(job["status"], "completed", "{job}");
            assert_eq!(models.len(), 1, "{job}: {models:?}");
            assert_eq!(models[0]["model_id"], job["new_model_id"]);
        }
    }
    let runs = client.get("/api/v1/runs?limit=1000").of(200);
    for run in list(&runs, "runs") {
        assert_ne!(run["status"], "running", "{run}");
    }
}
