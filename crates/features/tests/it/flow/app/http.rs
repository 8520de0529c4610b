//! HTTP/1.

use tripline_core::flow::Http;

use super::chat::Chat;
use super::hello::{modern, record};

fn http(chat: &Chat) -> Http {
    chat.app().http.expect("HTTP")
}

/// Four requests in a row, with every form of body.
pub(crate) fn pipelined() -> Chat {
    Chat::tcp(8081)
        .client(
            "POST /a?b=1 HTTP/1.1\r\nHost: example.com\r\nUser-Agent: probe/1\r\n\
             content-length:  5\r\n\r\nhelloGET /longer/target HTTP/1.1\r\nhost: other\r\n\r\n\
             HEAD / HTTP/1.1\r\n\r\nPUT /c HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n\
             3;x=y\r\nabc\r\n0\r\nTrailer: 1\r\n\r\nGET /last HTTP/1.1\r\n\r\n",
        )
        .server(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\
             Content-Length: 7\r\n\r\nHTTP/1.HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
             A\r\n0123456789\r\n5\r\n01234\r\n0\r\n\r\n\
             HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n\
             HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n\
             HTTP/1.0 503 Busy\r\n\r\nuntil the end",
        )
}

#[test]
fn requests_in_a_row() {
    let chat = pipelined();
    let http = http(&chat);
    assert_eq!(chat.service(), Some("http"));
    assert_eq!(http.method.as_deref(), Some("POST"));
    assert_eq!(http.uri.as_deref(), Some("/a?b=1"));
    assert_eq!(http.uri_bytes, 14);
    assert_eq!(http.host.as_deref(), Some("example.com"));
    assert_eq!(http.user_agent.as_deref(), Some("probe/1"));
    assert_eq!(http.content_type.as_deref(), Some("text/html"));
    assert_eq!((http.requests, http.get_or_post), (5, 3));
    assert_eq!((http.status, http.responses, http.errors), (Some(404), 5, 2));
    assert_eq!(http.request_body_bytes, 5 + 3);
    assert_eq!(http.response_body_bytes, 7 + 15 + 13);
}

#[test]
fn a_body_counts_as_far_as_it_came() {
    let chat = Chat::tcp(80)
        .client("GET / HTTP/1.1\r\n\r\n")
        .server("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        .server([0; 300]);
    assert_eq!(http(&chat).response_body_bytes, 300);
    // A missing part of a body is counted by sequence numbers.
    let mut wire = chat.server([1; 400]).wire();
    let cut = wire.packets.len() - 2;
    wire.packets.remove(cut);
    assert_eq!(wire.flow().app.and_then(|app| app.http).expect("HTTP").response_body_bytes, 700);
}

#[test]
fn a_forged_segment_hides_nothing() {
    let chat = Chat::tcp(80).client("x").client("GET / HTTP/1.1\r\n\r\n");
    let mut wire = chat.wire();
    // Far ahead of the stream, without payload: it moves what the flow takes for sent.
    let forged = &mut wire.packets[3];
    forged.tcp.sequence = forged.tcp.sequence.wrapping_add(1 << 28);
    (forged.payload_bytes, forged.payload_captured) = (0, 0);
    assert!(wire.flow().app.is_some_and(|app| app.http.is_some()));
}

#[test]
fn cut_packets_hide_bodies_alone() {
    let mut wire = Chat::tcp(80)
        .client("GET / HTTP/1.1\r\n\r\n")
        .server([&b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"[..], &[0; 100]].concat())
        .client("GET / HTTP/1.1\r\n\r\n")
        .server("HTTP/1.1 500 No\r\n\r\n")
        .wire();
    wire.packets[4].payload_captured -= 100;
    let http = wire.flow().app.and_then(|app| app.http).expect("HTTP");
    assert_eq!((http.responses, http.errors, http.response_body_bytes), (2, 1, 100));
    wire.packets[4].payload_captured -= 10;
    let http = wire.flow().app.and_then(|app| app.http).expect("HTTP");
    assert_eq!((http.requests, http.responses, http.errors), (2, 1, 0));
}

#[test]
fn a_tunnel_is_looked_into() {
    let chat = Chat::tcp(3128)
        .client("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n")
        .server("HTTP/1.1 200 Connection established\r\nContent-Length: 7\r\n\r\n")
        .client(record(22, &modern()));
    let app = chat.app();
    assert_eq!(chat.service(), Some("http"));
    assert_eq!(app.http.expect("HTTP").method.as_deref(), Some("CONNECT"));
    assert_eq!(app.tls.expect("TLS").sni.as_deref(), Some("www.example.com"));
}

#[test]
fn a_refused_tunnel_is_none() {
    let chat = Chat::tcp(3128)
        .client("CONNECT a:1 HTTP/1.1\r\n\r\nCONNECT a:2 HTTP/1.1\r\n\r\n")
        .server("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno")
        .server("HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    let http = http(&chat);
    assert_eq!((http.requests, http.responses, http.errors), (2, 2, 2));
    assert_eq!(http.response_body_bytes, 3);
}

#[test]
fn an_upgrade_ends_it() {
    let chat = Chat::tcp(80)
        .client("GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
        .server(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x05hello")
        .client("GET /not HTTP/1.1\r\n\r\n");
    let http = http(&chat);
    assert_eq!((http.requests, http.responses, http.status), (1, 0, None));
}

#[test]
fn answers_alone_and_old_requests() {
    let answers = Chat::tcp(80).server("HTTP/1.1 403 No\r\n\r\n");
    assert_eq!((http(&answers).responses, http(&answers).method), (1, None));
    let old = Chat::tcp(80).client("GET /old\r\n");
    assert_eq!(http(&old).uri.as_deref(), Some("/old"));
}

#[test]
fn long_lines_are_cut() {
    let target = format!("/{}", "a".repeat(9000));
    let header = format!("X: {}", "b".repeat(9000));
    let chat = Chat::tcp(80)
        .client(format!("GET {target} HTTP/1.1\r\n{header}\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\n"));
    let http = http(&chat);
    assert_eq!((http.requests, http.host.as_deref()), (2, Some("h")));
    assert_eq!(http.uri.expect("a target").len(), 256);
    assert_eq!(http.uri_bytes, 4092);
}

#[test]
fn what_is_no_http_is_not_told() {
    for text in
        ["GET\r\n\r\n", "OPTIONS rtsp://a RTSP/1.0\r\n", "POST /x\r\n", "get / HTTP/1.1\r\n"]
    {
        let chat = Chat::tcp(80).client(text);
        assert_eq!(chat.app().http, None, "{text}");
        assert_eq!(chat.service(), None, "{text}");
    }
}
