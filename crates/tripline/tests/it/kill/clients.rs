//! What changes while the service is killed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::ledger::{Change, Ledger, STACK};
use super::{look, table};
use crate::service::{Client, Gone};

/// All clients.
pub(super) const ALL: [fn(&Client, &Names<'_>); 6] =
    [versions, experiments, judgements, features, jobs, keys];

/// Names of things that no other trial has made.
pub(super) struct Names<'a> {
    trial: u32,
    stop: &'a AtomicBool,
    ledger: &'a Mutex<Ledger>,
    files: &'a [Vec<u8>],
}

impl<'a> Names<'a> {
    pub(super) fn new(
        trial: u32,
        stop: &'a AtomicBool,
        ledger: &'a Mutex<Ledger>,
        files: &'a [Vec<u8>],
    ) -> Self {
        Self { trial, stop, ledger, files }
    }

    /// Works until the service is gone.
    fn until_gone(&self, mut step: impl FnMut(u32) -> Result<(), Gone>) {
        for at in 0.. {
            if self.stop.load(Ordering::Relaxed) || step(at).is_err() {
                return;
            }
        }
    }

    fn value(&self, name: &str) -> Value {
        self.ledger.lock().unwrap().value(name).clone()
    }
}

/// Versions of two names, and a view of features.
pub(super) fn prepare(client: &Client, ledger: &mut Ledger, files: &[Vec<u8>]) {
    let own = Mutex::new(std::mem::take(ledger));
    let send = |change| Ledger::change(&own, client, "first", change).unwrap();
    let view = json!({"features": ["a"]});
    send(Change::json("views", "PUT", "/api/v1/features/kill", &view, "features.define", []));
    for (name, version, file) in
        [("swap", 1, 0), ("swap", 2, 1), ("swap", 3, 2), ("split", 1, 0), ("split", 2, 1)]
    {
        send(register(name, &format!("v1.0.{version}"), &files[file]));
    }
    for name in ["swap", "split"] {
        send(deploy(&format!("{name}_v1.0.1"), &Value::Null));
    }
    *ledger = own.into_inner().unwrap();
    ledger.known.insert(STACK.to_owned(), json!(["swap_v1.0.1"]));
}

fn register(name: &str, version: &str, file: &[u8]) -> Change {
    let path = format!("/api/v1/models?name={name}&version={version}");
    let to = [(format!("model {name}_{version}"), json!("candidate"))];
    let change = Change::json("versions", "POST", path, &Value::Null, "model.register", to);
    Change { content_type: "application/octet-stream", body: file.to_vec(), ..change }
}

fn deploy(id: &str, before: &Value) -> Change {
    let mut to = vec![(format!("model {id}"), json!("active"))];
    to.extend(before.as_str().map(|before| (format!("model {before}"), json!("archived"))));
    let path = format!("/api/v1/models/{id}/deploy");
    Change::json("deploys", "POST", path, &json!({}), "model.deploy", to)
}

/// Deploys, rolls back and puts away versions of one name.
fn versions(client: &Client, names: &Names<'_>) {
    let all = ["swap_v1.0.1", "swap_v1.0.2", "swap_v1.0.3"];
    // What is active tells whether the last change before the kill was made.
    let mut stack: Vec<String> = serde_json::from_value(names.value(STACK)).unwrap();
    names.until_gone(|at| {
        let active = stack.last().unwrap().clone();
        let others: Vec<&str> = all.into_iter().filter(|id| *id != active).collect();
        let other = others[(at + names.trial) as usize % 2];
        let key = format!("swap-{}-{at}", names.trial);
        let mut next = stack.clone();
        let change = match at % 4 {
            0 | 2 => {
                next.push(other.to_owned());
                deploy(other, &json!(active))
            }
            1 if stack.len() > 1 => {
                next.pop();
                let path = format!("/api/v1/models/{active}/rollback");
                let to = [
                    (format!("model {active}"), json!("archived")),
                    (format!("model {}", next.last().unwrap()), json!("active")),
                ];
                Change::json("rollbacks", "POST", path, &json!({}), "model.rollback", to)
            }
            _ => {
                let name = format!("model {other}");
                let status = if names.value(&name) == "shadow" { "archived" } else { "shadow" };
                let path = format!("/api/v1/models/{other}/status");
                let body = json!({ "status": status });
                let to = [(name, json!(status))];
                Change::json("status changes", "PUT", path, &body, "model.status", to)
            }
        };
        let keyed = matches!(change.kind, "deploys" | "rollbacks") && at % 3 > 0;
        let mut change = if keyed { change.once(key) } else { change };
        change.to.insert(STACK.to_owned(), json!(next));
        Ledger::change(names.ledger, client, "versions", change)?;
        stack = next;
        Ok(())
    });
}

/// Begins and ends experiments of a name, sets its rule and an alias.
fn experiments(client: &Client, names: &Names<'_>) {
    names.until_gone(|at| {
        let there = |name: &str| !names.value(name).is_null();
        let put = |there: bool| if there { "DELETE" } else { "PUT" };
        let change = match at % 3 {
            0 => {
                let name = "experiment split";
                let share = [0.3, 0.5][at as usize % 2];
                let (method, action) = match there(name) {
                    true => ("DELETE", "experiment.end"),
                    false => ("PUT", "experiment.begin"),
                };
                let body = json!({"treatment": "split_v1.0.2", "share": share});
                let value = match there(name) {
                    true => Value::Null,
                    false => json!(["split_v1.0.2", share]),
                };
                let to = [(name.to_owned(), value)];
                let path = "/api/v1/experiments/split";
                Change::json("experiments begun and ended", method, path, &body, action, to)
            }
            1 => {
                let name = "rule split";
                let rate = f64::from(at % 90 + 1) / 100.0;
                let (action, value) = match there(name) {
                    true => ("rule.remove", Value::Null),
                    false => ("rule.set", json!(rate)),
                };
                let body = json!({"max_error_rate": rate, "max_p99_ms": null,
                                  "min_requests": 1_000_000, "window_seconds": 60});
                let to = [(name.to_owned(), value)];
                let path = "/api/v1/rollback-rules/split";
                Change::json("rules", put(there(name)), path, &body, action, to)
            }
            _ => {
                let name = "alias pet";
                let id = ["split_v1.0.1", "split_v1.0.2"][at as usize % 2];
                let (action, value) = match there(name) {
                    true => ("alias.remove", Value::Null),
                    false => ("alias.set", json!(id)),
                };
                let to = [(name.to_owned(), value)];
                let body = json!({ "model_id": id });
                let path = "/api/v1/aliases/pet";
                Change::json("aliases", put(there(name)), path, &body, action, to)
            }
        };
        Ledger::change(names.ledger, client, "experiments", change).map(drop)
    });
}

/// Stores detections before they are answered, and judges them.
fn judgements(client: &Client, names: &Names<'_>) {
    names.until_gone(|at| {
        let entity = format!("host-{}-{at}", names.trial);
        let body = json!({"record": look::record(), "entity": entity});
        let path = "/api/v1/predict/flow?model=split&durable=true";
        // Its name is told by the answer; no audit entry: nothing was changed.
        let mut change = Change::json("durable detections", "POST", path, &body, "", []);
        change.action = None;
        let answer = Ledger::change(names.ledger, client, "judgements", change)?;
        let id = answer["detection_id"].as_str().unwrap_or_else(|| panic!("{answer}"));
        {
            let mut ledger = names.ledger.lock().unwrap();
            ledger.stored(format!("detection {id}"), json!(entity));
        }
        let verdicts: &[&str] = match at % 3 {
            0 => &["false_positive"],
            1 => &["true_positive", "false_positive"],
            _ => &["false_positive", "benign"],
        };
        for verdict in verdicts {
            let body = json!({"detection_id": id, "verdict": verdict});
            let to = [(format!("verdict {id}"), json!(verdict))];
            let path = "/api/v1/feedback";
            let change = Change::json("judgements", "POST", path, &body, "feedback.add", to);
            let key = format!("verdict-{id}-{verdict}");
            Ledger::change(names.ledger, client, "judgements", change.once(key))?;
        }
        Ok(())
    });
}

/// Stores rows of features.
fn features(client: &Client, names: &Names<'_>) {
    names.until_gone(|at| {
        let entity = format!("{}-{at}", names.trial);
        let value = f64::from(at) + 0.5;
        let row = json!({"entity": entity, "at": "2025-01-01T00:00:00Z", "values": {"a": value}});
        let to = [(format!("row {entity}"), json!(value))];
        let path = "/api/v1/features/kill/rows";
        let body = json!({ "rows": [row] });
        let mut change = Change::json("feature rows", "POST", path, &body, "", to);
        change.action = None;
        Ledger::change(names.ledger, client, "features", change)?;
        std::thread::sleep(Duration::from_millis(10));
        Ok(())
    });
}

/// Uploads data, trains on them, cancels some jobs, deletes some uploads.
fn jobs(client: &Client, names: &Names<'_>) {
    names.until_gone(|at| {
        let name = format!("kill_{}_{at}", names.trial);
        let id = upload(client, names, &name)?;
        let body = json!({"model_type": "sgd", "training_data_source": format!("upload:{id}"),
                          "name": name, "label": "label", "benign": "benign", "protocol": "none",
                          "max_attempts": 10});
        let to = [(format!("job {name}"), json!("there"))];
        let path = "/api/v1/training/start";
        let change = Change::json("jobs", "POST", path, &body, "job.submit", to);
        let change = change.once(format!("job-{name}"));
        let job = Ledger::change(names.ledger, client, "jobs", change)?;
        if at % 3 == 2 {
            let id = job["training_job_id"].as_str().unwrap_or_else(|| panic!("{job}"));
            let path = format!("/api/v1/training/{id}/cancel");
            let to = [(format!("job {name}"), json!("cancelled"))];
            let cancel = Change::json("cancelled jobs", "POST", path, &json!({}), "job.cancel", to);
            let cancel = Change { may_be_late: true, ..cancel };
            Ledger::change(names.ledger, client, "jobs", cancel)?;
            let spare = format!("spare_{}_{at}", names.trial);
            let id = upload(client, names, &spare)?;
            let path = format!("/api/v1/uploads/{id}");
            let to = [(format!("upload {spare}"), Value::Null)];
            let delete = Change::json("deleted uploads", "DELETE", path, &Value::Null, "", to);
            Ledger::change(names.ledger, client, "jobs", Change { action: None, ..delete })?;
        }
        std::thread::sleep(Duration::from_millis(60));
        Ok(())
    });
}

/// The id of a fresh upload.
fn upload(client: &Client, names: &Names<'_>, name: &str) -> Result<String, Gone> {
    let text = table(60, name.len() as u64);
    let digest: String =
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let to = [(format!("upload {name}"), json!(digest))];
    let path = format!("/api/v1/uploads?name={name}");
    let change = Change::json("uploads", "POST", path, &Value::Null, "", to);
    let change =
        Change { content_type: "text/csv", body: text.into_bytes(), action: None, ..change };
    let key = format!("upload-{name}");
    let made = Ledger::change(names.ledger, client, "jobs", change.once(key))?;
    Ok(made["upload_id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned())
}

/// Registers and deletes versions, makes and revokes keys.
fn keys(client: &Client, names: &Names<'_>) {
    names.until_gone(|at| {
        let version = format!("v{}.{at}.0", names.trial);
        let file = &names.files[at as usize % names.files.len()];
        let change = register("brief", &version, file).once(format!("brief-{version}"));
        Ledger::change(names.ledger, client, "keys", change)?;
        if at % 2 == 0 {
            let path = format!("/api/v1/models/brief_{version}");
            let to = [(format!("model brief_{version}"), Value::Null)];
            let what = "deleted versions";
            let delete = Change::json(what, "DELETE", path, &Value::Null, "model.delete", to);
            Ledger::change(names.ledger, client, "keys", delete)?;
        }
        let name = format!("key-{}-{at}", names.trial);
        let body = json!({"name": name, "scopes": ["read"]});
        let to = [(format!("key {name}"), json!("valid"))];
        let change = Change::json("keys", "POST", "/api/v1/keys", &body, "key.add", to);
        let made = Ledger::change(names.ledger, client, "keys", change)?;
        if at % 2 == 1 {
            let id = made["id"].as_str().unwrap_or_else(|| panic!("no id"));
            let to = [(format!("key {name}"), json!("revoked"))];
            let path = format!("/api/v1/keys/{id}");
            let what = "revoked keys";
            let revoke = Change::json(what, "DELETE", path, &Value::Null, "key.revoke", to);
            Ledger::change(names.ledger, client, "keys", revoke)?;
        }
        Ok(())
    });
}
