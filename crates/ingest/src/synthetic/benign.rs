//! What the office does: sessions of people, routines of machines.

use tripline_core::Rng;

use super::clock::{SECOND, micros};
use super::draw::{between, chance, exponential, lognormal, pareto, poisson, whole};
use super::flow::{Ask, Flow, Service, datagrams, failed, tcp};
use super::network::Host;
use super::{BLOCK, Scene};

/// One kind of benign activity.
pub(super) struct Activity {
    /// Share of the benign flows, in relation to the others.
    share: f64,
    /// Appends the flows of one session.
    pub(super) session: fn(&Scene, &mut Rng, &mut Vec<Flow>),
}

/// All of them.
pub(super) const ACTIVITIES: &[Activity] = &[
    Activity { share: 40.0, session: browse },
    Activity { share: 9.0, session: look_up },
    Activity { share: 6.0, session: mail },
    Activity { share: 7.0, session: share_files },
    Activity { share: 3.0, session: shell },
    Activity { share: 3.0, session: log_in },
    Activity { share: 1.5, session: scheduled_logins },
    Activity { share: 3.0, session: time_service },
    Activity { share: 7.0, session: poll_servers },
    Activity { share: 6.0, session: telemetry },
    Activity { share: 1.5, session: back_up },
    Activity { share: 2.5, session: upload },
    Activity { share: 3.0, session: scan_own_network },
    Activity { share: 4.0, session: call_services },
    Activity { share: 1.5, session: test_load },
    Activity { share: 2.0, session: retry_dead_service },
    Activity { share: 3.0, session: talk },
    Activity { share: 1.5, session: stray },
];

/// The activity with the number of flows of each block of `count` flows.
pub(super) fn blocks(count: usize) -> Vec<(usize, usize)> {
    let total: f64 = ACTIVITIES.iter().map(|activity| activity.share).sum();
    let mut blocks = Vec::new();
    let mut share = 0.0;
    let mut before = 0;
    for (activity, card) in ACTIVITIES.iter().enumerate() {
        share += card.share;
        let end = if activity + 1 == ACTIVITIES.len() {
            count
        } else {
            (count as f64 * share / total) as usize
        };
        let mut left = end - before;
        before = end;
        while left > 0 {
            let size = left.min(BLOCK);
            blocks.push((activity, size));
            left -= size;
        }
    }
    blocks
}

/// A look-up of a name.
pub(super) fn name_query(scene: &Scene, rng: &mut Rng, at: i64, source: Host) -> Flow {
    let ask = Ask::new(at, source, scene.network.resolver(), 53, Service::Dns);
    let sizes = (lognormal(rng, 36.0, 0.18).round(), lognormal(rng, 110.0, 0.5).round());
    let retry = u32::from(chance(rng, 0.02));
    // Most answers come from the resolver's memory.
    let seconds = if chance(rng, 0.6) { 0.0005 } else { lognormal(rng, 0.03, 0.8) };
    datagrams(scene, rng, ask, (1 + retry, sizes.0), (1, sizes.1), seconds)
}

fn browse(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let source = network.workstation(rng);
    let mut at = scene.clock.office(rng);
    let pages = 1 + poisson(rng, 2.0);
    for _ in 0..pages {
        let sites = 1 + poisson(rng, 2.5);
        for _ in 0..sites {
            let target = network.site(rng);
            if chance(rng, 0.55) {
                flows.push(name_query(scene, rng, at, source));
            }
            let connections = 1 + poisson(rng, 1.0);
            for _ in 0..connections {
                let moment = at + micros(exponential(rng, 0.4));
                let plain = chance(rng, 0.18);
                let (port, service) = if plain { (80, Service::Http) } else { (443, Service::Ssl) };
                let ask = Ask::new(moment, source, target, port, service);
                if chance(rng, 0.02) {
                    let refused = chance(rng, 0.4);
                    flows.push(failed(scene, rng, ask, refused));
                    continue;
                }
                let turns = f64::from(1 + poisson(rng, if plain { 0.6 } else { 2.5 }));
                let hello = if plain { 0.0 } else { lognormal(rng, 900.0, 0.3) };
                let chain = if plain { 0.0 } else { lognormal(rng, 3800.0, 0.3) };
                let sent = hello + turns * lognormal(rng, 520.0, 0.6);
                let received = if chance(rng, 0.06) {
                    chain + pareto(rng, 150_000.0, 1.2)
                } else {
                    chain + turns * lognormal(rng, 6000.0, 1.5)
                };
                let think = if chance(rng, 0.5) { lognormal(rng, 6.0, 1.4) } else { 0.0 };
                flows.push(tcp(scene, rng, ask, (sent, received), turns, think));
            }
        }
        at += micros(lognormal(rng, 25.0, 1.0));
    }
}

