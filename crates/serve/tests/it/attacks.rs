//! Attacks on the service itself: each is refused, and the service goes on.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::Site;

#[track_caller]
fn still_serves(site: &Site) {
    assert_eq!(site.get("/health").status, 200);
}

#[test]
fn another_host_is_refused() {
    let site = Site::start();
    for host in ["evil.example", "localhost.evil.example", "10.0.0.1", "127.0.0.1.nip.io"] {
        site.send("GET", "/api/v1/models", &[("Host", host)], b"").is_problem(421);
    }
    for host in ["127.0.0.1", "[::1]:80", "LocalHost"] {
        assert_eq!(
            site.send("GET", "/api/v1/models", &[("Host", host)], b"").status,
            200,
            "{host}"
        );
    }
    site.raw(b"GET /api/v1/models HTTP/1.0\r\n\r\n").is_problem(421);
    let two =
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let twice = site.raw(two);
    assert!(matches!(twice.status, 400 | 421), "{}", twice.status);
    still_serves(&site);
}

#[test]
fn a_page_of_another_site_cannot_write() {
    let site = Site::start();
    let body = json!({"name": "x", "scopes": ["admin"]});
    let form = "application/x-www-form-urlencoded";
    for origin in ["http://evil.example", "null", "http://localhost:1"] {
        let headers = [("Origin", origin), ("X-Tripline-Token", site.token.as_str())];
        site.post_with("/api/v1/keys", &headers, &body).is_problem(403);
        site.send("GET", "/api/v1/models", &[("Origin", origin)], b"").is_problem(403);
    }
    let across = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")];
    site.send("GET", "/api/v1/models", &across, b"").is_problem(403);
    // What a form can send without asking first, from a browser that tells no origin.
    for kind in [form, "text/plain", "multipart/form-data; boundary=x"] {
        for path in ["/api/v1/predict/flow", "/api/v1/training/start", "/api/v1/feedback"] {
            site.send("POST", path, &[("Content-Type", kind)], b"{}").is_problem(415);
        }
        let refused =
            site.send("POST", "/api/v1/uploads", &[("Content-Type", kind)], b"a,b\n1,2\n");
        refused.is_problem(415);
    }
    site.send("POST", "/api/v1/training/start", &[], b"").is_problem(415);
    // A form of the dashboard without the session's token.
    let forged = site.send("POST", "/ui/unlock", &[("Content-Type", form)], b"csrf=x&token=y");
    assert!(matches!(forged.status, 403 | 404 | 422), "{}", forged.text());
    still_serves(&site);
}

#[test]
fn what_deploys_deletes_or_hands_out_keys_needs_the_token() {
    let site = Site::start();
    let model = "/api/v1/models/flow_detector_v1.0.0";
    site.post(&format!("{model}/deploy"), &json!({})).is_problem(403);
    site.post(&format!("{model}/rollback"), &json!({})).is_problem(403);
    site.send("DELETE", model, &[], b"").is_problem(403);
    site.post("/api/v1/keys", &json!({"name": "x", "scopes": ["admin"]})).is_problem(403);
    site.get("/api/v1/keys").is_problem(403);
    let wrong = [("X-Tripline-Token", "tlt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")];
    site.send("DELETE", model, &wrong, b"").is_problem(401);
    let right = [("X-Tripline-Token", site.token.as_str())];
    assert_eq!(site.send("GET", "/api/v1/keys", &right, b"").status, 200);
}

#[test]
fn bodies_have_their_size_and_their_depth() {
    let site = Site::start();
    let json = [("Content-Type", "application/json")];
    let large = vec![b' '; (1 << 20) + 1];
    site.send("POST", "/api/v1/predict/flow", &json, &large).is_problem(413);
    // A length that is only said.
    let said = [("Content-Type", "application/json"), ("Content-Length", "99999999999")];
    site.send("POST", "/api/v1/predict/flow", &said, b"{").is_problem(413);
    // The same in chunks, without a length.
    let mut chunked = b"POST /api/v1/feedback HTTP/1.1\r\nHost: localhost\r\n\
        Content-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        .to_vec();
    for _ in 0..20 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend(std::iter::repeat_n(b' ', 0x10000));
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    site.raw(&chunked).is_problem(413);
    for path in ["/api/v1/feedback", "/api/v1/training/start"] {
        let deep = "[".repeat(200_000);
        site.send("POST", path, &json, deep.as_bytes()).is_problem(400);
    }
    still_serves(&site);
}

