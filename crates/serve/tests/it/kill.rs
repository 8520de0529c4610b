//! The service killed at any moment: nothing that was acknowledged is lost, nothing is half done.
//!
//! `TRIPLINE_TRIALS=200` runs as many trials as a release takes, `TRIPLINE_TEST_BINARY=PATH` runs them
//! against the program instead of this test's own process.

#![allow(clippy::print_stderr, reason = "a run of trials tells what it did")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tripline_engine::service::{AUDIT_HEADS, AUDIT_KEY, DATABASE, Service, ServiceSettings};
use tripline_serve::{Server, Settings};
use tripline_store::SecretKey;
use tripline_store::sqlite::verify_trail;

use super::harness::SHIPPED;

/// Trials of an ordinary run: some seconds.
const FEW: u32 = 5;
/// Trials over one folder before the next begins with a fresh one.
const OF_A_FOLDER: u32 = 20;

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_acknowledged() {
    let trials = std::env::var("TRIPLINE_TRIALS").map_or(FEW, |text| text.parse().unwrap());
    let seed = std::env::var("TRIPLINE_SEED").map_or_else(
        |_| std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64,
        |text| text.parse().unwrap(),
    );
    let mut random = Random(seed | 1);
    let mut sum = Acknowledged::default();
    let mut done = 0;
    while done < trials {
        let folder = tempfile::tempdir().unwrap();
        let mut told = Acknowledged::default();
        let mut site = Site::start(folder.path(), None);
        let versions = prepare(&site);
        told.active = Some(versions[0].clone());
        for _ in 0..OF_A_FOLDER.min(trials - done) {
            let token = site.token.clone();
            told = trial(site, told, &versions, random.below(700), done);
            verify(folder.path(), &format!("seed {seed}, trial {done}"));
            site = Site::start(folder.path(), Some(token));
            told.check(&site, &format!("seed {seed}, trial {done}"));
            done += 1;
        }
        told.check_at_the_end(&site);
        sum.add(told);
        site.kill();
    }
    eprintln!(
        "{done} trials: {} jobs, {} uploads, {} durable detections, {} judgements, {} deploys, \
         {} feature rows acknowledged, all there; seed {seed}",
        sum.jobs.len(),
        sum.uploads.len(),
        sum.detections.len(),
        sum.judgements.len(),
        sum.deploys,
        sum.features.len(),
    );
    assert!(sum.detections.len() as u32 >= trials, "too little happened");
}

/// Where the process that is killed keeps its data, and its port.
const FOLDER: &str = "TRIPLINE_TEST_KILL_FOLDER";
const PORT: &str = "TRIPLINE_TEST_KILL_PORT";

/// The service as a process of its own.
#[test]
#[ignore = "the trials start it"]
#[allow(clippy::print_stdout, reason = "the token is told so")]
fn serve_until_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let port = std::env::var(PORT).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let service = Service::open(ServiceSettings::new(folder), SHIPPED).await.unwrap();
        let server = Server::bind(service, Settings { port, ..Settings::default() }).await.unwrap();
        if let Some(token) = server.first_token() {
            println!("token: {}", token.reveal());
        }
        server.run(std::future::pending()).await;
    });
}

/// The audit trail is whole, its head signed.
fn verify(folder: &Path, trial: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let key = SecretKey::read(&folder.join(AUDIT_KEY)).unwrap().public();
    let heads = folder.join(AUDIT_HEADS);
    let database = folder.join(DATABASE);
    let report = runtime.block_on(verify_trail(&database, &key, Some(&heads))).unwrap();
    assert!(report.findings.is_empty(), "{trial}: {report:?}");
}

/// What the service has acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// Jobs with the name that each registers under.
    jobs: BTreeMap<String, String>,
    /// Uploads with their SHA-256.
    uploads: BTreeMap<String, String>,
    detections: Vec<String>,
    judgements: BTreeMap<String, &'static str>,
    /// Entity and value.
    features: BTreeMap<String, f64>,
    /// The version that answers, by the last deploy that was acknowledged.
    active: Option<String>,
    /// A deploy that was sent and not answered.
    in_flight: Option<String>,
    deploys: u32,
    /// Detections that were looked for already.
    checked: usize,
}

