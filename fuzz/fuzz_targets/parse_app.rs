//! Any payloads in both directions of a flow, through the parsers of application protocols.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_core::flow::{App, Direction, FlowKey};
use tripline_core::packet::{Address, Anomalies, Packet, TcpHeader, Vlan, protocol};
use tripline_features::flow::app::{Conversation, Protocol};
use tripline_features::flow::{Endpoint, FlowCore, FlowSettings, SegmentKind, Step};

const PORTS: [u16; 16] =
    [4000, 443, 80, 53, 21, 25, 22, 110, 137, 161, 67, 1080, 502, 389, 123, 20];

/// A port, a protocol, then payloads: a byte with the direction and how they are cut, a length.
fuzz_target!(|bytes: &[u8]| {
    let [port, how, rest @ ..] = bytes else { return };
    let port = PORTS[usize::from(port % 16)];
    let tcp = how & 1 == 0;
    let mut payloads = Vec::new();
    let mut rest = rest;
    while let [head, length, more @ ..] = rest {
        let (payload, more) = more.split_at(more.len().min(usize::from(*length) * 4));
        let direction = if head & 1 == 0 { Direction::Orig } else { Direction::Resp };
        payloads.push((direction, usize::from(head >> 1), payload));
        rest = more;
    }
    let whole = told(tcp, port, payloads.iter().map(|&(direction, _, payload)| (direction, payload)));
    if tcp {
        let pieces = payloads.iter().flat_map(|&(direction, size, payload)| {
            payload.chunks(size.max(1)).map(move |piece| (direction, piece))
        });
        assert_eq!(whole, told(tcp, port, pieces));
    }
});

fn told<'a>(
    tcp: bool,
    port: u16,
    payloads: impl Iterator<Item = (Direction, &'a [u8])>,
) -> (Option<App>, Option<Protocol>) {
    let key = FlowKey {
        orig: Address::v4([10, 0, 0, 1]),
        resp: Address::v4([10, 0, 0, 2]),
        orig_port: if port == 20 { 20 } else { 40000 },
        resp_port: port,
        protocol: if tcp { protocol::TCP } else { protocol::UDP },
        ip_version: 4,
        vlan: Vlan::NONE,
    };
    let endpoint = Endpoint::default();
    let mut core =
        FlowCore { key, first_packet: 1, start_ns: 0, last_ns: 0, orig: endpoint, resp: endpoint };
    let settings = FlowSettings::default();
    let mut conversation = Conversation::default();
    for (direction, payload) in payloads {
        let sequence = core.endpoint(direction).next_sequence;
        let packet = Packet {
            number: 1,
            time_ns: 0,
            clock_ns: 0,
            source: key.orig,
            destination: key.resp,
            source_port: key.orig_port,
            destination_port: key.resp_port,
            protocol: key.protocol,
            ip_version: 4,
            ttl: 64,
            tos: 0,
            vlan: Vlan::NONE,
            one_way: false,
            link_bytes: 54,
            ip_bytes: 40,
            ip_header_bytes: 20,
            transport_header_bytes: 20,
            payload_bytes: payload.len() as u32,
            payload_start: 0,
            payload_captured: payload.len() as u32,
            tunnel: Packet::NO_TUNNEL,
            tcp: TcpHeader { sequence, ..TcpHeader::default() },
            anomalies: Anomalies::default(),
        };
        conversation.update(&Step {
            packet: &packet,
            payload,
            direction,
            segment: SegmentKind::InOrder,
            core: &core,
            settings: &settings,
        });
        // Text, buffers and waiting segments of both directions, with room to spare.
        assert!(conversation.heap_bytes() < 200 << 10);
        let endpoint = match direction {
            Direction::Orig => &mut core.orig,
            Direction::Resp => &mut core.resp,
        };
        endpoint.side.packets += 1;
        endpoint.next_sequence = sequence.wrapping_add(payload.len() as u32);
    }
    (conversation.told(), conversation.protocol())
}
