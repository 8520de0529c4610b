//! Attacks, in campaigns of one kind each.

use tripline_core::Rng;

use super::Scene;
use super::benign::{name_query, probe, rejected_login};
use super::clock::{SPAN, micros};
use super::draw::{between, chance, exponential, lognormal, pareto, poisson, whole};
use super::flow::{Ask, Flow, Service, datagrams, failed, tcp};
use super::network::Host;

/// One kind of attack.
struct Kind {
    /// Index into the classes.
    class: u8,
    /// Share of the attack flows, in relation to the others.
    share: f64,
    /// Median number of flows of a campaign.
    size: f64,
    /// Appends about so many flows of a campaign.
    run: fn(&Scene, &mut Rng, &Plan, &mut Vec<Flow>),
}

const BEACONING: u8 = 1;
const BRUTE_FORCE: u8 = 2;
const DOS: u8 = 3;
const EXFILTRATION: u8 = 4;
const SCAN: u8 = 5;

const KINDS: &[Kind] = &[
    Kind { class: BEACONING, share: 16.0, size: 40.0, run: beacon },
    Kind { class: BRUTE_FORCE, share: 12.0, size: 50.0, run: guess_shell },
    Kind { class: BRUTE_FORCE, share: 8.0, size: 50.0, run: guess_form },
    Kind { class: DOS, share: 16.0, size: 120.0, run: flood },
    Kind { class: DOS, share: 7.0, size: 50.0, run: exhaust },
    Kind { class: EXFILTRATION, share: 6.0, size: 10.0, run: carry_off },
    Kind { class: EXFILTRATION, share: 7.0, size: 50.0, run: tunnel },
    Kind { class: SCAN, share: 15.0, size: 60.0, run: sweep },
    Kind { class: SCAN, share: 13.0, size: 60.0, run: try_ports },
];

/// What a campaign has decided before its first flow.
struct Plan {
    start: i64,
    class: u8,
    size: usize,
    /// From 0, in haste, to 1, hidden in what is usual.
    care: f64,
}

/// One campaign.
pub(super) struct Campaign {
    kind: usize,
    plan: Plan,
}

impl Campaign {
    /// Appends its flows.
    pub(super) fn run(&self, scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
        while flows.len() < self.plan.size {
            (KINDS[self.kind].run)(scene, rng, &self.plan, flows);
        }
        flows.truncate(self.plan.size);
    }
}

/// Campaigns of `count` flows in all, each kind spread over the whole time.
pub(super) fn campaigns(count: usize, seed: u64) -> Vec<Campaign> {
    let mut rng = Rng::for_part(seed, u64::MAX - 1);
    let total: f64 = KINDS.iter().map(|kind| kind.share).sum();
    let mut share = 0.0;
    let mut before = 0;
    let mut campaigns = Vec::new();
    for (kind, card) in KINDS.iter().enumerate() {
        share += card.share;
        let end =
            if kind + 1 == KINDS.len() { count } else { (count as f64 * share / total) as usize };
        let own = end - before;
        before = end;
        // Large sets have longer campaigns as well as more; no campaign is most of its kind.
        let growth = (own as f64 / (20.0 * card.size)).sqrt().max(1.0);
        let largest = (own / 16).max(2);
        let mut sizes = Vec::new();
        let mut left = own;
        while left > 0 {
            let size = lognormal(&mut rng, card.size * growth, 0.8) as usize;
            let size = size.clamp(2, largest).min(left);
            sizes.push(size);
            left -= size;
        }
        let slot = SPAN / sizes.len().max(1) as i64;
        for (position, size) in sizes.into_iter().enumerate() {
            let start = position as i64 * slot + micros(rng.unit() * slot as f64 / 1e6);
            // More campaigns are hasty than careful.
            let care = tripline_core::math::pow(rng.unit(), 1.4);
            let plan = Plan { start, class: card.class, size, care };
            campaigns.push(Campaign { kind, plan });
        }
    }
    campaigns
}

impl Plan {
    fn ask(&self, at: i64, source: Host, target: Host, port: u16, service: Service) -> Ask {
        Ask { class: self.class, ..Ask::new(at, source, target, port, service) }
    }

    /// A pause in seconds: `hasty` without care, up to `careful` with all of it.
    fn pause(&self, hasty: f64, careful: f64) -> f64 {
        hasty * tripline_core::math::pow(careful / hasty, self.care)
    }
}

/// A workstation that was taken over, or a stranger.
fn attacker(scene: &Scene, rng: &mut Rng, inside: f64) -> Host {
    if chance(rng, inside) { scene.network.workstation(rng) } else { scene.network.stranger(rng) }
}

