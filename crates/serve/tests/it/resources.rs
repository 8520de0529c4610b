//! Models, experiments, detections, feedback over REST, and the same over GraphQL.

use expect_test::expect_file;
use serde_json::{Value, json};

use super::harness::Site;
use super::traffic;

fn ask(site: &Site, query: &str) -> Value {
    let answer = site.post("/graphql", &json!({"query": query}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn the_written_schema_is_that_of_the_service() {
    expect_file!["../../../../docs/schema.graphql"].assert_eq(&tripline_serve::graphql::schema());
}

#[test]
fn detections_are_listed_judged_compared() {
    let site = Site::start();
    let (_, detection) = traffic::attack(&site);
    let id = detection["detection_id"].as_str().unwrap();

    let page = site.get("/api/v1/detections?limit=2&severity=low").json();
    assert_eq!(page["detections"].as_array().unwrap().len(), 2);
    let next = page["next"].as_str().unwrap();
    let second = site.get(&format!("/api/v1/detections?limit=2&severity=low&after={next}")).json();
    assert_ne!(second["detections"][0], page["detections"][0]);
    let entity = detection["entity"].as_str().unwrap();
    let own = site.get(&format!("/api/v1/detections?entity={entity}&limit=1000")).json();
    let own = own["detections"].as_array().unwrap().clone();
    assert!(own.iter().all(|one| one["entity"] == entity));
    assert!(own.iter().any(|one| one["detection_id"] == id));
    for query in ["limit=0", "since=yesterday", "severity=loud", "sevrity=low", "after=%0a"] {
        site.get(&format!("/api/v1/detections?{query}")).is_problem(422);
    }
    let similar = site.get(&format!("/api/v1/detections/{id}/similar")).json();
    let similar = similar["detections"].as_array().unwrap().clone();
    assert!(similar.iter().all(|one| one["threat_type"] == detection["threat_type"]));
    assert!(similar.iter().all(|one| one["detection_id"] != id));

    let body = json!({"detection_id": id, "verdict": "false_positive", "comment": "ours"});
    let key = [("Idempotency-Key", "one")];
    let given = site.post_with("/api/v1/feedback", &key, &body);
    assert_eq!(given.status, 201, "{}", given.text());
    let again = site.post_with("/api/v1/feedback", &key, &body);
    assert_eq!(again.json(), given.json());
    let detail = site.get(&format!("/api/v1/detections/{id}")).json();
    assert_eq!(detail["feedback"], "false_positive");
    assert_eq!(detail["judgements"].as_array().unwrap().len(), 1);
    let wrong = site.post("/api/v1/feedback", &json!({"detection_id": id, "verdict": "maybe"}));
    wrong.is_problem(422);
    assert_eq!(wrong.field().0, "verdict");
    let absent = json!({"detection_id": "det-none", "verdict": "benign"});
    site.post("/api/v1/feedback", &absent).is_problem(404);
    site.get("/api/v1/detections/det-none").is_problem(404);
}

#[test]
fn a_second_version_goes_through_its_life() {
    let site = Site::start();
    let token = site.token.clone();
    let token = [("X-Tripline-Token", token.as_str())];
    let file = super::harness::SHIPPED[0].bytes;
    let octets = [("Content-Type", "application/octet-stream")];
    let path = "/api/v1/models?name=flow_detector";
    let made = site.send("POST", path, &octets, file);
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["status"], "candidate");
    let id = made.json()["model_id"].as_str().unwrap().to_owned();

    let mut poisoned = file.to_vec();
    let middle = poisoned.len() / 2;
    poisoned[middle] ^= 1;
    site.send("POST", path, &octets, &poisoned).is_problem(422);
    site.send("POST", path, &octets, b"").is_problem(400);

    let one = format!("/api/v1/models/{id}");
    let put = |path: &str, body: Value| {
        let headers = [("Content-Type", "application/json"), token[0]];
        site.send("PUT", path, &headers, body.to_string().as_bytes())
    };
    let shadow = put(&format!("{one}/status"), json!({"status": "shadow"}));
    assert_eq!(shadow.json()["status"], "shadow", "{}", shadow.text());
    put(&format!("{one}/status"), json!({"status": "active"})).is_problem(422);
    let alias = put("/api/v1/aliases/next", json!({"model_id": id}));
    assert_eq!(alias.status, 200, "{}", alias.text());
    assert_eq!(site.get("/api/v1/models/next").json()["model_id"], id);

    let experiment =
        put("/api/v1/experiments/flow_detector", json!({"treatment": id, "share": 0.5}));
    assert_eq!(experiment.status, 200, "{}", experiment.text());
    assert_eq!(experiment.json()["treatment"]["model_id"], id);
    assert_eq!(experiment.json()["control"]["predictions"], 0);
    put("/api/v1/experiments/flow_detector", json!({"treatment": id, "share": 1.5}))
        .is_problem(422);
    assert_eq!(site.get("/api/v1/experiments").json()["experiments"].as_array().unwrap().len(), 1);
    let gone = site.send("DELETE", "/api/v1/experiments/flow_detector", &token, b"");
    assert_eq!(gone.status, 204, "{}", gone.text());
    site.get("/api/v1/experiments/flow_detector").is_problem(404);

    let deployed = site.post_with(&format!("{one}/deploy"), &token, &json!({}));
    assert_eq!(deployed.json()["previous_model_id"], "flow_detector_v1.0.0", "{}", deployed.text());
    let detail = site.get("/api/v1/models/flow_detector_v1.0.0").json();
    assert_eq!(detail["status"], "archived");
    assert_eq!(detail["comparison"]["active_model_id"], id);
    let back = site.post_with("/api/v1/models/flow_detector/rollback", &token, &json!({}));
    assert_eq!(back.json()["active_model_id"], "flow_detector_v1.0.0", "{}", back.text());

    let rule = "/api/v1/rollback-rules/flow_detector";
    let body = json!({"max_error_rate": 0.01, "min_requests": 100, "window_seconds": 60});
    assert_eq!(put(rule, body).status, 200);
    put(rule, json!({"min_requests": 100, "window_seconds": 60})).is_problem(422);
    assert_eq!(site.get("/api/v1/rollback-rules").json()["rules"][0]["name"], "flow_detector");
    assert_eq!(site.send("DELETE", rule, &token, b"").status, 204);

    site.send("DELETE", &one, &token, b"").is_problem(409);
    assert_eq!(site.send("DELETE", "/api/v1/aliases/next", &token, b"").status, 204);
    let deleted = site.send("DELETE", &one, &token, b"");
    assert_eq!(deleted.status, 204, "{}", deleted.text());
    site.get(&one).is_problem(404);
    assert_eq!(site.get("/api/v1/shadow").status, 200);
    let detectors = site.get("/api/v1/detectors").json();
    assert!(detectors["detectors"].as_array().unwrap().len() > 5);
}

#[test]
fn graphql_answers_and_changes() {
    let site = Site::start();
    let (_, detection) = traffic::attack(&site);
    let id = detection["detection_id"].as_str().unwrap();
    let answer = ask(
        &site,
        "{ models(status: ACTIVE) { id name status } \
           detections(first: 2, filter: {severity: LOW}) { items { id severity model { id } } next } }",
    );
    assert!(answer.get("errors").is_none(), "{answer}");
    assert_eq!(answer["data"]["models"][0]["name"], "flow_detector");
    let items = answer["data"]["detections"]["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert!(items[0]["model"]["id"].is_string());

    let mutation = format!(
        "mutation {{ giveFeedback(detectionId: \"{id}\", verdict: BENIGN) {{ id verdict actor }} }}"
    );
    let given = ask(&site, &mutation);
    assert_eq!(given["data"]["giveFeedback"]["verdict"], "BENIGN", "{given}");
    let query = format!("{{ detection(id: \"{id}\") {{ verdict feedback {{ comment }} }} }}");
    assert_eq!(ask(&site, &query)["data"]["detection"]["verdict"], "BENIGN");

    // The token of the first start is asked for here too.
    let deploy = "mutation { deployModel(id: \"flow_detector_v1.0.0\") { activeModelId } }";
    assert_eq!(ask(&site, deploy)["errors"][0]["extensions"]["code"], "forbidden");
    let token = [("X-Tripline-Token", site.token.as_str())];
    let answer = site.post_with("/graphql", &token, &json!({"query": deploy})).json();
    assert_eq!(answer["data"]["deployModel"]["activeModelId"], "flow_detector_v1.0.0", "{answer}");
    let wrong = ask(&site, "{ detections(first: 0) { next } }");
    assert_eq!(wrong["errors"][0]["extensions"]["field"], "first", "{wrong}");
}

#[test]
fn graphql_keeps_to_scopes_and_limits() {
    let site = Site::with(|settings| settings.access.keys = true);
    let with = |key: &str, query: &str| {
        let bearer = format!("Bearer {key}");
        site.post_with("/graphql", &[("Authorization", &bearer)], &json!({"query": query}))
    };
    site.post("/graphql", &json!({"query": "{ models { id } }"})).is_problem(401);
    let predict = site.key("predict");
    let refused = with(&predict, "{ models { id } }").json();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "forbidden", "{refused}");
    let hidden = with(&predict, "{ __schema { types { name } } }").json();
    assert!(hidden["data"]["__schema"].is_null(), "{hidden}");
    let read = site.key("read");
    let shown = with(&read, "{ __schema { types { name } } }").json();
    assert!(shown["data"]["__schema"]["types"].is_array(), "{shown}");
    let refused = with(&read, "mutation { cancelJob(id: \"x\") { id } }").json();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "forbidden", "{refused}");

    let costly = with(
        &read,
        "{ detections(first: 1000) { items { id task entity severity score risk: riskScore } } }",
    );
    assert!(costly.json()["errors"][0]["message"].as_str().unwrap().contains("complex"));
    let aliases: String = (0..21).map(|at| format!("a{at}: experiments {{ name }} ")).collect();
    with(&read, &format!("{{ {aliases} }}")).is_problem(422);
    let types = |depth: usize| {
        let (open, close) = ("ofType { ".repeat(depth), "}".repeat(depth));
        format!("{{ __schema {{ types {{ fields {{ type {{ {open} name {close} }} }} }} }} }}")
    };
    assert!(with(&read, &types(5)).json().get("errors").is_none());
    for depth in [20, 200] {
        assert!(with(&read, &types(depth)).json()["errors"].is_array(), "{depth}");
    }
    // Fragments that would select 2^60 fields, and one that spreads itself.
    let mut many = "{ ...F0 }".to_owned();
    for at in 0..60 {
        let next = at + 1;
        many.push_str(&format!(" fragment F{at} on Query {{ ...F{next} ...F{next} }}"));
    }
    many.push_str(" fragment F60 on Query { experiments { name } }");
    with(&read, &many).is_problem(422);
    with(&read, "{ ...A } fragment A on Query { ...A ...A }").is_problem(422);
    with(&read, &" ".repeat(40_000)).is_problem(422);
}
