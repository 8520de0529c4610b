//! Machines that keep their own clock: telemetry, time service, monitoring, logs.

use tripline_core::Rng;

use super::super::super::draw::{between, chance, exponential, lognormal};
use super::super::agent::{Agent, Turn};
use super::super::app::{http, plain, tls};
use super::super::conversation::{CLIENT, Category, SERVER, nanos};
use super::super::datagrams::Datagrams;
use super::super::host::Host;
use super::super::message::Filling;
use super::super::scene::Scene;
use super::super::tcp::Closing;

/// Machines for about `rate` flows a second in all of the office: they make an eighth of it.
pub(in super::super) fn machines(scene: &Scene, rng: &mut Rng, rate: f64) -> Vec<Box<dyn Agent>> {
    let mut all: Vec<Box<dyn Agent>> = Vec::new();
    let mut add = |share: f64, every: f64, make: &mut dyn FnMut() -> Box<dyn Agent>| {
        for _ in 0..((rate * share * every) as usize).clamp(1, 2000) {
            all.push(make());
        }
    };
    add(0.06, 90.0, &mut || Box::new(Telemetry::new(scene, rng)));
    let mut next = 0;
    add(0.025, 180.0, &mut || {
        next += 1;
        Box::new(Clock { host: scene.inside_at(next * 7), every: [64.0, 128.0, 256.0][next % 3] })
    });
    let mut next = 0;
    add(0.04, 60.0, &mut || {
        next += 1;
        Box::new(Watch { target: scene.server_at(next * 3), how: next % 4, every: 60.0 })
    });
    let mut next = 0;
    add(0.01, 120.0, &mut || {
        next += 1;
        Box::new(Logs { host: scene.server_at(next * 5) })
    });
    all
}

/// An agent that reports home at regular times, as beacons do.
struct Telemetry {
    host: Host,
    site: Host,
    every: f64,
    jitter: f64,
    up: f64,
    down: f64,
    /// None is TLS; else the path of plain HTTP.
    path: Option<String>,
    program: usize,
}

impl Telemetry {
    fn new(scene: &Scene, rng: &mut Rng) -> Self {
        let plain = chance(rng, 0.25);
        Self {
            host: if chance(rng, 0.6) {
                scene.workstation(rng)
            } else {
                scene.server_at(rng.index(500))
            },
            site: scene.site(rng),
            every: lognormal(rng, 70.0, 0.7).clamp(10.0, 900.0),
            jitter: between(rng, 0.0, 0.3),
            up: lognormal(rng, 700.0, 0.8),
            down: lognormal(rng, 400.0, 0.9),
            path: plain.then(|| super::super::names::path(rng)),
            program: rng.index(tls::CLIENTS.len()),
        }
    }
}

impl Agent for Telemetry {
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64> {
        let name = turn.scene.name(self.site);
        let up = (self.up * lognormal(turn.rng, 1.0, 0.06)) as usize;
        let mut down = (self.down * lognormal(turn.rng, 1.0, 0.06)) as usize;
        if chance(turn.rng, 0.03) {
            // New settings, or a new version.
            down += lognormal(turn.rng, 20_000.0, 1.0) as usize;
        }
        let after =
            if chance(turn.rng, 0.4) { turn.look_up(self.host, self.site, 0.0) } else { 0.0 };
        let port = if self.path.is_some() { 80 } else { 443 };
        let mut tcp = turn.tcp(self.host, self.site, port, after);
        tcp.open();
        match &self.path {
            Some(path) => {
                let agent = http::program(turn.rng);
                let request =
                    http::Request { method: "POST", body: up, ..http::get(&name, path, agent) };
                let message = http::request(turn.rng, &request);
                tcp.say(CLIENT, 5e-4, message);
                let message = http::response(turn.rng, 200, down, Filling::Text);
                tcp.say(SERVER, 0.02, message);
            }
            None => {
                tls::handshake(&mut tcp, &tls::CLIENTS[self.program], Some(&name), false);
                tls::exchange(&mut tcp, 1e-3, up, 0.03, down);
                tls::goodbye(&mut tcp, CLIENT, 1e-3);
            }
        }
        tcp.close(1e-3, Closing::Fin(CLIENT));
        turn.add(tcp, Category::Normal);
        Some(self.every * (1.0 + self.jitter * (turn.rng.unit() - 0.5)))
    }
}

