//! Who gets in, and who is kept out: proxies, passwords, cookies, keys that end.

use serde_json::{Value, json};
use tripline_serve::access::Network;
use tripline_serve::settings::Tls;
use tripline_store::Timestamp;
use tripline_store::records::Change;

use super::harness::{Answer, Site};
use super::jobs;

const PASSWORD: &str = "correct horse battery";

/// A service behind a proxy on this machine, with the user `ada`.
fn behind_a_proxy() -> Site {
    let site = Site::with(|settings| {
        settings.tls = Tls::Proxy(vec![Network::parse("127.0.0.0/8").unwrap()]);
    });
    let key = site.key("admin");
    let body = json!({"password": PASSWORD, "scopes": ["read"]}).to_string();
    let headers = [("X-API-Key", key.as_str()), ("Content-Type", "application/json")];
    assert_eq!(site.send("PUT", "/api/v1/users/ada", &headers, body.as_bytes()).status, 204);
    site
}

/// Cookie and form token of a page.
fn page(site: &Site, path: &str, headers: &[(&str, &str)]) -> (String, String) {
    let mut all = vec![("Accept", "text/html")];
    all.extend_from_slice(headers);
    let page = site.send("GET", path, &all, b"");
    let cookie = page.header("set-cookie").unwrap_or_default();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let html = page.text();
    let csrf = html.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    (cookie, csrf.unwrap_or_else(|| panic!("no form: {} {html}", page.status)).to_owned())
}

fn log_in(site: &Site, from: &str, name: &str, password: &str) -> Answer {
    let from = ("X-Forwarded-For", from);
    let (cookie, csrf) = page(site, "/ui/login", &[from]);
    let form = format!("csrf={csrf}&name={name}&password={}", password.replace(' ', "+"));
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    site.send("POST", "/ui/login", &[kind, from, ("Cookie", &cookie)], form.as_bytes())
}

#[test]
fn failures_alone_keep_a_name_out_and_only_from_their_network() {
    let site = behind_a_proxy();
    for _ in 0..8 {
        assert_eq!(log_in(&site, "198.51.100.7", "ada", PASSWORD).status, 303);
    }
    let statuses: Vec<u16> =
        (0..7).map(|_| log_in(&site, "2001:db8::1", "ada", "a wrong password").status).collect();
    assert_eq!(statuses[..5], [401; 5], "{statuses:?}");
    assert_eq!(statuses[5..], [429; 2], "{statuses:?}");
    // An address of the same network, with the right password; another network; another name.
    assert_eq!(log_in(&site, "2001:db8::ffff:1", "ada", PASSWORD).status, 429);
    assert_eq!(log_in(&site, "2001:db8:0:1::1", "ada", PASSWORD).status, 303);
    assert_eq!(log_in(&site, "2001:db8::1", "bob", "a wrong password").status, 401);
}

#[test]
fn a_new_log_in_ends_the_session_before() {
    let site = behind_a_proxy();
    let session = |answer: &Answer| {
        let cookie = answer.header("set-cookie").unwrap_or_default();
        cookie.split(';').next().unwrap().to_owned()
    };
    let first = session(&log_in(&site, "198.51.100.7", "ada", PASSWORD));
    let models =
        |cookie: &str| site.send("GET", "/api/v1/models", &[("Cookie", cookie)], b"").status;
    assert_eq!(models(&first), 200);
    // The form of a page of that session.
    let page = site.send("GET", "/ui/login", &[("Cookie", first.as_str())], b"").text();
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = format!("csrf={csrf}&name=ada&password={}", PASSWORD.replace(' ', "+"));
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let again = site.send("POST", "/ui/login", &[kind, ("Cookie", &first)], form.as_bytes());
    assert_eq!(again.status, 303, "{}", again.text());
    assert_eq!(models(&session(&again)), 200);
    assert_eq!(models(&first), 401);
}

