//! Scans for good reasons: routes, inventories.

use super::super::super::draw::{between, chance, lognormal, whole};
use super::super::agent::Turn;
use super::super::conversation::{CLIENT, Category, SERVER};
use super::super::message::Message;
use super::super::tcp::Closing;

/// Ports that an inventory looks at.
const PORTS: [u16; 16] =
    [21, 22, 23, 25, 53, 80, 110, 135, 139, 143, 443, 445, 3306, 3389, 5432, 8080];

/// A route is traced with datagrams to high ports; the last host says that nobody listens.
pub(super) fn route(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let site = turn.scene.site(turn.rng);
    let mut after = 0.0;
    for place in 0..whole(turn.rng, 6, 20) as u16 {
        let mut link = turn.scene.link(turn.rng, client, site, 33_434 + place);
        link.ends[CLIENT].ttl = 1 + (place / 3).min(30) as u8;
        let at = turn.at + super::super::conversation::nanos(after);
        let mut udp = super::super::datagrams::Datagrams::new(turn.rng, link, at);
        udp.say(CLIENT, 0.0, Message::new(vec![0x40; 32]));
        if place > 12 {
            udp.unreachable(32);
        }
        turn.push(udp.conversation(Category::Normal));
        after += between(turn.rng, 0.05, 0.2);
    }
}

/// The office's own scanner looks which services there are.
pub(super) fn inventory(turn: &mut Turn<'_>) {
    let scanner = turn.scene.scanner();
    let first = turn.rng.index(1000);
    let raw = chance(turn.rng, 0.5);
    let every = lognormal(turn.rng, 0.08, 0.9);
    let mut after = 0.0;
    let hosts = whole(turn.rng, 1, 4) as usize;
    for host in 0..hosts {
        let target = turn.scene.server_at(first + host);
        if target == scanner {
            continue;
        }
        for &port in &PORTS[..whole(turn.rng, 4, 16) as usize] {
            let mut tcp = turn.tcp(scanner, target, port, after);
            match turn.rng.index(10) {
                0..=5 => tcp.refused(1),
                6 | 7 => tcp.unanswered(if raw { 1 } else { 2 }),
                _ if raw => tcp.rejected_by_client(),
                _ => {
                    tcp.open();
                    if port < 200 && chance(turn.rng, 0.5) {
                        tcp.say(SERVER, 0.01, Message::new("220 service ready\r\n"));
                    }
                    tcp.close(0.01, Closing::Fin(CLIENT));
                }
            }
            turn.add(tcp, Category::Normal);
            after += every * between(turn.rng, 0.5, 1.5);
        }
    }
}