/// Lets four clients work until the service is killed after so many milliseconds.
fn trial(
    site: Site,
    told: Acknowledged,
    versions: &[String],
    after: u64,
    number: u32,
) -> Acknowledged {
    let told = Mutex::new(told);
    let stop = AtomicBool::new(false);
    let client = site.client();
    std::thread::scope(|scope| {
        let (told, stop, client) = (&told, &stop, &client);
        let go_on = move || !stop.load(Ordering::Relaxed);
        scope.spawn(move || {
            for at in 0.. {
                let name = format!("kill_{number}_{at}");
                if !go_on() || submit(client, told, &name).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(60));
            }
        });
        scope.spawn(move || {
            for at in number as usize.. {
                let version = &versions[at % versions.len()];
                if !go_on() || deploy(client, told, version).is_err() {
                    return;
                }
            }
        });
        scope.spawn(move || while go_on() && predict_and_judge(client, told).is_ok() {});
        scope.spawn(move || {
            for at in 0.. {
                if !go_on() || store_feature(client, told, &format!("{number}-{at}")).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        std::thread::sleep(Duration::from_millis(after));
        site.kill();
        stop.store(true, Ordering::Relaxed);
    });
    told.into_inner().unwrap()
}

/// Why a client stops: the service is gone.
struct Gone;

fn submit(client: &Client, told: &Mutex<Acknowledged>, name: &str) -> Result<(), Gone> {
    let text = table(60, name.len() as u64);
    let path = format!("/api/v1/uploads?name={name}");
    let upload = client.send("POST", &path, "text/csv", text.as_bytes())?.of(201);
    let id = upload["upload_id"].as_str().unwrap().to_owned();
    let digest = upload["sha256"].as_str().unwrap().to_owned();
    told.lock().unwrap().uploads.insert(id.clone(), digest);
    let body = training(&format!("upload:{id}"), name);
    let job = client.post("/api/v1/training/start", &body)?.of(202);
    let id = job["training_job_id"].as_str().unwrap().to_owned();
    told.lock().unwrap().jobs.insert(id, name.to_owned());
    Ok(())
}

fn deploy(client: &Client, told: &Mutex<Acknowledged>, version: &str) -> Result<(), Gone> {
    told.lock().unwrap().in_flight = Some(version.to_owned());
    client.post(&format!("/api/v1/models/{version}/deploy"), &json!({}))?.of(200);
    let mut told = told.lock().unwrap();
    told.active = Some(version.to_owned());
    told.in_flight = None;
    told.deploys += 1;
    Ok(())
}

fn predict_and_judge(client: &Client, told: &Mutex<Acknowledged>) -> Result<(), Gone> {
    let record = json!({"rate": 9.0, "bytes": 0.1, "protocol": "tcp"});
    let path = "/api/v1/predict/flow?model=swap&durable=true";
    let answer = client.post(path, &record)?.of(200);
    let id = answer["detection_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    told.lock().unwrap().detections.push(id.clone());
    for verdict in ["false_positive", "true_positive"] {
        let body = json!({"detection_id": id, "verdict": verdict});
        client.post("/api/v1/feedback", &body)?.of(201);
        told.lock().unwrap().judgements.insert(id.clone(), verdict);
    }
    Ok(())
}

fn store_feature(client: &Client, told: &Mutex<Acknowledged>, entity: &str) -> Result<(), Gone> {
    let value = entity.len() as f64;
    let row = json!({"entity": entity, "at": "2025-01-01T00:00:00Z", "values": {"a": value}});
    client.post("/api/v1/features/kill/rows", &json!({ "rows": [row] }))?.of(200);
    told.lock().unwrap().features.insert(entity.to_owned(), value);
    Ok(())
}

impl Acknowledged {
    /// Looks for all that was acknowledged since the last check.
    fn check(&mut self, site: &Site, trial: &str) {
        let client = site.client();
        for id in self.jobs.keys() {
            let job = client.get(&format!("/api/v1/training/{id}")).of(200);
            let state = job["status"].as_str().unwrap();
            assert!(["queued", "running", "completed"].contains(&state), "{trial}: {job}");
        }
        for (id, digest) in &self.uploads {
            let upload = client.get(&format!("/api/v1/uploads/{id}")).of(200);
            assert_eq!(upload["sha256"], **digest, "{trial}");
        }
        for id in &self.detections[self.checked..] {
            let detection = client.get(&format!("/api/v1/detections/{id}"));
            assert_eq!(detection.status, 200, "{trial}: {id} is lost");
            // A judgement in flight may have come or not; one that was answered stands.
            if self.judgements.get(id) == Some(&"true_positive") {
                assert_eq!(detection.body["feedback"], "true_positive", "{trial}: {id}");
            }
        }
        self.checked = self.detections.len();
        let entities: Vec<Value> = self
            .features
            .keys()
            .map(|entity| json!({"entity": entity, "as_of": "2025-01-02T00:00:00Z"}))
            .collect();
        if !entities.is_empty() {
            let body = json!({ "points": entities });
            let found = client.post_ok("/api/v1/features/kill/historical", &body);
            for (row, (entity, value)) in
                found["rows"].as_array().unwrap().iter().zip(&self.features)
            {
                assert_eq!(row["values"]["a"], *value, "{trial}: {entity}");
            }
        }
        let models = client.get("/api/v1/models?name=swap&status=active").of(200);
        let active = models["models"].as_array().unwrap();
        assert_eq!(active.len(), 1, "{trial}: {models}");
        let active = active[0]["model_id"].as_str().unwrap();
        let may: Vec<&str> =
            [&self.active, &self.in_flight].into_iter().flatten().map(String::as_str).collect();
        assert!(may.contains(&active), "{trial}: {active} answers, deployed was {may:?}");
        self.active = Some(active.to_owned());
        self.in_flight = None;
        // What answers is what the registry says.
        let record = json!({"rate": 9.0, "bytes": 0.1, "protocol": "tcp"});
        let answer = client.post_ok("/api/v1/predict/flow?model=swap", &record);
        assert_eq!(answer["model_version"], active, "{trial}");
    }

    /// All jobs come to their end, and none has registered twice.
    fn check_at_the_end(&self, site: &Site) {
        let client = site.client();
        let begin = Instant::now();
        for (id, name) in &self.jobs {
            let job = loop {
                let job = client.get(&format!("/api/v1/training/{id}")).of(200);
                if !["queued", "running"].contains(&job["status"].as_str().unwrap()) {
                    break job;
                }
                assert!(begin.elapsed() < Duration::from_secs(240), "{job}");
                std::thread::sleep(Duration::from_millis(50));
            };
            assert_eq!(job["status"], "completed", "{job}");
            let models = client.get(&format!("/api/v1/models?name={name}")).of(200);
            assert_eq!(models["models"].as_array().unwrap().len(), 1, "{models}");
            assert_eq!(models["models"][0]["model_id"], job["new_model_id"]);
        }
        let runs = client.get("/api/v1/runs?limit=1000").of(200);
        for run in runs["runs"].as_array().unwrap() {
            assert_eq!(run["status"], "finished", "{run}");
        }
    }

    fn add(&mut self, other: Acknowledged) {
        self.jobs.extend(other.jobs);
        self.uploads.extend(other.uploads);
        self.detections.extend(other.detections);
        self.judgements.extend(other.judgements);
        self.features.extend(other.features);
        self.deploys += other.deploys;
    }
}

/// Three versions of one name to be swapped, and a view of features.
fn prepare(site: &Site) -> Vec<String> {
    let client = site.client();
    let body = json!({"features": ["a"]}).to_string();
    let view = client.send("PUT", "/api/v1/features/kill", "application/json", body.as_bytes());
    view.unwrap_or_else(|Gone| panic!("gone")).of(200);
    let mut versions = Vec::new();
    for seed in 0..3 {
        let text = table(200, seed);
        let upload = client.send("POST", "/api/v1/uploads?name=base", "text/csv", text.as_bytes());
        let upload = upload.unwrap_or_else(|Gone| panic!("gone")).of(201);
        let source = upload["training_data_source"].as_str().unwrap();
        let job = client.post_ok("/api/v1/training/start", &training(source, "swap"));
        let path = format!("/api/v1/training/{}", job["training_job_id"].as_str().unwrap());
        let begin = Instant::now();
        let version = loop {
            let job = client.get(&path).of(200);
            if let Some(version) = job["new_model_id"].as_str() {
                break version.to_owned();
            }
            assert_ne!(job["status"], "failed", "{job}");
            assert!(begin.elapsed() < Duration::from_secs(60), "{job}");
            std::thread::sleep(Duration::from_millis(20));
        };
        versions.push(version);
    }
    client.post_ok(&format!("/api/v1/models/{}/deploy", versions[0]), &json!({}));
    versions
}

fn training(source: &str, name: &str) -> Value {
    json!({"model_type": "sgd", "training_data_source": source, "name": name, "label": "label",
           "benign": "benign", "protocol": "none", "max_attempts": 10})
}

/// Benign flows around 0, attacks around 9.
fn table(rows: usize, seed: u64) -> String {
    let mut random = Random(seed * 2 + 1);
    let mut text = String::from("rate,bytes,protocol,label\n");
    for row in 0..rows {
        let attack = row % 3 == 0;
        let noise = random.below(1000) as f64 / 1000.0;
        let rate = noise + if attack { 9.0 } else { 0.0 };
        let protocol = ["tcp", "udp"][row % 2];
        let label = if attack { "dos" } else { "benign" };
        text.push_str(&format!("{rate},{},{protocol},{label}\n", 1.0 - noise));
    }
    text
}

/// Marsaglia 2003, xorshift: when to kill need not be better than that.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// The program as a process of its own.
struct Site {
    process: Child,
    port: u16,
    token: String,
}

impl Site {
    /// Starts it and waits until it is ready; `token` is that of the first start.
    fn start(folder: &Path, token: Option<String>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = match std::env::var_os("TRIPLINE_TEST_BINARY") {
            Some(program) => {
                let mut command = Command::new(program);
                command.args(["serve", "--port", &port.to_string(), "--data-dir"]).arg(folder);
                command
            }
            None => {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.args(["kill::serve_until_killed", "--exact", "--ignored", "--nocapture"]);
                command.env(FOLDER, folder).env(PORT, port.to_string());
                command
            }
        };
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (send, lines) = std::sync::mpsc::channel();
        let (out, err) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
        let other = send.clone();
        std::thread::spawn(move || tell(out, &send));
        std::thread::spawn(move || tell(err, &other));
        let mut site = Self { process, port, token: token.unwrap_or_default() };
        let begin = Instant::now();
        let mut said = String::new();
        let client = site.client();
        while !client.send("GET", "/readyz", "", b"").is_ok_and(|answer| answer.status == 200) {
            said.extend(lines.try_iter());
            assert!(begin.elapsed() < Duration::from_secs(30), "not ready: {said}");
            assert!(site.process.try_wait().unwrap().is_none(), "ended: {said}");
            std::thread::sleep(Duration::from_millis(10));
        }
        if site.token.is_empty() {
            let begin = Instant::now();
            while !said.contains("tlt_") {
                said.extend(lines.recv_timeout(Duration::from_secs(5)).ok());
                assert!(begin.elapsed() < Duration::from_secs(10), "no token: {said}");
            }
            let start = said.find("tlt_").unwrap();
            let letters = said[start..].chars();
            site.token =
                letters.take_while(|c| c.is_alphanumeric() || matches!(*c, '_' | '-')).collect();
        }
        site
    }

    fn client(&self) -> Client {
        Client { port: self.port, token: self.token.clone() }
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // A failed test leaves no process; one that was killed is none.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Passes lines on, and goes on reading though nobody listens: a full pipe would stop the program.
fn tell(from: impl std::io::Read, to: &std::sync::mpsc::Sender<String>) {
    for line in BufReader::new(from).lines().map_while(Result::ok) {
        let _ = to.send(line + "\n");
    }
}

struct Client {
    port: u16,
    token: String,
}

struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    /// The body of an answer of that status.
    #[track_caller]
    fn of(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

impl Client {
    #[track_caller]
    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", b"").unwrap_or_else(|Gone| panic!("{path}: no answer"))
    }

    #[track_caller]
    fn post_ok(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body).unwrap_or_else(|Gone| panic!("{path}: no answer"));
        assert!((200..300).contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
        answer.body
    }

    fn post(&self, path: &str, body: &Value) -> Result<Answer, Gone> {
        self.send("POST", path, "application/json", body.to_string().as_bytes())
    }

    /// An answer counts when all of it has come.
    fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<Answer, Gone> {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\
             Content-Length: {}\r\n",
            self.port,
            body.len()
        );
        for (name, value) in [("Content-Type", kind), ("X-Tripline-Token", &self.token)] {
            if !value.is_empty() {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        let gone = |_| Gone;
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).map_err(gone)?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).map_err(gone)?;
        stream.write_all(&bytes).map_err(gone)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(gone)?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or(Gone)?;
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let status = head.get(9..12).and_then(|text| text.parse().ok()).ok_or(Gone)?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.and_then(|text| text.trim().parse().ok()).ok_or(Gone)?;
        let body = answer.get(end + 4..end + 4 + length).ok_or(Gone)?;
        Ok(Answer { status, body: serde_json::from_slice(body).unwrap_or(Value::Null) })
    }
}
