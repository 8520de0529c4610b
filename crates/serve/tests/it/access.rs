//! Keys, scopes, users, metrics: who may do what.

use serde_json::json;
use tripline_store::Timestamp;

use crate::harness::Site;

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

#[test]
fn where_keys_are_needed_nothing_goes_without() {
    let site = Site::with(|settings| settings.access.keys = true);
    assert_eq!(site.get("/health").status, 200);
    let refused = site.get("/api/v1/models");
    refused.is_problem(401);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"tripline\""));
    // The first-start token is for local callers alone.
    site.send("GET", "/api/v1/models", &[("X-Tripline-Token", &site.token)], b"").is_problem(401);

    let reader = site.key("read");
    let (by_bearer, by_header) = (bearer(&reader), reader.clone());
    assert_eq!(
        site.send("GET", "/api/v1/models", &[("Authorization", &by_bearer)], b"").status,
        200
    );
    assert_eq!(site.send("GET", "/api/v1/models", &[("X-API-Key", &by_header)], b"").status, 200);
    // A key that reads may not predict, deploy or administer.
    let headers = [("Authorization", by_bearer.as_str())];
    site.post_with("/api/v1/predict/flow", &headers, &json!({})).is_problem(403);
    site.post_with("/api/v1/models/flow_detector_v1.0.0/deploy", &headers, &json!({}))
        .is_problem(403);
    site.send("GET", "/api/v1/keys", &headers, b"").is_problem(403);
    site.send("GET", "/api/v1/audit", &headers, b"").is_problem(403);
    site.send("DELETE", "/api/v1/keys/whatever", &headers, b"").is_problem(403);
}

#[test]
fn a_key_that_was_changed_expired_or_revoked_is_refused() {
    let site = Site::with(|settings| settings.access.keys = true);
    let get = |key: &str| site.send("GET", "/api/v1/models", &[("X-API-Key", key)], b"");

    let key = site.key("read");
    let mut other = key.clone().into_bytes();
    let last = other.len() - 1;
    other[last] = if other[last] == b'A' { b'B' } else { b'A' };
    get(&String::from_utf8(other).unwrap()).is_problem(401);
    for bad in ["", "tl_", "nonsense", "tl_0000000000_x", &key[..30]] {
        get(bad).is_problem(401);
    }

    // A second after the epoch.
    let expired = site.key_with("read", None, Some(Timestamp(1_000_000)));
    let refused = get(&expired);
    refused.is_problem(401);
    assert!(refused.text().contains("expired"), "{}", refused.text());

    assert_eq!(get(&key).status, 200);
    let admin = site.key("admin");
    let id = key.split('_').nth(1).unwrap();
    let path = format!("/api/v1/keys/{id}");
    assert_eq!(site.send("DELETE", &path, &[("X-API-Key", &admin)], b"").status, 204);
    let refused = get(&key);
    refused.is_problem(401);
    assert!(refused.text().contains("revoked"), "{}", refused.text());
}

#[test]
fn a_key_is_shown_once_and_kept_as_a_hash() {
    let site = Site::start();
    let token = [("X-Tripline-Token", site.token.as_str())];
    let made = site.post_with("/api/v1/keys", &token, &json!({"name": "x", "scopes": ["predict"]}));
    assert_eq!(made.status, 201, "{}", made.text());
    let key = made.json()["key"].as_str().unwrap().to_owned();
    // The secret may hold the letter that stands before it.
    let secret = key.splitn(3, '_').nth(2).unwrap().to_owned();
    let listed = site.send("GET", "/api/v1/keys", &token, b"");
    assert!(listed.text().contains("\"predict\"") && !listed.text().contains(&secret));
    let audit = site.send("GET", "/api/v1/audit", &token, b"");
    assert_eq!(audit.status, 200);
    assert!(!audit.text().contains(&secret));
    let folder = site.stop();
    for file in walk(folder.path()) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!found, "{}", file.display());
    }
    let again = Site::over(folder, |_| {}, |_| {});
    assert!(again.token.is_empty(), "the first-start token is printed once");
    assert_eq!(again.send("GET", "/api/v1/models", &[("X-API-Key", &key)], b"").status, 403);
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[test]
fn a_key_has_its_rate() {
    let site = Site::start();
    let key = site.key_with("read", Some(2.0), None);
    let get = || site.send("GET", "/api/v1/models", &[("X-API-Key", &key)], b"");
    let first = get();
    assert_eq!(first.status, 200);
    assert_eq!(first.header("ratelimit-limit"), Some("2"));
    let last = (0..5).map(|_| get()).find(|answer| answer.status == 429);
    let last = last.expect("a refusal");
    last.is_problem(429);
    assert_eq!(last.header("retry-after"), Some("1"));
}

