//! TLS handshakes with application data (RFC 8446, RFC 5246).

use tripline_core::Rng;

use super::super::super::draw::{between, chance, exponential, lognormal};
use super::super::conversation::{CLIENT, SERVER};
use super::super::message::Message;
use super::super::tcp::Tcp;

/// A program's way to begin.
#[derive(Debug)]
pub(in super::super) struct Client {
    ciphers: &'static [u16],
    /// Extensions in order, without GREASE.
    extensions: &'static [u16],
    /// Protocols (RFC 7301); none is no extension.
    protocols: &'static [&'static str],
    /// Reserved values among the real ones (RFC 8701), extensions in an order of chance.
    grease: bool,
    newest: bool,
}

const NAME: u16 = 0;
const GROUPS: u16 = 10;
const FORMATS: u16 = 11;
const ALGORITHMS: u16 = 13;
const PROTOCOLS: u16 = 16;
const VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;

/// Browsers first, then programs.
pub(in super::super) const CLIENTS: [Client; 6] = [
    // A browser built on Chromium.
    Client {
        ciphers: &[
            0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
            0x009c, 0x009d, 0x002f, 0x0035,
        ],
        extensions: &[0, 23, 65281, 10, 11, 35, 16, 5, 13, 18, 51, 45, 43, 27, 17513],
        protocols: &["h2", "http/1.1"],
        grease: true,
        newest: true,
    },
    // A browser built on Gecko.
    Client {
        ciphers: &[
            0x1301, 0x1303, 0x1302, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030, 0xc00a, 0xc009,
            0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
        ],
        extensions: &[0, 23, 65281, 10, 11, 35, 16, 5, 34, 51, 43, 13, 45, 28],
        protocols: &["h2", "http/1.1"],
        grease: false,
        newest: true,
    },
    // A browser built on WebKit.
    Client {
        ciphers: &[
            0x1301, 0x1302, 0x1303, 0xc02c, 0xc02b, 0xcca9, 0xc030, 0xc02f, 0xcca8, 0xc00a, 0xc009,
            0xc014, 0xc013,
        ],
        extensions: &[0, 23, 65281, 10, 11, 16, 5, 13, 18, 51, 45, 43, 27, 21],
        protocols: &["h2", "http/1.1"],
        grease: true,
        newest: true,
    },
    // OpenSSL with its defaults, as scripts use it.
    Client {
        ciphers: &[
            0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f,
            0x009e, 0xc024, 0xc028, 0x006b, 0xc023, 0xc027, 0x0067, 0xc00a, 0xc014, 0x0039, 0x009d,
            0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x00ff,
        ],
        extensions: &[0, 11, 10, 35, 22, 23, 13, 43, 45, 51],
        protocols: &[],
        grease: false,
        newest: true,
    },
    // Go's library.
    Client {
        ciphers: &[
            0xc02f, 0xc030, 0xc02b, 0xc02c, 0xcca8, 0xcca9, 0xc013, 0xc009, 0xc014, 0xc00a, 0x1301,
            0x1302, 0x1303,
        ],
        extensions: &[0, 5, 10, 11, 13, 65281, 16, 18, 43, 51],
        protocols: &["h2", "http/1.1"],
        grease: false,
        newest: true,
    },
    // An older system library.
    Client {
        ciphers: &[
            0xc02c, 0xc02b, 0xc030, 0xc02f, 0x009f, 0x009e, 0xc024, 0xc023, 0xc028, 0xc027, 0xc00a,
            0xc009, 0xc014, 0xc013, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x000a,
        ],
        extensions: &[0, 5, 10, 11, 13, 35, 23, 65281],
        protocols: &[],
        grease: false,
        newest: false,
    },
];

/// One of the browsers.
pub(in super::super) fn browser(rng: &mut Rng) -> &'static Client {
    &CLIENTS[rng.index(3)]
}

/// One of the programs.
pub(in super::super) fn program(rng: &mut Rng) -> &'static Client {
    &CLIENTS[3 + rng.index(3)]
}

