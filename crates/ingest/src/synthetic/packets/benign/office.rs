//! Work inside the office: applications, mail, shells, files, calls.

use super::super::super::draw::{between, chance, exponential, lognormal, pareto, whole};
use super::super::agent::Turn;
use super::super::app::{dns, ftp, plain, smtp, ssh, tls};
use super::super::conversation::{CLIENT, Category, SERVER, nanos};
use super::super::datagrams::Datagrams;
use super::super::host::Link;
use super::super::message::{Filling, Message};
use super::super::tcp::{Closing, Tcp};
use super::web;

/// Ports of databases, shares, queues, desktops.
const PORTS: [u16; 10] = [445, 445, 1433, 3306, 5432, 5432, 6379, 8443, 3389, 5672];

/// A program with its server: binary requests and answers.
pub(super) fn application(turn: &mut Turn<'_>) {
    let from_server = chance(turn.rng, 0.35);
    let client = if from_server {
        turn.scene.application(turn.rng)
    } else {
        turn.scene.workstation(turn.rng)
    };
    let server = turn.scene.application(turn.rng);
    if client == server {
        return;
    }
    let port = PORTS[(server * 7 + turn.rng.index(2)) % PORTS.len()];
    let mut tcp = turn.tcp(client, server, port, 0.0);
    tcp.open();
    if matches!(port, 8443 | 3389) {
        tls::handshake(&mut tcp, tls::program(turn.rng), None, chance(turn.rng, 0.5));
    }
    let count = 1 + exponential(turn.rng, 6.0) as usize;
    let filling = if chance(turn.rng, 0.5) { Filling::Sparse } else { Filling::Text };
    for _ in 0..count.min(40) {
        let up = lognormal(turn.rng, 120.0, 0.9) as usize + 8;
        let down = lognormal(turn.rng, 500.0, 1.5).min(120_000.0) as usize + 8;
        let pause = lognormal(turn.rng, 0.01, 2.2).min(45.0);
        let seed = turn.rng.next_u64();
        let head = (up as u32).to_be_bytes();
        tcp.say(CLIENT, pause, Message::with_tail(head, filling, seed, up));
        let head = (down as u32).to_be_bytes();
        let think = lognormal(turn.rng, 0.003, 1.2);
        tcp.say(SERVER, think, Message::with_tail(head, filling, seed ^ 1, down));
    }
    web::end(turn, &mut tcp);
    turn.add(tcp, Category::Normal);
}

/// Mail out or in.
pub(super) fn mail(turn: &mut Turn<'_>) {
    let (stranger, own) = (turn.scene.site(turn.rng), turn.scene.mail());
    let inward = chance(turn.rng, 0.5);
    let (client, server) = if inward { (stranger, own) } else { (own, stranger) };
    let after = if inward { 0.0 } else { turn.look_up(client, server, 0.0) };
    let host = turn.scene.name(server);
    let bytes = if chance(turn.rng, 0.15) {
        pareto(turn.rng, 60_000.0, 1.2).min(900_000.0)
    } else {
        lognormal(turn.rng, 6_000.0, 1.0)
    };
    let mut tcp = turn.tcp(client, server, 25, after);
    tcp.open();
    smtp::mail(&mut tcp, &host, bytes as usize, chance(turn.rng, 0.85));
    tcp.close(0.001, Closing::Fin(if chance(turn.rng, 0.5) { SERVER } else { CLIENT }));
    turn.add(tcp, Category::Normal);
}