fn look_up(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let source =
        if chance(rng, 0.7) { scene.network.workstation(rng) } else { scene.network.server(rng) };
    let at = scene.clock.office(rng);
    for _ in 0..1 + poisson(rng, 1.5) {
        let moment = at + micros(exponential(rng, 0.5));
        // Mail and anti-virus software ask for long names with long texts as answers.
        if chance(rng, 0.12) {
            let ask = Ask::new(moment, source, scene.network.resolver(), 53, Service::Dns);
            let sizes = (lognormal(rng, 75.0, 0.35), lognormal(rng, 240.0, 0.5));
            let seconds = lognormal(rng, 0.04, 0.8);
            flows.push(datagrams(scene, rng, ask, (1, sizes.0), (1, sizes.1), seconds));
        } else {
            flows.push(name_query(scene, rng, moment, source));
        }
    }
}

fn mail(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let at = scene.clock.office(rng);
    if chance(rng, 0.7) {
        let source = network.workstation(rng);
        let mut moment = at;
        for _ in 0..1 + poisson(rng, 3.0) {
            let ask = Ask::new(moment, source, network.mail(), 993, Service::Imap);
            let news = if chance(rng, 0.3) { pareto(rng, 8000.0, 1.1) } else { 0.0 };
            let sizes = (lognormal(rng, 1500.0, 0.3), lognormal(rng, 5200.0, 0.4) + news);
            let think = lognormal(rng, 1.0, 1.0);
            flows.push(tcp(scene, rng, ask, sizes, 6.0, think));
            moment += micros(300.0 * between(rng, 0.97, 1.03));
        }
    } else {
        let (source, target) = if chance(rng, 0.5) {
            (network.mail(), network.site(rng))
        } else {
            (network.site(rng), network.mail())
        };
        let ask = Ask::new(at, source, target, 25, Service::Smtp);
        let sizes = (900.0 + lognormal(rng, 12_000.0, 1.6), lognormal(rng, 1800.0, 0.3));
        let think = lognormal(rng, 0.6, 0.8);
        flows.push(tcp(scene, rng, ask, sizes, 7.0, think));
    }
}

fn share_files(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let source = network.workstation(rng);
    let at = scene.clock.office(rng);
    let ask = Ask::new(at, source, network.files(), 445, Service::Smb);
    let (sent, received) = if chance(rng, 0.3) {
        (pareto(rng, 20_000.0, 0.9), lognormal(rng, 4000.0, 0.8))
    } else {
        (lognormal(rng, 4000.0, 0.8), pareto(rng, 20_000.0, 0.9))
    };
    let turns = f64::from(4 + poisson(rng, 10.0));
    let think = lognormal(rng, 20.0, 1.5);
    flows.push(tcp(scene, rng, ask, (sent, received), turns, think));
}

/// One failed attempt at a password, as brute force makes them by the hundred.
pub(super) fn rejected_login(scene: &Scene, rng: &mut Rng, ask: Ask, tries: f64) -> Flow {
    let sizes = (1900.0 + tries * lognormal(rng, 140.0, 0.1), 2500.0 + tries * 90.0);
    // The server waits about two seconds after a wrong password.
    let think = tries * between(rng, 1.6, 2.6);
    tcp(scene, rng, ask, sizes, 7.0 + 2.0 * tries, think)
}

fn shell(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let source = if chance(rng, 0.4) { network.jump() } else { network.workstation(rng) };
    let target = network.server(rng);
    let mut at = scene.clock.office(rng);
    let mistakes = if chance(rng, 0.3) { 1 + poisson(rng, 0.9) } else { 0 };
    for _ in 0..mistakes {
        let ask = Ask::new(at, source, target, 22, Service::Ssh);
        let tries = whole(rng, 1, 3) as f64;
        flows.push(rejected_login(scene, rng, ask, tries));
        at += micros(lognormal(rng, 6.0, 0.6));
    }
    let ask = Ask::new(at, source, target, 22, Service::Ssh);
    let keys = lognormal(rng, 150.0, 1.2);
    let think = keys * between(rng, 0.5, 3.0);
    let sizes = (3000.0 + keys * 60.0, 3500.0 + keys * lognormal(rng, 260.0, 0.8));
    flows.push(tcp(scene, rng, ask, sizes, keys.ceil(), think));
}

