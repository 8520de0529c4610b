//! TLS over TCP, as far as it can be read without keys.

use tripline_core::flow::{Direction, Tls};

use super::bytes::Reader;
use super::fingerprint::{Carrier, ja3, ja4};
use super::hello::{ClientHello, ServerHello};
use super::outcome::Outcome;
use super::text::text;

/// Most bytes of a hello message.
const HELLO_BYTES: usize = 16 << 10;
/// Most records of a direction that are walked over in search of the handshake's end.
const RECORDS: u8 = 64;

/// Content types of records (RFC 8446, section 5.1).
const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// Reads both directions of a TLS connection.
#[derive(Debug, Default)]
pub(super) struct TlsSession {
    tls: Tls,
    greeted: bool,
    halves: [Half; 2],
}

#[derive(Debug, Default)]
struct Half {
    /// Content type of the record being read.
    kind: u8,
    /// Bytes of it still to come.
    left: u32,
    records: u8,
    /// The hello was read, or will not come.
    past_hello: bool,
    /// It goes over to keys with the next record.
    changed: bool,
    /// It finished its handshake: it sent application data, or a handshake message under keys.
    /// From TLS 1.3 on, the second looks as the first does.
    finished: bool,
    message: Vec<u8>,
}

impl TlsSession {
    /// What was learnt; none before the first hello.
    pub(super) fn told(&self) -> Option<Tls> {
        self.greeted.then(|| Tls {
            established: self.halves.iter().all(|half| half.finished),
            ..self.tls.clone()
        })
    }

    /// True after the first hello.
    pub(super) fn is_confirmed(&self) -> bool {
        self.greeted
    }

    /// Reads bytes of a direction.
    pub(super) fn read(&mut self, direction: Direction, bytes: &[u8]) -> Outcome {
        let Self { tls, greeted, halves } = self;
        let half = &mut halves[direction as usize];
        let mut used = 0;
        loop {
            let rest = &bytes[used..];
            if half.left == 0 {
                if half.records == 0 && is_ssl2(rest) {
                    let Some(record) = ssl2_record(rest) else { return Outcome::more(used) };
                    used += record.len() + 2;
                    half.records = 1;
                    // SSL 2.0 itself is not followed any further.
                    match read_ssl2(tls, record) {
                        Some(true) => *greeted = true,
                        Some(false) => {
                            *greeted = true;
                            return Outcome::done(used);
                        }
                        None => return Outcome::fail(used),
                    }
                    // The server's answer decides the form of what follows; the client's own
                    // hello was read.
                    half.past_hello = true;
                    continue;
                }
                let Some(&[kind, major, minor, high, low]) = rest.first_chunk::<5>() else {
                    return Outcome::more(used);
                };
                let length = u16::from_be_bytes([high, low]);
                // RFC 5246, section 6.2.3: at most 2^14 + 2048 bytes.
                if !matches!(kind, 20..=24) || major != 3 || minor > 4 || length > (1 << 14) + 2048
                {
                    return Outcome::fail(used);
                }
                used += 5;
                half.records += 1;
                half.kind = kind;
                half.left = length.into();
                half.finished |= kind == APPLICATION_DATA || (half.changed && kind == HANDSHAKE);
                half.changed |= kind == CHANGE_CIPHER_SPEC;
                if half.finished || half.records == RECORDS {
                    half.message = Vec::new();
                    return Outcome::done(used);
                }
                continue;
            }
            if half.kind != HANDSHAKE || half.past_hello {
                let skip = u64::from(half.left);
                half.left = 0;
                return Outcome::skip(used, skip);
            }
            let wanted = message_bytes(&half.message).unwrap_or(4) - half.message.len();
            let taken = wanted.min(half.left as usize).min(rest.len());
            if taken == 0 {
                return Outcome::more(used);
            }
            half.message.extend_from_slice(&rest[..taken]);
            used += taken;
            half.left -= taken as u32;
            match message_bytes(&half.message) {
                Some(length) if length > HELLO_BYTES + 4 => half.past_hello = true,
                Some(length) if length == half.message.len() => {
                    let message = std::mem::take(&mut half.message);
                    match message[0] {
                        // HelloRequest.
                        0 => continue,
                        1 => match ClientHello::parse(&message[4..], false) {
                            Some(hello) => {
                                take_client(tls, &hello, Carrier::Tls);
                                *greeted = true;
                            }
                            None => return Outcome::fail(used),
                        },
                        2 => match ServerHello::parse(&message[4..]) {
                            Some(hello) => {
                                take_server(tls, hello);
                                *greeted = true;
                            }
                            None => return Outcome::fail(used),
                        },
                        _ => {}
                    }
                    half.past_hello = true;
                }
                _ => {}
            }
            if half.past_hello {
                half.message = Vec::new();
            }
        }
    }

