//! Training jobs, uploads and runs over the network interface.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tripline_core::Silent;
use tripline_engine::{JudgingSettings, ReadSettings, TrainingSettings};

use super::harness::{Answer, Site};

/// Benign flows around 0, attacks around 2 in one of three columns.
pub(crate) fn table(rows: usize, seed: u64) -> String {
    let mut random = tripline_core::Rng::new(seed);
    let mut text = String::from("rate,bytes,protocol,label\n");
    for row in 0..rows {
        let attack = row % 4 == 0;
        let rate = random.normal() + if attack { 2.0 } else { 0.0 };
        let bytes = random.normal();
        let protocol = ["tcp", "udp", "icmp"][row % 3];
        let label = if attack { "dos" } else { "benign" };
        writeln!(text, "{rate},{bytes},{protocol},{label}").unwrap();
    }
    text
}

pub(crate) fn upload(site: &Site, text: &str) -> String {
    let headers = [("Content-Type", "application/octet-stream")];
    let answer = site.send("POST", "/api/v1/uploads?name=flows.csv", &headers, text.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["training_data_source"].as_str().unwrap().to_owned()
}

pub(crate) fn start(site: &Site, body: &Value) -> String {
    let answer = site.post("/api/v1/training/start", body);
    assert_eq!(answer.status, 202, "{}", answer.text());
    let started = answer.json();
    assert_eq!(started["status"], "queued");
    assert!(started["submitted_at"].as_str().unwrap().ends_with('Z'));
    started["training_job_id"].as_str().unwrap().to_owned()
}

/// The job once it has ended.
#[track_caller]
pub(crate) fn ended(site: &Site, id: &str) -> Value {
    let begin = Instant::now();
    loop {
        let job = site.get(&format!("/api/v1/training/{id}")).json();
        if !["queued", "running"].contains(&job["status"].as_str().unwrap()) {
            return job;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{job}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

#[track_caller]
fn refused(answer: &Answer, field: &str, words: &str) {
    answer.is_problem(422);
    let problem = answer.json();
    assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(words), "{detail}");
}

#[test]
fn the_seeds_request_names_the_detector_that_is_not_there() {
    let site = Site::start();
    let body = json!({
        "model_type": "sql_injection_detector",
        "training_data_source": "s3://training-data/sql-injection-2025-q3.csv",
        "hyperparameters": {"learning_rate": 0.001, "epochs": 100, "batch_size": 64}
    });
    let answer = site.post("/api/v1/training/start", &body);
    refused(&answer, "model_type", "gradient_boosting");
    assert!(answer.text().contains("flow_detector"));
}

#[test]
fn a_training_registers_a_candidate_with_its_report() {
    let site = Site::start();
    let text = table(600, 1);
    let source = upload(&site, &text);
    let body = json!({
        "model_type": "gradient_boosting",
        "training_data_source": source,
        "hyperparameters": {"n_estimators": 20, "learning_rate": 0.2},
        "label": "label", "benign": "benign", "seed": 7, "name": "site_detector"
    });
    let id = start(&site, &body);
    let job = ended(&site, &id);
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(job["job_id"], id);
    assert_eq!(job["progress"], 1.0);
    assert_eq!(job["new_model_id"], "site_detector_v1.0.0");
    for figure in ["accuracy", "f1_score", "validation_accuracy", "roc_auc"] {
        let value = job["final_metrics"][figure].as_f64().unwrap();
        assert!((0.5..=1.0).contains(&value), "{figure} {value}");
    }
    let model = site.get("/api/v1/models/site_detector_v1.0.0").json();
    assert_eq!(model["status"], "candidate", "{model}");
    let report = site.get("/api/v1/models/site_detector_v1.0.0/report");
    assert!(report.text().contains("site_detector on upload:upl-"), "{}", report.status);
    assert!(!report.text().contains(site.folder.path().to_str().unwrap()));

    let runs = site.get("/api/v1/runs?experiment=site_detector").json();
    let run = &runs["runs"][0];
    assert_eq!(run["status"], "finished");
    assert_eq!(run["job_id"], id);
    assert_eq!(run["model_id"], "site_detector_v1.0.0");
    assert_eq!(run["params"]["seed"], "7");
    assert_eq!(run["params"]["n_estimators"], "20");
    assert_eq!(run["params"]["protocol"], "duplicate-grouped, 5 folds");
    assert_eq!(run["data"]["training"]["rows"], 600);
    let run_id = run["run_id"].as_str().unwrap();
    let history = site.get(&format!("/api/v1/runs/{run_id}/metrics/split_roc_auc")).json();
    assert_eq!(history["values"].as_array().unwrap().len(), 5, "{history}");
    let file = site.get(&format!("/api/v1/runs/{run_id}/artefacts/model.trip"));
    assert_eq!(file.status, 200);

    // The same training by the engine alone, as the command line does it: the same model but for
    // the name of its data.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.csv");
    std::fs::write(&path, &text).unwrap();
    let read = ReadSettings {
        label: Some("label".to_owned()),
        benign: Some("benign".to_owned()),
        ..ReadSettings::default()
    };
    let mut data = tripline_engine::data::read_table(&path, &read, true, None, &Silent).unwrap();
    let mut about = data.source.as_ref().clone();
    about.name = source;
    data.source = std::sync::Arc::new(about);
    let mut settings = TrainingSettings::default();
    let params = [("n_estimators", "20"), ("learning_rate", "0.2")];
    let params = params.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    settings.params.insert("gradient_boosting".to_owned(), params);
    let mut judging = JudgingSettings::default();
    judging.protocol = Some(judging.protocol_for(&data, None));
    let id = "gradient_boosting";
    let trained =
        tripline_engine::train::train(id, &data, None, &settings, &judging, 7, &Silent).unwrap();
    assert_eq!(trained.model.to_file(None).unwrap().to_bytes(), file.body);

    // The name now stands for its newest version: a training by name takes its parameters.
    let again = json!({
        "model_type": "site_detector", "training_data_source": body["training_data_source"],
        "label": "label", "benign": "benign", "protocol": "none",
        "hyperparameters": {"learning_rate": 0.1}
    });
    let second = start(&site, &again);
    let job = ended(&site, &second);
    assert_eq!(job["new_model_id"], "site_detector_v1.1.0", "{job}");
    let ids: Vec<String> = ["", ""]
        .iter()
        .zip(site.get("/api/v1/runs").json()["runs"].as_array().unwrap())
        .map(|(_, run)| run["run_id"].as_str().unwrap().to_owned())
        .collect();
    let compared = site.get(&format!("/api/v1/runs/compare?ids={}", ids.join(","))).json();
    assert_eq!(compared["differing_params"]["learning_rate"], json!(["0.1", "0.2"]), "{compared}");
    assert!(compared["differing_params"]["n_estimators"].is_null());
    assert_eq!(compared["same_data"], false);
}

#[test]
fn what_cannot_be_is_refused_before_it_is_queued() {
    let site = Site::start();
    let source = upload(&site, &table(40, 1));
    let ask = |change: &dyn Fn(&mut Value)| {
        let mut body =
            json!({"model_type": "sgd", "training_data_source": source, "label": "label"});
        change(&mut body);
        site.post("/api/v1/training/start", &body)
    };
    let answer = ask(&|body| body["hyperparameters"] = json!({"alpa": 1}));
    refused(&answer, "hyperparameters.alpa", "did you mean `alpha`?");
    let answer = ask(&|body| body["hyperparameters"] = json!({"alpha": -1}));
    refused(&answer, "hyperparameters.alpha", "alpha");
    let answer = ask(&|body| body["hyperparameters"] = json!({"alpha": [1]}));
    refused(&answer, "hyperparameters.alpha", "must be a number");
    let answer = ask(&|body| body["training_data_source"] = json!("s3://x/y.csv"));
    refused(&answer, "training_data_source", "upload:ID, file:PATH, detections:QUERY");
    for path in ["/etc/passwd", "file:/etc/passwd", "../x.csv", "file:x.csv"] {
        let answer = ask(&|body| body["training_data_source"] = json!(path));
        refused(&answer, "training_data_source", "data_roots");
    }
    for id in ["upload:upl-0", "upload:../../service.db", "upload:"] {
        let answer = ask(&|body| body["training_data_source"] = json!(id));
        refused(&answer, "training_data_source", "there is no upload");
    }
    let answer = ask(&|body| body["protocol"] = json!("randm"));
    refused(&answer, "protocol", "did you mean `random`?");
    let answer = ask(&|body| body["protocol"] = json!("official"));
    refused(&answer, "test_data_source", "needs rows");
    let answer = ask(&|body| body["prepare"] = json!("impute=nothing"));
    refused(&answer, "prepare", "impute");
    let answer = ask(&|body| body["name"] = json!("../x"));
    refused(&answer, "name", "lower-case");
    let answer = ask(&|body| body["fpr"] = json!(2));
    refused(&answer, "fpr", "");
    let answer = ask(&|body| {
        body["features"] = json!({"view": "none", "entity_column": "x"});
    });
    refused(&answer, "features.view", "there is no view");
    let answer = ask(&|body| body["seeed"] = json!(1));
    refused(&answer, "seeed", "is `seed` meant?");
    assert_eq!(site.get("/api/v1/training").json()["jobs"], json!([]));
}

#[test]
fn files_are_read_under_allowed_folders_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/flows.csv"), table(200, 3)).unwrap();
    std::fs::write(folder.path().join("secret.csv"), table(200, 3)).unwrap();
    let root = folder.path().join("data");
    std::os::unix::fs::symlink(folder.path().join("secret.csv"), root.join("link.csv")).unwrap();
    let site = Site::with_both(|_| {}, |service| service.jobs.roots = vec![root]);
    let body = |source: &str| {
        json!({"model_type": "sgd", "training_data_source": source, "label": "label",
               "protocol": "none"})
    };
    let answer = site.post("/api/v1/training/start", &body("link.csv"));
    refused(&answer, "training_data_source", "must lie under");
    let id = start(&site, &body("file:flows.csv"));
    assert_eq!(ended(&site, &id)["status"], "completed");
}

#[test]
fn the_guard_ends_a_job_whose_figures_would_mislead() {
    let site = Site::start();
    // Every row twice.
    let text = table(300, 4);
    let rows: Vec<&str> = text.lines().skip(1).collect();
    let doubled = format!("{text}{}\n", rows.join("\n"));
    let source = upload(&site, &doubled);
    let mut body = json!({"model_type": "sgd", "training_data_source": source, "label": "label",
                          "protocol": "random"});
    let job = ended(&site, &start(&site, &body));
    assert_eq!(job["status"], "failed");
    assert_eq!(job["attempt"], 1, "the same data would be refused again");
    let error = job["error"].as_str().unwrap();
    assert!(error.contains("repeat another") && error.contains("accept_leakage"), "{error}");
    assert!(error.contains("duplicate-grouped") && !error.contains("--"), "{error}");
    let run = &site.get("/api/v1/runs").json()["runs"][0];
    assert_eq!(run["status"], "failed");
    body["accept_leakage"] = json!(true);
    let job = ended(&site, &start(&site, &body));
    assert_eq!(job["status"], "completed", "{job}");
    let model = site.get(&format!("/api/v1/models/{}", job["new_model_id"].as_str().unwrap()));
    assert!(model.text().contains("accepted_leakage"), "{}", model.text());
}

#[test]
fn a_key_starts_one_job_and_makes_one_upload() {
    let site = Site::start();
    let text = table(60, 5);
    let send = |key: &str, body: &[u8]| {
        let headers = [("Content-Type", "text/csv"), ("Idempotency-Key", key)];
        site.send("POST", "/api/v1/uploads?name=a/../b.csv", &headers, body)
    };
    let first = send("k1", text.as_bytes()).json();
    assert_eq!(first["name"], "a/../b.csv");
    let second = send("k1", text.as_bytes());
    assert_eq!(second.json(), first);
    send("k1", b"other").is_problem(422);
    let list = site.get("/api/v1/uploads").json();
    assert_eq!(list["uploads"].as_array().unwrap().len(), 1);
    let expected = sha256(text.as_bytes());
    assert_eq!(list["uploads"][0]["sha256"], expected);

    let body = json!({"model_type": "sgd", "training_data_source": first["training_data_source"],
                      "label": "label", "protocol": "none"});
    let key = [("Idempotency-Key", "k2")];
    let first = site.post_with("/api/v1/training/start", &key, &body).json();
    let second = site.post_with("/api/v1/training/start", &key, &body).json();
    assert_eq!(first, second);
    assert_eq!(site.get("/api/v1/training").json()["jobs"].as_array().unwrap().len(), 1);
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    tripline_core::text::hexadecimal(sha2::Sha256::digest(bytes))
}

#[test]
fn uploads_are_bounded_and_leave_nothing_when_refused() {
    let site = Site::with_both(
        |_| {},
        |service| {
            service.jobs.max_upload_bytes = 1000;
            service.jobs.max_uploads = 2;
        },
    );
    let send = |body: &[u8]| {
        let headers = [("Content-Type", "application/octet-stream")];
        site.send("POST", "/api/v1/uploads", &headers, body)
    };
    send(&[b'x'; 2000]).is_problem(413);
    send(b"").is_problem(422);
    let left: Vec<_> = std::fs::read_dir(site.folder.path().join("blobs/uploads"))
        .map(|entries| entries.flatten().map(|entry| entry.file_name()).collect())
        .unwrap_or_default();
    assert_eq!(left, Vec::<std::ffi::OsString>::new());
    let form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.csv\"\r\n\r\n\
                a,b\r\n--b--\r\n";
    let key = site.key("train");
    let headers =
        [("Content-Type", "multipart/form-data; boundary=b"), ("X-API-Key", key.as_str())];
    let answer = site.send("POST", "/api/v1/uploads", &headers, form.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!((&answer.json()["name"], &answer.json()["bytes"]), (&json!("f.csv"), &json!(3)));
    assert_eq!(send(b"a").status, 201);
    send(b"b").is_problem(422);
    let id = answer.json()["upload_id"].as_str().unwrap().to_owned();
    let delete = |id: &str| {
        let token = [("X-Tripline-Token", site.token.as_str())];
        site.send("DELETE", &format!("/api/v1/uploads/{id}"), &token, b"")
    };
    assert_eq!(delete(&id).status, 204);
    delete(&id).is_problem(404);
    assert_eq!(site.get("/api/v1/uploads").json()["uploads"].as_array().unwrap().len(), 1);
}

/// A training that takes minutes.
fn long(source: &str) -> Value {
    json!({"model_type": "gradient_boosting", "training_data_source": source, "label": "label",
           "hyperparameters": {"n_estimators": 10000, "learning_rate": 0.001,
                               "early_stopping_rounds": 0}})
}

#[test]
fn jobs_are_cancelled_queued_by_priority_and_retried() {
    let site = Site::start();
    let source = upload(&site, &table(2000, 6));
    let running = start(&site, &long(&source));
    let begin = Instant::now();
    while site.get(&format!("/api/v1/training/{running}")).json()["status"] != "running" {
        assert!(begin.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    let quick = |priority: i32| {
        json!({"model_type": "sgd", "training_data_source": source, "label": "label",
               "protocol": "none", "priority": priority})
    };
    let low = start(&site, &quick(-1));
    let high = start(&site, &quick(5));
    let gone = start(&site, &quick(9));
    let post =
        |id: &str, what: &str| site.post(&format!("/api/v1/training/{id}/{what}"), &json!({}));
    assert_eq!(post(&gone, "cancel").json()["status"], "cancelled");
    post(&gone, "cancel").is_problem(409);
    post(&running, "retry").is_problem(409);
    post("job-none", "cancel").is_problem(404);
    let asked = Instant::now();
    assert_eq!(post(&running, "cancel").json()["cancel_requested"], true);
    assert_eq!(ended(&site, &running)["status"], "cancelled");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let (low, high) = (ended(&site, &low), ended(&site, &high));
    assert_eq!((&low["status"], &high["status"]), (&json!("completed"), &json!("completed")));
    assert!(high["started_at"].as_str() < low["started_at"].as_str());
    assert_eq!(post(&gone, "retry").status, 200);
    assert_eq!(ended(&site, &gone)["status"], "completed");
}

#[test]
fn events_follow_a_job_to_its_end() {
    let site = Site::start();
    let source = upload(&site, &table(400, 7));
    let body = json!({"model_type": "gradient_boosting", "training_data_source": source,
                      "label": "label", "hyperparameters": {"n_estimators": 30}});
    let id = start(&site, &body);
    let path = format!("/api/v1/training/{id}/events");
    let mut stream = site.connect();
    let host = format!("localhost:{}", site.address.port());
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let (mut states, mut last) = (Vec::new(), String::new());
    let mut progress: Vec<f64> = Vec::new();
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        if let Some(data) = line.strip_prefix("data: ") {
            let job: Value = serde_json::from_str(data).unwrap();
            assert_eq!(job["job_id"], id);
            states.push(job["status"].as_str().unwrap().to_owned());
            progress.push(job["progress"].as_f64().unwrap());
        } else if let Some(id) = line.strip_prefix("id: ") {
            id.clone_into(&mut last);
        }
    }
    states.dedup();
    assert_eq!(states.last().map(String::as_str), Some("completed"), "{states:?}");
    assert!(states.contains(&"running".to_owned()), "{states:?}");
    assert!(progress.is_sorted(), "{progress:?}");
    let seen = site.send("GET", &path, &[("Last-Event-ID", &last)], b"");
    assert_eq!(seen.status, 204);
    let unseen = site.send("GET", &path, &[("Last-Event-ID", "older")], b"");
    assert!(unseen.text().contains("\"status\":\"completed\""), "{}", unseen.text());
}

#[test]
fn a_job_is_parked_when_the_service_stops_and_goes_on_at_the_next_start() {
    let site = Site::start();
    let source = upload(&site, &table(1500, 8));
    let mut body = long(&source);
    body["hyperparameters"]["n_estimators"] = json!(150);
    body["name"] = json!("parked");
    let running = start(&site, &body);
    let begin = Instant::now();
    while site.get(&format!("/api/v1/training/{running}")).json()["status"] != "running" {
        assert!(begin.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    let folder = site.stop();
    let site = Site::over(folder, |_| {}, |_| {});
    let job = ended(&site, &running);
    assert_eq!(job["status"], "completed", "{job}");
    // A stop is no attempt.
    assert_eq!(job["attempt"], 1);
    assert_eq!(job["new_model_id"], "parked_v1.0.0");
    let models = site.get("/api/v1/models?name=parked").json();
    assert_eq!(models["models"].as_array().unwrap().len(), 1);
}
