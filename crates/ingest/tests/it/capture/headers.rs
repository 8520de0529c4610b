//! IP and transport headers, by packets made by hand.

use tripline_core::packet::Anomalies;
use tripline_ingest::capture::{Block, LinkType, Malformed, Reassembler, Record};

use super::build::{
    A, B, cat, decode, ethernet, ipv4, ipv4_with, ipv6, one, options, plain, tcp, udp,
};

fn odd(packet: &[u8]) -> Anomalies {
    one(LinkType::RAW, packet).0.anomalies
}

#[test]
fn tcp_fields() {
    let syn_options = [2, 4, 0x05, 0xb4, 1, 3, 3, 7, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let (packet, payload) = one(LinkType::RAW, &ipv4(6, &tcp(0x02, &syn_options, b"")));
    assert_eq!((packet.source_port, packet.destination_port), (0x1234, 80));
    assert_eq!((packet.tcp.sequence, packet.tcp.acknowledgement), (1, 2));
    assert_eq!((packet.tcp.window, packet.tcp.flags), (0x2000, 2));
    assert_eq!((packet.tcp.maximum_segment, packet.tcp.window_scale), (1460, 7));
    assert_eq!((packet.tcp.header_bytes, packet.transport_header_bytes), (40, 40));
    assert_eq!((packet.payload_bytes, payload.len(), packet.anomalies.0), (0, 0, 0));
    let (packet, payload) = one(LinkType::RAW, &ipv4(6, &tcp(0x18, &[], b"GET /")));
    assert_eq!((packet.tcp.window_scale, packet.payload_bytes), (u8::MAX, 5));
    assert_eq!(payload, b"GET /");
}

#[test]
fn padding_is_no_payload() {
    let frame = cat(&[&ethernet(0x0800, &ipv4(6, &tcp(0x10, &[], b""))), &[0; 6]]);
    let (packet, payload) = one(LinkType::ETHERNET, &frame);
    assert_eq!((packet.payload_bytes, payload.len()), (0, 0));
    assert_eq!((packet.link_bytes, packet.ip_bytes), (60, 40));
    let frame = cat(&[&ipv6(6, &tcp(0x10, &[], b"x")), &[0; 6]]);
    assert_eq!(one(LinkType::RAW, &frame).0.payload_bytes, 1);
}

#[test]
fn segmentation_offload_leaves_the_length_out() {
    let mut packet = ipv4(6, &tcp(0x10, &[], &[7; 3000]));
    packet[2..4].fill(0);
    let (packet, payload) = one(LinkType::RAW, &packet);
    assert_eq!((packet.ip_bytes, packet.payload_bytes, payload.len()), (3040, 3000, 3000));
    let mut packet = ipv6(6, &tcp(0x10, &[], &[7; 3000]));
    packet[4..6].fill(0);
    assert_eq!(one(LinkType::RAW, &packet).0.payload_bytes, 3000);
}

#[test]
fn odd_ip() {
    let mut wrong = plain();
    wrong[10] ^= 1;
    assert_eq!(odd(&wrong), Anomalies::IP_CHECKSUM);
    let loose = [131, 7, 4, 1, 2, 3, 4, 0];
    assert_eq!(odd(&ipv4_with(17, 1, 0, &loose, &udp(1, 2, b""))), Anomalies::SOURCE_ROUTE);
    let router_alert = [148, 4, 0, 0];
    let (packet, _) = one(LinkType::RAW, &ipv4_with(17, 1, 0, &router_alert, &udp(1, 2, b"")));
    assert_eq!((packet.ip_header_bytes, packet.anomalies.0), (24, 0));
    assert_eq!(odd(&ipv4_with(17, 1, 0x8000, &[], &udp(1, 2, b""))), Anomalies::IP_RESERVED);
    // It says a byte more than there is.
    let long = ipv4(17, &udp(1, 2, b"xy"));
    let odds = odd(&long[..long.len() - 1]);
    assert!(odds.has(Anomalies::IP_LENGTH) && odds.has(Anomalies::CUT));
    let mut last_hop = ipv6(17, &udp(1, 2, b""));
    last_hop[7] = 1;
    assert_eq!(odd(&last_hop), Anomalies::LOW_TTL);
}

#[test]
fn odd_tcp() {
    let flags = |flags| odd(&ipv4(6, &tcp(flags, &[], b"")));
    assert_eq!(flags(0), Anomalies::TCP_NULL);
    for bad in [0x03, 0x06, 0x01, 0x08] {
        assert_eq!(flags(bad), Anomalies::TCP_FLAGS, "{bad}");
    }
    assert_eq!(flags(0x29), Anomalies::TCP_FLAGS.with(Anomalies::TCP_URGENT), "Xmas");
    for good in [0x02, 0x12, 0x10, 0x11, 0x14, 0x04, 0x18, 0xc2] {
        assert_eq!(flags(good).0, 0, "{good}");
    }
    assert_eq!(odd(&ipv4(6, &tcp(0x02, &[], b"data"))), Anomalies::SYN_PAYLOAD);
    let mut short = tcp(0x10, &[], b"");
    short[12] = 0x40;
    assert_eq!(odd(&ipv4(6, &short)), Anomalies::TCP_OFFSET);
    short[12] = 0x60;
    assert_eq!(odd(&ipv4(6, &short)), Anomalies::TCP_OFFSET);
    let mut pointer = tcp(0x10, &[], b"");
    pointer[19] = 1;
    assert_eq!(odd(&ipv4(6, &pointer)), Anomalies::TCP_URGENT);
}

#[test]
fn udp_lengths() {
    // Padding inside the IP packet.
    let padded = cat(&[&udp(1, 2, b"abc"), &[0; 5]]);
    let (packet, payload) = one(LinkType::RAW, &ipv4(17, &padded));
    assert_eq!((packet.payload_bytes, &payload[..]), (3, &b"abc"[..]));
    assert_eq!(packet.anomalies, Anomalies::UDP_LENGTH);
    let mut long = udp(1, 2, b"abc");
    long[5] = 200;
    let (packet, payload) = one(LinkType::RAW, &ipv4(17, &long));
    assert_eq!((packet.payload_bytes, payload.len()), (3, 3));
    assert_eq!(packet.anomalies, Anomalies::UDP_LENGTH);
}

#[test]
fn endpoints_that_cannot_be() {
    assert_eq!(odd(&ipv4(17, &udp(0, 53, b""))), Anomalies::BAD_ENDPOINT);
    let mut land = ipv4(6, &tcp(0x02, &[], b""));
    land[16..20].copy_from_slice(&A);
    land[22..24].copy_from_slice(&[0x12, 0x34]);
    assert!(odd(&land).has(Anomalies::BAD_ENDPOINT));
}

#[test]
fn icmp_pairs() {
    let port = |packet: &[u8]| {
        let (packet, _) = one(LinkType::RAW, packet);
        (packet.source_port, packet.destination_port, packet.one_way)
    };
    let v4 = |kind: u8, code: u8| port(&ipv4(1, &[kind, code, 0, 0, 0, 1, 0, 2, 9]));
    let pairs = [(8, 0), (13, 14), (15, 16), (17, 18), (10, 9)];
    for (ask, answer) in pairs {
        assert_eq!(v4(ask, 0), (u16::from(ask), u16::from(answer), false));
        assert_eq!(v4(answer, 0), (u16::from(answer), u16::from(ask), false));
    }
    assert_eq!(v4(3, 1), (3, 1, true));
    let v6 = |kind: u8, code: u8| port(&ipv6(58, &[kind, code, 0, 0, 0, 1, 0, 2]));
    for (ask, answer) in [(128, 129), (130, 131), (133, 134), (135, 136), (139, 140), (144, 145)] {
        assert_eq!(v6(ask, 0), (u16::from(ask), u16::from(answer), false));
        assert_eq!(v6(answer, 0), (u16::from(answer), u16::from(ask), false));
    }
    assert_eq!(v6(1, 4), (1, 4, true));
    let (packet, payload) = one(LinkType::RAW, &ipv4(1, &[8, 0, 0, 0, 0, 1, 0, 2, 9]));
    assert_eq!((packet.transport_header_bytes, packet.payload_bytes), (8, 1));
    assert_eq!(payload, [9]);
}

#[test]
fn other_protocols() {
    let sctp = [0x0b, 0x59, 0x0b, 0x5a, 0, 0, 0, 0, 0, 0, 0, 0];
    let (packet, _) = one(LinkType::RAW, &ipv4(132, &sctp));
    assert_eq!((packet.source_port, packet.destination_port), (2905, 2906));
    let (packet, payload) = one(LinkType::RAW, &ipv4(89, b"ospf"));
    assert_eq!((packet.protocol, packet.source_port, packet.transport_header_bytes), (89, 0, 0));
    assert_eq!((packet.payload_bytes, &payload[..]), (4, &b"ospf"[..]));
}

#[test]
fn extension_headers() {
    let hop = [60, 0, 1, 4, 0, 0, 0, 0];
    let destination = [43, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let routing = [17, 0, 4, 0, 0, 0, 0, 0];
    let packet = ipv6(0, &cat(&[&hop, &destination, &routing, &udp(9, 10, b"ext")]));
    let (packet, payload) = one(LinkType::RAW, &packet);
    assert_eq!((packet.protocol, packet.source_port, packet.ip_header_bytes), (17, 9, 72));
    assert_eq!((&payload[..], packet.anomalies.0), (&b"ext"[..], 0));
    let route = ipv6(43, &cat(&[&[17, 0, 0, 0, 0, 0, 0, 0], &udp(9, 10, b"")]));
    assert_eq!(odd(&route), Anomalies::SOURCE_ROUTE);
    // Authentication, of IPv6 and of IPv4.
    let authentication =
        [17, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    let inner = cat(&[&authentication, &udp(9, 10, b"ah")]);
    for packet in [ipv6(51, &inner), ipv4(51, &inner)] {
        let (packet, payload) = one(LinkType::RAW, &packet);
        assert_eq!((packet.protocol, &payload[..]), (17, &b"ah"[..]));
    }
    // Mobility, with nothing behind.
    let (packet, _) = one(LinkType::RAW, &ipv6(135, &[59, 0, 5, 0, 0, 0, 0, 0]));
    assert_eq!((packet.protocol, packet.payload_bytes), (59, 0));
}

#[test]
fn jumbograms() {
    let body = cat(&[&[17, 0, 0xc2, 4, 0, 1, 0x11, 0x80], &udp(9, 10, &[1; 70_000 - 8])]);
    let mut packet = ipv6(0, &body);
    packet[4..6].fill(0);
    // 8 bytes of options, 70,000 of UDP: 0x11178.
    packet[44..48].copy_from_slice(&70_008_u32.to_be_bytes());
    packet[48 + 4..48 + 6].fill(0);
    let (packet, payload) = one(LinkType::RAW, &packet);
    assert_eq!((packet.ip_bytes, packet.payload_bytes, payload.len()), (70_048, 69_992, 69_992));
}

#[test]
fn malformed_is_told_with_its_place() {
    let bad_header = cat(&[&[0x44], &plain()[1..]]);
    let version = cat(&[&[0x50], &plain()[1..]]);
    let mut length = plain();
    length[2..4].copy_from_slice(&[0, 19]);
    let frames = [
        plain()[..19].to_vec(),
        bad_header,
        version,
        length,
        ipv4(6, &[0; 19]),
        ipv4(17, &[0; 7]),
        ipv6(0, &[17, 200, 0, 0, 0, 0, 0, 0]),
        plain(),
    ];
    let (batch, counters) = decode(LinkType::RAW, &frames);
    assert_eq!(batch.packets.len(), 1);
    let told: Vec<(Malformed, u64, &[u64])> = counters
        .malformed
        .iter()
        .map(|(&reason, tally)| (reason, tally.count, &tally.offsets[..]))
        .collect();
    assert_eq!(
        told,
        [
            (Malformed::IpHeader, 2, &[0, 19][..]),
            (Malformed::IpVersion, 1, &[51]),
            (Malformed::IpLength, 1, &[83]),
            (Malformed::Extension, 1, &[115 + 39 + 27]),
            (Malformed::Transport, 2, &[115, 115 + 39]),
        ]
    );
}

#[test]
fn a_snap_length_leaves_the_header() {
    // 20 bytes of IP, 4 of TCP were captured of 60.
    let whole = ipv4(6, &tcp(0x18, &[], &[1; 20]));
    for (captured, ports) in [(24, true), (20, false), (40, true), (50, true)] {
        let mut block = Block::new(whole[..captured].to_vec(), 0, 4);
        block.push(Record {
            number: 1,
            time_ns: 0,
            clock_ns: 0,
            start: 0,
            captured: captured as u32,
            wire: whole.len() as u32,
            link: LinkType::RAW,
        });
        let mut reassembler = Reassembler::new(&options());
        let batch = reassembler.finish(block.decode());
        assert_eq!(reassembler.counters().cut, 1);
        assert_eq!(batch.packets.len(), usize::from(ports));
        if let Some(packet) = batch.packets.first() {
            assert_eq!((packet.source_port, packet.payload_bytes), (0x1234, 20));
            assert_eq!(packet.payload_captured as usize, captured.saturating_sub(40));
            assert_eq!(packet.anomalies, Anomalies::CUT);
            assert_eq!(packet.destination.to_ip(4), std::net::IpAddr::from(B));
        }
    }
}
