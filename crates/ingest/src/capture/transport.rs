//! TCP, UDP and ICMP headers, down to the fields of a packet.

use tripline_core::packet::{Anomalies, Packet, TcpHeader, protocol, tcp_flags};

use super::counters::Malformed;
use super::decode::{Around, Decoder, Got, Outcome};
use super::ip::Ip;
use super::view::View;

/// No option in the header.
const NO_WINDOW_SCALE: u8 = u8::MAX;

/// What a transport header tells.
#[derive(Debug, Clone, Copy)]
struct Transport {
    protocol: u8,
    source_port: u16,
    destination_port: u16,
    one_way: bool,
    header_bytes: u16,
    /// By the headers.
    payload_bytes: u32,
    tcp: TcpHeader,
    anomalies: Anomalies,
}

impl Transport {
    fn new(protocol: u8, body: View) -> Self {
        Self {
            protocol,
            source_port: 0,
            destination_port: 0,
            one_way: false,
            header_bytes: 0,
            payload_bytes: body.wire,
            tcp: TcpHeader::default(),
            anomalies: Anomalies::default(),
        }
    }

    #[inline]
    fn notice(&mut self, is: bool, anomaly: Anomalies) {
        if is {
            self.anomalies = self.anomalies.with(anomaly);
        }
    }
}

impl Decoder<'_> {
    /// What an IP packet carries; `body` begins behind the IP header.
    #[inline]
    pub(super) fn transport(
        &mut self,
        ip: &Ip,
        protocol: u8,
        body: View,
        around: &Around,
    ) -> Outcome {
        let transport = match protocol {
            protocol::TCP => tcp(body)?,
            protocol::UDP => {
                let udp = udp(body)?;
                if let Some(inner) =
                    self.udp_tunnel(ip, udp.source_port, udp.destination_port, body, around)
                {
                    return Ok(inner);
                }
                udp
            }
            protocol::ICMP => icmp(body, protocol, answer_v4)?,
            protocol::ICMPV6 => icmp(body, protocol, answer_v6)?,
            protocol::SCTP => {
                let mut sctp = Transport::new(protocol, body);
                sctp.source_port = body.u16(0).ok_or(Malformed::Transport)?;
                sctp.destination_port = body.u16(2).ok_or(Malformed::Transport)?;
                sctp
            }
            _ => {
                if let Some(inner) = self.ip_tunnel(ip, protocol, body, around) {
                    return Ok(inner);
                }
                Transport::new(protocol, body)
            }
        };
        self.packet(ip, &transport, body, around);
        Ok(Got::Packet)
    }

    #[inline]
    fn packet(&mut self, ip: &Ip, transport: &Transport, body: View, around: &Around) {
        let tunnel = match around.tunnel {
            None => Packet::NO_TUNNEL,
            Some(tunnel) => {
                if self.tunnels.last() != Some(&tunnel) {
                    self.tunnels.push(tunnel);
                }
                (self.tunnels.len() - 1) as u32
            }
        };
        let mut anomalies = ip.anomalies.with(transport.anomalies);
        if !body.whole() {
            anomalies = anomalies.with(Anomalies::CUT);
        }
        let header = body.data.len().min(usize::from(transport.header_bytes));
        let captured = body.data.len() - header;
        self.packets.push(Packet {
            number: around.number,
            time_ns: around.time_ns,
            clock_ns: around.clock_ns,
            source: ip.source,
            destination: ip.destination,
            source_port: transport.source_port,
            destination_port: transport.destination_port,
            protocol: transport.protocol,
            ip_version: ip.version,
            ttl: ip.ttl,
            tos: ip.tos,
            vlan: around.vlan,
            one_way: transport.one_way,
            link_bytes: around.link_bytes,
            ip_bytes: ip.total_bytes,
            ip_header_bytes: ip.header_bytes.min(u32::from(u16::MAX)) as u16,
            transport_header_bytes: transport.header_bytes,
            payload_bytes: transport.payload_bytes,
            payload_start: body.at + header as u32,
            payload_captured: (captured as u32).min(transport.payload_bytes),
            tunnel,
            tcp: transport.tcp,
            anomalies: anomalies.with(bad_endpoint(ip, transport)),
        });
    }
}

