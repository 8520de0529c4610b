//! Data inside names and records of DNS (ATT&CK T1071.004).

use tripline_core::Rng;

use super::super::super::draw::{chance, exponential, lognormal};
use super::super::agent::{Agent, Turn};
use super::super::app::dns;
use super::super::conversation::{CLIENT, Category, SERVER};
use super::super::host::Host;
use super::super::names;
use super::super::scene::Scene;
use super::{Plan, attacker};

struct Tunnel {
    source: Host,
    /// The resolver does the work, or a server outside is asked at once.
    direct: Option<Host>,
    zone: String,
    every: f64,
    /// Characters of data in a name.
    characters: usize,
    kinds: [u16; 2],
    /// Bytes of data in an answer.
    down: f64,
    /// All queries from one port.
    one_socket: bool,
}

/// Each query from a port of its own.
pub(super) fn queries(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    Box::new(Tunnel::new(scene, rng, plan, false))
}

/// Many queries from one port.
pub(super) fn one_socket(scene: &Scene, rng: &mut Rng, plan: &Plan) -> Box<dyn Agent> {
    Box::new(Tunnel::new(scene, rng, plan, true))
}

impl Tunnel {
    fn new(scene: &Scene, rng: &mut Rng, plan: &Plan, one_socket: bool) -> Self {
        let kinds = [
            [dns::TXT, dns::TXT],
            [dns::NULL, dns::NULL],
            [dns::CNAME, dns::MX],
            [dns::A, dns::AAAA],
            [dns::A, dns::TXT],
        ];
        let zone = format!("{}.{}.example", names::word(rng), names::word(rng));
        Self {
            source: attacker(scene, rng, 1.0),
            direct: chance(rng, 0.25).then(|| scene.stranger(rng)),
            zone,
            every: plan.every,
            // Careful ones stay as short as the names of caches and virus scanners.
            characters: (lognormal(rng, 150.0, 0.3) * (1.0 - 0.75 * plan.care)).clamp(18.0, 200.0)
                as usize,
            kinds: kinds[rng.index(kinds.len())],
            down: lognormal(rng, 120.0, 0.5) * (1.0 - 0.6 * plan.care),
            one_socket,
        }
    }

    fn name(&self, rng: &mut Rng) -> String {
        let mut left = (self.characters as f64 * lognormal(rng, 1.0, 0.1)).min(205.0) as usize;
        let mut name = String::new();
        while left > 0 {
            let label = left.min(60);
            name.push_str(&names::base32(rng, label));
            name.push('.');
            left -= label;
        }
        name + &self.zone
    }

    fn answer(&self, rng: &mut Rng, kind: u16) -> dns::Answer {
        if chance(rng, 0.04) {
            return dns::Answer { code: [2, 3][rng.index(2)], records: Vec::new() };
        }
        let bytes = (self.down * lognormal(rng, 1.0, 0.5)).clamp(4.0, 400.0) as usize;
        let data = match kind {
            dns::A => vec![10, rng.next_u64() as u8, 0, 1],
            dns::AAAA => (0..16).map(|_| rng.next_u64() as u8).collect(),
            dns::TXT => dns::text_data(names::base32(rng, bytes).as_bytes()),
            dns::NULL => (0..bytes).map(|_| rng.next_u64() as u8).collect(),
            _ => {
                let label = names::base32(rng, bytes.min(60));
                let mut data = if kind == dns::MX { vec![0, 10] } else { Vec::new() };
                data.extend(dns::labels(&format!("{label}.{}", self.zone)));
                data
            }
        };
        dns::Answer { code: 0, records: vec![(kind, rng.below(60) as u32, data)] }
    }
}

impl Agent for Tunnel {
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64> {
        let count = if self.one_socket { 20 + exponential(turn.rng, 60.0) as usize } else { 1 };
        let server = self.direct.unwrap_or(turn.scene.resolver());
        let mut udp = turn.udp(self.source, server, 53, 0.0);
        for place in 0..count.min(400) {
            let kind = self.kinds[turn.rng.index(2)];
            let (id, name) = (turn.rng.next_u64() as u16, self.name(turn.rng));
            let pause = if place == 0 { 0.0 } else { exponential(turn.rng, self.every.min(2.0)) };
            udp.say(CLIENT, pause, dns::query(id, &name, kind, self.source.is_multiple_of(3)));
            let answer = self.answer(turn.rng, kind);
            let think = lognormal(turn.rng, 0.045, 0.5);
            udp.say(SERVER, think, dns::answer(id, &name, kind, &answer));
        }
        turn.push(udp.conversation(Category::DnsTunnel));
        Some(exponential(turn.rng, self.every))
    }
}
