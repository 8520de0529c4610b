//! More than a server can take: SYNs, datagrams, requests (ATT&CK T1498, T1499).

use tripline_core::Rng;

use super::super::super::draw::{chance, exponential, lognormal, whole};
use super::super::agent::{Agent, Turn};
use super::super::app::http;
use super::super::conversation::{CLIENT, Category, SERVER};
use super::super::datagrams::Datagrams;
use super::super::host::Host;
use super::super::message::{Filling, Message};
use super::super::scene::Scene;
use super::super::tcp::{Closing, Tcp};
use super::Plan;

/// SYNs from forged senders.
struct HalfOpen {
    target: Host,
    port: u16,
    every: f64,
    /// The server still answers so many times.
    answers: u64,
    /// SYNs of one forged sender.
    tries: u64,
}

pub(super) fn half_open(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    Box::new(HalfOpen {
        target: if chance(rng, 0.6) { scene.web() } else { scene.application(rng) },
        port: [80, 443, 22, 25, 8080][rng.index(5)],
        every: plan.every,
        answers: rng.below(4),
        tries: 1 + rng.below(3),
    })
}

impl Agent for HalfOpen {
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64> {
        let link = turn.scene.forged(turn.rng, self.target, self.port);
        let mut tcp = Tcp::new(turn.rng, link, turn.at);
        match (self.answers, turn.rng.index(8)) {
            // The forged sender has a host, which knows of nothing.
            (1.., 0) => tcp.rejected_by_client(),
            (0, _) => tcp.unanswered(1 + turn.rng.below(self.tries) as u32),
            (answers, _) => tcp.half_open(1 + turn.rng.below(answers) as u32),
        }
        turn.add(tcp, Category::DosFlood);
        Some(exponential(turn.rng, self.every))
    }
}

/// Datagrams from forged senders or from one.
struct Flood {
    source: Option<Host>,
    target: Host,
    port: Option<u16>,
    bytes: usize,
    packets: f64,
    every: f64,
}

pub(super) fn datagrams(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    Box::new(Flood {
        source: chance(rng, 0.5).then(|| scene.stranger(rng)),
        target: if chance(rng, 0.5) { scene.web() } else { scene.application(rng) },
        port: chance(rng, 0.6).then(|| [53, 80, 123, 443][rng.index(4)]),
        bytes: [0, 64, 512, 1024, 1400][rng.index(5)],
        packets: lognormal(rng, 4.0, 1.0).min(60.0),
        every: plan.every,
    })
}

impl Agent for Flood {
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64> {
        let port = self.port.unwrap_or(1024 + turn.rng.below(60_000) as u16);
        let link = match self.source {
            Some(source) => turn.scene.link(turn.rng, source, self.target, port),
            None => turn.scene.forged(turn.rng, self.target, port),
        };
        let mut udp = Datagrams::new(turn.rng, link, turn.at);
        let count = 1 + exponential(turn.rng, self.packets) as usize;
        for _ in 0..count.min(300) {
            let bytes = if chance(turn.rng, 0.8) { self.bytes } else { turn.rng.index(1400) };
            let message = Message::random(turn.rng.next_u64(), bytes);
            let pause = exponential(turn.rng, self.every);
            udp.say(CLIENT, pause, message);
        }
        if chance(turn.rng, 0.02) {
            udp.unreachable(self.bytes);
        }
        turn.push(udp.conversation(Category::DosFlood));
        Some(exponential(turn.rng, self.every))
    }
}

/// Whole requests from several hosts that were taken over.
struct Requests {
    sources: Vec<Host>,
    target: Host,
    every: f64,
    agent: &'static str,
    most: u64,
}

pub(super) fn requests(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    let care = chance(rng, plan.care);
    Box::new(Requests {
        sources: (0..whole(rng, 2, 12)).map(|_| scene.stranger(rng)).collect(),
        target: scene.web(),
        every: plan.every,
        agent: if care { http::browser(rng) } else { http::program(rng) },
        most: 1 + rng.below(4),
    })
}

impl Agent for Requests {
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64> {
        let source = self.sources[turn.rng.index(self.sources.len())];
        let host = turn.scene.name(self.target);
        let mut tcp = turn.tcp(source, self.target, 80, 0.0);
        if chance(turn.rng, 0.08) {
            tcp.unanswered(2);
        } else {
            tcp.open();
            for _ in 0..whole(turn.rng, 1, self.most) {
                let path = super::super::names::path(turn.rng);
                let message = http::request(turn.rng, &http::get(&host, &path, self.agent));
                tcp.say(CLIENT, 1e-3, message);
                let status = if chance(turn.rng, 0.5) { 200 } else { 503 };
                let body = lognormal(turn.rng, 1500.0, 0.8).min(40_000.0) as usize;
                let message = http::response(turn.rng, status, body, Filling::Text);
                tcp.say(SERVER, lognormal(turn.rng, 0.2, 1.0).min(10.0), message);
            }
            let closing = match turn.rng.index(4) {
                0 => Closing::Reset(CLIENT),
                1 => Closing::Silent,
                _ => Closing::Fin(CLIENT),
            };
            tcp.close(1e-3, closing);
        }
        turn.add(tcp, Category::DosFlood);
        Some(exponential(turn.rng, self.every))
    }
}
