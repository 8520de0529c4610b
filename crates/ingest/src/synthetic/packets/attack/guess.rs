//! Guessing passwords over shells, FTP, forms (ATT&CK T1110).

use tripline_core::Rng;

use super::super::super::draw::{between, chance, exponential, lognormal};
use super::super::agent::{Agent, Turn};
use super::super::app::{ftp, http, ssh, tls};
use super::super::conversation::{CLIENT, Category, SERVER};
use super::super::host::Host;
use super::super::message::Filling;
use super::super::scene::Scene;
use super::super::tcp::Closing;
use super::{Plan, attacker};

enum Service {
    Shell,
    Files,
    /// With TLS or without.
    Form(bool),
}

struct Guess {
    service: Service,
    source: Host,
    target: Host,
    every: f64,
    care: f64,
    /// Passwords on one connection.
    guesses: u64,
    program: usize,
    think: f64,
}

/// Over SSH.
pub(super) fn shell(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    Box::new(Guess::new(scene, rng, plan, Service::Shell))
}

/// Over FTP.
pub(super) fn files(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    Box::new(Guess::new(scene, rng, plan, Service::Files))
}

/// Over HTTP.
pub(super) fn form(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    let secure = chance(rng, 0.5);
    Box::new(Guess::new(scene, rng, plan, Service::Form(secure)))
}

impl Guess {
    fn new(scene: &Scene, rng: &mut Rng, plan: &Plan, service: Service) -> Self {
        let source = attacker(scene, rng, 0.3);
        let target = match service {
            Service::Files => scene.files(),
            Service::Shell => scene.server_at(rng.index(500)),
            Service::Form(_) if chance(rng, 0.5) => scene.web(),
            Service::Form(_) => scene.application(rng),
        };
        Self {
            service,
            source,
            target,
            every: plan.every,
            care: plan.care,
            guesses: 1 + rng.below(6),
            program: rng.index(16),
            think: lognormal(rng, 0.8, 0.9).min(3.0),
        }
    }

    fn pause(&self, rng: &mut Rng) -> f64 {
        // A person's pace is a matter of care.
        lognormal(rng, 0.01 + 2.5 * self.care * self.care, 0.6)
    }
}

impl Agent for Guess {
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64> {
        let guesses = 1 + turn.rng.below(self.guesses);
        let port = match self.service {
            Service::Shell => 22,
            Service::Files => 21,
            Service::Form(true) => 443,
            Service::Form(false) => 80,
        };
        let mut tcp = turn.tcp(self.source, self.target, port, 0.0);
        if chance(turn.rng, 0.04) {
            // The server has enough for now.
            tcp.refused(1);
            turn.add(tcp, Category::BruteForce);
            return Some(exponential(turn.rng, self.every));
        }
        tcp.open();
        match self.service {
            Service::Shell => {
                let careful = self.program as f64 / 16.0 < self.care;
                let program = if careful {
                    ssh::CLIENTS[self.program % ssh::CLIENTS.len()]
                } else {
                    ssh::LIBRARIES[self.program % ssh::LIBRARIES.len()]
                };
                ssh::begin(&mut tcp, program);
            }
            Service::Files => ftp::greeting(&mut tcp),
            Service::Form(true) => {
                let name = turn.scene.name(self.target);
                let client = &tls::CLIENTS[self.program % tls::CLIENTS.len()];
                tls::handshake(&mut tcp, client, Some(&name), false);
            }
            Service::Form(false) => {}
        }
        let host = turn.scene.name(self.target);
        for _ in 0..guesses {
            let pause = self.pause(turn.rng);
            let think = self.think * between(turn.rng, 0.8, 1.2);
            match self.service {
                Service::Shell => ssh::password(&mut tcp, pause, think, false),
                Service::Files => ftp::login(&mut tcp, pause, think, false),
                Service::Form(true) => {
                    let up = 380 + turn.rng.index(160);
                    tls::exchange(&mut tcp, pause, up, think * 0.2, 900);
                }
                Service::Form(false) => {
                    let agent = if chance(turn.rng, self.care) {
                        http::browser(turn.rng)
                    } else {
                        http::program(turn.rng)
                    };
                    let body = 40 + turn.rng.index(30);
                    let request =
                        http::Request { method: "POST", body, ..http::get(&host, "/login", agent) };
                    let message = http::request(turn.rng, &request);
                    tcp.say(CLIENT, pause, message);
                    let status = [401, 401, 200, 403, 429][turn.rng.index(5)];
                    let message = http::response(turn.rng, status, 800, Filling::Text);
                    tcp.say(SERVER, think * 0.2, message);
                }
            }
        }
        let closing = match turn.rng.index(10) {
            0..=4 => Closing::Fin(CLIENT),
            5..=6 => Closing::Fin(SERVER),
            7 => Closing::Reset(CLIENT),
            8 => Closing::FinThenReset(CLIENT),
            _ => Closing::Reset(SERVER),
        };
        tcp.close(lognormal(turn.rng, 0.01, 1.0), closing);
        turn.add(tcp, Category::BruteForce);
        Some(exponential(turn.rng, self.every))
    }
}