/// Calls to a controller at regular times with jitter.
fn beacon(scene: &Scene, rng: &mut Rng, plan: &Plan, flows: &mut Vec<Flow>) {
    let source = scene.network.workstation(rng);
    let target = scene.network.stranger(rng);
    let mut at = plan.start;
    let period = plan.pause(20.0, 900.0) * lognormal(rng, 1.0, 0.4);
    let jitter = between(rng, 0.0, 0.5);
    let plain = chance(rng, 0.3 * (1.0 - plan.care));
    let (port, service) = match (plain, chance(rng, 0.15)) {
        (true, _) => (80, Service::Http),
        (false, true) => (8443, Service::Unknown),
        (false, false) => (443, Service::Ssl),
    };
    // A tool's request is short and always the same; a careful one is padded as telemetry is.
    let sent = lognormal(rng, 500.0 + 900.0 * plan.care, 0.5);
    let received = lognormal(rng, 1200.0 + 3000.0 * plan.care, 0.5);
    for _ in 0..plan.size {
        let spread = 0.01 + 0.1 * plan.care;
        let task = if chance(rng, 0.04) { pareto(rng, 3000.0, 1.0) } else { 0.0 };
        let sizes =
            (sent * lognormal(rng, 1.0, spread), received * lognormal(rng, 1.0, spread) + task);
        let ask = plan.ask(at, source, target, port, service);
        if chance(rng, 0.03) {
            flows.push(failed(scene, rng, ask, false));
        } else {
            let think = lognormal(rng, 0.1, 1.0);
            flows.push(tcp(scene, rng, ask, sizes, if plain { 1.0 } else { 3.0 }, think));
        }
        at += micros(period * (1.0 + jitter * (2.0 * rng.unit() - 1.0)));
    }
}

/// Passwords guessed over SSH: one server in haste, or one try here and there.
fn guess_shell(scene: &Scene, rng: &mut Rng, plan: &Plan, flows: &mut Vec<Flow>) {
    let source = attacker(scene, rng, 0.4);
    let first = rng.next_u64() as u32 >> 8;
    let spray = plan.care > 0.6;
    let pause = plan.pause(0.4, 40.0);
    let mut at = plan.start;
    for step in 0..plan.size as u32 {
        let target = scene.network.server_at(if spray { first + step } else { first });
        let ask = plan.ask(at, source, target, 22, Service::Ssh);
        if chance(rng, 0.04) {
            flows.push(failed(scene, rng, ask, true));
        } else {
            let tries = whole(rng, 1, 3) as f64;
            flows.push(rejected_login(scene, rng, ask, tries));
        }
        at += micros(exponential(rng, pause));
    }
}

/// Passwords guessed at a web form or a remote desktop.
fn guess_form(scene: &Scene, rng: &mut Rng, plan: &Plan, flows: &mut Vec<Flow>) {
    let source = attacker(scene, rng, 0.2);
    let target = scene.network.application(rng);
    let desktop = chance(rng, 0.3);
    let pause = plan.pause(0.15, 15.0);
    let mut at = plan.start;
    let sent = lognormal(rng, 700.0, 0.15);
    let received = lognormal(rng, 2300.0, 0.3);
    for _ in 0..plan.size {
        if desktop {
            let ask = plan.ask(at, source, target, 3389, Service::Rdp);
            let sizes = (lognormal(rng, 2500.0, 0.15), lognormal(rng, 3000.0, 0.15));
            let think = lognormal(rng, 2.0, 0.5);
            flows.push(tcp(scene, rng, ask, sizes, 8.0, think));
        } else {
            let ask = plan.ask(at, source, target, 80, Service::Http);
            let sizes = (sent * lognormal(rng, 1.0, 0.03), received * lognormal(rng, 1.0, 0.05));
            let think = lognormal(rng, 0.12, 0.6);
            flows.push(tcp(scene, rng, ask, sizes, 1.0, think));
        }
        at += micros(exponential(rng, pause));
    }
}

/// More than a server can answer: half-open connections, datagrams, or honest requests.
fn flood(scene: &Scene, rng: &mut Rng, plan: &Plan, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let target = network.application(rng);
    let way = rng.index(3);
    let sources: Vec<Host> = (0..1 + poisson(rng, 20.0)).map(|_| network.stranger(rng)).collect();
    let pause = plan.pause(0.004, 0.25);
    let mut at = plan.start;
    for _ in 0..plan.size {
        let source = sources[rng.index(sources.len())];
        match way {
            0 => {
                let ask = plan.ask(at, source, target, 443, Service::Unknown);
                flows.push(failed(scene, rng, ask, false));
            }
            1 => {
                let port = if chance(rng, 0.5) { 53 } else { 123 };
                let service = if port == 53 { Service::Dns } else { Service::Ntp };
                let ask = plan.ask(at, source, target, port, service);
                let count = 1 + poisson(rng, 3.0);
                let size = lognormal(rng, 480.0, 0.5).min(1400.0);
                flows.push(datagrams(scene, rng, ask, (count, size), (0, 0.0), 0.01));
            }
            _ => {
                let ask = plan.ask(at, source, target, 80, Service::Http);
                // The busier the server, the more it leaves without an answer.
                if chance(rng, 0.25 * (1.0 - plan.care)) {
                    flows.push(failed(scene, rng, ask, false));
                } else {
                    let sizes = (lognormal(rng, 400.0, 0.3), lognormal(rng, 3200.0, 0.8));
                    let think = lognormal(rng, 0.5, 1.0);
                    flows.push(tcp(scene, rng, ask, sizes, 1.0, think));
                }
            }
        }
        at += micros(exponential(rng, pause));
    }
}