/// A host that asks for the time.
struct Clock {
    host: Host,
    every: f64,
}

impl Agent for Clock {
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64> {
        let server = turn.scene.resolver();
        if self.host == server {
            return None;
        }
        let link = turn.scene.link_between(turn.rng, (self.host, 123), (server, 123));
        let at = turn.at;
        let mut udp = Datagrams::new(turn.rng, link, at);
        udp.say(CLIENT, 0.0, plain::ntp(turn.rng, 3, at));
        udp.say(SERVER, 1e-4, plain::ntp(turn.rng, 4, at + nanos(1e-4)));
        turn.push(udp.conversation(Category::Normal));
        Some(self.every + between(turn.rng, -1.0, 1.0))
    }
}

/// Monitoring asks one server whether it lives.
struct Watch {
    target: Host,
    how: usize,
    every: f64,
}

impl Agent for Watch {
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64> {
        let monitor = turn.scene.monitor();
        if self.target == monitor {
            return None;
        }
        match self.how {
            0 => {
                let link = turn.scene.link(turn.rng, monitor, self.target, 0);
                let mut icmp = Datagrams::echo(turn.rng, link, turn.at);
                for place in 0..3 {
                    icmp.ping(if place == 0 { 0.0 } else { 1.0 }, 56, chance(turn.rng, 0.98));
                }
                turn.push(icmp.conversation(Category::Normal));
            }
            1 => {
                let mut udp = turn.udp(monitor, self.target, 161, 0.0);
                for _ in 0..1 + turn.rng.below(4) {
                    udp.say(CLIENT, 1e-3, plain::snmp(turn.rng, false, 0));
                    let value = 4 + turn.rng.index(30);
                    udp.say(SERVER, 2e-3, plain::snmp(turn.rng, true, value));
                }
                turn.push(udp.conversation(Category::Normal));
            }
            2 => {
                // Whether ports are open, nothing more.
                let mut after = 0.0;
                for port in [22, 443, 5432] {
                    let mut tcp = turn.tcp(monitor, self.target, port, after);
                    if port == 5432 && self.target.is_multiple_of(3) {
                        tcp.refused(1);
                    } else {
                        tcp.open();
                        let reset = chance(turn.rng, 0.3);
                        let closing =
                            if reset { Closing::Reset(CLIENT) } else { Closing::Fin(CLIENT) };
                        tcp.close(1e-3, closing);
                    }
                    turn.add(tcp, Category::Normal);
                    after += between(turn.rng, 0.01, 0.3);
                }
            }
            _ => {
                let host = turn.scene.name(self.target);
                let mut tcp = turn.tcp(monitor, self.target, 8080, 0.0);
                tcp.open();
                let request = http::get(&host, "/health", "Go-http-client/1.1");
                let message = http::request(turn.rng, &request);
                tcp.say(CLIENT, 1e-4, message);
                let status = if chance(turn.rng, 0.97) { 200 } else { 503 };
                let message = http::response(turn.rng, status, 15, Filling::Text);
                tcp.say(SERVER, 2e-3, message);
                tcp.close(1e-3, Closing::Fin(CLIENT));
                turn.add(tcp, Category::Normal);
            }
        }
        Some(self.every * between(turn.rng, 0.99, 1.01))
    }
}

/// A server that sends its log lines to a collector, which does not answer.
struct Logs {
    host: Host,
}

impl Agent for Logs {
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64> {
        let collector = turn.scene.collector();
        if self.host == collector {
            return None;
        }
        let mut udp = turn.udp(self.host, collector, 514, 0.0);
        let lines = (1.0 + exponential(turn.rng, 12.0)).min(120.0) as usize;
        for _ in 0..lines {
            udp.say(CLIENT, lognormal(turn.rng, 0.02, 2.0).min(20.0), plain::syslog(turn.rng));
        }
        turn.push(udp.conversation(Category::Normal));
        Some(lognormal(turn.rng, 110.0, 0.5))
    }
}