/// RFC 9293, section 3.1.
#[inline]
fn tcp(body: View) -> Result<Transport, Malformed> {
    if body.wire < 20 {
        return Err(Malformed::Transport);
    }
    let mut transport = Transport::new(protocol::TCP, body);
    transport.tcp.window_scale = NO_WINDOW_SCALE;
    let Some(header) = body.data.first_chunk::<20>() else {
        // Cut by the snap length: the ports are enough for a flow.
        transport.source_port = body.u16(0).ok_or(Malformed::Transport)?;
        transport.destination_port = body.u16(2).ok_or(Malformed::Transport)?;
        transport.header_bytes = 20;
        transport.tcp.header_bytes = 20;
        transport.payload_bytes = body.wire - 20;
        return Ok(transport);
    };
    let two = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let four = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    transport.source_port = two(0);
    transport.destination_port = two(2);
    let told = u32::from(header[12] >> 4) * 4;
    let bad_offset = told < 20 || told > body.wire;
    transport.notice(bad_offset, Anomalies::TCP_OFFSET);
    let header_bytes = if bad_offset { 20 } else { told };
    let payload_bytes = body.wire - header_bytes;
    let flags = header[13];
    let pointer = two(18);
    let mut tcp = TcpHeader {
        sequence: four(4),
        acknowledgement: four(8),
        window: two(14),
        flags,
        window_scale: NO_WINDOW_SCALE,
        maximum_segment: 0,
        header_bytes: header_bytes as u8,
        urgent: pointer != 0,
    };
    let has = |flag| flags & flag != 0;
    if has(tcp_flags::SYN) {
        transport.notice(payload_bytes > 0, Anomalies::SYN_PAYLOAD);
        if header_bytes > 20 {
            let end = body.data.len().min(header_bytes as usize);
            tcp_options(&body.data[20..end], &mut tcp);
        }
    }
    transport.notice(flags == 0, Anomalies::TCP_NULL);
    let excluded = (has(tcp_flags::SYN) && has(tcp_flags::FIN | tcp_flags::RST))
        || (has(tcp_flags::FIN | tcp_flags::PSH | tcp_flags::URG) && !has(tcp_flags::ACK));
    transport.notice(excluded, Anomalies::TCP_FLAGS);
    transport.notice(tcp.urgent != has(tcp_flags::URG), Anomalies::TCP_URGENT);
    transport.header_bytes = header_bytes as u16;
    transport.payload_bytes = payload_bytes;
    transport.tcp = tcp;
    Ok(transport)
}

/// The options that only a SYN carries (RFC 9293, section 3.2; RFC 7323, section 2.2).
fn tcp_options(options: &[u8], tcp: &mut TcpHeader) {
    let mut rest = options;
    while let [kind, behind @ ..] = rest {
        match (kind, behind) {
            (0, _) => return,
            (1, _) => {
                rest = behind;
                continue;
            }
            (2, [4, high, low, ..]) => tcp.maximum_segment = u16::from_be_bytes([*high, *low]),
            (3, [3, shift, ..]) => tcp.window_scale = *shift,
            _ => {}
        }
        match behind.first() {
            Some(&length) if length >= 2 => {
                rest = rest.get(usize::from(length)..).unwrap_or_default();
            }
            _ => return,
        }
    }
}

/// RFC 768.
#[inline]
fn udp(body: View) -> Result<Transport, Malformed> {
    if body.wire < 8 {
        return Err(Malformed::Transport);
    }
    let mut transport = Transport::new(protocol::UDP, body);
    transport.source_port = body.u16(0).ok_or(Malformed::Transport)?;
    transport.destination_port = body.u16(2).ok_or(Malformed::Transport)?;
    transport.header_bytes = 8;
    transport.payload_bytes = body.wire - 8;
    if let Some(length) = body.u16(4) {
        let length = u32::from(length);
        transport.notice(length != body.wire, Anomalies::UDP_LENGTH);
        if (8..body.wire).contains(&length) {
            transport.payload_bytes = length - 8;
        }
    }
    Ok(transport)
}

/// RFC 792, RFC 4443: type and code in place of ports.
fn icmp(body: View, number: u8, answer: fn(u8) -> Option<u8>) -> Result<Transport, Malformed> {
    let mut transport = Transport::new(number, body);
    let kind = body.byte(0).ok_or(Malformed::Transport)?;
    let code = body.byte(1).ok_or(Malformed::Transport)?;
    transport.header_bytes = body.wire.min(8) as u16;
    transport.payload_bytes = body.wire - u32::from(transport.header_bytes);
    let answer = answer(kind);
    transport.source_port = u16::from(kind);
    transport.destination_port = u16::from(answer.unwrap_or(code));
    transport.one_way = answer.is_none();
    Ok(transport)
}

/// The type that answers, or is answered by, a type of ICMP, as Community ID version 1 has them.
pub(crate) fn answer_v4(kind: u8) -> Option<u8> {
    Some(match kind {
        0 => 8,
        8 => 0,
        9 => 10,
        10 => 9,
        13 => 14,
        14 => 13,
        15 => 16,
        16 => 15,
        17 => 18,
        18 => 17,
        _ => return None,
    })
}

/// The same for ICMPv6.
pub(crate) fn answer_v6(kind: u8) -> Option<u8> {
    Some(match kind {
        128 => 129,
        129 => 128,
        130 => 131,
        131 => 130,
        133 => 134,
        134 => 133,
        135 => 136,
        136 => 135,
        139 => 140,
        140 => 139,
        144 => 145,
        145 => 144,
        _ => return None,
    })
}

#[inline]
fn bad_endpoint(ip: &Ip, transport: &Transport) -> Anomalies {
    let ports = matches!(transport.protocol, protocol::TCP | protocol::UDP);
    let itself = transport.source_port == transport.destination_port && ip.source == ip.destination;
    if ports && (transport.source_port == 0 || itself) {
        Anomalies::BAD_ENDPOINT
    } else {
        Anomalies::default()
    }
}