/// A person at a remote shell.
pub(super) fn shell(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let server = turn.scene.server_at(turn.rng.index(500));
    let program = ssh::CLIENTS[turn.rng.index(ssh::CLIENTS.len())];
    let mut tcp = turn.tcp(client, server, 22, 0.0);
    tcp.open();
    ssh::begin(&mut tcp, program);
    for _ in 0..turn.rng.below(3) {
        // Mistyped.
        let pause = lognormal(turn.rng, 4.0, 0.5);
        let think = between(turn.rng, 1.0, 2.5);
        ssh::password(&mut tcp, pause, think, false);
    }
    if chance(turn.rng, 0.5) {
        ssh::key(&mut tcp);
    } else {
        ssh::password(&mut tcp, lognormal(turn.rng, 4.0, 0.5), 0.05, true);
    }
    ssh::session(&mut tcp);
    for _ in 0..whole(turn.rng, 1, 12) {
        for _ in 0..whole(turn.rng, 1, 8) {
            ssh::encrypted(&mut tcp, CLIENT, lognormal(turn.rng, 0.18, 0.7), 36);
            ssh::encrypted(&mut tcp, SERVER, 0.001, 36);
        }
        let output = lognormal(turn.rng, 700.0, 1.3).min(60_000.0) as usize;
        ssh::encrypted(&mut tcp, SERVER, lognormal(turn.rng, 0.05, 1.5), output);
        tcp.wait(lognormal(turn.rng, 2.0, 1.2).min(60.0));
        if chance(turn.rng, 0.05) {
            tcp.keep_alive(SERVER, 30.0);
        }
    }
    tcp.close(0.01, Closing::Fin(if chance(turn.rng, 0.9) { CLIENT } else { SERVER }));
    turn.add(tcp, Category::Normal);
}

/// Configuration or deployment: short logins by key on several servers, one behind the other.
pub(super) fn scheduled_shell(turn: &mut Turn<'_>) {
    let jump = turn.scene.jump();
    let program = ssh::LIBRARIES[turn.rng.index(ssh::LIBRARIES.len())];
    let first = turn.rng.index(500);
    let mut after = 0.0;
    for place in 0..whole(turn.rng, 2, 10) as usize {
        let server = turn.scene.server_at(first + place);
        if server == jump {
            continue;
        }
        let mut tcp = turn.tcp(jump, server, 22, after);
        tcp.open();
        ssh::begin(&mut tcp, program);
        if chance(turn.rng, 0.9) {
            ssh::key(&mut tcp);
            ssh::session(&mut tcp);
            let output = lognormal(turn.rng, 1500.0, 1.2).min(80_000.0) as usize;
            ssh::encrypted(&mut tcp, SERVER, lognormal(turn.rng, 0.4, 1.0), output);
        } else {
            // A key that was changed: refused.
            ssh::password(&mut tcp, 0.002, between(turn.rng, 0.002, 2.2), false);
        }
        tcp.close(0.002, Closing::Fin(CLIENT));
        turn.add(tcp, Category::Normal);
        after += lognormal(turn.rng, 1.2, 0.7);
    }
}

/// Files to or from a server over FTP: control and data.
pub(super) fn file_transfer(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let inside = chance(turn.rng, 0.6);
    let server = if inside { turn.scene.files() } else { turn.scene.site(turn.rng) };
    let mut tcp = turn.tcp(client, server, 21, 0.0);
    tcp.open();
    ftp::greeting(&mut tcp);
    let mut at = 0.5;
    for _ in 0..turn.rng.below(2) {
        let think = between(turn.rng, 1.0, 3.0);
        ftp::login(&mut tcp, lognormal(turn.rng, 2.0, 0.6), think, false);
        at += think;
    }
    ftp::login(&mut tcp, 0.2, 0.02, true);
    for _ in 0..whole(turn.rng, 1, 3) {
        let port = 30_000 + turn.rng.below(20_000) as u16;
        ftp::extended_passive(&mut tcp, port);
        let upload = chance(turn.rng, 0.4);
        let bytes = pareto(turn.rng, 8_000.0, 0.9).min(1_500_000.0) as usize;
        let file = super::super::names::word(turn.rng);
        let verb = if upload { "STOR" } else { "RETR" };
        ftp::transfer(&mut tcp, &format!("{verb} {file}.zip"), bytes as f64 / 3e6 + 0.05);
        let mut data = turn.tcp(client, server, port, at);
        data.open();
        let from = if upload { CLIENT } else { SERVER };
        data.say(from, 0.01, Message::random(turn.rng.next_u64(), bytes));
        data.close(1e-4, Closing::Fin(from));
        turn.add(data, Category::Normal);
        at += bytes as f64 / 3e6 + 0.4;
    }
    ftp::quit(&mut tcp);
    tcp.close(0.001, Closing::Fin(SERVER));
    turn.add(tcp, Category::Normal);
}