#[test]
fn without_keys_nothing_comes_through_a_proxy() {
    let site = Site::start();
    for (name, value) in [
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-Host", "tripline.example"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "for=203.0.113.9"),
        ("X-Real-IP", "203.0.113.9"),
        ("Via", "1.1 tunnel"),
        ("CF-Connecting-IP", "203.0.113.9"),
    ] {
        let refused = site.send("GET", "/api/v1/models", &[(name, value)], b"");
        refused.is_problem(403);
        assert!(refused.text().contains("tls: proxy"), "{name}: {}", refused.text());
    }
    assert_eq!(site.get("/api/v1/models").status, 200);
    // With keys it is no matter, but who comes that way does not stand on this machine.
    let site = Site::with(|settings| settings.access.keys = true);
    let key = site.key("read");
    let forwarded = ("X-Forwarded-For", "203.0.113.9");
    let answer = site.send("GET", "/api/v1/models", &[forwarded, ("X-API-Key", &key)], b"");
    assert_eq!(answer.status, 200);
    assert_eq!(site.get("/metrics").status, 200);
    site.send("GET", "/metrics", &[forwarded], b"").is_problem(401);
}

#[test]
fn a_link_of_another_site_changes_no_cookie() {
    let site = Site::start();
    let html = ("Accept", "text/html");
    let own = site.send("GET", "/ui/", &[html], b"");
    let cookie = own.header("set-cookie").unwrap_or_default().to_owned();
    // Other services of this machine get the cookies of the host, too.
    let name = format!("tripline_session_{}=", site.address.port());
    assert!(cookie.starts_with(&name), "{cookie}");
    let across = [
        html,
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
    ];
    let followed = site.send("GET", "/ui/", &across, b"");
    assert_eq!(followed.status, 200);
    assert_eq!(followed.header("set-cookie"), None);
    // What cannot be a token of ours is as good as none.
    for bad in ["x".to_owned(), "x".repeat(42), "x".repeat(44), format!("{}=", "x".repeat(42))] {
        let cookie = format!("{name}{bad}");
        let fresh = site.send("GET", "/ui/", &[html, ("Cookie", &cookie)], b"");
        assert!(fresh.header("set-cookie").is_some(), "{bad}");
    }
}

