//! Carrying data off over HTTPS, FTP, SSH (ATT&CK T1041, T1048).

use tripline_core::Rng;

use super::super::super::draw::{between, chance, exponential, lognormal};
use super::super::agent::{Agent, Turn};
use super::super::app::{http, ssh, tls};
use super::super::conversation::{CLIENT, Category, SERVER};
use super::super::host::Host;
use super::super::message::{Filling, Message};
use super::super::scene::Scene;
use super::super::tcp::Closing;
use super::{Plan, attacker};

#[derive(Clone, Copy)]
enum Way {
    Secure,
    Plain,
    Shell,
    /// A connection without a protocol to any port.
    Raw,
}

struct Exfiltration {
    source: Host,
    site: Host,
    way: Way,
    port: u16,
    every: f64,
    care: f64,
    /// Median bytes of a connection.
    bytes: f64,
    program: usize,
}

/// One campaign: many connections to one place.
pub(super) fn carry_off(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    let way =
        [Way::Secure, Way::Secure, Way::Secure, Way::Plain, Way::Shell, Way::Raw][rng.index(6)];
    let port = match way {
        Way::Secure => 443,
        Way::Plain => [80, 8080][rng.index(2)],
        Way::Shell => 22,
        Way::Raw => [4444, 8443, 9001, 53, 443][rng.index(5)],
    };
    let source =
        if chance(rng, 0.3) { scene.server_at(rng.index(500)) } else { attacker(scene, rng, 1.0) };
    Box::new(Exfiltration {
        source,
        site: scene.stranger(rng),
        way,
        port,
        every: plan.every,
        care: plan.care,
        bytes: lognormal(rng, 450_000.0, 0.5) * (1.0 - 0.85 * plan.care),
        program: rng.index(tls::CLIENTS.len()),
    })
}

impl Agent for Exfiltration {
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64> {
        let total = (self.bytes * lognormal(turn.rng, 1.0, 0.5)).min(2_500_000.0) as usize;
        // Piece by piece with care.
        let pieces = 1 + (self.care * exponential(turn.rng, 6.0)) as usize;
        let pause = |turn: &mut Turn<'_>| lognormal(turn.rng, 0.3, 1.2).min(20.0);
        let mut tcp = turn.tcp(self.source, self.site, self.port, 0.0);
        tcp.open();
        let host = turn.scene.name(self.site);
        match self.way {
            Way::Secure => {
                let name = chance(turn.rng, 0.85).then_some(host.as_str());
                tls::handshake(&mut tcp, &tls::CLIENTS[self.program], name, chance(turn.rng, 0.15));
                for _ in 0..pieces {
                    let down = lognormal(turn.rng, 300.0, 0.6) as usize;
                    let wait = pause(turn);
                    tls::exchange(&mut tcp, wait, total / pieces, 0.08, down);
                }
            }
            Way::Plain => {
                let agent = http::program(turn.rng);
                let path = super::super::names::path(turn.rng);
                for _ in 0..pieces {
                    let request = http::Request {
                        method: if chance(turn.rng, 0.5) { "PUT" } else { "POST" },
                        body: total / pieces,
                        filling: Filling::Random,
                        ..http::get(&host, &path, agent)
                    };
                    let message = http::request(turn.rng, &request);
                    let wait = pause(turn);
                    tcp.say(CLIENT, wait, message);
                    let message = http::response(turn.rng, 200, 60, Filling::Text);
                    tcp.say(SERVER, 0.08, message);
                }
            }
            Way::Shell => {
                let library = chance(turn.rng, 0.4);
                let program = if library { ssh::LIBRARIES[0] } else { ssh::CLIENTS[0] };
                ssh::begin(&mut tcp, program);
                ssh::password(&mut tcp, between(turn.rng, 0.01, 3.0), 0.05, true);
                ssh::session(&mut tcp);
                for _ in 0..pieces {
                    let wait = pause(turn);
                    let message = Message::random(turn.rng.next_u64(), total / pieces);
                    tcp.say(CLIENT, wait, message);
                    ssh::encrypted(&mut tcp, SERVER, 0.02, 68);
                }
            }
            Way::Raw => {
                for _ in 0..pieces {
                    let wait = pause(turn);
                    let message = Message::random(turn.rng.next_u64(), total / pieces);
                    tcp.say(CLIENT, wait, message);
                }
            }
        }
        let closing = match turn.rng.index(8) {
            0 => Closing::Reset(CLIENT),
            1 => Closing::Silent,
            2 => Closing::Fin(SERVER),
            _ => Closing::Fin(CLIENT),
        };
        tcp.close(0.05, closing);
        turn.add(tcp, Category::Exfiltration);
        Some(exponential(turn.rng, self.every))
    }
}
