//! `tripline serve` as a process of its own, with a small client.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::{Bench, Run, program};

/// What the service says once it listens.
const LISTENS: &str = "Tripline listens on ";

/// Longest wait for a start, an answer or an end: a debug build on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A process; it is killed when this is dropped.
pub(crate) struct Service {
    process: Child,
    said: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    address: Option<SocketAddr>,
}

impl Service {
    /// Starts `tripline` with these arguments in that folder, and waits for nothing.
    pub(crate) fn spawn(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = Command::new(program())
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let readers = vec![
            tell(process.stdout.take().unwrap(), said.clone()),
            tell(process.stderr.take().unwrap(), said.clone()),
        ];
        Self { process, said, readers, address: None }
    }

    /// Starts `tripline serve` on a free port, and waits until it listens.
    pub(crate) fn start(folder: &Path, options: &str) -> Self {
        let line = format!("serve --port 0 {options}");
        let mut service = Self::spawn(folder, &line.split_whitespace().collect::<Vec<_>>());
        service.listens();
        service
    }

    /// Waits until it listens.
    #[track_caller]
    pub(crate) fn listens(&mut self) {
        let begin = Instant::now();
        loop {
            // The token stands after the address, and this after both.
            let said = self.said();
            if said.contains("Stop with Ctrl-C.") {
                let rest = said.split(LISTENS).nth(1).unwrap().split("://").nth(1).unwrap();
                self.address = Some(rest.lines().next().unwrap().trim().parse().unwrap());
                return;
            }
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("ended with {status}: {}", self.said());
            }
            assert!(begin.elapsed() < PATIENCE, "does not listen: {said}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// All that it has written so far, to standard output and standard error.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has written that.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        let begin = Instant::now();
        while !self.said().contains(text) {
            assert!(begin.elapsed() < PATIENCE, "`{text}` is not in: {}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The token that a first start prints.
    pub(crate) fn first_token(&self) -> Option<String> {
        let said = self.said();
        let start = said.find("tlt_")?;
        let letters = said[start..].chars();
        Some(letters.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect())
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address.unwrap()
    }

    /// A client with that token.
    pub(crate) fn client(&self, token: Option<String>) -> Client {
        Client { address: self.address(), token }
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(sent.success(), "kill -s {name}");
    }

    /// SIGKILL, and the end.
    pub(crate) fn kill(mut self) {
        let _ = self.process.kill();
        self.process.wait().unwrap();
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// How it ends by itself, with what it said.
    #[track_caller]
    pub(crate) fn ends(mut self) -> (ExitStatus, String) {
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < PATIENCE, "goes on: {}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        };
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (status, self.said())
    }

    /// SIGTERM; fails unless it ends well.
    #[track_caller]
    pub(crate) fn stop(self) -> String {
        self.signal("TERM");
        let (status, said) = self.ends();
        assert!(status.success(), "{status}: {said}");
        said
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // A failed test leaves no process; one that has ended is none.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Bench {
    /// Runs a command that must refuse, though it could go on for ever: what it said.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &str) -> Run {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let (status, said) = Service::spawn(&self.path(""), &arguments).ends();
        let code = status.code().unwrap_or(-1);
        assert!(code > 0, "{arguments:?}: {status}: {said}");
        Run { code, out: String::new(), err: said }
    }
}

/// Passes on what is written, and goes on reading to its end: a full pipe would stop the program.
fn tell(from: impl Read + Send + 'static, to: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut said = to.lock().unwrap();
            said.push_str(&line);
            said.push('\n');
        }
    })
}

/// Sends requests, each over a connection of its own.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    /// The first-start token, sent along.
    pub(crate) token: Option<String>,
}

/// There was no whole answer.
#[derive(Debug)]
pub(crate) struct Gone;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The JSON of an answer of that status.
    #[track_caller]
    pub(crate) fn of(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first field of that name in the head.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

impl Client {
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").unwrap_or_else(|Gone| panic!("{path}: no answer"))
    }

    /// Sends JSON.
    pub(crate) fn json(&self, method: &str, path: &str, body: &Value) -> Result<Answer, Gone> {
        let kind = [("Content-Type", "application/json")];
        self.send(method, path, &kind, body.to_string().as_bytes())
    }

    /// Posts JSON to a service that goes on.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.json("POST", path, body).unwrap_or_else(|Gone| panic!("{path}: no answer"))
    }

    /// An answer counts when all of it has come.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Gone> {
        let mut stream = self.connect().map_err(|_| Gone)?;
        stream.write_all(&self.bytes(method, path, headers, body)).map_err(|_| Gone)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(|_| Gone)?;
        whole(&answer).ok_or(Gone)
    }

    pub(crate) fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// A request as it is sent.
    pub(crate) fn bytes(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Vec<u8> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            let _ = write!(head, "Host: localhost:{}\r\n", self.address.port());
        }
        if method != "GET" {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        if let Some(token) = &self.token {
            let _ = write!(head, "X-Tripline-Token: {token}\r\n");
        }
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }
}

/// The answer, if its body is as long as its head says (RFC 9112, section 6.3).
pub(crate) fn whole(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.get(9..12)?.parse().ok()?;
    let rest = &bytes[end + 4..];
    let chunked = field(&head, "transfer-encoding") == Some("chunked");
    let body = match field(&head, "content-length") {
        Some(length) => rest.get(..length.parse().ok()?)?.to_vec(),
        None if chunked => rest.ends_with(b"0\r\n\r\n").then(|| unchunk(rest))?,
        None => rest.to_vec(),
    };
    Some(Answer { status, head, body })
}

/// Bodies in chunks (RFC 9112, section 7.1).
fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap_or("0");
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(chunk) = rest.get(end + 2..end + 2 + size).filter(|_| size > 0) else { break };
        body.extend_from_slice(chunk);
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
    body
}
