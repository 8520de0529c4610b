//! Short messages of protocols with one kind of packet: time, logs, management, calls.

use tripline_core::Rng;

use super::super::message::Message;
use super::super::names;

/// A packet of NTP version 4 (RFC 5905, section 7.3); `mode` is 3 for a client, 4 for a server.
pub(in super::super) fn ntp(rng: &mut Rng, mode: u8, time_ns: i64) -> Message {
    let mut bytes = vec![0; 48];
    bytes[0] = 0x20 | mode;
    bytes[1] = if mode == 4 { 2 } else { 3 };
    bytes[2] = 6 + rng.below(5) as u8;
    bytes[3] = 0xe9;
    // Seconds since 1900.
    let seconds = (time_ns / 1_000_000_000 + 2_208_988_800) as u32;
    bytes[40..44].copy_from_slice(&seconds.to_be_bytes());
    bytes[44..].copy_from_slice(&(rng.next_u64() as u32).to_be_bytes());
    Message::new(bytes)
}

/// A line of syslog (RFC 5424).
pub(in super::super) fn syslog(rng: &mut Rng) -> Message {
    let (user, address) = (names::user(rng), rng.below(250));
    let text = match rng.index(3) {
        0 => format!("Accepted publickey for {user} from 10.20.1.{address} port 50000 ssh2"),
        1 => format!("connection from 10.20.2.{address} closed"),
        _ => format!("{user}: job {} finished", names::hex(rng, 12)),
    };
    let time = "2026-01-05T09:00:00Z";
    Message::new(format!("<{}>1 {time} host app - - - {text}", 30 + rng.below(100)))
}

/// A request of SNMP version 2c for one object (RFC 3416), or its answer.
pub(in super::super) fn snmp(rng: &mut Rng, is_answer: bool, value: usize) -> Message {
    let id = rng.next_u64() as u8 & 0x7f;
    let object = [0x06, 0x08, 0x2b, 6, 1, 2, 1, 1, 3, 0];
    let data: Vec<u8> = if is_answer {
        [&[0x04, value as u8 & 0x7f][..], &vec![b'a'; value & 0x7f]].concat()
    } else {
        vec![5, 0]
    };
    let wrap = |kind: u8, body: &[u8]| [&[kind, body.len() as u8][..], body].concat();
    let binding = wrap(0x30, &[&object[..], &data].concat());
    let list = wrap(0x30, &binding);
    let kind = if is_answer { 0xa2 } else { 0xa0 };
    let unit = wrap(kind, &[&[2, 1, id, 2, 1, 0, 2, 1, 0][..], &list].concat());
    let head = [2, 1, 1, 4, 6, b'p', b'u', b'b', b'l', b'i', b'c'];
    Message::new(wrap(0x30, &[&head[..], &unit].concat()))
}

/// A packet of sound or picture (RFC 3550).
pub(in super::super) fn rtp(rng: &mut Rng, sequence: u16, source: u32, bytes: usize) -> Message {
    let mut head = vec![0x80, 111];
    head.extend(sequence.to_be_bytes());
    head.extend((u32::from(sequence) * 960).to_be_bytes());
    head.extend(source.to_be_bytes());
    let mut message = head;
    Message::random(rng.next_u64(), bytes).copy(0, bytes, &mut message);
    Message::new(message)
}

/// A packet of QUIC version 1 (RFC 9000, section 17): `long` is that of a handshake.
pub(in super::super) fn quic(rng: &mut Rng, long: bool, bytes: usize) -> Message {
    let head = if long {
        let mut head = vec![0xc3, 0, 0, 0, 1, 8];
        head.extend(rng.next_u64().to_be_bytes());
        head.push(0);
        head
    } else {
        vec![0x40 | rng.next_u64() as u8 & 0x3f]
    };
    let rest = bytes.saturating_sub(head.len());
    Message::with_tail(head, super::super::message::Filling::Random, rng.next_u64(), rest)
}