/// The handshake on an open connection, in version 1.2 or 1.3, new or resumed. Without a name
/// there is no such extension.
pub(in super::super) fn handshake(tcp: &mut Tcp, client: &Client, name: Option<&str>, old: bool) {
    let mut rng = Rng::new(tcp.rng.next_u64());
    let newest = client.newest && !old;
    let session: Vec<u8> = (0..32).map(|_| rng.next_u64() as u8).collect();
    let hello = client_hello(&mut rng, client, name, &session);
    tcp.say(CLIENT, between(&mut rng, 1e-4, 3e-3), Message::new(hello));
    let think = lognormal(&mut rng, 0.001, 0.8);
    let resumed = chance(&mut rng, 0.2);
    let chain = lognormal(&mut rng, 3200.0, 0.3) as usize;
    let mut flight = record(22, &server_hello(&mut rng, client, newest, &session));
    if newest {
        flight.extend(record(20, &[1]));
        // Encrypted extensions, certificates, proof, finished: encrypted, so application data.
        let sizes = if resumed { vec![60] } else { vec![40, chain, 280, 70] };
        sizes.iter().for_each(|&size| flight.extend(random_record(&mut rng, 23, size)));
        tcp.say(SERVER, think, Message::new(flight));
        let mut finished = record(20, &[1]);
        finished.extend(random_record(&mut rng, 23, 53));
        tcp.say(CLIENT, between(&mut rng, 2e-4, 4e-3), Message::new(finished));
        if !resumed {
            tcp.say(SERVER, 2e-4, Message::records(rng.next_u64(), 480));
        }
    } else if resumed {
        flight.extend(record(20, &[1]));
        flight.extend(random_record(&mut rng, 22, 40));
        tcp.say(SERVER, think, Message::new(flight));
        let mut finished = record(20, &[1]);
        finished.extend(random_record(&mut rng, 22, 40));
        tcp.say(CLIENT, between(&mut rng, 2e-4, 4e-3), Message::new(finished));
    } else {
        flight.extend(record(22, &handshake_message(11, &certificates(&mut rng, chain))));
        let key = random_bytes(&mut rng, 329);
        flight.extend(record(22, &handshake_message(12, &key)));
        flight.extend(record(22, &handshake_message(14, &[])));
        tcp.say(SERVER, think, Message::new(flight));
        let mut key = vec![65];
        key.extend(random_bytes(&mut rng, 65));
        let mut reply = record(22, &handshake_message(16, &key));
        reply.extend(record(20, &[1]));
        reply.extend(random_record(&mut rng, 22, 40));
        tcp.say(CLIENT, between(&mut rng, 5e-4, 5e-3), Message::new(reply));
        let mut finished = record(20, &[1]);
        finished.extend(random_record(&mut rng, 22, 40));
        tcp.say(SERVER, 5e-4, Message::new(finished));
    }
}

/// Application data from one end.
pub(in super::super) fn data(tcp: &mut Tcp, from: usize, pause: f64, bytes: usize) {
    let seed = tcp.rng.next_u64();
    tcp.say(from, pause, Message::records(seed, bytes.max(1)));
}

/// A request with its answer.
pub(in super::super) fn exchange(tcp: &mut Tcp, pause: f64, up: usize, think: f64, down: usize) {
    data(tcp, CLIENT, pause, up);
    let think = exponential(&mut tcp.rng, think);
    data(tcp, SERVER, think, down);
}

/// The alert that ends a connection (RFC 8446, section 6.1), encrypted.
pub(in super::super) fn goodbye(tcp: &mut Tcp, from: usize, pause: f64) {
    let mut rng = Rng::new(tcp.rng.next_u64());
    let alert = random_record(&mut rng, 23, 19);
    tcp.say(from, pause, Message::new(alert));
}

fn client_hello(rng: &mut Rng, client: &Client, name: Option<&str>, session: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(random_bytes(rng, 32));
    body.push(session.len() as u8);
    body.extend(session);
    let mut ciphers = client.ciphers.to_vec();
    if client.grease {
        ciphers.insert(0, grease(rng));
    }
    push_u16_list(&mut body, &ciphers);
    body.extend([1, 0]);
    let mut order = client.extensions.to_vec();
    if client.grease {
        rng.shuffle(&mut order);
        order.insert(0, grease(rng));
    }
    let mut extensions = Vec::new();
    for id in order {
        let content = match id {
            NAME => match name {
                Some(name) => server_name(name),
                None => continue,
            },
            GROUPS => {
                let mut groups = vec![29, 23, 24];
                if client.grease {
                    groups.insert(0, grease(rng));
                }
                list(&groups)
            }
            FORMATS => vec![1, 0],
            ALGORITHMS => list(&[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]),
            PROTOCOLS => {
                let names: Vec<u8> = client
                    .protocols
                    .iter()
                    .flat_map(|name| [&[name.len() as u8], name.as_bytes()].concat())
                    .collect();
                [&(names.len() as u16).to_be_bytes()[..], &names].concat()
            }
            VERSIONS if client.newest => {
                let mut versions = vec![0x0304, 0x0303];
                if client.grease {
                    versions.insert(0, grease(rng));
                }
                let bytes: Vec<u8> =
                    versions.iter().flat_map(|it: &u16| it.to_be_bytes()).collect();
                [&[bytes.len() as u8][..], &bytes].concat()
            }
            KEY_SHARE => {
                let key = random_bytes(rng, 32);
                [&[0, 36, 0, 29, 0, 32][..], &key].concat()
            }
            45 => vec![1, 1],
            27 => vec![2, 0, 2],
            5 => vec![1, 0, 0, 0, 0],
            65281 => vec![0],
            17513 => vec![0, 3, 2, b'h', b'2'],
            28 => vec![0x40, 1],
            34 => vec![0, 8, 4, 3, 5, 3, 6, 3, 2, 3],
            21 => vec![0; 96 + rng.index(100)],
            _ => Vec::new(),
        };
        push_extension(&mut extensions, id, &content);
    }
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    let mut bytes = record(22, &handshake_message(1, &body));
    // The first record says 1.0 for old middle boxes (RFC 8446, section 5.1).
    bytes[2] = 1;
    bytes
}

