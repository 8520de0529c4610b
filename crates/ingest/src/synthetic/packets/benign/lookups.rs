//! Look-ups of names beyond those of pages.

use super::super::super::draw::{chance, exponential, lognormal, whole};
use super::super::agent::Turn;
use super::super::app::dns;
use super::super::conversation::Category;
use super::super::names;

/// A program asks for a few names of any type; some are not there.
pub(super) fn names(turn: &mut Turn<'_>) {
    let client = if chance(turn.rng, 0.6) {
        turn.scene.workstation(turn.rng)
    } else {
        turn.scene.server_at(turn.rng.index(500))
    };
    let mut after = 0.0;
    for _ in 0..whole(turn.rng, 1, 6) {
        let site = turn.scene.site(turn.rng);
        let address = turn.scene.machine(site).v4;
        let known = turn.scene.name(site);
        let (name, kind) = match turn.rng.index(12) {
            0..=5 => (known, dns::A),
            6 => (format!("{}.113.0.203.in-addr.arpa", turn.rng.below(255)), dns::PTR),
            7 => (format!("_spf.{known}"), dns::TXT),
            8 => (known, dns::MX),
            9 => ("_ldap._tcp.dc._msdcs.office.test".to_owned(), dns::SRV),
            10 => (format!("{}.office.test", names::word(turn.rng)), dns::A),
            _ => (names::host(turn.rng), dns::A),
        };
        let mut answer = dns::usual(turn.rng, &name, kind, address);
        if chance(turn.rng, 0.12) {
            answer =
                dns::Answer { code: if chance(turn.rng, 0.8) { 3 } else { 2 }, records: vec![] };
        }
        let think = lognormal(turn.rng, 0.005, 1.5);
        turn.ask(client, &name, kind, &answer, after, think, Category::Normal);
        after += exponential(turn.rng, 0.4);
    }
}

/// A mail gateway or a virus scanner asks whether hashes and addresses are known: long names of
/// chance under one zone, most of them not there. Some tools carry their own reports so.
pub(super) fn reputation(turn: &mut Turn<'_>) {
    let mail = chance(turn.rng, 0.4);
    let client = if mail { turn.scene.mail() } else { turn.scene.workstation(turn.rng) };
    let zone = format!("{}.{}.example", names::word(turn.rng), names::word(turn.rng));
    let mut after = 0.0;
    let digits = 24 + turn.rng.index(36);
    for _ in 0..whole(turn.rng, 2, 25) {
        let (name, kind) = if mail {
            let part = |turn: &mut Turn<'_>| turn.rng.below(256);
            let reversed = [0; 4].map(|_| part(turn).to_string()).join(".");
            (format!("{reversed}.{zone}"), if chance(turn.rng, 0.3) { dns::TXT } else { dns::A })
        } else {
            let hash = names::base32(turn.rng, digits);
            let kind = if chance(turn.rng, 0.4) { dns::TXT } else { dns::A };
            (format!("{}.{hash}.{zone}", turn.rng.below(10)), kind)
        };
        let known = chance(turn.rng, if mail { 0.2 } else { 0.7 });
        let records = match (known, kind) {
            (false, _) => Vec::new(),
            (true, dns::TXT) => {
                let characters = 20 + turn.rng.index(160);
                vec![(dns::TXT, 60, dns::text_data(names::base32(turn.rng, characters).as_bytes()))]
            }
            (true, _) => vec![(dns::A, 300, vec![127, 0, 0, 2])],
        };
        let answer = dns::Answer { code: if known { 0 } else { 3 }, records };
        let think = lognormal(turn.rng, 0.03, 0.8);
        turn.ask(client, &name, kind, &answer, after, think, Category::Normal);
        after += lognormal(turn.rng, 0.4, 1.3);
    }
}
