//! FTP control connections (RFC 959).

use tripline_core::Rng;

use super::super::super::draw::lognormal;
use super::super::conversation::{CLIENT, SERVER};
use super::super::message::Message;
use super::super::names;
use super::super::tcp::Tcp;

/// The server's greeting.
pub(in super::super) fn greeting(tcp: &mut Tcp) {
    let text = ["220 (vsFTPd 3.0.5)", "220 ProFTPD Server ready.", "220 FTP server ready"];
    let text = text[tcp.rng.index(3)];
    reply(tcp, 0.004, text);
}

/// A user with a password; `think` is how long the server takes to decide.
pub(in super::super) fn login(tcp: &mut Tcp, pause: f64, think: f64, right: bool) {
    let mut rng = Rng::new(tcp.rng.next_u64());
    let user = names::user(&mut rng);
    command(tcp, pause, &format!("USER {user}"));
    reply(tcp, 0.001, "331 Please specify the password.");
    let digits = 6 + rng.index(8);
    let password = names::base32(&mut rng, digits);
    command(tcp, pause.min(0.5), &format!("PASS {password}"));
    reply(tcp, think, if right { "230 Login successful." } else { "530 Login incorrect." });
}

/// Asks for a port for data (RFC 2428, section 3).
pub(in super::super) fn extended_passive(tcp: &mut Tcp, port: u16) {
    command(tcp, 0.01, "TYPE I");
    reply(tcp, 0.001, "200 Switching to Binary mode.");
    command(tcp, 0.002, "EPSV");
    reply(tcp, 0.001, &format!("229 Entering Extended Passive Mode (|||{port}|)."));
}

/// A transfer that lasts so many seconds.
pub(in super::super) fn transfer(tcp: &mut Tcp, command_text: &str, seconds: f64) {
    command(tcp, 0.002, command_text);
    reply(tcp, 0.002, "150 Ok to send data.");
    reply(tcp, seconds, "226 Transfer complete.");
}

/// Takes leave.
pub(in super::super) fn quit(tcp: &mut Tcp) {
    let pause = lognormal(&mut tcp.rng, 0.1, 1.0);
    command(tcp, pause, "QUIT");
    reply(tcp, 0.001, "221 Goodbye.");
}

fn command(tcp: &mut Tcp, pause: f64, text: &str) {
    tcp.say(CLIENT, pause, Message::new(format!("{text}\r\n")));
}

fn reply(tcp: &mut Tcp, pause: f64, text: &str) {
    tcp.say(SERVER, pause, Message::new(format!("{text}\r\n")));
}
