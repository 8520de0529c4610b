//! One flow as a sensor sees it: what was asked, what came back, over which path.

use tripline_core::{Rng, math};

use super::Scene;
use super::clock::{SPAN, micros};
use super::draw;
use super::network::{Host, Path};

/// Protocols, in the order of [`Flow::proto`].
pub(super) const PROTOCOLS: [&str; 3] = ["icmp", "tcp", "udp"];

/// Bytes of data in a full segment.
const SEGMENT: f64 = 1448.0;

/// Bytes of headers of a packet over IP with TCP and its usual options, with UDP, with ICMP.
const TCP_HEADER: f64 = 52.0;
const UDP_HEADER: f64 = 28.0;

/// Seconds until a first packet without answer is sent again (RFC 6298).
const FIRST_RETRY: f64 = 1.0;

/// Services, named as Zeek and UNSW-NB15 name them; `-` is none that was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Service {
    Unknown,
    Dns,
    Ftp,
    Http,
    Imap,
    Ntp,
    Rdp,
    Smb,
    Smtp,
    Snmp,
    Ssh,
    Ssl,
}

/// Names, in the order of [`Service`].
pub(super) const SERVICES: [&str; 12] =
    ["-", "dns", "ftp", "http", "imap", "ntp", "rdp", "smb", "smtp", "snmp", "ssh", "ssl"];

/// How a flow ended, as Argus writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// Both sides spoke, no end was seen.
    Con,
    /// Closed in order.
    Fin,
    /// One side alone spoke, without a connection.
    Int,
    /// Asked for, never answered.
    Req,
    /// Reset.
    Rst,
}

/// Names, in the order of [`State`].
pub(super) const STATES: [&str; 5] = ["CON", "FIN", "INT", "REQ", "RST"];

/// One flow.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    /// Microseconds from the start of the whole time.
    pub(super) start: i64,
    /// Microseconds.
    pub(super) duration: i64,
    pub(super) source: Host,
    pub(super) target: Host,
    pub(super) port: u16,
    pub(super) proto: u8,
    pub(super) service: Service,
    pub(super) state: State,
    /// Index into the classes.
    pub(super) class: u8,
    pub(super) packets: [u32; 2],
    pub(super) bytes: [u64; 2],
    pub(super) lost: [u32; 2],
    /// Deviation of the time between packets, in seconds.
    pub(super) jitter: [f64; 2],
    /// Seconds from the first packet to the third of a TCP handshake; 0 without one.
    pub(super) handshake: f64,
}

impl Flow {
    pub(super) fn end(&self) -> i64 {
        self.start + self.duration
    }
}

/// Who asks whom for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    pub(super) at: i64,
    pub(super) source: Host,
    pub(super) target: Host,
    pub(super) port: u16,
    pub(super) service: Service,
    pub(super) class: u8,
}

impl Ask {
    /// Benign.
    pub(super) fn new(at: i64, source: Host, target: Host, port: u16, service: Service) -> Self {
        Self { at, source, target, port, service, class: 0 }
    }
}

/// A TCP connection that carries `sent` bytes there, `received` bytes back, in `turns` turns with
/// `think` seconds of pauses in all.
pub(super) fn tcp(
    scene: &Scene,
    rng: &mut Rng,
    ask: Ask,
    (sent, received): (f64, f64),
    turns: f64,
    think: f64,
) -> Flow {
    let path = scene.network.path(rng, ask.source, ask.target);
    let data = [(sent / SEGMENT).ceil().max(turns), (received / SEGMENT).ceil().max(turns)];
    // Handshake and close take 4 packets there, 3 back; every other data packet is acknowledged.
    let mut packets =
        [4.0 + data[0] + (data[1] / 2.0).ceil(), 3.0 + data[1] + (data[0] / 2.0).ceil()];
    let lost = [draw::poisson(rng, data[0] * path.loss), draw::poisson(rng, data[1] * path.loss)];
    let mut bytes = [sent, received];
    for side in 0..2 {
        packets[side] += f64::from(lost[side]);
        bytes[side] += packets[side] * TCP_HEADER + f64::from(lost[side]) * SEGMENT * 0.7;
    }
    // Slow start doubles from 10 segments a round trip (RFC 6928).
    let rounds = 2.0 + turns + math::log2(1.0 + (data[0] + data[1]) / 10.0);
    let repairs = f64::from(lost[0] + lost[1]) * (path.round_trip + 0.05);
    let duration = path.round_trip * rounds + (sent + received) / path.speed + repairs + think;
    let state = if draw::chance(rng, 0.06) {
        State::Rst
    } else if draw::chance(rng, 0.03) {
        State::Con
    } else {
        State::Fin
    };
    let handshake = round_micros(path.round_trip * (1.0 + draw::exponential(rng, 0.1)));
    finish(rng, ask, 1, state, duration.max(handshake), packets, bytes, lost, handshake, path)
}

