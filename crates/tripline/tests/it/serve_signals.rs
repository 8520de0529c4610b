//! Signals: the end without loss, settings that are read again.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::service::{Client, PATIENCE, Service, whole};

#[test]
fn a_request_in_flight_is_finished_at_the_end() {
    let bench = Bench::new();
    let service = Service::start(&bench.path(""), "--data-dir data");
    let client = service.client(service.first_token());
    // One that says nothing does not hold up the end.
    let mut silent = client.connect().unwrap();
    let text = "rate,label\n1,a\n".repeat(200);
    let path = "/api/v1/uploads?name=slow";
    let bytes = client.bytes("POST", path, &[("Content-Type", "text/csv")], text.as_bytes());
    let (begin, rest) = bytes.split_at(bytes.len() - 100);
    let mut stream = client.connect().unwrap();
    stream.write_all(begin).unwrap();
    // A request after it has been answered: this one has been read.
    assert_eq!(client.get("/livez").status, 200);
    service.signal("TERM");
    let begun = Instant::now();
    while TcpStream::connect(service.address()).is_ok() {
        assert!(begun.elapsed() < PATIENCE, "it still takes connections");
        std::thread::sleep(Duration::from_millis(10));
    }
    stream.write_all(rest).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let upload = whole(&answer).expect("an answer").of(201);
    let (status, said) = service.ends();
    assert!(status.success(), "{status}: {said}");
    assert_eq!(silent.read(&mut [0; 8]).unwrap_or(0), 0, "the silent connection is closed");

    let service = Service::start(&bench.path(""), "--data-dir data");
    let path = format!("/api/v1/uploads/{}", upload["upload_id"].as_str().unwrap());
    let again = service.client(None).get(&path).of(200);
    assert_eq!(again["sha256"], upload["sha256"]);
    service.stop();
    bench.ok("audit verify --data-dir data");
}

#[test]
fn a_request_that_does_not_finish_ends_with_its_time() {
    let bench = Bench::new();
    bench.write("c.yaml", "serve:\n  limits:\n    drain_seconds: 0.5\n");
    let service = Service::start(&bench.path(""), "--data-dir data --config c.yaml");
    let client = service.client(None);
    let mut stream = client.connect().unwrap();
    let bytes =
        client.bytes("POST", "/api/v1/uploads", &[("Content-Type", "text/csv")], &[b'a'; 99]);
    stream.write_all(&bytes[..bytes.len() - 10]).unwrap();
    assert_eq!(client.get("/livez").status, 200);
    let begun = Instant::now();
    let said = service.stop();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(said.contains("requests did not finish in time"), "{said}");
}

#[test]
fn jobs_are_parked_at_the_end_and_go_on() {
    let bench = Bench::with_flows();
    let service = Service::start(&bench.path(""), "--data-dir data");
    let token = service.first_token();
    let client = service.client(token.clone());
    let flows = bench.bytes("flows.csv");
    let headers = [("Content-Type", "text/csv")];
    let upload = client.send("POST", "/api/v1/uploads?name=flows", &headers, &flows).unwrap();
    let source = upload.of(201)["training_data_source"].clone();
    let start = |trees: u32| {
        let body = json!({"model_type": "gradient_boosting", "training_data_source": source,
                          "name": "parked", "hyperparameters": {"n_estimators": trees}});
        let job = client.post("/api/v1/training/start", &body).of(202);
        job["training_job_id"].as_str().unwrap().to_owned()
    };
    // The first is under way for long, the second waits behind it.
    let (long, waiting) = (start(20_000), start(5));
    let state = |client: &Client, id: &str| client.get(&format!("/api/v1/training/{id}")).of(200);
    until(|| (state(&client, &long)["status"] == "running").then_some(()));
    service.stop();

    let service = Service::start(&bench.path(""), "--data-dir data");
    let client = service.client(token);
    let running = until(|| {
        let job = state(&client, &long);
        (job["status"] == "running").then_some(job)
    });
    assert_eq!(running["cancel_requested"], false, "{running}");
    assert_eq!(state(&client, &waiting)["status"], "queued");
    client.post(&format!("/api/v1/training/{long}/cancel"), &json!({})).of(200);
    until(|| (state(&client, &waiting)["status"] == "completed").then_some(()));
    assert_eq!(state(&client, &long)["status"], "cancelled");
    service.stop();
    bench.ok("audit verify --data-dir data");
}

