//! Which protocol a TCP connection speaks, by the first bytes of either direction.

use tripline_core::flow::Direction;

use super::http;
use super::protocol::Protocol;
use super::tls;
use super::words::{Hint, words};

/// Most bytes of a direction that are looked at.
pub(super) const PROBE_BYTES: usize = 512;

/// What the first bytes of a direction say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// This protocol, with the client that speaks it.
    Protocol(Protocol, Direction),
    /// More bytes of this direction, or of the other, are needed.
    More,
    /// None that is known.
    Nothing,
}

/// What is known of a connection whose protocol is not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence<'a> {
    /// First bytes of a direction.
    pub(super) bytes: &'a [u8],
    /// That direction.
    pub(super) direction: Direction,
    /// First bytes of the other direction.
    pub(super) other: &'a [u8],
    /// Ports of initiator and responder.
    pub(super) ports: [u16; 2],
}

/// Asks each protocol in a fixed order. The first that does not refuse decides, so that the answer
/// does not depend on how the bytes are cut into segments.
pub(super) fn detect(evidence: &Evidence) -> Found {
    let bytes = &evidence.bytes[..evidence.bytes.len().min(PROBE_BYTES)];
    let whole = bytes.len() == PROBE_BYTES;
    if bytes.is_empty() {
        return Found::More;
    }
    let here = evidence.direction;
    let there = match here {
        Direction::Orig => Direction::Resp,
        Direction::Resp => Direction::Orig,
    };
    let [orig_port, resp_port] = evidence.ports;
    let port = |port: u16| orig_port == port || resp_port == port;
    // RFC 959, section 3.2: the server opens data connections from port 20.
    if orig_port == 20 {
        return Found::Protocol(Protocol::FtpData, there);
    }
    if [53, 5353, 5355].into_iter().any(port) {
        return Found::Protocol(Protocol::Dns, here);
    }
    match binary(bytes, evidence.ports) {
        Some(Hint::Client(protocol)) => return Found::Protocol(protocol, here),
        Some(Hint::More) => return Found::More,
        _ => {}
    }
    for probe in PROBES {
        match (probe.matches)(bytes) {
            Some(true) => {
                // Who is the client does not show in the text of SSH.
                let client = match probe.protocol {
                    Protocol::Ssh => Direction::Orig,
                    _ if (probe.is_server)(bytes) => there,
                    _ => here,
                };
                return Found::Protocol(probe.protocol, client);
            }
            Some(false) => {}
            None if whole => {}
            None => return Found::More,
        }
    }
    match words(bytes, evidence.other, evidence.ports, whole) {
        Hint::Client(protocol) => Found::Protocol(protocol, here),
        Hint::Server(protocol) => Found::Protocol(protocol, there),
        Hint::More if !whole => Found::More,
        _ => Found::Nothing,
    }
}

struct Probe {
    protocol: Protocol,
    matches: fn(&[u8]) -> Option<bool>,
    /// Whether bytes that match come from the server.
    is_server: fn(&[u8]) -> bool,
}

const fn probe(
    protocol: Protocol,
    matches: fn(&[u8]) -> Option<bool>,
    is_server: fn(&[u8]) -> bool,
) -> Probe {
    Probe { protocol, matches, is_server }
}

const CLIENT: fn(&[u8]) -> bool = |_| false;
const SERVER: fn(&[u8]) -> bool = |_| true;