/// People at a web form or a remote desktop: some mistype, some forgot.
fn log_in(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let source = if chance(rng, 0.7) { network.workstation(rng) } else { network.site(rng) };
    let target = network.application(rng);
    let mut at = scene.clock.office(rng);
    let desktop = chance(rng, 0.25);
    for _ in 0..1 + poisson(rng, 1.1) {
        if desktop {
            let ask = Ask::new(at, source, target, 3389, Service::Rdp);
            let sizes = (lognormal(rng, 2600.0, 0.25), lognormal(rng, 3200.0, 0.25));
            let think = lognormal(rng, 2.5, 0.7);
            flows.push(tcp(scene, rng, ask, sizes, 8.0, think));
        } else {
            let ask = Ask::new(at, source, target, 80, Service::Http);
            let sizes = (lognormal(rng, 720.0, 0.2), lognormal(rng, 2400.0, 0.4));
            let think = lognormal(rng, 0.15, 0.8);
            flows.push(tcp(scene, rng, ask, sizes, 1.0, think));
        }
        at += micros(lognormal(rng, 9.0, 0.8));
    }
    if desktop && chance(rng, 0.7) {
        let ask = Ask::new(at, source, target, 3389, Service::Rdp);
        let sizes = (lognormal(rng, 4e5, 1.2), lognormal(rng, 5e6, 1.4));
        let think = lognormal(rng, 1200.0, 1.0);
        flows.push(tcp(scene, rng, ask, sizes, 300.0, think));
    }
}

/// A machine that logs in to one server after the other, to run one command each.
fn scheduled_logins(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let mut at = scene.clock.any(rng);
    let first = rng.below(u64::from(network.servers())) as u32;
    let pause = lognormal(rng, 2.0, 1.0);
    for step in 0..6 + poisson(rng, 20.0) {
        let ask = Ask::new(at, network.jump(), network.server_at(first + step), 22, Service::Ssh);
        if chance(rng, 0.12) {
            // Its key is not known there.
            flows.push(rejected_login(scene, rng, ask, 1.0));
        } else {
            let sizes = (lognormal(rng, 4200.0, 0.4), lognormal(rng, 4800.0, 0.6));
            let think = lognormal(rng, 1.2, 0.7);
            flows.push(tcp(scene, rng, ask, sizes, 9.0, think));
        }
        at += micros(exponential(rng, pause));
    }
}

fn time_service(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let source = if chance(rng, 0.8) { network.workstation(rng) } else { network.server(rng) };
    let target = network.site(rng);
    let mut at = scene.clock.any(rng);
    for _ in 0..3 + poisson(rng, 5.0) {
        let ask = Ask::new(at, source, target, 123, Service::Ntp);
        flows.push(datagrams(scene, rng, ask, (1, 48.0), (1, 48.0), 0.0));
        at += 1024 * SECOND + micros(exponential(rng, 2.0));
    }
}

fn poll_servers(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let mut at = scene.clock.any(rng);
    let period = [60.0, 120.0, 300.0][rng.index(3)];
    let first = rng.below(u64::from(network.servers())) as u32;
    let watched = 3 + poisson(rng, 5.0);
    for _ in 0..2 + poisson(rng, 4.0) {
        for step in 0..watched {
            let target = network.server_at(first + step);
            let moment = at + micros(f64::from(step) * 0.05 + exponential(rng, 0.2));
            match step % 3 {
                0 => {
                    let ask = Ask::new(moment, network.monitor(), target, 0, Service::Unknown);
                    flows.push(datagrams(scene, rng, ask, (1, 56.0), (1, 56.0), 0.0));
                }
                1 => {
                    let ask = Ask::new(moment, network.monitor(), target, 161, Service::Snmp);
                    let sizes = (lognormal(rng, 90.0, 0.3), lognormal(rng, 180.0, 0.5));
                    flows.push(datagrams(scene, rng, ask, (3, sizes.0), (3, sizes.1), 0.004));
                }
                _ => {
                    let ask = Ask::new(moment, network.monitor(), target, 80, Service::Http);
                    let sizes = (lognormal(rng, 240.0, 0.1), lognormal(rng, 640.0, 0.4));
                    let think = lognormal(rng, 0.01, 0.7);
                    flows.push(tcp(scene, rng, ask, sizes, 1.0, think));
                }
            }
        }
        at += micros(period * between(rng, 0.98, 1.02));
    }
}