#[track_caller]
fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "it does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_second_signal_does_not_wait() {
    let bench = Bench::new();
    let service = Service::start(&bench.path(""), "--data-dir data");
    let client = service.client(None);
    let mut stream = client.connect().unwrap();
    let bytes =
        client.bytes("POST", "/api/v1/uploads", &[("Content-Type", "text/csv")], &[b'a'; 99]);
    stream.write_all(&bytes[..bytes.len() - 10]).unwrap();
    assert_eq!(client.get("/livez").status, 200);
    service.signal("INT");
    until(|| TcpStream::connect(service.address()).is_err().then_some(()));
    service.signal("INT");
    let (status, said) = service.ends();
    assert_eq!(status.code(), Some(130), "{said}");
}

#[test]
fn settings_are_read_again_and_what_needs_a_start_is_said() {
    let bench = Bench::new();
    let file = |hosts: &str, level: &str, more: &str| {
        let text =
            format!("serve:\n  access:\n    hosts: [{hosts}]\n  log:\n    level: {level}\n{more}");
        bench.write("c.yaml", text);
    };
    file("", "error", "");
    let service = Service::start(&bench.path(""), "--data-dir data --config c.yaml");
    let client = service.client(service.first_token());
    let status =
        |host: &str| client.send("GET", "/api/v1/models", &[("Host", host)], b"").unwrap().status;
    assert_eq!(status("flows.example"), 421);
    let make_key = || {
        let body = json!({"name": "x", "scopes": ["read"]});
        client.post("/api/v1/keys", &body).of(201);
    };
    make_key();
    assert!(!service.said().contains("audit head"), "{}", service.said());

    file("flows.example", "info", "");
    service.signal("HUP");
    service.says("settings were read again");
    assert_eq!(status("flows.example"), 200);
    make_key();
    service.says("audit head");
    assert!(!service.said().contains("next start"), "{}", service.said());

    // What cannot change is named.
    file("flows.example", "info", "  port: 5017\n  training:\n    concurrency: 2\n");
    service.signal("HUP");
    service.says("next start");
    let said = service.said();
    for name in ["serve.port", "serve.training.concurrency"] {
        // The command line gave the port, so that the file's says nothing.
        assert_eq!(said.contains(name), name != "serve.port", "{name}: {said}");
    }

    // A file that cannot be read changes nothing.
    file("nowhere.example", "info", "  prot: 1\n");
    service.signal("HUP");
    service.says("the configuration stays as it was");
    service.says("is `port` meant?");
    assert_eq!(status("flows.example"), 200);
    assert_eq!(status("nowhere.example"), 421);
    file("flows.example", "nonsense=loud=very", "");
    service.signal("HUP");
    service.says("serve.log.level");
    service.stop();
}

#[test]
fn a_demo_is_served_until_it_is_told_to_stop() {
    let bench = Bench::new();
    let line = "demo --serve --rows 3000 --out demo --port 0";
    let mut service = Service::spawn(&bench.path(""), &line.split(' ').collect::<Vec<_>>());
    service.listens();
    let client = service.client(None);
    let detections = client.get("/api/v1/detections?limit=50").of(200);
    let found = detections["detections"].as_array().unwrap();
    assert!(found.len() > 10, "{}", found.len());
    let models: Vec<&Value> = found.iter().map(|one| &one["model_version"]).collect();
    assert!(models.iter().all(|model| model.is_string()), "{models:?}");
    let page = client.get("/ui/detections");
    assert_eq!(page.status, 200);
    let id = found[0]["detection_id"].as_str().unwrap();
    assert!(page.text().contains(id), "the page shows no {id}");
    assert!(service.runs());
    service.stop();
}
