//! What the service has acknowledged, and what it was asked and did not answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::look;
use crate::service::{Client, Gone};

/// Values by their names; null is a thing that is not there.
pub(super) type Values = BTreeMap<String, Value>;

/// The deployed versions of `swap`, each after that to which a rollback goes back. It is no value of
/// the service: what is active tells of it.
pub(super) const STACK: &str = "deployed swap";

/// What is known of the service.
#[derive(Default)]
pub(super) struct Ledger {
    /// Values that were acknowledged.
    pub(super) known: Values,
    /// What each client was not answered.
    in_flight: BTreeMap<&'static str, Change>,
    /// Names whose values changed since the last check.
    touched: BTreeSet<String>,
    /// Requests that were acknowledged since the last check, with what the trail must say of them.
    entries: BTreeMap<String, &'static str>,
    /// What happened how often.
    pub(super) counts: BTreeMap<&'static str, u32>,
}

/// A change as it is sent.
#[derive(Clone)]
pub(super) struct Change {
    /// What it is, for the count.
    pub(super) kind: &'static str,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
    /// Sent as `Idempotency-Key`.
    pub(super) key: Option<String>,
    /// The action that the audit trail must name.
    pub(super) action: Option<&'static str>,
    /// What holds afterwards: all of it or nothing.
    pub(super) to: Values,
    /// Whether 409 is an answer too, after which nothing has changed.
    pub(super) may_be_late: bool,
}

impl Change {
    /// A change by JSON.
    pub(super) fn json(
        kind: &'static str,
        method: &'static str,
        path: impl Into<String>,
        body: &Value,
        action: &'static str,
        to: impl IntoIterator<Item = (String, Value)>,
    ) -> Self {
        Self {
            kind,
            method,
            path: path.into(),
            content_type: "application/json",
            body: if method == "DELETE" { Vec::new() } else { body.to_string().into_bytes() },
            key: None,
            action: Some(action),
            to: to.into_iter().collect(),
            may_be_late: false,
        }
    }

    /// The same with an `Idempotency-Key`.
    pub(super) fn once(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    fn send(&self, client: &Client, request: &str) -> Result<crate::service::Answer, Gone> {
        let mut headers = vec![("Content-Type", self.content_type), ("X-Request-Id", request)];
        if let Some(key) = &self.key {
            headers.push(("Idempotency-Key", key));
        }
        client.send(self.method, &self.path, &headers, &self.body)
    }
}

impl Ledger {
    /// Sends a change of a client that has no other in flight; its answer is acknowledged.
    pub(super) fn change(
        ledger: &Mutex<Self>,
        client: &Client,
        who: &'static str,
        change: Change,
    ) -> Result<Value, Gone> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let request = format!("kill-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        ledger.lock().unwrap().in_flight.insert(who, change.clone());
        let answer = change.send(client, &request)?;
        let mut ledger = ledger.lock().unwrap();
        ledger.in_flight.remove(who);
        if answer.status == 409 && change.may_be_late {
            return Ok(Value::Null);
        }
        let fine = (200..300).contains(&answer.status);
        assert!(fine, "{} {}: {} {}", change.kind, change.path, answer.status, answer.text());
        if let Some(action) = change.action {
            ledger.entries.insert(request, action);
        }
        ledger.touched.extend(change.to.keys().cloned());
        ledger.known.extend(change.to);
        *ledger.counts.entry(change.kind).or_default() += 1;
        Ok(serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    /// What is known of a name.
    pub(super) fn value(&self, name: &str) -> &Value {
        self.known.get(name).unwrap_or(&Value::Null)
    }

    /// Something was acknowledged whose name is known by the answer.
    pub(super) fn stored(&mut self, name: String, value: Value) {
        self.touched.insert(name.clone());
        self.known.insert(name, value);
    }

    /// Compares the service with what it has acknowledged. `logged` is the last head of the audit
    /// trail that the log knew before the service was started again.
    pub(super) fn check(&mut self, client: &Client, logged: u64, trial: &str) {
        let lost = std::mem::take(&mut self.in_flight);
        let mut touched = std::mem::take(&mut self.touched);
        touched.extend(lost.values().flat_map(|change| change.to.keys().cloned()));
        let seen = look::values(client, &touched);
        let unsure: BTreeSet<&String> = lost.values().flat_map(|change| change.to.keys()).collect();
        let names: BTreeSet<&String> = seen.keys().chain(&touched).collect();
        for name in names.into_iter().filter(|name| !unsure.contains(name)) {
            let (known, seen) = (self.value(name), seen.get(name).unwrap_or(&Value::Null));
            assert_eq!(seen, known, "{trial}: {name}: left what was acknowledged");
        }
        for change in lost.values() {
            let now = |name: &String| seen.get(name).unwrap_or(&Value::Null);
            let to = || change.to.iter().filter(|(name, _)| *name != STACK);
            let before = to().all(|(name, _)| now(name) == self.value(name));
            let after = to().all(|(name, value)| now(name) == value);
            let found: Vec<_> = to().map(|(name, _)| (name, now(name))).collect();
            assert!(before || after, "{trial}: {} is half done: {found:?}", change.kind);
            if after {
                self.known.extend(change.to.clone());
            }
        }
        self.check_entries(client, logged, trial);
        self.send_again(client, lost.into_values(), trial);
    }

    /// Each acknowledged change has its entry in the audit trail, under a head that was logged.
    fn check_entries(&mut self, client: &Client, logged: u64, trial: &str) {
        let mut missing = std::mem::take(&mut self.entries);
        let mut page = client.get("/api/v1/audit?limit=1000").of(200);
        while !missing.is_empty() {
            for entry in page["entries"].as_array().unwrap() {
                let request = entry["request_id"].as_str().unwrap_or_default();
                if missing.get(request).is_some_and(|action| entry["action"] == *action) {
                    let sequence = entry["sequence"].as_u64().unwrap();
                    assert!(sequence <= logged, "{trial}: head {logged} is logged before {entry}");
                    missing.remove(request);
                }
            }
            let Some(next) = page["next"].as_str() else { break };
            page = client.get(&format!("/api/v1/audit?limit=1000&after={next}")).of(200);
        }
        assert!(missing.is_empty(), "{trial}: no entry of the audit trail for {missing:?}");
    }

    /// Whoever got no answer asks again with the same key: it is done once. Of an upload the trail
    /// may tell before its bytes are in their place: then it is not done again, and is not there.
    fn send_again(&mut self, client: &Client, lost: impl Iterator<Item = Change>, trial: &str) {
        for change in lost.filter(|change| change.key.is_some()) {
            let what = format!("{trial}: {} again with its key", change.kind);
            let Ok(answer) = change.send(client, "again") else { panic!("{what}: no answer") };
            // Either the answer, or what was done before its answer was lost.
            let told = match answer.status {
                200..300 => true,
                409 => answer.text().contains("it is not done again"),
                _ => false,
            };
            assert!(told, "{what}: {} {}", answer.status, answer.text());
            let names = change.to.keys().cloned().collect();
            let seen = look::values(client, &names);
            let may_lack = answer.status == 409 && change.kind == "uploads";
            for (name, value) in change.to {
                let now = seen.get(&name).unwrap_or(&Value::Null);
                if may_lack && now.is_null() {
                    continue;
                }
                let right = *now == value || name == STACK;
                assert!(right, "{what}: {name}: {now}, not {value}: done twice, or not");
                self.known.insert(name, value);
            }
            *self.counts.entry("requests sent again with their key").or_default() += 1;
        }
    }
}
