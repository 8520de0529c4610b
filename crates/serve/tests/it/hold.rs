//! What a client may hold: places, memory, streams; who lets go is let go.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, RecordBatch, UInt8Array};
use arrow_ipc::writer::StreamWriter;
use serde_json::{Value, json};

use super::harness::{Answer, SHIPPED, Site};
use super::traffic;

const BATCH: &str = "/api/v1/predict/flow/batch";
const ARROW: &str = "application/vnd.apache.arrow.stream";

/// Sends a head with some of its body.
fn begin(site: &Site, head: &str, body: &[u8]) -> TcpStream {
    let mut stream = site.connect();
    let host = format!("Host: localhost:{}", site.address.port());
    write!(stream, "{head}\r\n{host}\r\n\r\n").unwrap();
    stream.write_all(body).unwrap();
    stream
}

fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// A chunk of a body (RFC 9112, section 7.1).
fn chunk(stream: &mut TcpStream, bytes: &[u8]) {
    write!(stream, "{:x}\r\n", bytes.len()).unwrap();
    stream.write_all(bytes).unwrap();
    stream.write_all(b"\r\n").unwrap();
}

#[test]
fn who_is_not_known_does_not_hold_up_who_is() {
    let site = Site::with(|settings| {
        settings.access.keys = true;
        settings.limits.in_flight = 8;
    });
    let key = site.key("read");
    let head = "POST /ui/login HTTP/1.1\r\nContent-Length: 100\r\n\
                Content-Type: application/x-www-form-urlencoded";
    let held: Vec<_> = (0..30).map(|_| begin(&site, head, b"c")).collect();
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    let answer = site.send("GET", "/api/v1/models", &[("X-API-Key", &key)], b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
    // Nor those who only ask how the service is.
    assert_eq!(site.get("/readyz").status, 200);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    drop(held);
}

#[test]
fn an_answer_that_is_not_read_is_let_go() {
    let site = Site::with(|settings| settings.limits.body_pause = Duration::from_millis(500));
    let lines = "{}\n".repeat(30_000);
    let head = format!(
        "POST {BATCH} HTTP/1.1\r\nContent-Type: application/x-ndjson\r\n\
         Connection: close\r\nContent-Length: {}",
        lines.len()
    );
    let slow = begin(&site, &head, lines.as_bytes());
    // The buffers between both take some megabytes of an answer of many more.
    std::thread::sleep(Duration::from_secs(6));
    let answer = rest(slow);
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..200]));
    assert!(!answer.ends_with(b"0\r\n\r\n"), "{} bytes came whole", answer.len());
    assert_eq!(site.get("/health").status, 200);
}