#[test]
fn a_user_logs_in_by_password_alone() {
    let site = Site::with(|settings| settings.access.keys = true);
    let admin = [("X-API-Key", site.key("admin"))];
    let admin = [(admin[0].0, admin[0].1.as_str())];
    let body = json!({"password": "correct horse battery", "scopes": ["read"]}).to_string();
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(admin);
    let made = site.send("PUT", "/api/v1/users/ada", &headers, body.as_bytes());
    assert_eq!(made.status, 204, "{}", made.text());
    let short = json!({"password": "short", "scopes": ["read"]}).to_string();
    let refused = site.send("PUT", "/api/v1/users/bob", &headers, short.as_bytes());
    refused.is_problem(422);
    assert_eq!(refused.field().0, "password");
    // A page begins a session of nobody, whose form may log in.
    let page = site.send("GET", "/ui/login", &[("Accept", "text/html")], b"");
    let cookie = page.header("set-cookie").unwrap_or_default().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let html = page.text();
    let csrf = html.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let csrf = csrf.unwrap_or_else(|| panic!("no form: {} {html}", page.status));
    let log_in = |csrf: &str, password: &str| {
        let form = format!("csrf={csrf}&name=ada&user=ada&password={password}");
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        site.send("POST", "/ui/login", &[kind, ("Cookie", &cookie)], form.as_bytes())
    };
    assert_eq!(log_in("0", "correct+horse+battery").status, 403);
    let right = log_in(csrf, "correct+horse+battery");
    let session = right.header("set-cookie").unwrap_or_else(|| panic!("{right:?}")).to_owned();
    let session = session.split(';').next().unwrap();
    assert_eq!(site.send("GET", "/api/v1/models", &[("Cookie", session)], b"").status, 200);
    // A write by the session needs more than the cookie, and this user may not write.
    let json = ("Content-Type", "application/json");
    site.send("POST", "/api/v1/predict/flow", &[json, ("Cookie", session)], b"{}").is_problem(403);
    let wrong = log_in(csrf, "wrong+horse+battery");
    assert!(!wrong.headers.iter().any(|(name, _)| name == "set-cookie"), "{wrong:?}");
}

#[test]
fn metrics_have_the_names_that_dashboards_ask_for() {
    let site = Site::with(|settings| settings.access.keys = true);
    // From this machine, without a proxy between.
    let metrics = site.get("/metrics");
    assert_eq!(metrics.status, 200);
    for name in [
        "shieldx_ml_predictions_total{model_name=\"flow_detector\",threat_detected=\"true\"} 0",
        "shieldx_ml_inference_duration_seconds_count{model_name=\"flow_detector\"} 0",
        "shieldx_ml_inference_duration_seconds_bucket{model_name=\"flow_detector\",le=\"0.000005\"} 0",
        "# TYPE shieldx_ml_model_accuracy gauge",
        "shieldx_ml_training_jobs_total{status=\"queued\"} 0",
        "netsentinel_anomalies_detected_total 0",
    ] {
        assert!(metrics.text().contains(name), "{name}\n{}", metrics.text());
    }
}

#[test]
fn spans_go_to_a_collector_under_the_trace_of_the_caller() {
    use std::io::{Read as _, Write as _};

    let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", collector.local_addr().unwrap());
    let site = Site::with(|settings| settings.otlp_endpoint = Some(address));
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert_eq!(site.send("GET", "/health?secret=x", &[("traceparent", parent)], b"").status, 200);
    let (mut stream, _) = collector.accept().unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    let mut got = Vec::new();
    while !got.ends_with(b"]}]}]}") {
        let mut part = [0; 4096];
        match stream.read(&mut part).unwrap_or(0) {
            0 => break,
            read => got.extend_from_slice(&part[..read]),
        }
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    let got = String::from_utf8(got).unwrap();
    assert!(got.starts_with("POST /v1/traces HTTP/1.1"), "{got}");
    let body = got.split("\r\n\r\n").nth(1).unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let span = &body["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(span["parentSpanId"], "00f067aa0ba902b7");
    assert_eq!(span["name"], "GET /health");
    assert!(!got.contains("secret"), "a query stays out of traces");
}
