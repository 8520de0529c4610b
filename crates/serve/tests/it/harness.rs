//! A service on a free port over a temporary folder, with a small client.

#![allow(dead_code, reason = "what some modules need, others do not")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tripline_engine::service::{Service, ServiceSettings, Shipped};
use tripline_serve::access::KeyRequest;
use tripline_serve::{App, Server, Settings};
use tripline_store::Timestamp;
use tripline_store::records::{Change, Scopes};

/// What the program brings along.
pub(crate) const SHIPPED: &[Shipped] = &[Shipped {
    name: "flow_detector",
    task: "flow",
    bytes: include_bytes!("../../../tripline/models/traffic.trip"),
}];

/// A running service; it ends when this is dropped.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) app: Arc<App>,
    /// Printed at the first start: opens deploys, deletes and keys.
    pub(crate) token: String,
    pub(crate) runtime: Runtime,
    pub(crate) folder: TempDir,
    stop: CancellationToken,
    running: Option<tokio::task::JoinHandle<()>>,
}

impl Site {
    /// With the defaults: loopback, no keys.
    pub(crate) fn start() -> Site {
        Self::with(|_| {})
    }

    /// With other settings.
    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Site {
        Self::with_both(change, |_| {})
    }

    /// With other settings of the server, and of what it serves.
    pub(crate) fn with_both(
        change: impl FnOnce(&mut Settings),
        service: impl FnOnce(&mut ServiceSettings),
    ) -> Site {
        let folder = tempfile::tempdir().expect("a folder");
        Self::over(folder, change, service)
    }

    /// Over a folder that is there already.
    pub(crate) fn over(
        folder: TempDir,
        change: impl FnOnce(&mut Settings),
        service: impl FnOnce(&mut ServiceSettings),
    ) -> Site {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let mut settings = Settings { port: 0, ..Settings::default() };
        change(&mut settings);
        let mut service_settings = ServiceSettings::new(folder.path());
        service(&mut service_settings);
        let server = runtime.block_on(async {
            let service = Service::open(service_settings, SHIPPED).await.expect("a service");
            if settings.keys_needed() {
                first_key(&service).await;
            }
            Server::bind(service, settings).await.expect("a server")
        });
        let stop = CancellationToken::new();
        let (address, app) = (server.address(), server.app().clone());
        let token = server.first_token().map(|token| token.reveal().to_owned()).unwrap_or_default();
        let stopped = stop.clone();
        let running = runtime.spawn(async move { server.run(stopped.cancelled()).await });
        Site { address, app, token, runtime, folder, stop, running: Some(running) }
    }

    /// A key with these scopes, such as `"read predict"`.
    pub(crate) fn key(&self, scopes: &str) -> String {
        self.key_with(scopes, None, None)
    }

    /// A key with a limit of requests a second, and an end.
    pub(crate) fn key_with(
        &self,
        scopes: &str,
        rate_limit: Option<f64>,
        expires_at: Option<Timestamp>,
    ) -> String {
        let request = KeyRequest {
            name: "test".to_owned(),
            scopes: Scopes::parse(scopes.split(' ')).expect("scopes"),
            rate_limit,
            expires_at,
        };
        let change = Change::system(Timestamp(1), "test");
        let made = self.runtime.block_on(self.app.gate().create_key(&request, &change));
        made.expect("a key").0.secret.reveal().to_owned()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    /// Posts JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &[], body)
    }

    /// Posts JSON with further headers.
    pub(crate) fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let mut all = vec![("Content-Type", "application/json")];
        all.extend_from_slice(headers);
        self.send("POST", path, &all, body.to_string().as_bytes())
    }

    /// Sends any request; `Host` and `Content-Length` are added if they are not given.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        let given = |name: &str| headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        if !given("host") {
            head.push_str(&format!("Host: localhost:{}\r\n", self.address.port()));
        }
        if !given("content-length") && !given("transfer-encoding") && !body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        self.raw(&bytes)
    }

    /// A connection with a time limit on its reads.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        stream
    }

    /// Sends bytes as they are; the answer ends with the connection.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A server that refuses early may close before all is sent.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Answer::read(&answer)
    }

    /// Stops the service and gives its folder, for another start.
    pub(crate) fn stop(mut self) -> TempDir {
        self.end();
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"))
    }

    fn end(&mut self) {
        self.stop.cancel();
        if let Some(running) = self.running.take() {
            let _ = self.runtime.block_on(running);
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.end();
    }
}

/// A service that needs keys does not start without one.
async fn first_key(service: &Arc<Service>) {
    use tripline_serve::access::Gate;
    let change = Change::system(Timestamp(1), "test");
    let gate = Gate::open(service.store().clone(), service.clock().clone());
    let request = KeyRequest {
        name: "first".to_owned(),
        scopes: Scopes::parse(["admin"]).expect("scopes"),
        rate_limit: None,
        expires_at: None,
    };
    gate.await.expect("a gate").create_key(&request, &change).await.expect("a key");
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// 0 if there was none.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn read(bytes: &[u8]) -> Answer {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Answer { status: 0, headers: Vec::new(), body: Vec::new() };
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let chunked =
            headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let rest = &bytes[end + 4..];
        let body = if chunked { unchunk(rest) } else { rest.to_vec() };
        Answer { status: status.and_then(|text| text.parse().ok()).unwrap_or(0), headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {} {}", self.status, self.text()))
    }

    /// The field that a problem names first, with its words.
    pub(crate) fn field(&self) -> (String, String) {
        let problem = self.json();
        let error = &problem["errors"][0];
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (text("field"), text("message"))
    }

    /// Fails unless it is a problem of that status, with all that such a document has.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["status"], status);
        for field in ["type", "title", "detail", "instance"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
        }
    }
}

/// Bodies in chunks (RFC 9112, section 7.1).
fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap_or("0");
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(chunk) = rest.get(end + 2..end + 2 + size) else { break };
        if size == 0 {
            break;
        }
        body.extend_from_slice(chunk);
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
    body
}