/// Software that calls its maker at regular times.
fn telemetry(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let source = network.workstation(rng);
    let target = network.site(rng);
    let mut at = scene.clock.office(rng);
    let period = lognormal(rng, 240.0, 0.9);
    let jitter = between(rng, 0.01, 0.3);
    let sent = lognormal(rng, 1500.0, 0.6);
    let received = lognormal(rng, 4600.0, 0.4);
    for _ in 0..4 + poisson(rng, 16.0) {
        let ask = Ask::new(at, source, target, 443, Service::Ssl);
        let sizes = (sent * lognormal(rng, 1.0, 0.12), received * lognormal(rng, 1.0, 0.08));
        let think = lognormal(rng, 0.1, 1.0);
        flows.push(tcp(scene, rng, ask, sizes, 3.0, think));
        at += micros(period * (1.0 + jitter * (2.0 * rng.unit() - 1.0)));
    }
}

fn back_up(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let mut at = scene.clock.night(rng);
    let away = chance(rng, 0.3);
    let target = if away { network.site(rng) } else { network.backup() };
    for _ in 0..1 + poisson(rng, 3.0) {
        let source = network.server(rng);
        let (port, service) = if away { (443, Service::Ssl) } else { (22, Service::Ssh) };
        let ask = Ask::new(at, source, target, port, service);
        let sizes = (lognormal(rng, 2e7, 1.6), lognormal(rng, 40_000.0, 0.8));
        let think = lognormal(rng, 5.0, 1.0);
        flows.push(tcp(scene, rng, ask, sizes, 10.0, think));
        at += micros(lognormal(rng, 200.0, 0.8));
    }
}

/// Files sent to a cloud: photos, attachments, whole folders.
fn upload(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let source = network.workstation(rng);
    let target = network.site(rng);
    let mut at = scene.clock.office(rng);
    for _ in 0..1 + poisson(rng, 2.0) {
        let ask = Ask::new(at, source, target, 443, Service::Ssl);
        let sizes = (pareto(rng, 60_000.0, 0.75), lognormal(rng, 9000.0, 0.9));
        let think = lognormal(rng, 2.0, 1.2);
        flows.push(tcp(scene, rng, ask, sizes, 4.0, think));
        at += micros(lognormal(rng, 30.0, 1.2));
    }
}

/// The team's own vulnerability scanner.
fn scan_own_network(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let mut at = scene.clock.any(rng);
    let pause = lognormal(rng, 0.6, 1.2);
    let first = rng.next_u64() as u32 >> 8;
    let sweep = chance(rng, 0.5);
    let port = [22, 80, 443, 445, 3389, 8080][rng.index(6)];
    for step in 0..20 + poisson(rng, 60.0) {
        let (target, port) = if sweep {
            (network.inside_at(first + step), port)
        } else {
            (network.inside_at(first), 1 + ((first + 37 * step) % 10_000) as u16)
        };
        probe(scene, rng, Ask::new(at, network.scanner(), target, port, Service::Unknown), flows);
        at += micros(exponential(rng, pause));
    }
}

/// One probe of a port: most are refused or dropped, some find a service and read its banner.
pub(super) fn probe(scene: &Scene, rng: &mut Rng, ask: Ask, flows: &mut Vec<Flow>) {
    let open = match ask.port {
        22 | 80 | 443 | 445 => 0.35,
        3389 | 8080 | 25 | 21 => 0.12,
        _ => 0.02,
    };
    if chance(rng, open) {
        let service = match ask.port {
            21 => Service::Ftp,
            22 => Service::Ssh,
            25 => Service::Smtp,
            80 | 8080 => Service::Http,
            443 => Service::Ssl,
            445 => Service::Smb,
            3389 => Service::Rdp,
            _ => Service::Unknown,
        };
        let sizes = (lognormal(rng, 180.0, 0.9), lognormal(rng, 420.0, 1.1));
        let think = lognormal(rng, 0.05, 1.2);
        flows.push(tcp(scene, rng, Ask { service, ..ask }, sizes, 1.0, think));
    } else {
        let refused = chance(rng, 0.6);
        flows.push(failed(scene, rng, ask, refused));
    }
}

