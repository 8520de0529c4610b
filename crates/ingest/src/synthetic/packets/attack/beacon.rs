//! Calls to a controller at regular times with jitter (ATT&CK T1071.001).

use tripline_core::Rng;

use super::super::super::draw::{between, chance, lognormal, pareto};
use super::super::agent::{Agent, Turn};
use super::super::app::{http, tls};
use super::super::conversation::{CLIENT, Category, SERVER};
use super::super::host::Host;
use super::super::message::{Filling, Message};
use super::super::scene::Scene;
use super::super::tcp::Closing;
use super::{Plan, attacker};

struct Beacon {
    source: Host,
    site: Host,
    every: f64,
    jitter: f64,
    /// Bytes of a call with their deviation, of an answer without a task.
    up: f64,
    spread: f64,
    down: f64,
    /// `None` is TLS; an empty path is a protocol of its own.
    path: Option<String>,
    port: u16,
    program: usize,
    agent: &'static str,
    named: bool,
}

/// One infected host.
pub(super) fn calls(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    let kind = rng.index(10);
    let (path, port) = match kind {
        0..=5 => (None, if chance(rng, 0.8) { 443 } else { 8443 }),
        6..=8 => (Some(super::super::names::path(rng)), [80, 80, 8080][rng.index(3)]),
        _ => (Some(String::new()), [4444, 1337, 9999, 443][rng.index(4)]),
    };
    Box::new(Beacon {
        source: attacker(scene, rng, 1.0),
        site: scene.stranger(rng),
        every: plan.every,
        jitter: between(rng, 0.0, 0.6),
        // A tool's call is short and always the same; a careful one is padded as telemetry is.
        up: lognormal(rng, 250.0 + 500.0 * plan.care, 0.5),
        spread: 0.01 + 0.12 * plan.care,
        down: lognormal(rng, 180.0 + 300.0 * plan.care, 0.6),
        path,
        port,
        program: if chance(rng, plan.care) { rng.index(3) } else { 3 + rng.index(3) },
        agent: if chance(rng, 0.5) { http::browser(rng) } else { http::program(rng) },
        named: chance(rng, 0.8),
    })
}

impl Agent for Beacon {
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64> {
        let host = turn.scene.name(self.site);
        let up = (self.up * lognormal(turn.rng, 1.0, self.spread)) as usize;
        let mut down = (self.down * lognormal(turn.rng, 1.0, self.spread)) as usize;
        if chance(turn.rng, 0.05) {
            // A task.
            down += pareto(turn.rng, 2_000.0, 1.0).min(300_000.0) as usize;
        }
        let mut tcp = turn.tcp(self.source, self.site, self.port, 0.0);
        if chance(turn.rng, 0.04) {
            // The controller is away.
            tcp.unanswered(3);
        } else {
            tcp.open();
            match &self.path {
                None => {
                    let name = self.named.then_some(host.as_str());
                    tls::handshake(&mut tcp, &tls::CLIENTS[self.program], name, false);
                    tls::exchange(&mut tcp, 1e-3, up, 0.03, down);
                    if chance(turn.rng, 0.5) {
                        tls::goodbye(&mut tcp, CLIENT, 1e-3);
                    }
                }
                Some(path) if path.is_empty() => {
                    tcp.say(CLIENT, 1e-3, Message::random(turn.rng.next_u64(), up));
                    tcp.say(SERVER, 0.02, Message::random(turn.rng.next_u64(), down));
                }
                Some(path) => {
                    let post = chance(turn.rng, 0.5);
                    let mut request = http::get(&host, path, self.agent);
                    if post {
                        (request.method, request.body) = ("POST", up);
                        request.filling = Filling::Random;
                    }
                    let message = http::request(turn.rng, &request);
                    tcp.say(CLIENT, 5e-4, message);
                    let message = http::response(turn.rng, 200, down, Filling::Text);
                    tcp.say(SERVER, 0.02, message);
                }
            }
            tcp.close(2e-3, Closing::Fin(if chance(turn.rng, 0.8) { CLIENT } else { SERVER }));
        }
        turn.add(tcp, Category::Beaconing);
        Some(self.every * (1.0 + self.jitter * (turn.rng.unit() - 0.5)))
    }
}
