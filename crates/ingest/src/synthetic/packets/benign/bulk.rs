//! Much data on its way out for good reasons: uploads and backups, as exfiltration looks.

use super::super::super::draw::{chance, lognormal, pareto, whole};
use super::super::agent::Turn;
use super::super::app::{ssh, tls};
use super::super::conversation::{CLIENT, Category, SERVER};
use super::super::message::Message;
use super::super::tcp::Closing;

/// Pictures, recordings, documents to a service outside.
pub(super) fn upload(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let site = turn.scene.site(turn.rng);
    let known = turn.look_up(client, site, 0.0);
    let host = turn.scene.name(site);
    for _ in 0..whole(turn.rng, 1, 2) {
        let mut tcp = turn.tcp(client, site, 443, known);
        tcp.open();
        let client =
            if chance(turn.rng, 0.7) { tls::browser(turn.rng) } else { tls::program(turn.rng) };
        tls::handshake(&mut tcp, client, Some(&host), chance(turn.rng, 0.2));
        tls::exchange(&mut tcp, 1e-3, 600, 0.05, 700);
        for _ in 0..whole(turn.rng, 1, 4) {
            let bytes = pareto(turn.rng, 25_000.0, 0.9).min(700_000.0) as usize;
            let pause = lognormal(turn.rng, 0.5, 1.3).min(30.0);
            tls::exchange(&mut tcp, pause, bytes, 0.1, 300);
        }
        tls::goodbye(&mut tcp, CLIENT, 0.1);
        super::web::end(turn, &mut tcp);
        turn.add(tcp, Category::Normal);
    }
}

/// A piece of a backup to a place outside, or inside over a shell.
pub(super) fn backup(turn: &mut Turn<'_>) {
    let bytes = lognormal(turn.rng, 300_000.0, 0.8).min(2_500_000.0) as usize;
    if chance(turn.rng, 0.5) {
        let (client, site) = (turn.scene.backup(), turn.scene.site(turn.rng));
        let host = turn.scene.name(site);
        let mut tcp = turn.tcp(client, site, 443, 0.0);
        tcp.open();
        tls::handshake(&mut tcp, tls::program(turn.rng), Some(&host), false);
        tls::exchange(&mut tcp, 1e-3, bytes, 0.2, 400);
        tcp.close(0.01, Closing::Fin(CLIENT));
        turn.add(tcp, Category::Normal);
    } else {
        let client = turn.scene.server_at(turn.rng.index(500));
        let server = turn.scene.backup();
        if client == server {
            return;
        }
        let mut tcp = turn.tcp(client, server, 22, 0.0);
        tcp.open();
        ssh::begin(&mut tcp, ssh::CLIENTS[0]);
        ssh::key(&mut tcp);
        ssh::session(&mut tcp);
        tcp.say(CLIENT, 0.05, Message::random(turn.rng.next_u64(), bytes));
        ssh::encrypted(&mut tcp, SERVER, 0.05, 68);
        tcp.close(0.01, Closing::Fin(CLIENT));
        turn.add(tcp, Category::Normal);
    }
}
