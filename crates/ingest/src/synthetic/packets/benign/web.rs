//! People on the web.

use super::super::super::draw::{between, chance, exponential, lognormal, pareto, whole};
use super::super::agent::Turn;
use super::super::app::{http, plain, tls};
use super::super::conversation::{CLIENT, Category, SERVER};
use super::super::host::Host;
use super::super::message::Filling;
use super::super::names;
use super::super::tcp::{Closing, Tcp};

/// A page: look-ups, then several connections with TLS, some over QUIC.
pub(super) fn page(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let mut after = 0.0;
    for _ in 0..whole(turn.rng, 1, 4) {
        let site = turn.scene.site(turn.rng);
        let known = turn.look_up(client, site, after);
        if chance(turn.rng, 0.15) {
            quic(turn, client, site, known);
        } else {
            let connections = if chance(turn.rng, 0.2) { 2 } else { 1 };
            for _ in 0..connections {
                secure(turn, client, site, known);
            }
        }
        after = known + exponential(turn.rng, 0.15);
    }
}

/// A page without TLS.
pub(super) fn plain_page(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let inside = chance(turn.rng, 0.4);
    let site = if inside { turn.scene.application(turn.rng) } else { turn.scene.site(turn.rng) };
    let known = turn.look_up(client, site, 0.0);
    let agent =
        if chance(turn.rng, 0.7) { http::browser(turn.rng) } else { http::program(turn.rng) };
    let host = turn.scene.name(site);
    let port = if inside && chance(turn.rng, 0.5) { 8080 } else { 80 };
    let mut tcp = turn.tcp(client, site, port, known);
    tcp.open();
    let requests = 1 + exponential(turn.rng, 2.0) as usize;
    for place in 0..requests.min(20) {
        let path = names::path(turn.rng);
        let mut request = http::get(&host, &path, agent);
        match turn.rng.index(12) {
            0 => {
                (request.method, request.body) = ("POST", lognormal(turn.rng, 300.0, 1.0) as usize)
            }
            1 => request.method = "HEAD",
            2 => request.method = "OPTIONS",
            _ => {}
        }
        let pause = if place == 0 { 3e-4 } else { lognormal(turn.rng, 0.3, 1.5) };
        let message = http::request(turn.rng, &request);
        tcp.say(CLIENT, pause, message);
        let (status, body, filling) = http::usual(turn.rng);
        let body = if request.method == "HEAD" { 0 } else { body };
        let message = http::response(turn.rng, status, body, filling);
        tcp.say(SERVER, lognormal(turn.rng, 0.02, 1.2), message);
    }
    end(turn, &mut tcp);
    turn.add(tcp, Category::Normal);
}

/// A page through the office's proxy (RFC 9110, section 9.3.6).
pub(super) fn through_proxy(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let site = turn.scene.site(turn.rng);
    let (proxy, host) = (turn.scene.proxy(), turn.scene.name(site));
    let mut tcp = turn.tcp(client, proxy, 3128, 0.0);
    tcp.open();
    let agent = http::browser(turn.rng);
    let target = format!("{host}:443");
    let request = http::Request { method: "CONNECT", ..http::get(&target, &target, agent) };
    let message = http::request(turn.rng, &request);
    tcp.say(CLIENT, 3e-4, message);
    if chance(turn.rng, 0.08) {
        let message = http::response(turn.rng, 403, 900, Filling::Text);
        tcp.say(SERVER, 0.003, message);
    } else {
        let established = b"HTTP/1.1 200 Connection established\r\n\r\n".to_vec();
        tcp.say(SERVER, 0.06, super::super::message::Message::new(established));
        tls::handshake(&mut tcp, tls::browser(turn.rng), Some(&host), chance(turn.rng, 0.2));
        requests(turn, &mut tcp);
    }
    end(turn, &mut tcp);
    turn.add(tcp, Category::Normal);
}