/// A call: sound both ways, fifty packets a second.
pub(super) fn call(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let server = turn.scene.site(turn.rng);
    let port = 16_384 + 2 * turn.rng.below(8000) as u16;
    let link = turn.scene.link(turn.rng, client, server, port);
    let mut link = Link { ..link };
    // Expedited forwarding (RFC 3246).
    link.ends.iter_mut().for_each(|end| end.tos = 0xb8);
    // Both ways at once, so that waiting for the other plays no part.
    link.path.near = 1e-4;
    link.path.far = 1e-4;
    let mut udp = Datagrams::new(turn.rng, link, turn.at);
    let sources = [turn.rng.next_u64() as u32, turn.rng.next_u64() as u32];
    let large = chance(turn.rng, 0.4);
    let packets = lognormal(turn.rng, 250.0, 0.7).clamp(40.0, 1200.0) as u16;
    for sequence in 0..packets {
        for (from, &source) in sources.iter().enumerate() {
            let bytes = if large { 300 + turn.rng.index(800) } else { 60 + turn.rng.index(60) };
            let pause = between(turn.rng, 0.0085, 0.0115);
            udp.say(from, pause, plain::rtp(turn.rng, sequence, source, bytes));
        }
    }
    turn.push(udp.conversation(Category::Normal));
}

/// A device looks for others: one packet, to everybody.
pub(super) fn discovery(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let mut link = turn.scene.link_between(turn.rng, (client, 5353), (client, 5353));
    let v6 = link.ends[CLIENT].address.is_ipv6();
    let (services, group, port): (&[&str], _, _) = if chance(turn.rng, 0.7) {
        let group = if v6 { "ff02::fb" } else { "224.0.0.251" };
        (&["_services._dns-sd._udp.local", "_ipp._tcp.local"], group, 5353)
    } else {
        let group = if v6 { "ff02::1:3" } else { "224.0.0.252" };
        link.ends[CLIENT].port = 50_000 + turn.rng.below(10_000) as u16;
        (&["printer"], group, 5355)
    };
    if let Ok(group) = group.parse() {
        link.ends[SERVER].address = group;
    }
    link.ends[SERVER].port = port;
    link.ends[CLIENT].ttl = if port == 5353 { 255 } else { 1 };
    let mut udp = Datagrams::new(turn.rng, link, turn.at);
    for place in 0..whole(turn.rng, 1, 3) {
        let services = &services[..services.len().min(1 + turn.rng.index(2))];
        udp.say(CLIENT, place as f64, dns::multicast_query(services));
    }
    turn.push(udp.conversation(Category::Normal));
}

/// A connection that is kept open for later.
pub(super) fn quiet_connection(turn: &mut Turn<'_>) {
    let client = turn.scene.workstation(turn.rng);
    let server = turn.scene.application(turn.rng);
    let link = turn.scene.link(turn.rng, client, server, 5432);
    let mut tcp = Tcp::new(turn.rng, link, turn.at + nanos(0.0));
    tcp.open();
    tcp.say(CLIENT, 1e-3, Message::random(turn.rng.next_u64(), 86));
    tcp.say(SERVER, 2e-3, Message::random(turn.rng.next_u64(), 340));
    let every = between(turn.rng, 15.0, 75.0);
    for _ in 0..whole(turn.rng, 2, 20) {
        tcp.keep_alive(if chance(turn.rng, 0.7) { CLIENT } else { SERVER }, every);
    }
    tcp.close(1.0, if chance(turn.rng, 0.5) { Closing::Fin(CLIENT) } else { Closing::Silent });
    turn.add(tcp, Category::Normal);
}
