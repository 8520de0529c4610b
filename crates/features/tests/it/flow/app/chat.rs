//! Conversations with payload, made by hand.

use tripline_core::flow::{App, Flow};
use tripline_core::packet::{Batch, Packet, protocol, tcp_flags};
use tripline_features::flow::feature::service::Service;
use tripline_features::flow::{self, FlowSettings};

use super::super::packets::{SECOND, packet};

/// Payloads between a client's port 40000 and a server's port; true is the client.
#[derive(Debug, Clone)]
pub(crate) struct Chat {
    pub(crate) payloads: Vec<(bool, Vec<u8>)>,
    pub(crate) port: u16,
    pub(crate) protocol: u8,
}

impl Chat {
    pub(crate) fn tcp(port: u16) -> Self {
        Self { payloads: Vec::new(), port, protocol: protocol::TCP }
    }

    pub(crate) fn udp(port: u16) -> Self {
        Self { protocol: protocol::UDP, ..Self::tcp(port) }
    }

    pub(crate) fn client(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.payloads.push((true, bytes.as_ref().to_vec()));
        self
    }

    pub(crate) fn server(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.payloads.push((false, bytes.as_ref().to_vec()));
        self
    }

    /// Its packets, over TCP behind a handshake.
    pub(crate) fn wire(&self) -> Wire {
        let mut wire = Wire { packets: Vec::new(), bytes: Vec::new(), chat: self.clone() };
        // Near the end of the sequence space, so that it wraps.
        let mut next = [u32::MAX - 20, 7000];
        if self.protocol == protocol::TCP {
            wire.push(true, tcp_flags::SYN, next[0], &[]);
            wire.push(false, tcp_flags::SYN | tcp_flags::ACK, next[1], &[]);
            next = next.map(|sequence| sequence.wrapping_add(1));
            wire.push(true, tcp_flags::ACK, next[0], &[]);
        }
        for (client, bytes) in &self.payloads {
            let sequence = &mut next[usize::from(!client)];
            wire.push(*client, tcp_flags::ACK, *sequence, bytes);
            *sequence = sequence.wrapping_add(bytes.len() as u32);
        }
        wire
    }

    pub(crate) fn flow(&self) -> Flow {
        self.wire().flow()
    }

    /// What was told; nothing is the default.
    pub(crate) fn app(&self) -> App {
        self.flow().app.map(|app| *app).unwrap_or_default()
    }

    pub(crate) fn service(&self) -> Option<&'static str> {
        self.flow().service
    }
}

/// The packets of one conversation.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) packets: Vec<Packet>,
    bytes: Vec<u8>,
    chat: Chat,
}

impl Wire {
    fn push(&mut self, client: bool, flags: u8, sequence: u32, bytes: &[u8]) {
        let mut packet = packet();
        packet.protocol = self.chat.protocol;
        packet.source.0[15] = 1 + u8::from(!client);
        packet.destination.0[15] = 1 + u8::from(client);
        let ports = if client { (40000, self.chat.port) } else { (self.chat.port, 40000) };
        (packet.source_port, packet.destination_port) = ports;
        packet.tcp.flags = flags;
        packet.tcp.sequence = sequence;
        packet.payload_bytes = bytes.len() as u32;
        packet.payload_captured = bytes.len() as u32;
        packet.payload_start = self.bytes.len() as u32;
        packet.ip_bytes += packet.payload_bytes;
        packet.link_bytes += packet.payload_bytes;
        self.bytes.extend_from_slice(bytes);
        self.packets.push(packet);
    }

    /// Cuts the payload of a packet in two.
    pub(crate) fn cut(&mut self, index: usize, at: u32) {
        let packet = &mut self.packets[index];
        let (at, whole) = (at.min(packet.payload_bytes), packet.payload_bytes);
        let mut rest = *packet;
        (packet.payload_bytes, packet.payload_captured) = (at, at);
        (rest.payload_bytes, rest.payload_captured) = (whole - at, whole - at);
        rest.payload_start += at;
        rest.tcp.sequence = rest.tcp.sequence.wrapping_add(at);
        self.packets.insert(index + 1, rest);
    }

    pub(crate) fn flow(&self) -> Flow {
        let mut packets = self.packets.clone();
        for (index, packet) in packets.iter_mut().enumerate() {
            packet.number = index as u64 + 1;
            packet.time_ns = SECOND + index as i64 * 1000;
            packet.clock_ns = packet.time_ns;
        }
        let batch = Batch { packets, bytes: self.bytes.clone(), ..Batch::default() };
        let mut engine = flow::open::<Service>(&FlowSettings::default(), None);
        engine.process(&[batch]);
        engine.finish();
        let mut told = engine.take();
        assert_eq!(told.flows.len(), 1);
        told.flows.remove(0)
    }
}
