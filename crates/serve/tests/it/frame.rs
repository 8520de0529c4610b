//! What every route has: health, problems, headers, the description of the interface.

use crate::harness::Site;

#[test]
fn health_is_ok() {
    let site = Site::start();
    let answer = site.get("/health");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["status"], "ok");
    assert_eq!(site.get("/livez").status, 200);
    assert_eq!(site.get("/readyz").status, 200);
}

#[test]
fn unknown_paths_and_methods_are_problems() {
    let site = Site::start();
    site.get("/api/v1/nothing").is_problem(404);
    let answer = site.send("DELETE", "/health", &[], b"");
    answer.is_problem(405);
    assert_eq!(answer.header("allow"), Some("GET,HEAD"));
    assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req-")));
}

#[test]
fn every_documented_operation_says_who_may() {
    let site = Site::start();
    let document = site.get("/api/v1/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    // Of GraphQL each field asks for its own scope; the rest tells how the service is.
    let open = [
        "/health",
        "/livez",
        "/readyz",
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/api/v1/openapi.json",
        "/graphql",
    ];
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let secured = operation["security"].is_array();
            assert!(secured || open.contains(&path.as_str()), "{method} {path}");
            assert!(operation["responses"]["503"].is_object(), "{method} {path}");
        }
    }
}
