//! TLS by the service, and plain HTTP from proxies.
//!
//! `tls/` holds two certificates for `localhost` with their keys, and the authority that signed
//! both; made once by `openssl`, good until 2126, of no use elsewhere.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::bench::Bench;
use crate::service::{Answer, Service, whole};

const AUTHORITY: &[u8] = include_bytes!("tls/ca.pem");
const ONE: (&[u8], &[u8]) = (include_bytes!("tls/one.pem"), include_bytes!("tls/one.key"));
const TWO: (&[u8], &[u8]) = (include_bytes!("tls/two.pem"), include_bytes!("tls/two.key"));

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A folder with the first certificate, and a key that may read and administer.
fn bench() -> (Bench, String) {
    let bench = Bench::new();
    bench.write("c.pem", ONE.0).write("k.pem", ONE.1);
    let made = bench.ok("key create --name a --scopes read,admin --data-dir data");
    (bench, made.out.trim().to_owned())
}

const OPTIONS: &str = "--data-dir data --tls-cert c.pem --tls-key k.pem";

/// A client that trusts the authority, or nobody.
fn client(trusts: bool, protocols: &[&[u8]]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    if trusts {
        roots.add(CertificateDer::from_pem_slice(AUTHORITY).unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

/// A connection whose handshake is done.
fn connect(service: &Service, config: Arc<ClientConfig>) -> std::io::Result<Stream> {
    let tcp = service.client(None).connect()?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = StreamOwned::new(ClientConnection::new(config, name).unwrap(), tcp);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

fn certificate(stream: &Stream) -> Vec<u8> {
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}

fn der(pem: &[u8]) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem).unwrap().to_vec()
}

/// Asks over a connection that stays open.
fn get(stream: &mut Stream, path: &str, key: &str) -> Answer {
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "closed after {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&part[..count]);
        if let Some(answer) = whole(&bytes) {
            return answer;
        }
    }
}

#[test]
fn requests_are_answered_over_tls_with_a_key() {
    let (bench, key) = bench();
    let service = Service::start(&bench.path(""), OPTIONS);
    assert!(service.said().contains("https://127.0.0.1:"), "{}", service.said());
    // Where keys are needed no token is drawn.
    assert_eq!(service.first_token(), None);
    let mut stream = connect(&service, client(true, &[])).unwrap();
    assert_eq!(certificate(&stream), der(ONE.0));
    let answer = get(&mut stream, "/api/v1/models", &key);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.header("strict-transport-security").is_some(), "{}", answer.head);
    assert_eq!(get(&mut stream, "/api/v1/models", "tl_none").status, 401);
    // Each client speaks what it can.
    for (offered, taken) in [
        (vec![b"h2".as_slice(), b"http/1.1"], Some(b"h2".as_slice())),
        (vec![b"http/1.1".as_slice()], Some(b"http/1.1".as_slice())),
        (vec![], None),
    ] {
        let stream = connect(&service, client(true, &offered)).unwrap();
        assert_eq!(stream.conn.alpn_protocol(), taken);
    }
    // Whoever does not know the authority does not speak.
    let error = connect(&service, client(false, &[])).unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    service.stop();
}

#[test]
fn a_new_certificate_is_for_new_connections() {
    let (bench, key) = bench();
    let service = Service::start(&bench.path(""), OPTIONS);
    let mut old = connect(&service, client(true, &[])).unwrap();
    assert_eq!(get(&mut old, "/livez", &key).status, 200);

    bench.write("k.pem", TWO.1).write("c.pem", TWO.0);
    service.signal("HUP");
    service.says("settings were read again");
    let new = connect(&service, client(true, &[])).unwrap();
    assert_eq!(certificate(&new), der(TWO.0));
    assert_eq!(certificate(&old), der(ONE.0));
    assert_eq!(get(&mut old, "/api/v1/models", &key).status, 200, "the old one lives on");

    // One that cannot be used changes nothing.
    bench.write("k.pem", ONE.1);
    service.signal("HUP");
    service.says("the certificate stays as it was");
    assert!(service.said().contains("k.pem"), "{}", service.said());
    let mut new = connect(&service, client(true, &[])).unwrap();
    assert_eq!(certificate(&new), der(TWO.0));
    assert_eq!(get(&mut new, "/livez", &key).status, 200);
    service.stop();
}

#[test]
fn files_that_are_no_certificate_are_named() {
    let (bench, _) = bench();
    bench.write("empty.pem", "").write("noise.pem", [7; 500]).write("other.key", TWO.1);
    for (certificate, key, named) in [
        ("none.pem", "k.pem", "none.pem"),
        ("c.pem", "none.pem", "none.pem"),
        ("empty.pem", "k.pem", "empty.pem"),
        ("c.pem", "empty.pem", "empty.pem"),
        ("noise.pem", "k.pem", "noise.pem"),
        ("c.pem", "noise.pem", "noise.pem"),
        // The key of another certificate.
        ("c.pem", "other.key", "other.key"),
        // Taken for one another.
        ("k.pem", "c.pem", "k.pem"),
    ] {
        let options = format!("--tls-cert {certificate} --tls-key {key}");
        let run = bench.refused(&format!("serve --data-dir data --port 0 {options}"));
        assert_eq!(run.code, 1, "{options}: {}", run.err);
        assert!(run.err.contains(named), "{options}: {}", run.err);
        assert!(!run.err.contains("PRIVATE KEY"), "{options}: {}", run.err);
    }
}

#[test]
fn plain_http_to_a_tls_port_is_closed() {
    let (bench, key) = bench();
    let service = Service::start(&bench.path(""), OPTIONS);
    let plain = service.client(None);
    for request in
        ["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "\r\n\r\n", "PRI * HTTP/2.0\r\n\r\n"]
    {
        let mut stream = plain.connect().unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // Closed or reset; never an answer in the clear.
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer);
        assert!(!text.contains("HTTP/"), "{text}");
    }
    let mut stream = connect(&service, client(true, &[])).unwrap();
    assert_eq!(get(&mut stream, "/api/v1/models", &key).status, 200);
    service.stop();
}

#[test]
fn a_listed_proxy_is_heard_and_no_other() {
    let (bench, key) = bench();
    let service = Service::start(&bench.path(""), "--data-dir data --proxy 127.0.0.0/8");
    let proxy = service.client(None);
    let forwarded = ("X-Forwarded-For", "203.0.113.9");
    let headers = [("X-API-Key", key.as_str()), forwarded];
    assert_eq!(proxy.send("GET", "/api/v1/models", &headers, b"").unwrap().status, 200);
    // Without a key nothing goes, though it comes from this machine.
    assert_eq!(proxy.get("/api/v1/models").status, 401);
    service.stop();

    let service = Service::start(&bench.path(""), "--data-dir data --proxy 192.0.2.1");
    let unlisted = service.client(None);
    assert!(unlisted.send("GET", "/livez", &headers, b"").is_err(), "it was answered");
    service.says("the address is no listed proxy");
    service.stop();
}