#[test]
fn files_are_read_part_by_part_by_some_at_once() {
    use tripline_store::Timestamp;
    use tripline_store::records::{Artefact, NewRun, RunState};

    let site = Site::with(|settings| settings.limits.body_pause = Duration::from_secs(4));
    let large = vec![7_u8; 48 << 20];
    let id = site.runtime.block_on(async {
        let what = NewRun {
            experiment: "large".to_owned(),
            job: None,
            detector: "sgd".to_owned(),
            params: Default::default(),
            data: Default::default(),
        };
        let run = site.app.store().begin_run(&what, Timestamp(1)).await.unwrap();
        site.app.blobs().put("runs/large", large.clone().into()).await.unwrap();
        let artefact = Artefact {
            name: "large.bin".to_owned(),
            blob: "runs/large".to_owned(),
            digest: "0".repeat(64),
            bytes: large.len() as u64,
        };
        let state = RunState::Finished;
        site.app.store().end_run(&run.id, state, &[artefact], None, Timestamp(2)).await.unwrap();
        run.id
    });
    let path = format!("/api/v1/runs/{id}/artefacts/large.bin");
    let head = format!("GET {path} HTTP/1.1\r\nConnection: close");
    let held: Vec<_> = (0..32).map(|_| begin(&site, &head, b"")).collect();
    let until = |status: u16| {
        let begun = Instant::now();
        loop {
            let answer = site.send("HEAD", &path, &[], b"");
            if answer.status == status {
                return answer;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{}", answer.status);
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    assert_eq!(until(503).header("retry-after"), Some("5"));
    // They read nothing, and are let go.
    until(200);
    let whole = site.get(&path);
    assert_eq!(whole.status, 200, "{}", whole.text());
    assert_eq!(whole.header("content-length"), Some("50331648"));
    assert_eq!(whole.body, large);
    drop(held);
}

#[test]
fn large_questions_are_refused_before_they_are_read() {
    let site = Site::start();
    let infer = "/v2/models/flow_detector/infer";
    let json = ("Content-Type", "application/json");
    let said = (80 << 20).to_string();
    let begun = Instant::now();
    let refused = site.send("POST", infer, &[json, ("Content-Length", &said)], b"{");
    assert_eq!(refused.status, 413, "{}", refused.text());
    // More values than any model has columns for so many rows.
    let mut many = br#"{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[0"#.to_vec();
    let model = site.get("/v2/models/flow_detector").json();
    let columns = model["inputs"].as_array().unwrap().len();
    many.extend(b",0".repeat((columns + 2) * 100_000));
    many.extend_from_slice(b"]}]}");
    let refused = site.send("POST", infer, &[json], &many);
    assert_eq!(refused.status, 413, "{}", refused.text());
    assert!(refused.json()["error"].as_str().unwrap().contains("rows"), "{}", refused.text());
    let said = (300 << 20).to_string();
    let octets = ("Content-Type", "application/octet-stream");
    let upload = "/api/v1/models?name=large";
    site.send("POST", upload, &[octets, ("Content-Length", &said)], b"x").is_problem(413);
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    // Two uploads at once stand in memory.
    let head = "POST /api/v1/models?name=slow HTTP/1.1\r\nContent-Length: 1000\r\n\
                Content-Type: application/octet-stream";
    let held = [begin(&site, head, b"x"), begin(&site, head, b"x")];
    std::thread::sleep(Duration::from_millis(300));
    site.send("POST", upload, &[octets], SHIPPED[0].bytes).is_problem(503);
    drop(held);
    std::thread::sleep(Duration::from_millis(300));
    let taken = site.send("POST", upload, &[octets], SHIPPED[0].bytes);
    assert_eq!(taken.status, 201, "{}", taken.text());
}

#[test]
fn forms_have_the_size_of_uploads() {
    let site = Site::start();
    let mut form = b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\
        Content-Type: text/csv\r\n\r\na,b\n"
        .to_vec();
    form.extend(b"1,2\n".repeat(800_000));
    form.extend_from_slice(b"\r\n--x--\r\n");
    let token = site.token.clone();
    let headers =
        [("Content-Type", "multipart/form-data; boundary=x"), ("X-Tripline-Token", &token)];
    let taken = site.send("POST", "/api/v1/uploads", &headers, &form);
    assert_eq!(taken.status, 201, "{}", taken.text());
}

/// Reads an answer to a line.
fn line(answer: &mut impl std::io::BufRead) -> Value {
    let mut text = String::new();
    loop {
        text.clear();
        assert!(answer.read_line(&mut text).unwrap() > 0, "the answer ended");
        // Sizes of chunks and ends of lines stand between.
        if text.starts_with('{') {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[test]
fn lines_are_answered_as_they_arrive_and_by_one_version() {
    let site = Site::start();
    let (record, _) = traffic::attack(&site);
    let octets = [("Content-Type", "application/octet-stream")];
    let path = "/api/v1/models?name=flow_detector";
    let made = site.send("POST", path, &octets, SHIPPED[0].bytes);
    let second = made.json()["model_id"].as_str().unwrap().to_owned();

    let head = format!(
        "POST {BATCH} HTTP/1.1\r\nContent-Type: application/x-ndjson\r\n\
         Connection: close\r\nTransfer-Encoding: chunked"
    );
    let mut stream = begin(&site, &head, b"");
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let text = format!("{record}\n");
    chunk(&mut stream, text.as_bytes());
    assert_eq!(line(&mut answers)["line"], 1);
    let token = [("X-Tripline-Token", site.token.as_str())];
    let deployed = site.post_with(&format!("/api/v1/models/{second}/deploy"), &token, &json!({}));
    assert_eq!(deployed.status, 200, "{}", deployed.text());
    chunk(&mut stream, text.as_bytes());
    assert_eq!(line(&mut answers)["line"], 2);
    stream.write_all(b"0\r\n\r\n").unwrap();
    let summary = line(&mut answers);
    assert_eq!(summary["summary"]["rows"], 2, "{summary}");
    assert_eq!(summary["summary"]["model_versions"], json!(["flow_detector_v1.0.0"]));
}

#[test]
fn a_cut_table_does_not_look_whole() {
    let site = Site::start();
    let of = |rows: usize| {
        // A column of nulls has no bytes, and would be whole with the next message alone.
        let zeros: ArrayRef = Arc::new(UInt8Array::from(vec![0; rows]));
        RecordBatch::try_from_iter([("x", zeros)]).unwrap()
    };
    let mut writer = StreamWriter::try_new(Vec::new(), &of(1).schema()).unwrap();
    writer.write(&of(1)).unwrap();
    let first = writer.get_ref().len();
    writer.write(&of(300_000)).unwrap();
    let body = writer.into_inner().unwrap();
    let head = format!(
        "POST {BATCH}?missing_columns=fill HTTP/1.1\r\nContent-Type: {ARROW}\r\n\
         Connection: close\r\nContent-Length: {}",
        body.len()
    );
    let mut stream = begin(&site, &head, &body[..first]);
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    stream.write_all(&body[first..]).unwrap();
    let answer = rest(stream);
    assert!(!answer.ends_with(b"0\r\n\r\n"), "the connection was not broken");
    // Neither is the end of the stream there: a continuation mark and a length of 0.
    assert!(!answer.windows(8).any(|part| part == b"\xff\xff\xff\xff\0\0\0\0"));
}

fn listen(site: &Site, key: &str) -> BufReader<TcpStream> {
    let head =
        format!("GET /api/v1/detections/stream HTTP/1.1\r\nConnection: close\r\nX-API-Key: {key}");
    let mut stream = BufReader::new(begin(site, &head, b""));
    let mut status = String::new();
    stream.read_line(&mut status).unwrap();
    assert!(status.starts_with("HTTP/1.1 200"), "{status}");
    stream
}

#[test]
fn who_listens_has_some_streams_and_only_while_allowed() {
    let site = Site::with(|settings| settings.access.keys = true);
    let (key, other) = (site.key("read"), site.key("read"));
    let mut streams: Vec<_> = (0..16).map(|_| listen(&site, &key)).collect();
    let stream = |key: &str| -> Answer {
        site.send("GET", "/api/v1/detections/stream", &[("X-API-Key", key)], b"")
    };
    let busy = stream(&key);
    busy.is_problem(503);
    assert_eq!(busy.header("retry-after"), Some("30"));
    let mut others = listen(&site, &other);
    drop(streams.split_off(1));

    let admin = site.key("admin");
    let id = key.split('_').nth(1).unwrap();
    let path = format!("/api/v1/keys/{id}");
    assert_eq!(site.send("DELETE", &path, &[("X-API-Key", &admin)], b"").status, 204);
    let begun = Instant::now();
    let mut told = Vec::new();
    streams[0].read_to_end(&mut told).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    // That of the other key goes on: it gives a sign of life.
    let mut line = String::new();
    while !line.starts_with(':') {
        line.clear();
        assert!(others.read_line(&mut line).unwrap() > 0, "the other stream ended, too");
    }
}

/// The value of a sample.
fn sample(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name}\n{metrics}"))
}

#[test]
fn metrics_count_what_they_say() {
    let site = Site::start();
    let (record, _) = traffic::attack(&site);
    assert_eq!(site.post("/api/v1/predict/flow", &record).status, 200);
    let begun = Instant::now();
    assert_eq!(site.post("/api/v1/predict/flow", &record).status, 200);
    let longest = begun.elapsed().as_secs_f64() + 1.0;
    let text = site.get("/metrics").text();
    let of = |name: &str| sample(&text, &format!("{name}{{model_name=\"flow_detector\"}}"));
    // The flows of the capture are no observations.
    let (count, sum) = (
        of("shieldx_ml_inference_duration_seconds_count"),
        of("shieldx_ml_inference_duration_seconds_sum"),
    );
    assert_eq!(count, 2.0);
    assert!(sum > 0.0 && sum < 2.0 * longest, "{sum}");
    let all = of("tripline_scoring_seconds_total");
    assert!(all > sum, "{all} {sum}");
    let infinite =
        "shieldx_ml_inference_duration_seconds_bucket{model_name=\"flow_detector\",le=\"+Inf\"}";
    assert_eq!(sample(&text, infinite), count);

    let table = super::jobs::table(200, 5);
    let source = super::jobs::upload(&site, &table);
    let body = json!({"model_type": "sgd", "training_data_source": source, "label": "label",
                      "protocol": "none"});
    let id = super::jobs::start(&site, &body);
    let ended = super::jobs::ended(&site, &id)["status"].as_str().unwrap().to_owned();
    let text = site.get("/metrics").text();
    assert!(text.contains("# TYPE shieldx_ml_training_jobs_total counter"), "{text}");
    for status in ["queued", "running", ended.as_str()] {
        let name = format!("shieldx_ml_training_jobs_total{{status=\"{status}\"}}");
        assert_eq!(sample(&text, &name), 1.0, "{status}");
    }
    assert_eq!(sample(&text, "tripline_training_jobs{status=\"queued\"}"), 0.0);
    assert_eq!(sample(&text, &format!("tripline_training_jobs{{status=\"{ended}\"}}")), 1.0);
}