/// In the order in which they are asked.
const PROBES: &[Probe] = &[
    probe(Protocol::Ssl, tls::probe, |bytes| match bytes {
        [22, _, _, _, _, kind, ..] => *kind == 2,
        bytes => bytes.get(2) == Some(&4),
    }),
    probe(Protocol::Http, http::probe_request, CLIENT),
    probe(Protocol::Http, http::probe_answer, SERVER),
    probe(Protocol::Ssh, |bytes| starts(bytes, b"SSH-"), CLIENT),
    probe(Protocol::Rfb, |bytes| starts(bytes, b"RFB 00"), SERVER),
    probe(Protocol::Bittorrent, |bytes| starts(bytes, b"\x13BitTorrent protocol"), CLIENT),
    probe(Protocol::Xmpp, |bytes| starts(bytes, b"<stream:stream"), CLIENT),
    probe(Protocol::Xmpp, xmpp, CLIENT),
    // NetBIOS session header in front of SMB 1, 2 or 3 (MS-SMB2, section 2.1).
    probe(
        Protocol::Smb,
        |bytes| {
            pattern(bytes, &[Is(0), Any, Any, Any, In(0xfd, 0xff), Is(b'S'), Is(b'M'), Is(b'B')])
        },
        CLIENT,
    ),
    // TPKT with a connection request or confirm of X.224 (MS-RDPBCGR, section 2.2.1).
    probe(
        Protocol::Rdp,
        |bytes| pattern(bytes, &[Is(3), Is(0), Is(0), Any, Any, OneOf(&[0xe0, 0xd0]), Any]),
        |bytes| bytes.get(5) == Some(&0xd0),
    ),
    // Bind of DCE RPC version 5.
    probe(
        Protocol::DceRpc,
        |bytes| pattern(bytes, &[Is(5), In(0, 1), OneOf(&[11, 12]), Any, OneOf(&[0, 16])]),
        |bytes| bytes.get(2) == Some(&12),
    ),
    // Handshake version 10 with a version that begins with a digit.
    probe(
        Protocol::Mysql,
        |bytes| pattern(bytes, &[Any, Any, Is(0), Is(0), Is(10), In(b'0', b'9'), Any]),
        SERVER,
    ),
    // Start-up of version 3, or a request for TLS.
    probe(
        Protocol::Postgresql,
        |bytes| pattern(bytes, &[Is(0), Is(0), Any, Any, Is(0), Is(3), Is(0), In(0, 2)]),
        CLIENT,
    ),
    probe(Protocol::Postgresql, |bytes| starts(bytes, b"\x00\x00\x00\x08\x04\xd2\x16\x2f"), CLIENT),
    probe(
        Protocol::Mqtt,
        |bytes| {
            pattern(bytes, &[Is(0x10), Any, Is(0), Is(4), Is(b'M'), Is(b'Q'), Is(b'T'), Is(b'T')])
        },
        CLIENT,
    ),
    probe(
        Protocol::Redis,
        |bytes| pattern(bytes, &[Is(b'*'), In(b'1', b'9'), Is(13), Is(10), Is(b'$')]),
        CLIENT,
    ),
    // Bind, search or extended request (RFC 4511, section 4.1.1).
    probe(Protocol::LdapTcp, ldap, CLIENT),
];

/// One byte of a pattern.
enum Byte {
    Any,
    Is(u8),
    In(u8, u8),
    OneOf(&'static [u8]),
}
use Byte::{Any, In, Is, OneOf};

fn pattern(bytes: &[u8], pattern: &[Byte]) -> Option<bool> {
    let matches = bytes.iter().zip(pattern).all(|(&byte, expected)| match expected {
        Any => true,
        Is(value) => byte == *value,
        In(low, high) => (*low..=*high).contains(&byte),
        OneOf(values) => values.contains(&byte),
    });
    if matches && bytes.len() < pattern.len() { None } else { Some(matches) }
}

/// True if the bytes begin so; none if too few bytes tell.
pub(super) fn starts(bytes: &[u8], text: &[u8]) -> Option<bool> {
    let shared = bytes.len().min(text.len());
    if bytes[..shared] != text[..shared] {
        return Some(false);
    }
    (shared == text.len()).then_some(true)
}

fn xmpp(bytes: &[u8]) -> Option<bool> {
    match starts(bytes, b"<?xml")? {
        false => Some(false),
        true => memchr::memmem::find(bytes, b"<stream:stream").map(|_| true),
    }
}

/// A sequence of BER with the number of a message and a request that may be the first.
fn ldap(bytes: &[u8]) -> Option<bool> {
    if bytes.first() != Some(&0x30) {
        return Some(false);
    }
    let length = *bytes.get(1)?;
    // Long form: so many bytes of length.
    let at = if length & 0x80 != 0 { 2 + usize::from(length & 0x7f).min(4) } else { 2 };
    if *bytes.get(at)? != 2 {
        return Some(false);
    }
    let number = usize::from(*bytes.get(at + 1)?);
    if !matches!(number, 1..=4) {
        return Some(false);
    }
    Some(matches!(bytes.get(at + 2 + number)?, 0x60 | 0x63 | 0x77))
}

/// Protocols that are recognised on their ports alone, as their first bytes say little.
fn binary(bytes: &[u8], ports: [u16; 2]) -> Option<Hint> {
    let matches = |protocol: Protocol, shape: &[Byte]| match pattern(bytes, shape) {
        Some(true) => Hint::Client(protocol),
        Some(false) => Hint::Nothing,
        None => Hint::More,
    };
    // Servers stand on the responder's port, as a rule.
    let [orig_port, resp_port] = ports;
    [resp_port, orig_port].into_iter().find_map(|port| match port {
        88 => {
            let tags = OneOf(&[0x6a, 0x6b, 0x6c, 0x6d, 0x7e]);
            Some(matches(Protocol::KrbTcp, &[Is(0), Is(0), Any, Any, tags]))
        }
        502 => {
            Some(matches(Protocol::Modbus, &[Any, Any, Is(0), Is(0), Is(0), Any, Any, In(1, 0xab)]))
        }
        // Version 4 with a command, version 5 with methods (RFC 1928, section 3).
        1080 if bytes.first() == Some(&4) => Some(matches(Protocol::Socks, &[Is(4), In(1, 2)])),
        1080 => Some(matches(Protocol::Socks, &[Is(5), In(1, 8)])),
        20000 => Some(matches(Protocol::Dnp3, &[Is(5), Is(0x64)])),
        _ => None,
    })
}