/// Applications that call each other.
fn call_services(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let (source, target) = (network.application(rng), network.application(rng));
    let mut at = scene.clock.office(rng);
    let port = [80, 443, 5432, 6379, 8080][rng.index(5)];
    let service = match port {
        80 | 8080 => Service::Http,
        443 => Service::Ssl,
        _ => Service::Unknown,
    };
    let pause = lognormal(rng, 1.5, 1.0);
    for _ in 0..5 + poisson(rng, 15.0) {
        let ask = Ask::new(at, source, target, port, service);
        let sizes = (lognormal(rng, 700.0, 0.8), lognormal(rng, 2500.0, 1.2));
        let think = lognormal(rng, 0.03, 1.0);
        flows.push(tcp(scene, rng, ask, sizes, 1.0, think));
        at += micros(exponential(rng, pause));
    }
}

/// A test of what a server bears, or visitors after a newsletter.
fn test_load(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let target = network.application(rng);
    let crowd = chance(rng, 0.5);
    let tester = network.workstation(rng);
    let mut at = scene.clock.office(rng);
    let pause = lognormal(rng, 0.05, 0.8);
    for _ in 0..60 + poisson(rng, 150.0) {
        let source = if crowd { network.site(rng) } else { tester };
        let ask = Ask::new(at, source, target, 80, Service::Http);
        if chance(rng, 0.08) {
            flows.push(failed(scene, rng, ask, false));
        } else {
            let sizes = (lognormal(rng, 420.0, 0.4), lognormal(rng, 3500.0, 1.0));
            let think = lognormal(rng, 0.2, 1.0);
            flows.push(tcp(scene, rng, ask, sizes, 1.0, think));
        }
        at += micros(exponential(rng, pause));
    }
}

/// Software whose server is gone, or moved.
fn retry_dead_service(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let source = if chance(rng, 0.6) { network.workstation(rng) } else { network.server(rng) };
    let target = if chance(rng, 0.5) { network.server(rng) } else { network.site(rng) };
    let port = [80, 443, 445, 1433, 5432, 8443, 9100][rng.index(7)];
    let refused = chance(rng, 0.5);
    let mut pause = lognormal(rng, 1.0, 1.0);
    let mut at = scene.clock.any(rng);
    for _ in 0..5 + poisson(rng, 12.0) {
        flows.push(failed(
            scene,
            rng,
            Ask::new(at, source, target, port, Service::Unknown),
            refused,
        ));
        at += micros(pause * between(rng, 0.9, 1.1));
        pause = (pause * 1.3).min(60.0);
    }
}

/// Calls and videos.
fn talk(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let source = network.workstation(rng);
    let at = scene.clock.office(rng);
    let port = if chance(rng, 0.5) { 443 } else { whole(rng, 10_000, 60_000) as u16 };
    let ask = Ask::new(at, source, network.site(rng), port, Service::Unknown);
    let seconds = lognormal(rng, 60.0, 1.8).min(7200.0);
    let packets = (seconds * between(rng, 2.0, 50.0)).max(2.0);
    let back = (packets * between(rng, 0.5, 4.0)).max(1.0);
    let sizes = (lognormal(rng, 180.0, 0.6).min(1400.0), lognormal(rng, 700.0, 0.5).min(1400.0));
    let there = (packets as u32, sizes.0);
    flows.push(datagrams(scene, rng, ask, there, (back as u32, sizes.1), seconds));
}

/// What no one planned: late answers, old settings, noise of the internet at the gate.
fn stray(scene: &Scene, rng: &mut Rng, flows: &mut Vec<Flow>) {
    let network = &scene.network;
    let at = scene.clock.any(rng);
    let port = whole(rng, 1, 65_535) as u16;
    if chance(rng, 0.5) {
        let source = network.stranger(rng);
        let target = if chance(rng, 0.5) { network.proxy() } else { network.server(rng) };
        let common = [22, 23, 80, 443, 445, 3389, 8080];
        let port = if chance(rng, 0.7) { common[rng.index(7)] } else { port };
        probe(scene, rng, Ask::new(at, source, target, port, Service::Unknown), flows);
    } else {
        let (source, target) = (network.workstation(rng), network.server(rng));
        let ask = Ask::new(at, source, target, port, Service::Unknown);
        let count = 1 + poisson(rng, 1.0);
        let size = lognormal(rng, 120.0, 0.8);
        flows.push(datagrams(scene, rng, ask, (count, size), (0, 0.0), 1.0));
    }
}
