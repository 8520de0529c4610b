//! Looking for open ports: half-open, connecting, with datagrams, slowly (ATT&CK T1046).

use tripline_core::Rng;

use super::super::super::draw::{between, chance, exponential};
use super::super::agent::{Agent, Turn};
use super::super::app::{dns, plain};
use super::super::conversation::{CLIENT, Category, SERVER};
use super::super::host::{Host, System};
use super::super::message::Message;
use super::super::scene::Scene;
use super::super::tcp::{Closing, Tcp};
use super::{Plan, attacker};

/// Ports by how often scanners ask for them, roughly as nmap's list has them.
const PORTS: [u16; 40] = [
    80, 23, 443, 21, 22, 25, 3389, 110, 445, 139, 143, 53, 135, 3306, 8080, 1723, 111, 995, 993,
    5900, 1025, 587, 8888, 199, 1720, 465, 548, 113, 81, 6001, 10000, 514, 5060, 179, 1026, 2000,
    8443, 8000, 32768, 554,
];

/// Ports of services over UDP.
const UDP_PORTS: [u16; 16] =
    [53, 67, 69, 111, 123, 135, 137, 161, 500, 514, 520, 631, 1434, 1900, 4500, 5353];

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    HalfOpen,
    Connecting,
    Datagrams,
}

struct Scan {
    how: How,
    every: f64,
    source: Host,
    /// Hosts from here on, or one of them alone.
    first: usize,
    /// One host's ports instead of one port of many hosts.
    one_host: bool,
    port: u16,
    /// Uses the system's own SYNs.
    usual_stack: bool,
    system: System,
    place: usize,
}

/// SYNs whose answers are reset.
pub(super) fn half_open(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    Box::new(Scan::new(scene, rng, plan, How::HalfOpen))
}

/// Whole connections that are closed at once.
pub(super) fn connecting(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    Box::new(Scan::new(scene, rng, plan, How::Connecting))
}

/// Datagrams, empty or such as the service would answer.
pub(super) fn datagrams(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    Box::new(Scan::new(scene, rng, plan, How::Datagrams))
}

/// Any of these with long pauses.
pub(super) fn slow(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    let how = [How::HalfOpen, How::Connecting, How::Connecting, How::Datagrams][rng.index(4)];
    Box::new(Scan::new(scene, rng, plan, how))
}

impl Scan {
    fn new(scene: &Scene, rng: &mut Rng, plan: &Plan, how: How) -> Self {
        Self {
            how,
            every: plan.every,
            source: attacker(scene, rng, 0.55),
            first: rng.index(10_000),
            one_host: chance(rng, 0.55),
            port: PORTS[rng.index(12)],
            usual_stack: how == How::Connecting || chance(rng, plan.care),
            system: System::RawSocket,
            place: 0,
        }
    }

    /// Where the next probe goes.
    fn target(&mut self, turn: &mut Turn<'_>) -> (Host, u16) {
        let place = self.place;
        self.place += 1;
        let ports: &[u16] = if self.how == How::Datagrams { &UDP_PORTS } else { &PORTS };
        let host = |place: usize| {
            if place.is_multiple_of(3) {
                turn.scene.inside_at(self.first + place)
            } else {
                turn.scene.server_at(self.first + place)
            }
        };
        let (mut target, port) = if self.one_host {
            let port = match ports.get(place) {
                Some(&port) => port,
                None => 1 + turn.rng.below(49_000) as u16,
            };
            (host(0), port)
        } else if self.how == How::Datagrams {
            (host(place), ports[self.first % ports.len()])
        } else {
            (host(place), self.port)
        };
        if target == self.source {
            target = turn.scene.web();
        }
        (target, port)
    }
}

impl Agent for Scan {
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64> {
        let (target, port) = self.target(turn);
        // What a host has open or lets through does not change.
        let mut fixed = Rng::for_part(target as u64, u64::from(port));
        let workstation = target < turn.scene.workstations();
        let silent =
            Rng::for_part(target as u64, 1 << 20).unit() < if workstation { 0.7 } else { 0.35 };
        let open = fixed.unit() < if workstation { 0.02 } else { 0.18 };
        if self.how == How::Datagrams {
            let mut udp = turn.udp(self.source, target, port, 0.0);
            let probe = match port {
                53 => dns::query(7, "version.bind", dns::TXT, false),
                123 => plain::ntp(turn.rng, 3, turn.at),
                161 => plain::snmp(turn.rng, false, 0),
                _ if self.usual_stack => Message::random(turn.rng.next_u64(), 24),
                _ => Message::default(),
            };
            let payload = probe.len();
            let tries = if silent { 1 + turn.rng.below(2) } else { 1 };
            for attempt in 0..tries {
                udp.say(CLIENT, attempt as f64, probe.clone());
            }
            if !silent && open {
                udp.say(SERVER, 1e-3, Message::random(turn.rng.next_u64(), 60));
            } else if !silent {
                udp.unreachable(payload);
            }
            turn.push(udp.conversation(Category::PortScan));
        } else {
            let mut link = turn.scene.link(turn.rng, self.source, target, port);
            if !self.usual_stack {
                link.stacks[CLIENT] = self.system.stack(turn.rng);
                let hops = turn.scene.machine(self.source).hops;
                link.ends[CLIENT].ttl = link.stacks[CLIENT].ttl.saturating_sub(hops).max(2);
            }
            let mut tcp = Tcp::new(turn.rng, link, turn.at);
            if silent {
                tcp.unanswered(if self.how == How::Connecting { 2 } else { 1 });
            } else if !open {
                tcp.refused(1);
            } else if self.how == How::HalfOpen {
                tcp.rejected_by_client();
            } else {
                tcp.open();
                if chance(turn.rng, 0.4) {
                    tcp.say(SERVER, 0.01, Message::new("220 service ready\r\n"));
                }
                let reset = chance(turn.rng, 0.5);
                tcp.close(1e-3, if reset { Closing::Reset(CLIENT) } else { Closing::Fin(CLIENT) });
            }
            turn.add(tcp, Category::PortScan);
        }
        Some(if chance(turn.rng, 0.5) {
            self.every * between(turn.rng, 0.5, 1.5)
        } else {
            exponential(turn.rng, self.every)
        })
    }
}