/// Datagrams: `count` there, `replies` back, of so many bytes each.
pub(super) fn datagrams(
    scene: &Scene,
    rng: &mut Rng,
    ask: Ask,
    (count, size): (u32, f64),
    (replies, reply_size): (u32, f64),
    seconds: f64,
) -> Flow {
    let path = scene.network.path(rng, ask.source, ask.target);
    let answered = replies > 0 && !draw::chance(rng, path.loss);
    let packets = [f64::from(count), if answered { f64::from(replies) } else { 0.0 }];
    let bytes = [packets[0] * (size + UDP_HEADER), packets[1] * (reply_size + UDP_HEADER)];
    let state = if answered { State::Con } else { State::Int };
    let duration = match (answered, count) {
        (true, _) => seconds + path.round_trip,
        (false, 1) => 0.0,
        (false, _) => seconds.max(FIRST_RETRY * f64::from(count - 1)),
    };
    let proto = if ask.port == 0 { 0 } else { 2 };
    finish(rng, ask, proto, state, duration, packets, bytes, [0, 0], 0.0, path)
}

/// A connection that never comes to be: refused at once, or asked for until the caller gives up.
pub(super) fn failed(scene: &Scene, rng: &mut Rng, ask: Ask, refused: bool) -> Flow {
    let path = scene.network.path(rng, ask.source, ask.target);
    let tries = if refused { 1.0 } else { 1.0 + f64::from(draw::poisson(rng, 0.9).min(5)) };
    // 1, 3, 7 … seconds: the pause doubles.
    let waited = FIRST_RETRY * (math::pow(2.0, tries - 1.0) - 1.0);
    let duration = if refused { path.round_trip } else { waited };
    let packets = [tries, if refused { 1.0 } else { 0.0 }];
    // A first packet has options for its window; a refusal has none.
    let bytes = [tries * 60.0, packets[1] * 40.0];
    let state = if refused { State::Rst } else { State::Req };
    finish(rng, ask, 1, state, duration, packets, bytes, [0, 0], 0.0, path)
}

#[allow(clippy::too_many_arguments)]
fn finish(
    rng: &mut Rng,
    ask: Ask,
    proto: u8,
    state: State,
    duration: f64,
    packets: [f64; 2],
    bytes: [f64; 2],
    lost: [u32; 2],
    handshake: f64,
    path: Path,
) -> Flow {
    let mut jitter = [0.0; 2];
    for side in 0..2 {
        if packets[side] > 2.0 {
            let gap = duration / (packets[side] - 1.0);
            jitter[side] = round_micros(draw::lognormal(rng, gap + 0.1 * path.round_trip, 0.5));
        }
    }
    Flow {
        // Campaigns that run past the end go on at the beginning.
        start: ask.at.rem_euclid(SPAN),
        duration: micros(duration),
        source: ask.source,
        target: ask.target,
        port: ask.port,
        proto,
        service: ask.service,
        state,
        class: ask.class,
        packets: packets.map(|count| count.min(1e9) as u32),
        bytes: bytes.map(|count| count as u64),
        lost,
        jitter,
        handshake,
    }
}

fn round_micros(seconds: f64) -> f64 {
    micros(seconds) as f64 / 1e6
}