    /// Bytes held outside the struct itself.
    pub(super) fn heap_bytes(&self) -> usize {
        let messages: usize = self.halves.iter().map(|half| half.message.capacity()).sum();
        messages + text_bytes(&self.tls)
    }
}

/// Bytes of the texts of what TLS told.
pub(super) fn text_bytes(tls: &Tls) -> usize {
    [&tls.sni, &tls.alpn, &tls.ja3, &tls.ja4]
        .into_iter()
        .map(|text| text.as_ref().map_or(0, |text| text.len()))
        .sum()
}

/// Takes what the first hello of the client offers.
pub(super) fn take_client(tls: &mut Tls, hello: &ClientHello, carrier: Carrier) {
    if tls.offered.is_some() {
        return;
    }
    tls.offered = Some(hello.offered());
    tls.sni = hello.server_name.as_deref().map(|name| text(name, 255));
    tls.alpn = hello.application.as_deref().map(|name| text(name, 255));
    tls.ja3 = ja3(hello).map(String::into_boxed_str);
    tls.ja4 = (!hello.ssl2).then(|| ja4(hello, carrier).into_boxed_str());
    let count = |values: &[u16]| {
        values.iter().filter(|&&value| !super::hello::is_grease(value)).count() as u16
    };
    tls.ciphers = count(&hello.ciphers);
    tls.extensions = count(&hello.extensions);
}

/// Takes what the first hello of the server chose.
pub(super) fn take_server(tls: &mut Tls, hello: ServerHello) {
    if tls.version.is_none() {
        tls.version = Some(hello.version);
        tls.cipher = Some(hello.cipher);
    }
}

/// True if the bytes may begin a TLS record with a hello in it, or one of SSL 2.0; none if too few
/// bytes tell.
pub(super) fn probe(bytes: &[u8]) -> Option<bool> {
    let tls = |index: usize, byte: u8| match index {
        0 => byte == HANDSHAKE,
        1 => byte == 3,
        2 => byte <= 4,
        // At least the header of a handshake message.
        5 => matches!(byte, 1 | 2),
        _ => true,
    };
    let head = &bytes[..bytes.len().min(6)];
    if head.iter().enumerate().all(|(index, &byte)| tls(index, byte)) {
        return (head.len() == 6).then_some(true);
    }
    if !is_ssl2(bytes) {
        return Some(false);
    }
    // A client's hello whose lengths add up, or a server's.
    let head = bytes.first_chunk::<11>()?;
    let word = |at: usize| usize::from(u16::from_be_bytes([head[at], head[at + 1]]));
    let length = word(0) & 0x7fff;
    Some(match head[2] {
        1 => {
            let version = word(3);
            let sum = 9 + word(5) + word(7) + word(9);
            matches!(version, 2 | 0x0300..=0x0304) && word(5) % 3 == 0 && sum == length
        }
        _ => word(5) == 2,
    })
}

/// Whether the bytes may begin a record of SSL 2.0 with a hello of client or server.
fn is_ssl2(bytes: &[u8]) -> bool {
    let hello = bytes.get(2).is_none_or(|&kind| matches!(kind, 1 | 4));
    bytes.first().is_some_and(|&byte| byte & 0x80 != 0) && hello
}

/// The record of SSL 2.0 behind its header, whole.
fn ssl2_record(bytes: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader(bytes);
    let length = usize::from(reader.u16()? & 0x7fff);
    // A longer one is no hello: reading it as it stands will fail.
    reader.take(length.min(4096))
}

/// Reads a hello of SSL 2.0; true if TLS may follow, false if not, none if it is damaged.
fn read_ssl2(tls: &mut Tls, record: &[u8]) -> Option<bool> {
    if record.first() == Some(&4) {
        // SERVER-HELLO: session hit, certificate type, version, then lengths.
        let mut reader = Reader(record.get(3..)?);
        take_server(tls, ServerHello { version: reader.u16()?, cipher: 0 });
        tls.cipher = None;
        return Some(false);
    }
    let hello = ClientHello::parse_ssl2(record)?;
    take_client(tls, &hello, Carrier::Tls);
    Some(true)
}

/// Length of the handshake message with its header, once the header is there.
fn message_bytes(message: &[u8]) -> Option<usize> {
    let mut reader = Reader(message.get(1..)?);
    reader.u24().map(|length| length as usize + 4)
}
