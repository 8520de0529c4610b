//! What goes wrong without an attack: wrong passwords, dead services, too much load.

use super::super::super::draw::{between, chance, exponential, lognormal, whole};
use super::super::agent::Turn;
use super::super::app::{ftp, http, ssh, tls};
use super::super::conversation::{CLIENT, Category, SERVER};
use super::super::message::Filling;
use super::super::tcp::Closing;

/// A person logs in on a page, not always at once.
pub(super) fn form(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let server = turn.scene.application(turn.rng);
    let host = turn.scene.name(server);
    let agent = http::browser(turn.rng);
    let known = turn.look_up(client, server, 0.0);
    let mut tcp = turn.tcp(client, server, 80, known);
    tcp.open();
    let wrong = turn.rng.below(4);
    for attempt in 0..=wrong {
        let body = 40 + turn.rng.index(60);
        let request = http::Request { method: "POST", body, ..http::get(&host, "/login", agent) };
        let message = http::request(turn.rng, &request);
        tcp.say(CLIENT, lognormal(turn.rng, 5.0, 0.6), message);
        let status = if attempt == wrong { 302 } else { 401 };
        let message = http::response(turn.rng, status, 800, Filling::Text);
        tcp.say(SERVER, lognormal(turn.rng, 0.15, 0.5), message);
    }
    tcp.close(5.0, Closing::Fin(if chance(turn.rng, 0.5) { SERVER } else { CLIENT }));
    turn.add(tcp, Category::Normal);
}

/// A program whose password has expired asks again and again.
pub(super) fn expired(turn: &mut Turn<'_>) {
    let client = turn.scene.server_at(turn.rng.index(500));
    let server = turn.scene.application(turn.rng);
    if client == server {
        return;
    }
    let host = turn.scene.name(server);
    let agent = http::program(turn.rng);
    let secure = chance(turn.rng, 0.5);
    let every = lognormal(turn.rng, 2.0, 1.0);
    let mut after = 0.0;
    for _ in 0..whole(turn.rng, 4, 25) {
        let mut tcp = turn.tcp(client, server, if secure { 443 } else { 8080 }, after);
        tcp.open();
        if secure {
            tls::handshake(&mut tcp, tls::program(turn.rng), Some(&host), false);
            let up = 300 + turn.rng.index(200);
            tls::exchange(&mut tcp, 1e-3, up, 0.08, 350);
        } else {
            let body = 60 + turn.rng.index(30);
            let request =
                http::Request { method: "POST", body, ..http::get(&host, "/api/token", agent) };
            let message = http::request(turn.rng, &request);
            tcp.say(CLIENT, 5e-4, message);
            let message = http::response(turn.rng, 401, 120, Filling::Text);
            tcp.say(SERVER, lognormal(turn.rng, 0.08, 0.4), message);
        }
        tcp.close(1e-3, Closing::Fin(CLIENT));
        turn.add(tcp, Category::Normal);
        after += every * between(turn.rng, 0.9, 1.1);
    }
}

/// A forgotten password over a shell or FTP: a few connections, each with some guesses.
pub(super) fn wrong_password(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let server = turn.scene.server_at(turn.rng.index(500));
    let over_ftp = chance(turn.rng, 0.3);
    let mut after = 0.0;
    for _ in 0..whole(turn.rng, 1, 4) {
        let mut tcp = turn.tcp(client, server, if over_ftp { 21 } else { 22 }, after);
        tcp.open();
        let guesses = whole(turn.rng, 1, 3);
        if over_ftp {
            ftp::greeting(&mut tcp);
        } else {
            let all = ssh::CLIENTS;
            ssh::begin(&mut tcp, all[turn.rng.index(all.len())]);
        }
        for _ in 0..guesses {
            let pause = lognormal(turn.rng, 3.0, 0.7);
            let think = between(turn.rng, 0.5, 2.8);
            if over_ftp {
                ftp::login(&mut tcp, pause, think, false);
            } else {
                ssh::password(&mut tcp, pause, think, false);
            }
        }
        tcp.close(0.01, Closing::Fin(if chance(turn.rng, 0.6) { CLIENT } else { SERVER }));
        turn.add(tcp, Category::Normal);
        after += lognormal(turn.rng, 12.0, 0.6);
    }
}

/// A connection that does not come about: no answer, refused, or lost a race between addresses
/// (RFC 8305).
pub(super) fn no_connection(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let inside = chance(turn.rng, 0.4);
    let server = if inside { turn.scene.application(turn.rng) } else { turn.scene.site(turn.rng) };
    let port = [443, 80, 8080, 445, 993, 5228, 22][turn.rng.index(7)];
    let mut after = 0.0;
    for _ in 0..whole(turn.rng, 1, 4) {
        let mut tcp = turn.tcp(client, server, port, after);
        match turn.rng.index(5) {
            0 | 1 => tcp.unanswered(1 + turn.rng.below(5) as u32),
            2 => tcp.refused(1 + turn.rng.below(3) as u32),
            3 => tcp.rejected_by_client(),
            _ => {
                tcp.open();
                tcp.close(1e-3, Closing::Reset(CLIENT));
            }
        }
        turn.add(tcp, Category::Normal);
        after += exponential(turn.rng, 0.6);
    }
}

/// Clients that try to reach a service that is down.
pub(super) fn dead_service(turn: &mut Turn<'_>) {
    let server = turn.scene.application(turn.rng);
    let refuses = chance(turn.rng, 0.5);
    let port = [5432, 8080, 443, 6379][turn.rng.index(4)];
    let every = lognormal(turn.rng, 0.15, 1.2);
    let mut after = 0.0;
    for _ in 0..whole(turn.rng, 15, 60) {
        let client = turn.scene.server_at(turn.rng.index(500));
        if client != server {
            let mut tcp = turn.tcp(client, server, port, after);
            if refuses {
                tcp.refused(1);
            } else {
                tcp.unanswered(1 + turn.rng.below(3) as u32);
            }
            turn.add(tcp, Category::Normal);
        }
        after += exponential(turn.rng, every);
    }
}

/// A test of a server under load: many short connections.
pub(super) fn load_test(turn: &mut Turn<'_>) {
    let client = turn.scene.jump();
    let server =
        if chance(turn.rng, 0.5) { turn.scene.web() } else { turn.scene.application(turn.rng) };
    if client == server {
        return;
    }
    let host = turn.scene.name(server);
    let agent = http::program(turn.rng);
    let every = lognormal(turn.rng, 0.02, 0.8);
    let mut after = 0.0;
    for _ in 0..whole(turn.rng, 20, 80) {
        let mut tcp = turn.tcp(client, server, 80, after);
        tcp.open();
        let message = http::request(turn.rng, &http::get(&host, "/", agent));
        tcp.say(CLIENT, 1e-4, message);
        let status = if chance(turn.rng, 0.93) { 200 } else { 503 };
        let message = http::response(turn.rng, status, 1200, Filling::Text);
        tcp.say(SERVER, lognormal(turn.rng, 0.01, 0.8), message);
        tcp.close(1e-4, Closing::Fin(CLIENT));
        turn.add(tcp, Category::Normal);
        after += exponential(turn.rng, every);
    }
}
