//! Tunnels, by packets made by hand.

use tripline_core::packet::{Packet, Tunnel, TunnelKind};
use tripline_ingest::capture::{CaptureOptions, LinkType};

use super::build::{
    A, B, cat, decode, decode_with, ethernet, ipv4, ipv6, one, options, plain, udp,
};

/// The packet inside with its tunnel.
fn inside(frame: Vec<u8>) -> (Packet, Tunnel) {
    let (batch, counters) = decode(LinkType::RAW, &[frame]);
    assert_eq!(batch.packets.len(), 1, "{counters:?}");
    let packet = batch.packets[0];
    (packet, *batch.tunnel(&packet).expect("a tunnel"))
}

fn is_inside(frame: Vec<u8>, kind: TunnelKind, id: Option<u32>) {
    let length = frame.len() as u32;
    let (packet, tunnel) = inside(frame);
    assert_eq!((packet.source_port, packet.destination_port), (5000, 53));
    assert_eq!((packet.link_bytes, packet.ip_bytes), (length, 32));
    assert_eq!((tunnel.kind, tunnel.id, tunnel.depth), (kind, id, 1));
    if tunnel.ip_version == 4 {
        assert_eq!(tunnel.source.to_ip(4), std::net::IpAddr::from(A));
        assert_eq!(tunnel.destination.to_ip(4), std::net::IpAddr::from(B));
    }
}

#[test]
fn ip_in_ip() {
    is_inside(ipv4(4, &plain()), TunnelKind::IpInIp, None);
    is_inside(ipv6(4, &plain()), TunnelKind::IpInIp, None);
    for outer in [ipv4(41, &ipv6(17, &udp(1, 2, b""))), ipv6(41, &ipv6(17, &udp(1, 2, b"")))] {
        let (packet, tunnel) = inside(outer);
        assert_eq!((packet.ip_version, tunnel.kind), (6, TunnelKind::IpInIp));
    }
}

#[test]
fn gre() {
    let bare = ipv4(47, &cat(&[&[0, 0, 8, 0], &plain()]));
    is_inside(bare, TunnelKind::Gre, None);
    // Checksum, key, sequence number.
    let header = [0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 77, 0, 0, 0, 1];
    is_inside(ipv4(47, &cat(&[&header, &plain()])), TunnelKind::Gre, Some(77));
    let bridged = cat(&[&[0, 0, 0x65, 0x58], &ethernet(0x0800, &plain())]);
    is_inside(ipv4(47, &bridged), TunnelKind::Gre, None);
    // PPTP: call 5, sequence and acknowledgement numbers.
    let header = [0x30, 0x81, 0x88, 0x0b, 0, 36, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 3, 0, 0x21];
    is_inside(ipv4(47, &cat(&[&header, &plain()])), TunnelKind::Gre, Some(5));
    let over_udp = udp(1, 4754, &cat(&[&[0, 0, 8, 0], &plain()]));
    is_inside(ipv4(17, &over_udp), TunnelKind::Gre, None);
}

#[test]
fn erspan() {
    let frame = ethernet(0x0800, &plain());
    is_inside(ipv4(47, &cat(&[&[0, 0, 0x88, 0xbe], &frame])), TunnelKind::Gre, None);
    let second = cat(&[&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1], &[0x10, 1, 0, 0, 0, 0, 0, 0], &frame]);
    is_inside(ipv4(47, &second), TunnelKind::Gre, None);
    let third = cat(&[&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1], &[0x20, 1, 0, 0], &[0; 8], &frame]);
    is_inside(ipv4(47, &third), TunnelKind::Gre, None);
}

#[test]
fn vxlan() {
    let header = [8, 0, 0, 0, 0, 1, 2, 0];
    let frame = cat(&[&header, &ethernet(0x0800, &plain())]);
    is_inside(ipv4(17, &udp(999, 4789, &frame)), TunnelKind::Vxlan, Some(0x102));
    // Tags inside a tunnel are not those of the packet.
    let tagged = cat(&[&header, &ethernet(0x8100, &cat(&[&[0, 5, 8, 0], &plain()]))]);
    let (packet, _) = inside(ipv4(17, &udp(999, 4789, &tagged)));
    assert_eq!(packet.vlan.outer(), None);
}

#[test]
fn what_is_no_ip_leaves_the_packet_around() {
    let arp = ethernet(0x0806, &[0; 28]);
    let outers = [
        ipv4(17, &udp(999, 4789, &cat(&[&[8, 0, 0, 0, 0, 1, 2, 0], &arp]))),
        ipv4(17, &udp(999, 4789, b"no VXLAN at all")),
        ipv4(17, &udp(999, 6081, &cat(&[&[0, 0, 0x65, 0x58, 0, 0, 7, 0], &arp]))),
        ipv4(47, &[0, 0, 0x08, 0x06, 1, 2, 3]),
        ipv4(4, b"what is this"),
        ipv4(17, &udp(3544, 9, b"\x01\x02\x03")),
        ipv4(17, &udp(2152, 2152, &[0x32, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0])),
    ];
    for outer in outers {
        let (packet, _) = one(LinkType::RAW, &outer);
        assert_eq!(packet.tunnel, Packet::NO_TUNNEL);
        assert_eq!(packet.ip_bytes as usize, outer.len());
    }
}

