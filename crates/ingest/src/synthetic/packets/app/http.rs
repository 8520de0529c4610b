//! HTTP/1.1 requests with their answers (RFC 9112).

use tripline_core::Rng;

use super::super::super::draw::{lognormal, pareto};
use super::super::message::{Filling, Message};
use super::super::names;

const BROWSERS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36",
];

const PROGRAMS: [&str; 6] = [
    "curl/8.5.0",
    "python-requests/2.32.3",
    "Go-http-client/1.1",
    "Microsoft-CryptoAPI/10.0",
    "Debian APT-HTTP/1.3 (2.6.1)",
    "okhttp/4.12.0",
];

const SERVERS: [&str; 4] = ["nginx", "Apache/2.4.58 (Unix)", "Microsoft-IIS/10.0", "envoy"];

/// What a client asks.
#[derive(Debug, Clone)]
pub(in super::super) struct Request<'a> {
    pub(in super::super) method: &'a str,
    pub(in super::super) host: &'a str,
    pub(in super::super) path: &'a str,
    pub(in super::super) agent: &'a str,
    /// Bytes of the body.
    pub(in super::super) body: usize,
    pub(in super::super) filling: Filling,
}

/// The name that a browser gives itself.
pub(in super::super) fn browser(rng: &mut Rng) -> &'static str {
    BROWSERS[rng.index(BROWSERS.len())]
}

/// The name that another program gives itself.
pub(in super::super) fn program(rng: &mut Rng) -> &'static str {
    PROGRAMS[rng.index(PROGRAMS.len())]
}

/// A GET without a body.
pub(in super::super) fn get<'a>(host: &'a str, path: &'a str, agent: &'a str) -> Request<'a> {
    Request { method: "GET", host, path, agent, body: 0, filling: Filling::Text }
}

/// The bytes of a request.
pub(in super::super) fn request(rng: &mut Rng, request: &Request<'_>) -> Message {
    let Request { method, host, path, agent, body, filling } = request;
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n"
    );
    if agent.starts_with("Mozilla") {
        head.push_str("Accept-Encoding: gzip, deflate\r\nAccept-Language: en-GB,en;q=0.7\r\n");
        if rng.index(2) == 0 {
            let digits = 16 + rng.index(200);
            head.push_str(&format!("Cookie: session={}\r\n", names::hex(rng, digits)));
        }
        if rng.index(3) > 0 {
            head.push_str(&format!("Referer: http://{host}/\r\n"));
        }
    }
    head.push_str("Connection: keep-alive\r\n");
    if *body > 0 || *method == "POST" || *method == "PUT" {
        let kind = match filling {
            Filling::Text => "application/x-www-form-urlencoded",
            _ => "application/octet-stream",
        };
        head.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {body}\r\n"));
    }
    head.push_str("\r\n");
    Message::with_tail(head, *filling, rng.next_u64(), *body)
}

/// The bytes of an answer.
pub(in super::super) fn response(
    rng: &mut Rng,
    status: u16,
    body: usize,
    filling: Filling,
) -> Message {
    let reason = match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        _ => "Service Unavailable",
    };
    let kind = match filling {
        Filling::Text => "text/html; charset=utf-8",
        Filling::Sparse => "application/octet-stream",
        _ => ["image/jpeg", "application/zip", "application/javascript"][rng.index(3)],
    };
    let server = SERVERS[rng.index(SERVERS.len())];
    let mut head = format!(
        "HTTP/1.1 {status} {reason}\r\nServer: {server}\r\nDate: Mon, 05 Jan 2026 09:00:00 GMT\r\n"
    );
    if matches!(status, 301 | 302) {
        head.push_str("Location: /\r\n");
    }
    if matches!(status, 204 | 304) {
        head.push_str("\r\n");
        return Message::new(head);
    }
    head.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {body}\r\n\r\n"));
    Message::with_tail(head, filling, rng.next_u64(), body)
}

/// Status with bytes of a usual answer: most small, some large.
pub(in super::super) fn usual(rng: &mut Rng) -> (u16, usize, Filling) {
    let filling = [Filling::Text, Filling::Random, Filling::Text, Filling::Sparse][rng.index(4)];
    match rng.index(20) {
        0..=12 => (200, lognormal(rng, 5_000.0, 1.4).min(600_000.0) as usize, filling),
        13 => (200, pareto(rng, 20_000.0, 1.1).min(1_500_000.0) as usize, filling),
        14 | 15 => (304, 0, filling),
        16 => (302, 150, Filling::Text),
        17 => (404, lognormal(rng, 500.0, 0.7) as usize, Filling::Text),
        18 => (204, 0, filling),
        _ => (403, 300, Filling::Text),
    }
}
