//! Traces: a span of each request, sent to a collector by OTLP over HTTP as JSON.
//!
//! OpenTelemetry protocol 1.5, `v1/traces`; the context of the caller is that of W3C Trace Context,
//! level 1. Spans that the collector does not take in time are dropped and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, Uri};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// Spans that wait; a collector that does not answer costs no more.
const QUEUE: usize = 4096;

/// Spans of one message.
const BATCH: usize = 512;

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where spans go.
#[derive(Debug)]
pub(crate) struct Tracer {
    spans: mpsc::Sender<Span>,
    dropped: Arc<AtomicU64>,
}

/// A request that was answered.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) context: Context,
    pub(crate) begun_ns: u64,
    pub(crate) ended_ns: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) request: String,
    pub(crate) actor: String,
}

/// Whose part a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Context {
    trace: [u8; 16],
    parent: Option<[u8; 8]>,
    span: [u8; 8],
}

impl Context {
    /// The caller's, where `traceparent` says one that is sampled, else a fresh one. None if the
    /// caller asks for no samples.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut span = [0; 8];
        getrandom::fill(&mut span).ok()?;
        match headers.get("traceparent").and_then(|value| parse(value.to_str().ok()?)) {
            Some((_, _, false)) => None,
            Some((trace, parent, true)) => Some(Self { trace, parent: Some(parent), span }),
            None => {
                let mut trace = [0; 16];
                getrandom::fill(&mut trace).ok()?;
                Some(Self { trace, parent: None, span })
            }
        }
    }
}

/// Trace, parent, whether it is sampled: W3C Trace Context, section 3.2.
fn parse(text: &str) -> Option<([u8; 16], [u8; 8], bool)> {
    let mut parts = text.split('-');
    let version = bytes::<1>(parts.next()?)?;
    let trace = bytes::<16>(parts.next()?)?;
    let parent = bytes::<8>(parts.next()?)?;
    let flags = bytes::<1>(parts.next()?)?;
    let known = version[0] != 0xff && (version[0] != 0 || parts.next().is_none());
    let some = trace != [0; 16] && parent != [0; 8];
    (known && some).then_some((trace, parent, flags[0] & 1 == 1))
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if text.len() != 2 * N || !digits {
        return None;
    }
    let mut out = [0; N];
    for (byte, at) in out.iter_mut().zip((0..2 * N).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(out)
}

/// Whether an address can be sent to: `http://HOST[:PORT][/PATH]`.
pub fn is_collector(address: &str) -> bool {
    endpoint(address).is_some()
}

/// Host with port, and path.
fn endpoint(text: &str) -> Option<(String, String)> {
    let uri: Uri = text.parse().ok()?;
    let authority = uri.authority()?;
    // What could hold a secret has no place in an address that settings and logs show.
    let secret = authority.as_str().contains('@') || uri.query().is_some();
    if uri.scheme_str() != Some("http") || secret {
        return None;
    }
    let port = authority.port_u16().unwrap_or(4318);
    let path = uri.path().trim_end_matches('/');
    // The signal's own path, unless the address has it (OTLP exporter, section on endpoint URLs).
    let path =
        if path.ends_with("/v1/traces") { path.to_owned() } else { format!("{path}/v1/traces") };
    Some((format!("{}:{port}", authority.host()), path))
}

impl Tracer {
    /// Begins to send; to be called on a Tokio runtime. None for an address that cannot be sent to.
    pub(crate) fn start(address: &str) -> Option<Self> {
        let (authority, path) = endpoint(address)?;
        let (spans, queue) = mpsc::channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        tokio::spawn(send_all(authority, path, queue, dropped.clone()));
        Some(Self { spans, dropped })
    }

    /// Hands a span over; one that finds no room is counted.
    pub(crate) fn ended(&self, span: Span) {
        if self.spans.try_send(span).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn send_all(
    authority: String,
    path: String,
    mut queue: mpsc::Receiver<Span>,
    dropped: Arc<AtomicU64>,
) {
    let mut batch = Vec::new();
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let body = message(&batch).to_string();
        let sent = tokio::time::timeout(PATIENCE, post(&authority, &path, &body)).await;
        match sent {
            Ok(Ok(status)) if (200..300).contains(&status) => {}
            Ok(Ok(status)) => tracing::warn!(status, "the collector of traces refuses spans"),
            Ok(Err(error)) => tracing::warn!(%error, "the collector of traces does not answer"),
            Err(_) => tracing::warn!("the collector of traces does not answer in time"),
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::warn!(spans = lost, "spans were dropped: the collector is too slow");
        }
        batch.clear();
        // So that spans go together.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Posts JSON; gives the status.
async fn post(authority: &str, path: &str, body: &str) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(authority).await?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut start = Vec::with_capacity(64);
    // `HTTP/1.1 200`; what else a collector says does not matter.
    (&mut stream).take(64).read_to_end(&mut start).await?;
    let status = std::str::from_utf8(start.get(9..12).unwrap_or_default()).ok();
    status
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| std::io::Error::other("it answers with something else than HTTP"))
}

/// `ExportTraceServiceRequest` in the JSON of the protocol.
fn message(spans: &[Span]) -> Value {
    let spans: Vec<Value> = spans.iter().map(one).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            attribute("service.name", "tripline"),
            attribute("service.version", env!("CARGO_PKG_VERSION")),
        ] },
        "scopeSpans": [{ "scope": { "name": "tripline" }, "spans": spans }],
    }] })
}

fn one(span: &Span) -> Value {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    json!({
        "traceId": hex(&span.context.trace),
        "spanId": hex(&span.context.span),
        "parentSpanId": span.context.parent.map(|parent| hex(&parent)).unwrap_or_default(),
        "name": format!("{} {}", span.method, span.path),
        // SPAN_KIND_SERVER.
        "kind": 2,
        "startTimeUnixNano": span.begun_ns.to_string(),
        "endTimeUnixNano": span.ended_ns.to_string(),
        "attributes": [
            attribute("http.request.method", &span.method),
            attribute("url.path", &span.path),
            json!({
                "key": "http.response.status_code",
                "value": { "intValue": span.status.to_string() },
            }),
            attribute("tripline.request_id", &span.request),
            attribute("enduser.id", &span.actor),
        ],
        // STATUS_CODE_ERROR for what was our fault.
        "status": if span.status >= 500 { json!({ "code": 2 }) } else { json!({}) },
    })
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_of_the_caller_is_kept() {
        // W3C Trace Context, section 3.2.3, examples.
        let sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let (trace, parent, flag) = parse(sampled).expect("a context");
        assert_eq!((trace[0], parent[1], flag), (0x4b, 0xf0, true));
        assert!(!parse(&sampled.replace("-01", "-00")).expect("a context").2);
        for bad in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_of_collectors() {
        let of = |text: &str| endpoint(text);
        assert_eq!(
            of("http://127.0.0.1:4318"),
            Some(("127.0.0.1:4318".to_owned(), "/v1/traces".to_owned()))
        );
        assert_eq!(
            of("http://c/x/v1/traces"),
            Some(("c:4318".to_owned(), "/x/v1/traces".to_owned()))
        );
        assert_eq!(of("https://collector"), None);
        assert_eq!(of("http://user:word@collector"), None);
        assert_eq!(of("http://collector?key=word"), None);
        assert_eq!(of("collector:4318"), None);
    }
}
