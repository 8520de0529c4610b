//! TLS and DTLS.

use super::chat::Chat;
use super::hello::{client_hello, extension, modern, record, server_hello, vector, words};

/// MD5 by Python 3.11's hashlib of the text in the test.
const MODERN_JA3: &str = "c000e2caf3a25423f9de6c8a4b12a975";

fn modern_chat() -> Chat {
    let chosen = server_hello(0x0303, 0x1301, &[extension(43, &words(&[0x0304]))]);
    let answer = [record(22, &chosen), record(20, &[1]), record(23, &[5; 900])].concat();
    Chat::tcp(8443)
        .client(record(22, &modern()))
        .server(answer)
        .client([record(20, &[1]), record(23, &[6; 60])].concat())
}

#[test]
fn a_handshake_is_read() {
    let chat = modern_chat();
    let tls = chat.app().tls.expect("TLS");
    assert_eq!(chat.service(), Some("ssl"));
    assert_eq!((tls.offered, tls.version, tls.cipher), (Some(0x0304), Some(0x0304), Some(0x1301)));
    assert_eq!(tls.sni.as_deref(), Some("www.example.com"));
    assert_eq!(tls.alpn.as_deref(), Some("h2"));
    assert_eq!((tls.ciphers, tls.extensions, tls.established), (15, 16, true));
    // FoxIO's technical description of JA4.
    assert_eq!(tls.ja4.as_deref(), Some("t13d1516h2_8daaf6152771_e5627efa2ab1"));
    // 771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,
    // 27-0-51-16-17513-23-45-13-5-35-18-43-65281-11-10-21,29-23-24,0 without the line's end.
    assert_eq!(tls.ja3.as_deref(), Some(MODERN_JA3));
}

#[test]
fn a_hello_may_span_records() {
    let whole = modern_chat();
    let hello = modern();
    let (first, second) = hello.split_at(3);
    let (second, third) = second.split_at(100);
    let records = [record(22, first), record(22, second), record(22, &[]), record(22, third)];
    let mut cut = whole.clone();
    cut.payloads[0].1 = records.concat();
    assert_eq!(cut.app(), whole.app());
}

#[test]
fn the_servers_first_record_may_hold_more() {
    let messages = [server_hello(0x0301, 0x002f, &[]), vec![11, 0, 0, 4, 1, 2, 3, 4]].concat();
    let chat = Chat::tcp(443)
        .client(record(22, &client_hello(0x0301, &[0x002f, 0x00ff], &[], false)))
        .server(record(22, &messages));
    let tls = chat.app().tls.expect("TLS");
    assert_eq!((tls.version, tls.cipher, tls.established), (Some(0x0301), Some(0x002f), false));
    assert_eq!((tls.ciphers, tls.extensions), (2, 0));
    assert!(tls.sni.is_none() && tls.alpn.is_none());
    assert!(tls.ja4.expect("JA4").starts_with("t10i020000_"));
}

#[test]
fn a_handshake_is_complete_without_data() {
    let client = client_hello(0x0303, &[0xc02f], &[], false);
    let finished = [record(20, &[1]), record(22, &[9; 40])].concat();
    let alert = record(21, &[2, 40]);
    let chat = Chat::tcp(443)
        .client(record(22, &client))
        .server(record(22, &server_hello(0x0303, 0xc02f, &[])))
        .client(&finished);
    assert!(chat.clone().server(&finished).app().tls.expect("TLS").established);
    assert!(!chat.server(alert).app().tls.expect("TLS").established);
}

#[test]
fn one_side_alone_is_enough() {
    let chat = Chat::tcp(443).server(record(22, &server_hello(0x0303, 0xc02f, &[])));
    let tls = chat.app().tls.expect("TLS");
    assert_eq!((tls.version, tls.offered, tls.ciphers), (Some(0x0303), None, 0));
}

#[test]
fn ssl2_compatible_hello() {
    let mut body = vec![1];
    body.extend(words(&[0x0301, 6, 0, 16]));
    body.extend_from_slice(&[0, 0, 0x2f, 0x07, 0, 0xc0]);
    body.extend_from_slice(&[3; 16]);
    let length = body.len() as u8;
    let chat = Chat::tcp(443)
        .client([vec![0x80, length], body].concat())
        .server(record(22, &server_hello(0x0301, 0x002f, &[])));
    let tls = chat.app().tls.expect("TLS");
    assert_eq!((tls.offered, tls.version, tls.ciphers), (Some(0x0301), Some(0x0301), 1));
    assert_eq!(tls.ja3, None);
}

#[test]
fn ssl2_itself() {
    let mut client = vec![0x80, 31, 1];
    client.extend(words(&[2, 6, 0, 16]));
    client.extend_from_slice(&[1, 0, 0x80, 7, 0, 0xc0]);
    client.extend_from_slice(&[3; 16]);
    let server = vec![0x80, 11, 4, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0];
    let tls = Chat::tcp(443).client(client).server(server).app().tls.expect("SSL 2.0");
    assert_eq!((tls.offered, tls.version), (Some(2), Some(2)));
}

#[test]
fn what_is_no_tls_is_not_told() {
    for bytes in [
        &b"\x16\x03\x01\x00\x05\x02hello and more that is not a record"[..],
        b"\x16\x03\x01\xff\xff\x01\x00\x00\x00",
        b"\x16\x03\x01\x00\x04\x01\xff\xff\xff",
        b"\x80\x2e\x01\x00\x02\x00\x05\x00\x00\x00\x10",
    ] {
        let chat = Chat::tcp(443).client(bytes);
        assert_eq!(chat.app().tls, None, "{bytes:?}");
        assert_eq!(chat.service(), None);
    }
}

/// A record of DTLS 1.2 with a fragment of a handshake message.
fn dtls(message: &[u8], from: usize, to: usize) -> Vec<u8> {
    let mut body = message[..4].to_vec();
    body.extend_from_slice(&[0, 0]);
    body.extend_from_slice(&vector(3, &[])[..1]);
    body.extend(words(&[from as u16]));
    body.extend(vector(3, &message[4 + from..4 + to]));
    [vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1], vector(2, &body)].concat()
}

#[test]
fn dtls_with_fragments() {
    let hello = client_hello(0xfefd, &[0xc02b, 0xc02f], &[extension(23, &[])], true);
    let length = hello.len() - 4;
    let chosen = server_hello(0xfefd, 0xc02b, &[]);
    let whole = Chat::udp(40001)
        .client(dtls(&hello, 0, length))
        .server(dtls(&chosen, 0, chosen.len() - 4))
        .client([23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 9])
        .server([23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 9]);
    let tls = whole.app().tls.expect("DTLS");
    assert_eq!(whole.service(), Some("ssl"));
    assert_eq!((tls.offered, tls.version, tls.ciphers), (Some(0xfefd), Some(0xfefd), 2));
    assert!(tls.established);
    assert!(tls.ja4.as_deref().expect("JA4").starts_with("dd2i020100_"));

    let mut cut = whole.clone();
    cut.payloads[0].1 = dtls(&hello, 0, 20);
    cut.payloads.insert(1, (true, dtls(&hello, 20, length)));
    assert_eq!(cut.app(), whole.app());
}