fn server_hello(rng: &mut Rng, client: &Client, newest: bool, session: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(random_bytes(rng, 32));
    body.push(session.len() as u8);
    body.extend(session);
    let known: Vec<u16> =
        client.ciphers.iter().copied().filter(|id| (id >> 8 == 0x13) == newest).collect();
    let chosen = known.get(rng.index(3)).or(known.first()).copied().unwrap_or(0xc02f);
    body.extend(chosen.to_be_bytes());
    body.push(0);
    let mut extensions = Vec::new();
    if newest {
        let key = random_bytes(rng, 32);
        push_extension(&mut extensions, KEY_SHARE, &[&[0, 29, 0, 32][..], &key].concat());
        push_extension(&mut extensions, VERSIONS, &[3, 4]);
    } else {
        push_extension(&mut extensions, 65281, &[0]);
        push_extension(&mut extensions, FORMATS, &[1, 0]);
        push_extension(&mut extensions, 23, &[]);
    }
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    handshake_message(2, &body)
}

/// A chain of `bytes` that begin as X.509 in DER does.
fn certificates(rng: &mut Rng, bytes: usize) -> Vec<u8> {
    let bytes = bytes.clamp(600, 12_000);
    let first = bytes * 2 / 5;
    let mut chain = Vec::with_capacity(bytes + 9);
    for size in [first, bytes - first] {
        let [_, a, b, c] = (size as u32 + 4).to_be_bytes();
        chain.extend([a, b, c, 0x30, 0x82]);
        chain.extend((size as u16).to_be_bytes());
        chain.extend(random_bytes(rng, size));
    }
    let [_, a, b, c] = (chain.len() as u32).to_be_bytes();
    [&[a, b, c][..], &chain].concat()
}

fn server_name(name: &str) -> Vec<u8> {
    let length = name.len() as u16;
    let mut out = (length + 3).to_be_bytes().to_vec();
    out.push(0);
    out.extend(length.to_be_bytes());
    out.extend(name.as_bytes());
    out
}

fn grease(rng: &mut Rng) -> u16 {
    0x0a0a + 0x1010 * rng.below(16) as u16
}

fn list(values: &[u16]) -> Vec<u8> {
    let mut out = Vec::new();
    push_u16_list(&mut out, values);
    out
}

fn push_u16_list(out: &mut Vec<u8>, values: &[u16]) {
    out.extend((values.len() as u16 * 2).to_be_bytes());
    out.extend(values.iter().flat_map(|value| value.to_be_bytes()));
}

fn push_extension(out: &mut Vec<u8>, id: u16, content: &[u8]) {
    out.extend(id.to_be_bytes());
    out.extend((content.len() as u16).to_be_bytes());
    out.extend(content);
}

fn handshake_message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = (body.len() as u32).to_be_bytes();
    [&[kind, a, b, c][..], body].concat()
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = (body.len() as u16).to_be_bytes();
    [&[kind, 3, 3, high, low][..], body].concat()
}

fn random_record(rng: &mut Rng, kind: u8, bytes: usize) -> Vec<u8> {
    let body = random_bytes(rng, bytes);
    record(kind, &body)
}

fn random_bytes(rng: &mut Rng, bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let message = Message::random(rng.next_u64(), bytes);
    message.copy(0, bytes, &mut out);
    out
}