#[test]
fn heads_are_bounded() {
    let site = Site::start();
    let long = "x".repeat(100_000);
    let answer = site.send("GET", "/health", &[("X-Long", &long)], b"");
    assert!(matches!(answer.status, 0 | 400 | 431), "{}", answer.status);
    let many: Vec<String> = (0..300).map(|at| format!("X-{at}")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "1")).collect();
    let answer = site.send("GET", "/health", &many, b"");
    assert!(matches!(answer.status, 0 | 400 | 431), "{}", answer.status);
    let path = format!("/{}", "a".repeat(70_000));
    let answer = site.send("GET", &path, &[], b"");
    assert!(matches!(answer.status, 0 | 400 | 414 | 431), "{}", answer.status);
    still_serves(&site);
}

#[test]
fn who_is_slow_is_ended() {
    let site = Site::with(|settings| {
        settings.limits.header_time = Duration::from_millis(400);
        settings.limits.body_pause = Duration::from_millis(400);
    });
    let begun = Instant::now();
    // Nothing at all; the first letters of a preface; half a head; half a body.
    let half_body = "POST /api/v1/feedback HTTP/1.1\r\nHost: localhost\r\n\
        Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    for sent in ["", "PR", "GET /health HTTP/1.1\r\nHost: loc", half_body] {
        let mut stream = site.connect();
        stream.write_all(sent.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        if sent == half_body {
            assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    still_serves(&site);
}

#[test]
fn many_connections_leave_room_for_others() {
    let site = Site::with(|settings| {
        settings.limits.connections_per_address = 40;
        settings.limits.header_time = Duration::from_secs(1);
    });
    let held: Vec<_> = (0..200).map(|_| site.connect()).collect();
    // Those beyond the limit were closed; the others end by the time for a head.
    std::thread::sleep(Duration::from_millis(1500));
    still_serves(&site);
    drop(held);
    still_serves(&site);
}

#[test]
fn a_full_service_says_so() {
    let site = Site::with(|settings| {
        settings.limits.in_flight = 1;
        settings.limits.queued = 0;
        settings.limits.body_pause = Duration::from_secs(5);
    });
    let mut slow = site.connect();
    slow.write_all(
        b"POST /api/v1/feedback HTTP/1.1\r\nHost: localhost\r\n\
        Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    )
    .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let busy = site.get("/health");
    busy.is_problem(503);
    assert_eq!(busy.header("retry-after"), Some("1"));
    // That the process lives is answered all the same.
    assert_eq!(site.get("/livez").status, 200);
    drop(slow);
    std::thread::sleep(Duration::from_millis(300));
    still_serves(&site);
}

#[test]
fn headers_cannot_be_injected() {
    let site = Site::start();
    let bad = site.send("GET", "/health", &[("X-Request-Id", "a b\"c")], b"");
    assert!(bad.header("x-request-id").is_some_and(|id| id.starts_with("req-")));
    let good = site.send("GET", "/health", &[("X-Request-Id", "abc-1.2_3")], b"");
    assert_eq!(good.header("x-request-id"), Some("abc-1.2_3"));
    let split = site.get("/api/v1/models/x%0d%0aSet-Cookie:%20a=b");
    assert_eq!(split.header("set-cookie"), None);
    split.is_problem(404);
    let query = site.get("/api/v1/models?status=%0d%0aX-Bad:%201");
    assert_eq!(query.header("x-bad"), None);
    query.is_problem(422);
    // Two lengths, or a length with chunks: a way to smuggle a second request past a proxy.
    let smuggled = site.raw(
        b"POST /api/v1/feedback HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\
        Content-Length: 6\r\nConnection: close\r\n\r\n{}   ",
    );
    assert_eq!(smuggled.status, 400);
    still_serves(&site);
}

#[test]
fn names_of_uploads_are_no_paths() {
    let site = Site::start();
    let csv = [("Content-Type", "text/csv")];
    for name in ["../../escape.csv", "%2e%2e%2f%2e%2e%2fescape.csv", "/etc/passwd", "a%00b"] {
        let answer =
            site.send("POST", &format!("/api/v1/uploads?name={name}"), &csv, b"a,b\n1,2\n");
        assert!(matches!(answer.status, 201 | 422), "{name}: {} {}", answer.status, answer.text());
    }
    let outside = site.folder.path().parent().unwrap().join("escape.csv");
    assert!(!outside.exists());
    for id in ["..%2f..%2ftripline.db", "%2e%2e", "..%5c..%5cx", "upl-..%2f..%2faudit.key"] {
        let answer = site.get(&format!("/api/v1/uploads/{id}"));
        assert!(matches!(answer.status, 404 | 422), "{id}: {}", answer.status);
        let text = answer.text();
        assert!(!text.contains("SQLite"), "{text}");
    }
    for path in ["/ui/assets/../../../../etc/passwd", "/ui/assets/x/..%2f..%2fCargo.toml"] {
        assert_eq!(site.get(path).status, 404, "{path}");
    }
    still_serves(&site);
}

#[test]
fn a_poisoned_model_is_refused() {
    let site = Site::start();
    let token = site.token.as_str();
    let headers = [("Content-Type", "application/octet-stream"), ("X-Tripline-Token", token)];
    let good = include_bytes!("../../../tripline/models/traffic.trip");
    let mut flipped = good.to_vec();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    // A pickle that would run a command where it is unpickled.
    let pickle = b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.";
    for (what, bytes) in [
        ("flipped", flipped.as_slice()),
        ("cut", &good[..good.len() / 2]),
        ("pickle", pickle),
        ("empty", b""),
    ] {
        let answer = site.send("POST", "/api/v1/models?name=poisoned", &headers, bytes);
        assert!(matches!(answer.status, 400 | 422), "{what}: {} {}", answer.status, answer.text());
    }
    let models = site.get("/api/v1/models").text();
    assert!(!models.contains("poisoned"), "{models}");
    // The same request with the file as it was written.
    let taken = site.send("POST", "/api/v1/models?name=sound", &headers, good);
    assert_eq!(taken.status, 201, "{}", taken.text());
    still_serves(&site);
}

#[test]
fn elsewhere_needs_keys_and_encryption() {
    use tripline_engine::service::{Service, ServiceSettings};
    use tripline_serve::settings::Tls;
    use tripline_serve::{ServeError, Server, Settings};

    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let settings = ServiceSettings::new(folder.path());
        let service = Service::open(settings, crate::harness::SHIPPED).await.unwrap();
        let bind = |tls: Tls, address: &str| {
            let bind = address.parse().unwrap();
            let settings = Settings { bind, port: 0, tls, ..Settings::default() };
            Server::bind(service.clone(), settings)
        };
        let plain = bind(Tls::Off, "0.0.0.0").await;
        assert!(matches!(plain, Err(ServeError::Plain { .. })), "{plain:?}");
        let proxies = vec![tripline_serve::access::Network::parse("127.0.0.1").unwrap()];
        let keyless = bind(Tls::Proxy(proxies), "127.0.0.1").await;
        assert!(matches!(keyless, Err(ServeError::NoKeys { .. })), "{keyless:?}");
        assert!(bind(Tls::Off, "127.0.0.1").await.is_ok());
        service.shut_down().await;
    });
}

#[test]
fn plain_http_comes_from_listed_proxies_alone() {
    use tripline_serve::access::Network;
    use tripline_serve::settings::Tls;

    let other = Network::parse("192.0.2.1").unwrap();
    let site = Site::with(|settings| settings.tls = Tls::Proxy(vec![other]));
    assert_eq!(site.get("/health").status, 0, "the connection is closed");

    let own = Network::parse("127.0.0.0/8").unwrap();
    let site = Site::with(|settings| settings.tls = Tls::Proxy(vec![own]));
    assert_eq!(site.get("/health").status, 200);
    // A client behind the proxy is not of this machine, whatever it writes.
    let forged = [("X-Forwarded-For", "127.0.0.1, 203.0.113.9")];
    site.send("GET", "/metrics", &forged, b"").is_problem(401);
    site.get("/metrics").is_problem(401);
}
