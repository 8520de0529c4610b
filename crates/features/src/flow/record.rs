//! A packet of a young flow, kept until it is known whether the flow grows.

use tripline_core::flow::{Direction, FlowKey};
use tripline_core::packet::{Anomalies, Packet, TcpHeader};

/// What features see of a packet but its payload, in 48 bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    time_ns: i64,
    number: u32,
    sequence: u32,
    acknowledgement: u32,
    clock_lead_ns: u32,
    link_bytes: u16,
    ip_bytes: u16,
    payload_bytes: u16,
    payload_captured: u16,
    window: u16,
    maximum_segment: u16,
    anomalies: u16,
    ttl: u8,
    tos: u8,
    ip_header_bytes: u8,
    transport_header_bytes: u8,
    tcp_flags: u8,
    window_scale: u8,
    tcp_header_bytes: u8,
    urgent: bool,
    direction: Direction,
}

impl Record {
    /// Keeps a packet; `None` if one of its numbers is too large for a record.
    pub(super) fn keep(packet: &Packet, direction: Direction, first_packet: u64) -> Option<Self> {
        Some(Self {
            time_ns: packet.time_ns,
            number: packet.number.checked_sub(first_packet)?.try_into().ok()?,
            sequence: packet.tcp.sequence,
            acknowledgement: packet.tcp.acknowledgement,
            clock_lead_ns: packet.clock_ns.checked_sub(packet.time_ns)?.try_into().ok()?,
            link_bytes: packet.link_bytes.try_into().ok()?,
            ip_bytes: packet.ip_bytes.try_into().ok()?,
            payload_bytes: packet.payload_bytes.try_into().ok()?,
            payload_captured: packet.payload_captured.try_into().ok()?,
            window: packet.tcp.window,
            maximum_segment: packet.tcp.maximum_segment,
            anomalies: packet.anomalies.0,
            ttl: packet.ttl,
            tos: packet.tos,
            ip_header_bytes: packet.ip_header_bytes.try_into().ok()?,
            transport_header_bytes: packet.transport_header_bytes.try_into().ok()?,
            tcp_flags: packet.tcp.flags,
            window_scale: packet.tcp.window_scale,
            tcp_header_bytes: packet.tcp.header_bytes,
            urgent: packet.tcp.urgent,
            direction,
        })
    }

    /// Who sent it.
    pub(super) fn direction(&self) -> Direction {
        self.direction
    }

    /// Bytes of payload that were kept for it.
    pub(super) fn payload_captured(&self) -> usize {
        usize::from(self.payload_captured)
    }

    /// The packet again. Where its payload and its tunnel lay is not kept.
    pub(super) fn packet(&self, key: &FlowKey, first_packet: u64, one_way: bool) -> Packet {
        let (source, destination, source_port, destination_port) = match self.direction {
            Direction::Orig => (key.orig, key.resp, key.orig_port, key.resp_port),
            Direction::Resp => (key.resp, key.orig, key.resp_port, key.orig_port),
        };
        Packet {
            number: first_packet + u64::from(self.number),
            time_ns: self.time_ns,
            clock_ns: self.time_ns + i64::from(self.clock_lead_ns),
            source,
            destination,
            source_port,
            destination_port,
            protocol: key.protocol,
            ip_version: key.ip_version,
            ttl: self.ttl,
            tos: self.tos,
            vlan: key.vlan,
            one_way,
            link_bytes: u32::from(self.link_bytes),
            ip_bytes: u32::from(self.ip_bytes),
            ip_header_bytes: u16::from(self.ip_header_bytes),
            transport_header_bytes: u16::from(self.transport_header_bytes),
            payload_bytes: u32::from(self.payload_bytes),
            payload_start: 0,
            payload_captured: u32::from(self.payload_captured),
            tunnel: Packet::NO_TUNNEL,
            tcp: TcpHeader {
                sequence: self.sequence,
                acknowledgement: self.acknowledgement,
                window: self.window,
                flags: self.tcp_flags,
                window_scale: self.window_scale,
                maximum_segment: self.maximum_segment,
                header_bytes: self.tcp_header_bytes,
                urgent: self.urgent,
            },
            anomalies: Anomalies(self.anomalies),
        }
    }
}
