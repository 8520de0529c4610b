//! What a flow holds of its application protocol.

use tripline_core::flow::{App, Direction};
use tripline_core::packet::{protocol, tcp_flags};

use super::protocol::Protocol;
use super::session::Session;
use crate::flow::step::Step;

/// The reader of a flow's payloads.
///
/// A packet that no parser wants costs a comparison.
#[derive(Debug, Default)]
pub struct Conversation {
    session: Option<Box<Session>>,
    /// Bytes held outside, as counted after the last payload.
    heap_bytes: u32,
    /// Directions whose payloads are not wanted any more.
    closed: [bool; 2],
}

impl Conversation {
    /// Takes a packet of the flow.
    #[inline]
    pub fn update(&mut self, step: &Step) {
        if !self.closed[step.direction as usize] && step.packet.payload_bytes > 0 {
            self.take(step);
        }
    }

    /// The protocol, where known.
    pub fn protocol(&self) -> Option<Protocol> {
        self.session.as_ref().and_then(|session| session.protocol())
    }

    /// What the parsers learnt; none if there is nothing.
    pub fn told(&self) -> Option<App> {
        let app = self.session.as_ref()?.told();
        let App { http, dns, tls, ssh, ftp, .. } = &app;
        let some =
            http.is_some() || dns.is_some() || tls.is_some() || ssh.is_some() || ftp.is_some();
        some.then_some(app)
    }

    /// Bytes held outside the struct itself.
    #[inline]
    pub fn heap_bytes(&self) -> usize {
        self.heap_bytes as usize
    }

    #[inline(never)]
    fn take(&mut self, step: &Step) {
        let packet = step.packet;
        let ports = [step.core.key.orig_port, step.core.key.resp_port];
        match packet.protocol {
            protocol::UDP => {
                // A datagram that was not captured at all tells nothing.
                if step.payload.is_empty() {
                    return;
                }
                let session = self.session.get_or_insert_with(|| Box::new(Session::new(ports)));
                session.datagram(step.direction, step.payload);
            }
            protocol::TCP => {
                // What a reset carries is no part of the stream (RFC 9293, section 3.5.3).
                if packet.tcp.flags & tcp_flags::RST != 0 {
                    return;
                }
                let syn = packet.tcp.flags & tcp_flags::SYN != 0;
                let sequence = packet.tcp.sequence.wrapping_add(syn.into());
                let endpoint = step.core.endpoint(step.direction);
                let first = match endpoint.side.packets {
                    0 => sequence,
                    _ if syn => sequence,
                    _ => endpoint.next_sequence,
                };
                let session = self.session.get_or_insert_with(|| Box::new(Session::new(ports)));
                session.segment(
                    step.direction,
                    first,
                    sequence,
                    step.payload,
                    packet.payload_bytes,
                );
            }
            _ => {
                self.closed = [true; 2];
                return;
            }
        }
        let Some(session) = &self.session else { return };
        self.closed = [Direction::Orig, Direction::Resp].map(|side| session.is_closed(side));
        if session.is_void() {
            self.session = None;
            self.heap_bytes = 0;
        } else {
            self.heap_bytes = (size_of::<Session>() + session.heap_bytes()) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_flow_holds_little() {
        assert!(size_of::<Conversation>() <= 16);
        assert!(size_of::<Session>() <= 256, "{}", size_of::<Session>());
    }
}