/// Music or pictures that move: pieces at regular times.
pub(super) fn stream(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let site = turn.scene.site(turn.rng);
    let known = turn.look_up(client, site, 0.0);
    let host = turn.scene.name(site);
    let mut tcp = turn.tcp(client, site, 443, known);
    tcp.open();
    tls::handshake(&mut tcp, tls::browser(turn.rng), Some(&host), false);
    let piece = lognormal(turn.rng, 40_000.0, 0.6);
    let every = between(turn.rng, 2.0, 10.0);
    for _ in 0..whole(turn.rng, 2, 8) {
        let up = lognormal(turn.rng, 500.0, 0.2) as usize;
        let down = (piece * lognormal(turn.rng, 1.0, 0.2)).min(300_000.0) as usize;
        tls::exchange(&mut tcp, every, up, 0.01, down);
    }
    end(turn, &mut tcp);
    turn.add(tcp, Category::Normal);
}

fn secure(turn: &mut Turn<'_>, client: Host, site: Host, after: f64) {
    let host = turn.scene.name(site);
    let mut tcp = turn.tcp(client, site, 443, after);
    tcp.open();
    tls::handshake(&mut tcp, tls::browser(turn.rng), Some(&host), chance(turn.rng, 0.25));
    if chance(turn.rng, 0.93) {
        requests(turn, &mut tcp);
    }
    end(turn, &mut tcp);
    turn.add(tcp, Category::Normal);
}

fn requests(turn: &mut Turn<'_>, tcp: &mut Tcp) {
    let count = 1 + exponential(turn.rng, 2.5) as usize;
    for place in 0..count.min(25) {
        let up = lognormal(turn.rng, 420.0, 0.8) as usize;
        let large = chance(turn.rng, 0.06);
        let down = if large {
            pareto(turn.rng, 30_000.0, 1.1).min(1_200_000.0)
        } else {
            lognormal(turn.rng, 3_000.0, 1.5).min(200_000.0)
        };
        let up = if chance(turn.rng, 0.04) { up * 40 } else { up };
        let pause = if place == 0 { 5e-4 } else { lognormal(turn.rng, 0.4, 1.8).min(60.0) };
        tls::exchange(tcp, pause, up, 0.04, down as usize);
    }
}

fn quic(turn: &mut Turn<'_>, client: Host, site: Host, after: f64) {
    let mut udp = turn.udp(client, site, 443, after);
    udp.say(CLIENT, 0.0, plain::quic(turn.rng, true, 1200));
    for bytes in [1200, 1200, 600] {
        udp.say(SERVER, 2e-4, plain::quic(turn.rng, true, bytes));
    }
    udp.say(CLIENT, 1e-3, plain::quic(turn.rng, true, 1200));
    let count = (4.0 + exponential(turn.rng, 20.0)).min(150.0) as usize;
    for _ in 0..count {
        if chance(turn.rng, 0.35) {
            let bytes = if chance(turn.rng, 0.3) { 400 } else { 35 + turn.rng.index(20) };
            let pause = lognormal(turn.rng, 0.002, 2.0).min(10.0);
            udp.say(CLIENT, pause, plain::quic(turn.rng, false, bytes));
        } else {
            let bytes = if chance(turn.rng, 0.8) { 1250 } else { 60 + turn.rng.index(900) };
            udp.say(SERVER, lognormal(turn.rng, 3e-4, 1.0), plain::quic(turn.rng, false, bytes));
        }
    }
    turn.push(udp.conversation(Category::Normal));
}

/// How browsers and servers end connections.
pub(super) fn end(turn: &mut Turn<'_>, tcp: &mut Tcp) {
    let idle = lognormal(turn.rng, 1.5, 1.6).min(75.0);
    let closing = match turn.rng.index(20) {
        0..=8 => Closing::Fin(CLIENT),
        9..=13 => Closing::Fin(SERVER),
        14..=15 => Closing::FinThenReset(CLIENT),
        16 => Closing::Reset(CLIENT),
        17 => Closing::Reset(SERVER),
        18 => Closing::HalfClosed(CLIENT),
        _ => Closing::Silent,
    };
    tcp.close(idle, closing);
}
