//! Whoever causes traffic: asked again and again, each time it plans what begins now.

use tripline_core::Rng;

use super::super::draw::lognormal;
use super::app::dns;
use super::conversation::{CLIENT, Category, Conversation, SERVER, nanos};
use super::datagrams::Datagrams;
use super::host::Host;
use super::scene::Scene;
use super::tcp::Tcp;

/// A cause of traffic.
pub(super) trait Agent {
    /// Plans conversations that begin now or later; gives the pause in seconds until it is asked
    /// again, `None` if it is done.
    fn wake(&mut self, turn: &mut Turn<'_>) -> Option<f64>;
}

/// What an agent has when it is asked.
pub(super) struct Turn<'a> {
    pub(super) scene: &'a mut Scene,
    pub(super) rng: &'a mut Rng,
    /// Now, in nanoseconds since 1970.
    pub(super) at: i64,
    /// Conversations that may still be planned.
    pub(super) left: usize,
    pub(super) out: &'a mut Vec<Conversation>,
}

impl Turn<'_> {
    /// A connection that begins `after` seconds from now.
    pub(super) fn tcp(&mut self, client: Host, server: Host, port: u16, after: f64) -> Tcp {
        let link = self.scene.link(self.rng, client, server, port);
        Tcp::new(self.rng, link, self.at + nanos(after))
    }

    /// Datagrams from a port of the client's choice.
    pub(super) fn udp(&mut self, client: Host, server: Host, port: u16, after: f64) -> Datagrams {
        let link = self.scene.link(self.rng, client, server, port);
        Datagrams::new(self.rng, link, self.at + nanos(after))
    }

    /// Adds a connection.
    pub(super) fn add(&mut self, tcp: Tcp, category: Category) {
        self.push(tcp.conversation(category));
    }

    /// Adds a conversation; one without packets is none.
    pub(super) fn push(&mut self, conversation: Conversation) {
        if !conversation.packets.is_empty() {
            self.out.push(conversation);
        }
    }

    /// A host asks the resolver for the address of another, `after` seconds from now; gives the
    /// seconds until it has it.
    pub(super) fn look_up(&mut self, client: Host, server: Host, after: f64) -> f64 {
        let name = self.scene.name(server);
        let address = self.scene.machine(server).v4;
        let mut kinds = vec![(dns::A, Some(address))];
        if self.rng.index(3) > 0 {
            kinds.push((dns::AAAA, self.scene.machine(server).v6));
        }
        if self.rng.index(5) == 0 {
            kinds.push((dns::HTTPS, None));
        }
        let think = if self.rng.index(3) == 0 { 0.02 } else { 0.0004 };
        let mut until = after;
        for (kind, address) in kinds {
            let answer = match address {
                Some(address) => dns::usual(self.rng, &name, kind, address),
                None => dns::Answer { code: 0, records: Vec::new() },
            };
            let think = lognormal(self.rng, think, 0.7);
            self.ask(client, &name, kind, &answer, after, think, Category::Normal);
            until = until.max(after + think + 0.002);
        }
        until
    }

    /// One query with its answer through the office's resolver.
    #[expect(clippy::too_many_arguments, reason = "they are what a query is")]
    pub(super) fn ask(
        &mut self,
        client: Host,
        name: &str,
        kind: u16,
        answer: &dns::Answer,
        after: f64,
        think: f64,
        category: Category,
    ) {
        let resolver = self.scene.resolver();
        let id = self.rng.next_u64() as u16;
        let extended = client.is_multiple_of(3);
        let mut udp = self.udp(client, resolver, 53, after);
        udp.say(CLIENT, 0.0, dns::query(id, name, kind, extended));
        if self.rng.index(200) == 0 {
            // Lost on its way, so asked again.
            udp.say(CLIENT, 5.0, dns::query(id, name, kind, extended));
        }
        udp.say(SERVER, think, dns::answer(id, name, kind, answer));
        self.push(udp.conversation(category));
    }
}
