//! A mail on its way (RFC 5321).

use tripline_core::Rng;

use super::super::conversation::{CLIENT, SERVER};
use super::super::message::{Filling, Message};
use super::super::names;
use super::super::tcp::Tcp;

/// One mail of `bytes` from greeting to leave; `accepted` says whether the receiver is known.
pub(in super::super) fn mail(tcp: &mut Tcp, host: &str, bytes: usize, accepted: bool) {
    let mut rng = Rng::new(tcp.rng.next_u64());
    let (from, to) = (names::user(&mut rng), names::user(&mut rng));
    reply(tcp, 0.02, &format!("220 {host} ESMTP ready"));
    command(tcp, 0.002, "EHLO mail.office.test");
    reply(
        tcp,
        0.002,
        &format!("250-{host}\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250 PIPELINING"),
    );
    command(tcp, 0.002, &format!("MAIL FROM:<{from}@office.test> SIZE={bytes}"));
    reply(tcp, 0.005, "250 2.1.0 Ok");
    command(tcp, 0.001, &format!("RCPT TO:<{to}@{host}>"));
    if accepted {
        reply(tcp, 0.03, "250 2.1.5 Ok");
        command(tcp, 0.001, "DATA");
        reply(tcp, 0.002, "354 End data with <CR><LF>.<CR><LF>");
        let head = format!("From: {from}@office.test\r\nTo: {to}@{host}\r\nSubject: notes\r\n\r\n");
        let seed = rng.next_u64();
        tcp.say(CLIENT, 0.001, Message::with_tail(head, Filling::Text, seed, bytes));
        command(tcp, 1e-4, "\r\n.");
        reply(tcp, 0.05, "250 2.0.0 Ok: queued");
    } else {
        reply(tcp, 0.05, "550 5.1.1 User unknown");
    }
    command(tcp, 0.001, "QUIT");
    reply(tcp, 0.001, "221 2.0.0 Bye");
}

fn command(tcp: &mut Tcp, pause: f64, text: &str) {
    tcp.say(CLIENT, pause, Message::new(format!("{text}\r\n")));
}

fn reply(tcp: &mut Tcp, pause: f64, text: &str) {
    tcp.say(SERVER, pause, Message::new(format!("{text}\r\n")));
}