/// Connections that are kept open with hardly a byte, until no more fit in.
fn exhaust(scene: &Scene, rng: &mut Rng, plan: &Plan, flows: &mut Vec<Flow>) {
    let target = scene.network.application(rng);
    let source = scene.network.stranger(rng);
    let secure = chance(rng, 0.3 + 0.4 * plan.care);
    let (port, service) = if secure { (443, Service::Ssl) } else { (80, Service::Http) };
    let pause = plan.pause(0.5, 10.0);
    let mut at = plan.start;
    for _ in 0..plan.size {
        let ask = plan.ask(at, source, target, port, service);
        let turns = f64::from(3 + poisson(rng, 12.0 - 8.0 * plan.care));
        let hello = if secure { 900.0 } else { 0.0 };
        let sizes = (hello + 240.0 + turns * lognormal(rng, 30.0, 0.5), 3.5 * hello + 200.0);
        let think = turns * lognormal(rng, 9.0, 0.6);
        flows.push(tcp(scene, rng, ask, sizes, turns, think));
        at += micros(exponential(rng, pause));
    }
}

/// Data carried off, at once or in pieces.
fn carry_off(scene: &Scene, rng: &mut Rng, plan: &Plan, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let source = if chance(rng, 0.6) { network.workstation(rng) } else { network.server(rng) };
    let target = network.stranger(rng);
    let (port, service) = match rng.index(5) {
        0 => (21, Service::Ftp),
        1 => (22, Service::Ssh),
        _ => (443, Service::Ssl),
    };
    let piece = plan.pause(3e7, 1.5e5);
    let pause = plan.pause(20.0, 1800.0);
    let mut at = plan.start;
    for _ in 0..plan.size {
        if chance(rng, 0.3) {
            let mut query = name_query(scene, rng, at.rem_euclid(SPAN), source);
            query.class = plan.class;
            flows.push(query);
        }
        let ask = plan.ask(at, source, target, port, service);
        let sizes = (lognormal(rng, piece, 0.7), lognormal(rng, 9000.0, 0.7));
        let think = lognormal(rng, 2.0, 1.0);
        flows.push(tcp(scene, rng, ask, sizes, 4.0, think));
        at += micros(exponential(rng, pause));
    }
}

/// Data hidden in look-ups: names as long as they may be, one after the other.
fn tunnel(scene: &Scene, rng: &mut Rng, plan: &Plan, flows: &mut Vec<Flow>) {
    let source = scene.network.workstation(rng);
    let pause = plan.pause(0.2, 30.0);
    let length = 190.0 - 110.0 * plan.care;
    let mut at = plan.start;
    for _ in 0..plan.size {
        let ask = plan.ask(at, source, scene.network.resolver(), 53, Service::Dns);
        let sizes = (
            lognormal(rng, length, 0.15).min(255.0).round(),
            lognormal(rng, length + 60.0, 0.3).round(),
        );
        let seconds = lognormal(rng, 0.05, 0.6);
        flows.push(datagrams(scene, rng, ask, (1, sizes.0), (1, sizes.1), seconds));
        at += micros(exponential(rng, pause));
    }
}

/// One port at many hosts.
fn sweep(scene: &Scene, rng: &mut Rng, plan: &Plan, flows: &mut Vec<Flow>) {
    let source = attacker(scene, rng, 0.4);
    let first = rng.next_u64() as u32 >> 8;
    let port = [22, 23, 80, 443, 445, 3389, 6379][rng.index(7)];
    let pause = plan.pause(0.02, 45.0);
    let mut at = plan.start;
    for step in 0..plan.size as u32 {
        let target = scene.network.inside_at(first + step);
        probe(scene, rng, plan.ask(at, source, target, port, Service::Unknown), flows);
        at += micros(exponential(rng, pause));
    }
}

/// Many ports at one host.
fn try_ports(scene: &Scene, rng: &mut Rng, plan: &Plan, flows: &mut Vec<Flow>) {
    let source = attacker(scene, rng, 0.4);
    let target = scene.network.server(rng);
    let pause = plan.pause(0.02, 45.0);
    let common = [21, 22, 25, 80, 443, 445, 3389, 8080];
    let mut at = plan.start;
    for step in 0..plan.size {
        let port = match common.get(step) {
            Some(&port) => port,
            None => whole(rng, 1, 10_000) as u16,
        };
        probe(scene, rng, plan.ask(at, source, target, port, Service::Unknown), flows);
        at += micros(exponential(rng, pause));
    }
}
