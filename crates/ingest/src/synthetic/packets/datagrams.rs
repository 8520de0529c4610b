//! UDP datagrams and ICMP messages between two endpoints.

use std::sync::Arc;

use tripline_core::Rng;
use tripline_core::packet::protocol;

use super::super::draw::exponential;
use super::conversation::{CLIENT, Category, Conversation, Part, Planned, SERVER, What, nanos};
use super::frame::quoted;
use super::host::Link;
use super::message::Message;

/// Type and code of "port unreachable" (RFC 792; RFC 4443, section 3.1).
const UNREACHABLE: [(u8, u8); 2] = [(3, 3), (1, 4)];
/// Type of an echo request (RFC 792; RFC 4443, section 4.1).
const ECHO: [u8; 2] = [8, 128];
/// Type of its answer.
const ECHO_REPLY: [u8; 2] = [0, 129];

/// Datagrams while they are planned. Pauses are in seconds.
pub(super) struct Datagrams {
    link: Link,
    rng: Rng,
    now: i64,
    last_from: usize,
    packets: Vec<Planned>,
    protocol: u8,
    echoes: u16,
    identifier: u16,
}

impl Datagrams {
    /// UDP; nothing is sent yet.
    pub(super) fn new(rng: &mut Rng, link: Link, at: i64) -> Self {
        let mut rng = Rng::new(rng.next_u64());
        let identifier = rng.next_u64() as u16;
        let protocol = protocol::UDP;
        let (packets, echoes) = (Vec::new(), 0);
        Self { link, rng, now: at, last_from: CLIENT, packets, protocol, echoes, identifier }
    }

    /// ICMP echoes.
    pub(super) fn echo(rng: &mut Rng, mut link: Link, at: i64) -> Self {
        let version = usize::from(link.ends[CLIENT].address.is_ipv6());
        link.ends[CLIENT].port = u16::from(ECHO[version]);
        link.ends[SERVER].port = u16::from(ECHO_REPLY[version]);
        let protocol = [protocol::ICMP, protocol::ICMPV6][version];
        Self { protocol, ..Self::new(rng, link, at) }
    }

    /// One end sends a datagram, `pause` seconds after it had what came before.
    pub(super) fn say(&mut self, from: usize, pause: f64, message: Message) {
        self.step(from, pause);
        self.plan(from, What::Datagram, message);
    }

    /// The server says that no program listens there.
    pub(super) fn unreachable(&mut self, payload: usize) {
        self.step(SERVER, 0.0);
        let (kind, code) = UNREACHABLE[self.version()];
        let quote = quoted(&self.link.ends[CLIENT], &self.link.ends[SERVER], payload);
        self.plan(SERVER, What::Icmp(kind, code, [0; 4]), Message::new(quote));
    }

    /// An echo request, with its answer if there is one.
    pub(super) fn ping(&mut self, pause: f64, payload: usize, answered: bool) {
        let ([a, b], [c, d]) = (self.identifier.to_be_bytes(), self.echoes.to_be_bytes());
        self.echoes += 1;
        let bytes: Vec<u8> = (0..payload).map(|place| place as u8).collect();
        let version = self.version();
        self.step(CLIENT, pause);
        self.plan(CLIENT, What::Icmp(ECHO[version], 0, [a, b, c, d]), Message::new(bytes.clone()));
        if answered {
            self.step(SERVER, 0.0);
            let reply = What::Icmp(ECHO_REPLY[version], 0, [a, b, c, d]);
            self.plan(SERVER, reply, Message::new(bytes));
        }
    }

    /// The packets in order of time.
    pub(super) fn conversation(self, category: Category) -> Conversation {
        let Link { ends, vlan, .. } = self.link;
        Conversation { ends, protocol: self.protocol, vlan, category, packets: self.packets }
            .sorted()
    }

    fn version(&self) -> usize {
        usize::from(self.link.ends[CLIENT].address.is_ipv6())
    }

    fn step(&mut self, from: usize, pause: f64) {
        self.now += nanos(pause);
        if from != self.last_from {
            let path = self.link.path;
            let usual = if from == CLIENT { path.near } else { path.far };
            self.now += nanos(usual * (1.0 + exponential(&mut self.rng, 0.1))) + 2000;
        }
        self.last_from = from;
    }

    fn plan(&mut self, from: usize, what: What, message: Message) {
        let bytes = message.len();
        let part = Some(Part { message: Arc::new(message), from: 0, bytes });
        self.packets.push(Planned { time: self.now, from, what, part });
    }
}
