//! SSH connections (RFC 4253, RFC 4252): banners with key exchange, then encrypted packets.

use tripline_core::Rng;

use super::super::super::draw::{between, lognormal};
use super::super::conversation::{CLIENT, SERVER};
use super::super::message::Message;
use super::super::tcp::Tcp;

/// What people's programs call themselves.
pub(in super::super) const CLIENTS: [&str; 5] = [
    "SSH-2.0-OpenSSH_9.6",
    "SSH-2.0-OpenSSH_for_Windows_9.5",
    "SSH-2.0-PuTTY_Release_0.80",
    "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10",
    "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
];

/// What libraries call themselves, in scheduled work as in attacks.
pub(in super::super) const LIBRARIES: [&str; 4] =
    ["SSH-2.0-paramiko_3.4.0", "SSH-2.0-Go", "SSH-2.0-libssh2_1.11.0", "SSH-2.0-libssh_0.10.6"];

const SERVERS: [&str; 4] = [
    "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
    "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10",
    "SSH-2.0-OpenSSH_7.4",
    "SSH-2.0-dropbear_2022.83",
];

/// From the banners to the service of authentication.
pub(in super::super) fn begin(tcp: &mut Tcp, client: &str) {
    let mut rng = Rng::new(tcp.rng.next_u64());
    let server = SERVERS[rng.index(SERVERS.len())];
    tcp.say(CLIENT, between(&mut rng, 1e-4, 5e-3), Message::new(format!("{client}\r\n")));
    let think = lognormal(&mut rng, 0.012, 0.6);
    tcp.say(SERVER, think, Message::new(format!("{server}\r\n")));
    let library = LIBRARIES.contains(&client);
    let offer = key_exchange_offer(&mut rng, if library { 620 } else { 1200 });
    tcp.say(CLIENT, 1e-3, Message::new(offer));
    let offer = key_exchange_offer(&mut rng, 840);
    tcp.say(SERVER, 1e-3, Message::new(offer));
    tcp.say(CLIENT, 2e-3, Message::new(packet(&mut rng, 30, 36)));
    let mut reply = packet(&mut rng, 31, 400);
    reply.extend(packet(&mut rng, 21, 0));
    tcp.say(SERVER, lognormal(&mut rng, 0.004, 0.5), Message::new(reply));
    tcp.say(CLIENT, 2e-3, Message::new(packet(&mut rng, 21, 0)));
    encrypted(tcp, CLIENT, 1e-3, 44);
    encrypted(tcp, SERVER, 5e-4, 44);
}

/// One password with its answer.
pub(in super::super) fn password(tcp: &mut Tcp, pause: f64, think: f64, right: bool) {
    let bytes = 84 + 16 * tcp.rng.index(5);
    encrypted(tcp, CLIENT, pause, bytes);
    encrypted(tcp, SERVER, think, if right { 36 } else { 52 + 16 * usize::from(think > 1.0) });
}

/// A login by key: what is offered is accepted, then signed.
pub(in super::super) fn key(tcp: &mut Tcp) {
    encrypted(tcp, CLIENT, 1e-3, 60);
    encrypted(tcp, SERVER, 2e-3, 52);
    encrypted(tcp, CLIENT, 2e-3, 380);
    encrypted(tcp, SERVER, 4e-3, 340);
    encrypted(tcp, CLIENT, 8e-3, 660);
    encrypted(tcp, SERVER, 6e-3, 36);
}

/// A session with a shell, or with a command.
pub(in super::super) fn session(tcp: &mut Tcp) {
    encrypted(tcp, CLIENT, 1e-3, 112);
    encrypted(tcp, SERVER, 0.01, 500);
    encrypted(tcp, CLIENT, 1e-3, 200);
    encrypted(tcp, SERVER, 0.02, 108);
}

/// Packets that nobody can read.
pub(in super::super) fn encrypted(tcp: &mut Tcp, from: usize, pause: f64, bytes: usize) {
    let seed = tcp.rng.next_u64();
    tcp.say(from, pause, Message::random(seed, bytes));
}

/// SSH_MSG_KEXINIT (RFC 4253, section 7.1) of about so many bytes.
fn key_exchange_offer(rng: &mut Rng, bytes: usize) -> Vec<u8> {
    let exchange = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,\
                    diffie-hellman-group16-sha512,diffie-hellman-group14-sha256";
    let host = "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256";
    let ciphers = "chacha20-poly1305@openssh.com,aes128-ctr,aes256-ctr,aes256-gcm@openssh.com";
    let macs = "umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-256";
    let macs = if bytes > 700 { macs } else { "hmac-sha2-256" };
    let compression = "none,zlib@openssh.com";
    let mut body: Vec<u8> = vec![20];
    body.extend((0..16).map(|_| rng.next_u64() as u8));
    for names in [exchange, host, ciphers, ciphers, macs, macs, compression, compression, "", ""] {
        body.extend((names.len() as u32).to_be_bytes());
        body.extend(names.as_bytes());
    }
    body.extend([0; 5]);
    framed(&body)
}

fn packet(rng: &mut Rng, kind: u8, bytes: usize) -> Vec<u8> {
    let mut body = vec![kind];
    body.extend((0..bytes).map(|_| rng.next_u64() as u8));
    framed(&body)
}

/// The binary packet protocol (RFC 4253, section 6) before keys are in use.
fn framed(body: &[u8]) -> Vec<u8> {
    let padding = 4 + (8 - (body.len() + 9) % 8) % 8;
    let mut out = ((body.len() + padding + 1) as u32).to_be_bytes().to_vec();
    out.push(padding as u8);
    out.extend(body);
    out.resize(out.len() + padding, 0);
    out
}