#[test]
fn geneve() {
    let options = [0, 1, 2, 1, 9, 9, 9, 9];
    let bridged = cat(&[&[2, 0, 0x65, 0x58, 0, 0, 7, 0], &options, &ethernet(0x0800, &plain())]);
    is_inside(ipv4(17, &udp(999, 6081, &bridged)), TunnelKind::Geneve, Some(7));
    let routed = cat(&[&[0, 0, 8, 0, 0, 0, 7, 0], &plain()]);
    is_inside(ipv4(17, &udp(999, 6081, &routed)), TunnelKind::Geneve, Some(7));
}

#[test]
fn gtp() {
    let bare = cat(&[&[0x30, 255, 0, 32, 0, 0, 0, 9], &plain()]);
    is_inside(ipv4(17, &udp(2152, 2152, &bare)), TunnelKind::Gtp, Some(9));
    // A sequence number, then one extension header of four bytes.
    let header = [0x36, 255, 0, 40, 0, 0, 0, 9, 0, 1, 0, 0x85, 1, 0, 9, 0];
    let extended = cat(&[&header, &plain()]);
    is_inside(ipv4(17, &udp(2152, 2152, &extended)), TunnelKind::Gtp, Some(9));
}

#[test]
fn teredo_and_ayiya() {
    let six = ipv6(17, &udp(1, 2, b""));
    let origin = [0, 0, 0xaf, 0xcf, 0x80, 0x77, 0xf5, 0xfe];
    let authentication = [0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0];
    for payload in [six.clone(), cat(&[&origin, &six]), cat(&[&authentication, &origin, &six])] {
        let (packet, tunnel) = inside(ipv4(17, &udp(4000, 3544, &payload)));
        assert_eq!((packet.ip_version, tunnel.kind), (6, TunnelKind::Teredo));
    }
    // An identity of 16 bytes, a signature of 20.
    let ayiya = cat(&[&[0x41, 0x52, 0x11, 41, 0, 0, 0, 0], &[0; 36], &six]);
    let (_, tunnel) = inside(ipv4(17, &udp(4000, 5072, &ayiya)));
    assert_eq!(tunnel.kind, TunnelKind::Ayiya);
}

#[test]
fn teredo_between_peers() {
    let mut six = ipv6(17, &udp(1, 2, b""));
    let origin = [0, 0, 0xaf, 0xcf, 0x80, 0x77, 0xf5, 0xfe];
    let (_, tunnel) = inside(ipv4(17, &udp(4000, 5000, &cat(&[&origin, &six]))));
    assert_eq!(tunnel.kind, TunnelKind::Teredo);
    // IPv6 of another network in UDP is anything.
    let (packet, _) = one(LinkType::RAW, &ipv4(17, &udp(4000, 5000, &six)));
    assert_eq!(packet.tunnel, Packet::NO_TUNNEL);
    six[8..12].copy_from_slice(&[0x20, 1, 0, 0]);
    let (_, tunnel) = inside(ipv4(17, &udp(4000, 5000, &six)));
    assert_eq!(tunnel.kind, TunnelKind::Teredo);
    six.push(0);
    let (packet, _) = one(LinkType::RAW, &ipv4(17, &udp(4000, 5000, &six)));
    assert_eq!(packet.tunnel, Packet::NO_TUNNEL);
}

#[test]
fn capwap() {
    let header = [0, 0x10, 0, 0, 0, 0, 0, 0];
    let bridged = cat(&[&header, &ethernet(0x0800, &plain())]);
    is_inside(ipv4(17, &udp(999, 5247, &bridged)), TunnelKind::Capwap, None);
    // Sixteen bytes of header, native frames; Cisco's order, then the right one.
    let header = [0, 0x20, 3, 0x20, 0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7];
    for control in [[0x01, 0x08], [0x08, 0x01]] {
        let snap = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
        let native = cat(&[&header, &control, &[0; 22], &snap, &plain()]);
        is_inside(ipv4(17, &udp(5247, 999, &native)), TunnelKind::Capwap, None);
    }
}

#[test]
fn vxlan_with_a_protocol() {
    let with = |next: u8, inner: &[u8]| {
        let frame = cat(&[&[0x0c, 0, 0, next, 0, 1, 2, 0], inner]);
        is_inside(ipv4(17, &udp(999, 4790, &frame)), TunnelKind::Vxlan, Some(0x102));
    };
    with(1, &plain());
    with(3, &ethernet(0x0800, &plain()));
}

#[test]
fn tunnels_are_opened_to_a_depth() {
    let mut packet = plain();
    for _ in 0..6 {
        packet = ipv4(4, &packet);
    }
    let (batch, _) = decode(LinkType::RAW, &[packet.clone()]);
    let tunnel = batch.tunnel(&batch.packets[0]).expect("a tunnel");
    assert_eq!((tunnel.depth, batch.packets[0].protocol), (4, 4));
    let none = CaptureOptions { max_tunnels: 0, ..options() };
    let (batch, _) = decode_with(LinkType::RAW, &[packet.clone()], &none);
    assert_eq!(batch.packets[0].ip_bytes as usize, packet.len());
    let all = CaptureOptions { max_tunnels: 255, ..options() };
    let (batch, _) = decode_with(LinkType::RAW, &[packet], &all);
    assert_eq!(batch.packets[0].destination_port, 53);
}

#[test]
fn equal_tunnels_are_kept_once() {
    let (batch, _) = decode(LinkType::RAW, &[ipv4(4, &plain()), plain(), ipv4(4, &plain())]);
    assert_eq!(batch.tunnels.len(), 1);
    let indices: Vec<u32> = batch.packets.iter().map(|packet| packet.tunnel).collect();
    assert_eq!(indices, [0, Packet::NO_TUNNEL, 0]);
}
