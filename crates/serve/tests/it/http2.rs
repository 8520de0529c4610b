//! HTTP/2 on one connection: many requests at once, streams that last, silence that ends.

use std::time::{Duration, Instant};

use axum::http::Request;
use futures_util::StreamExt as _;
use h2::client::SendRequest;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tripline_serve::Settings;

use super::harness::Site;
use super::traffic;

type Sender = SendRequest<bytes::Bytes>;

/// How long a connection without a request stays in these tests.
const SILENCE: Duration = Duration::from_secs(1);

fn short(settings: &mut Settings) {
    settings.limits.silence = SILENCE;
    settings.limits.header_time = SILENCE;
}

/// A connection that begins with the preface (RFC 9113, section 3.4).
async fn connect(site: &Site) -> (Sender, JoinHandle<Result<(), h2::Error>>) {
    let stream = TcpStream::connect(site.address).await.unwrap();
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn get(site: &Site, path: &str) -> Request<()> {
    let uri = format!("http://localhost:{}{path}", site.address.port());
    Request::get(uri).body(()).unwrap()
}

/// The status, and all of the body.
async fn answer(sender: &Sender, request: Request<()>, body: &[u8]) -> (u16, Vec<u8>) {
    let mut sender = sender.clone().ready().await.unwrap();
    let (response, mut sending) = sender.send_request(request, body.is_empty()).unwrap();
    if !body.is_empty() {
        sending.send_data(body.to_vec().into(), true).unwrap();
    }
    let (head, mut body) = response.await.unwrap().into_parts();
    let mut all = Vec::new();
    while let Some(part) = body.data().await {
        let part = part.unwrap();
        body.flow_control().release_capacity(part.len()).unwrap();
        all.extend_from_slice(&part);
    }
    (head.status.as_u16(), all)
}

#[test]
fn many_requests_share_a_connection() {
    let site = Site::start();
    let (record, detection) = traffic::attack(&site);
    let record = record.to_string();
    site.runtime.block_on(async {
        let (sender, connection) = connect(&site).await;
        // A hundred at once; the service takes 128.
        let asks = (0..400).map(|number| {
            let (sender, record) = (sender.clone(), record.clone());
            let uri = format!("http://localhost:{}/api/v1/predict/flow", site.address.port());
            let ask = Request::post(uri).header("content-type", "application/json").body(());
            let other = get(&site, "/livez");
            async move {
                match number % 4 {
                    0 => answer(&sender, other, b"").await,
                    _ => answer(&sender, ask.unwrap(), record.as_bytes()).await,
                }
            }
        });
        let asks = futures_util::stream::iter(asks);
        let answers: Vec<(u16, Vec<u8>)> = asks.buffered(100).collect().await;
        assert_eq!(answers.len(), 400);
        for (number, (status, body)) in answers.into_iter().enumerate() {
            let text = String::from_utf8_lossy(&body);
            assert_eq!(status, 200, "{number}: {text}");
            if number % 4 > 0 {
                let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(told["probability"], detection["probability"], "{number}");
            }
        }
        drop(sender);
        connection.await.unwrap().unwrap();
    });
}

#[test]
fn a_silent_connection_ends_and_one_that_streams_does_not() {
    let site = Site::with(short);
    let (record, _) = traffic::attack(&site);
    site.runtime.block_on(async {
        let (streaming, live) = connect(&site).await;
        let (idle, ended) = connect(&site).await;
        assert_eq!(answer(&idle, get(&site, "/livez"), b"").await.0, 200);

        let mut sender = streaming.clone().ready().await.unwrap();
        let (response, _) =
            sender.send_request(get(&site, "/api/v1/detections/stream"), true).unwrap();
        let (head, mut body) = response.await.unwrap().into_parts();
        assert_eq!(head.status, 200);

        // The silent one ends by itself, within its time and that of the next look.
        let begun = Instant::now();
        let end = tokio::time::timeout(Duration::from_secs(30), ended).await;
        assert!(end.is_ok(), "a silent connection stays");
        assert!(begun.elapsed() > SILENCE / 2, "{:?}", begun.elapsed());

        // By now the stream has lasted as long, and longer still.
        tokio::time::sleep(SILENCE * 6).await;
        assert!(!live.is_finished(), "the stream was cut");
        let entity = json!({"record": record, "entity": "late"});
        let ask =
            tokio::task::block_in_place(|| site.post("/api/v1/predict/flow?durable=true", &entity));
        assert_eq!(ask.status, 200, "{}", ask.text());
        let id = ask.json()["detection_id"].as_str().unwrap().to_owned();
        let mut said = Vec::new();
        while !String::from_utf8_lossy(&said).contains(&id) {
            let part = tokio::time::timeout(Duration::from_secs(20), body.data()).await;
            let part = part.expect("an event").expect("no end").unwrap();
            body.flow_control().release_capacity(part.len()).unwrap();
            said.extend_from_slice(&part);
        }
        drop((streaming, sender, body));
    });
}