#[test]
fn a_key_is_revoked_though_who_asked_for_it_left() {
    let site = Site::with(|settings| settings.access.keys = true);
    let key = site.key("read");
    let id = key.split('_').nth(1).unwrap();
    let change = Change::system(Timestamp(2), "test");
    site.runtime.block_on(async {
        // Asked for, and dropped at its first wait.
        tokio::select! {
            biased;
            _ = site.app.gate().revoke_key(id, &change) => {}
            () = std::future::ready(()) => {}
        }
    });
    for _ in 0..100 {
        if site.send("GET", "/api/v1/models", &[("X-API-Key", &key)], b"").status == 401 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the key still opens");
}

#[test]
fn who_may_not_deploy_does_not_by_trying_again() {
    let site = Site::with(|settings| settings.access.keys = true);
    let (train, deploy) = (site.key("read train"), site.key("read train deploy"));
    let with =
        |key: &str, path: &str, body: &Value| site.post_with(path, &[("X-API-Key", key)], body);
    let headers = [("Content-Type", "text/csv"), ("X-API-Key", train.as_str())];
    let table = jobs::table(4000, 3);
    let made = site.send("POST", "/api/v1/uploads?name=a.csv", &headers, table.as_bytes());
    let source = made.json()["training_data_source"].as_str().unwrap().to_owned();
    let body = json!({"model_type": "gradient_boosting", "training_data_source": source,
                      "label": "label", "deploy": true,
                      "hyperparameters": {"n_estimators": 10000, "learning_rate": 0.001,
                                          "early_stopping_rounds": 0}});
    with(&train, "/api/v1/training/start", &body).is_problem(403);
    let started = with(&deploy, "/api/v1/training/start", &body);
    assert_eq!(started.status, 202, "{}", started.text());
    let id = started.json()["training_job_id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/training/{id}");
    assert_eq!(with(&deploy, &format!("{path}/cancel"), &json!({})).status, 200);
    for _ in 0..200 {
        let job = site.send("GET", &path, &[("X-API-Key", &train)], b"").json();
        if job["status"] == "cancelled" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    with(&train, &format!("{path}/retry"), &json!({})).is_problem(403);
    let query = json!({"query": format!("mutation {{ retryJob(id: \"{id}\") {{ id }} }}")});
    let refused = with(&train, "/graphql", &query).json();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "forbidden", "{refused}");
    let job = site.send("GET", &path, &[("X-API-Key", &train)], b"").json();
    assert_eq!(job["status"], "cancelled");
}

#[test]
fn training_data_is_deleted_with_the_token_alone() {
    let site = Site::start();
    let source = jobs::upload(&site, "a,b\n1,2\n");
    let id = source.strip_prefix("upload:").unwrap().to_owned();
    let (cookie, csrf) = page(&site, "/ui/data", &[]);
    let delete = |form: String| {
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        let path = format!("/ui/data/{id}/delete");
        site.send("POST", &path, &[kind, ("Cookie", &cookie)], form.as_bytes())
    };
    assert_eq!(delete(format!("csrf={csrf}")).status, 403);
    assert_eq!(site.get(&format!("/api/v1/uploads/{id}")).status, 200);
    assert_eq!(delete(format!("csrf={csrf}&token={}", site.token)).status, 303);
    assert_eq!(site.get(&format!("/api/v1/uploads/{id}")).status, 404);
}

#[test]
fn a_secret_is_not_kept_for_a_repeat() {
    let site = Site::start();
    let headers = [("X-Tripline-Token", site.token.as_str()), ("Idempotency-Key", "a")];
    let refused =
        site.post_with("/api/v1/keys", &headers, &json!({"name": "x", "scopes": ["read"]}));
    refused.is_problem(422);
    assert_eq!(refused.field().0, "Idempotency-Key");
}

#[test]
fn refusals_of_the_inference_protocol_have_its_shape() {
    let site = Site::with(|settings| settings.access.keys = true);
    let predict = site.key("predict");
    let model = "/v2/models/flow_detector";
    let large = vec![b' '; 1 << 10];
    let with = [("X-API-Key", predict.as_str()), ("Content-Type", "application/json")];
    let said = [with[0], with[1], ("Content-Length", "99999999999")];
    for (answer, status) in [
        (site.get(model), 401),
        (site.send("GET", model, &with, b""), 403),
        (site.send("GET", "/v2/nothing", &with, b""), 404),
        (site.send("DELETE", "/v2", &with, b""), 405),
        (site.send("POST", &format!("{model}/infer"), &said, &large), 413),
        (site.send("POST", &format!("{model}/infer"), &with[..1], b"{}"), 415),
        (site.send("POST", &format!("{model}/infer"), &with, b"{"), 400),
        (site.send("POST", &format!("{model}/infer"), &with, b"{\"inputs\": []}"), 400),
        (site.send("POST", "/v2/models/none/infer", &with, b"{}"), 404),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let body = answer.json();
        assert!(body["error"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        assert_eq!((&body["detail"], &body["status"]), (&body["error"], &json!(status)));
    }
    // Elsewhere it stays a problem.
    site.get("/v20").is_problem(404);
}

#[test]
fn a_body_that_is_no_record_names_what_is_wrong() {
    let site = Site::start();
    let flow = "/api/v1/predict/flow";
    for (body, field) in [("[]", "body"), ("{\"record\": 1}", "record")] {
        let headers = [("Content-Type", "application/json")];
        let refused = site.send("POST", flow, &headers, body.as_bytes());
        refused.is_problem(422);
        assert_eq!(refused.field().0, field, "{}", refused.text());
    }
    let many: serde_json::Map<String, Value> =
        (0..1100).map(|at| (format!("f{at}"), json!(1))).collect();
    let refused = site.post(flow, &Value::Object(many));
    refused.is_problem(422);
    assert_eq!(refused.field().0, "body");
}

#[test]
fn an_event_of_another_task_is_sent_to_the_model_that_takes_it() {
    let site = Site::start();
    let token = site.token.clone();
    let headers =
        [("Content-Type", "application/octet-stream"), ("X-Tripline-Token", token.as_str())];
    let asked = json!({"request_data": {"url": "/"}});
    let absent = site.post("/api/v1/predict", &asked);
    absent.is_problem(422);
    assert!(absent.field().1.contains("no detector takes"), "{}", absent.text());
    let path = "/api/v1/models?name=web&task=http";
    let made = site.send("POST", path, &headers, super::harness::SHIPPED[0].bytes);
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["model_id"].as_str().unwrap().to_owned();
    let deploy = site.post_with(&format!("/api/v1/models/{id}/deploy"), &headers[1..], &json!({}));
    assert_eq!(deploy.status, 200, "{}", deploy.text());
    let told = site.post("/api/v1/predict", &asked);
    assert_eq!(told.field().0, "request_data");
    assert!(told.field().1.contains("POST /v2/models/web/infer"), "{}", told.text());
}

#[test]
fn hours_without_end_are_no_defect() {
    let site = Site::start();
    let page = site.send("GET", "/ui/detections?hours=4294967295", &[("Accept", "text/html")], b"");
    assert_eq!(page.status, 200, "{}", page.text());
}
