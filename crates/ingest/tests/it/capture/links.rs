//! Each link layer, by a frame made by hand.

use tripline_core::packet::Vlan;
use tripline_ingest::capture::LinkType;

use super::build::{cat, decode, ethernet, ipv6, is_plain, one, plain, udp};

#[test]
fn raw_ip() {
    for link in [12, 14, 101, 228].map(LinkType) {
        is_plain(link, &plain());
    }
    let (packet, payload) = one(LinkType::IPV6, &ipv6(17, &udp(1, 2, b"six")));
    assert_eq!((packet.ip_version, packet.ip_bytes, &payload[..]), (6, 51, &b"six"[..]));
}

#[test]
fn ethernet_and_tags() {
    let packet = is_plain(LinkType::ETHERNET, &ethernet(0x0800, &plain()));
    assert_eq!(packet.vlan, Vlan::NONE);
    // A tag of priority 5, VLAN 100.
    let tagged = cat(&[&[0xa0, 100, 0x08, 0], &plain()]);
    for kind in [0x8100, 0x88a8, 0x9100] {
        let packet = is_plain(LinkType::ETHERNET, &ethernet(kind, &tagged));
        assert_eq!((packet.vlan.outer(), packet.vlan.inner()), (Some(100), None));
    }
    let twice = cat(&[&[0, 7, 0x81, 0], &tagged]);
    let packet = is_plain(LinkType::ETHERNET, &ethernet(0x88a8, &twice));
    assert_eq!((packet.vlan.outer(), packet.vlan.inner()), (Some(7), Some(100)));
}

#[test]
fn ieee_802() {
    let llc = cat(&[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &plain()]);
    is_plain(LinkType::ETHERNET, &ethernet(llc.len() as u16, &llc));
    let llc = cat(&[&[6, 6, 3], &plain()]);
    is_plain(LinkType::ETHERNET, &ethernet(llc.len() as u16, &llc));
    let spanning_tree = ethernet(38, &cat(&[&[0x42, 0x42, 3], &[0; 35]]));
    let (batch, counters) = decode(LinkType::ETHERNET, &[spanning_tree]);
    assert!(batch.packets.is_empty());
    assert_eq!(counters.not_ip[&0x42], 1);
}

#[test]
fn tags_of_switches() {
    let inner = ethernet(0x0800, &plain());
    is_plain(LinkType::ETHERNET, &ethernet(0x8926, &cat(&[&[0, 0, 0, 1, 8, 0], &plain()])));
    is_plain(LinkType::ETHERNET, &ethernet(0x8903, &cat(&[&[0, 1], &inner])));
    is_plain(LinkType::ETHERNET, &ethernet(0x88e7, &cat(&[&[0, 0, 0, 1], &inner])));
}

#[test]
fn mpls() {
    let two_labels = [0, 1, 0, 64, 0, 2, 1, 64];
    is_plain(LinkType::ETHERNET, &ethernet(0x8847, &cat(&[&two_labels, &plain()])));
    is_plain(LinkType::MPLS, &cat(&[&two_labels, &plain()]));
    // A pseudowire, with a control word and without.
    let inner = ethernet(0x0800, &plain());
    is_plain(LinkType::ETHERNET, &ethernet(0x8848, &cat(&[&two_labels, &[0; 4], &inner])));
    let other = [&[0xfe; 12][..], &inner[12..]].concat();
    is_plain(LinkType::ETHERNET, &ethernet(0x8847, &cat(&[&two_labels, &other])));
}

#[test]
fn ppp() {
    is_plain(LinkType::PPP, &cat(&[&[0xff, 3, 0, 0x21], &plain()]));
    is_plain(LinkType::PPP, &cat(&[&[0, 0x21], &plain()]));
    // A protocol field of one byte.
    is_plain(LinkType::PPP, &cat(&[&[0x21], &plain()]));
    is_plain(LinkType::PPP_HDLC, &cat(&[&[0xff, 3, 0, 0x21], &plain()]));
    is_plain(LinkType::PPP, &cat(&[&[0x0f, 0, 8, 0], &plain()]));
    is_plain(LinkType::CISCO_HDLC, &cat(&[&[0x0f, 0, 8, 0], &plain()]));
    is_plain(LinkType::PPP_DIRECTION, &cat(&[&[1, 0, 0x21], &plain()]));
    let session = cat(&[&[0x11, 0, 0, 9, 0, 34, 0, 0x21], &plain()]);
    is_plain(LinkType::PPPOE, &session);
    let packet = is_plain(LinkType::ETHERNET, &ethernet(0x8864, &session));
    assert_eq!(packet.vlan, Vlan::NONE);
    let (_, counters) = decode(LinkType::PPP, &[vec![0xff, 3, 0xc0, 0x21, 1, 2, 0, 4]]);
    assert_eq!(counters.not_ip[&0xc021], 1);
}

#[test]
fn loopback_in_both_orders() {
    for family in [[2, 0, 0, 0], [0, 0, 0, 2]] {
        is_plain(LinkType::NULL, &cat(&[&family, &plain()]));
        is_plain(LinkType::LOOP, &cat(&[&family, &plain()]));
    }
    for family in [24, 28, 30] {
        let (packet, _) =
            one(LinkType::NULL, &cat(&[&[family, 0, 0, 0], &ipv6(17, &udp(1, 2, b""))]));
        assert_eq!(packet.ip_version, 6);
    }
    let (_, counters) = decode(LinkType::NULL, &[vec![7, 0, 0, 0, 1, 2]]);
    assert_eq!(counters.not_ip[&7], 1);
}

#[test]
fn linux_cooked() {
    let header = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    is_plain(LinkType::LINUX_SLL, &cat(&[&header, &[8, 0], &plain()]));
    let tagged = cat(&[&header, &[0x81, 0, 0, 9, 8, 0], &plain()]);
    assert_eq!(is_plain(LinkType::LINUX_SLL, &tagged).vlan.outer(), Some(9));
    let header = [8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    is_plain(LinkType::LINUX_SLL2, &cat(&[&header, &plain()]));
}

#[test]
fn frame_relay() {
    is_plain(LinkType::FRAME_RELAY, &cat(&[&[0x18, 0x41, 3, 0xcc], &plain()]));
    is_plain(LinkType::FRAME_RELAY, &cat(&[&[0x18, 0x41, 8, 0], &plain()]));
    let snap = [0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 8, 0];
    is_plain(LinkType::FRAME_RELAY, &cat(&[&snap, &plain()]));
}

#[test]
fn wifi() {
    let addresses = [0; 22];
    let snap = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    let data = cat(&[&[0x08, 0x01], &addresses, &snap, &plain()]);
    is_plain(LinkType::WIFI, &data);
    let quality = cat(&[&[0x88, 0x02], &addresses, &[0, 0], &snap, &plain()]);
    is_plain(LinkType::WIFI, &quality);
    let four_addresses = cat(&[&[0x08, 0x03], &addresses, &[0; 6], &snap, &plain()]);
    is_plain(LinkType::WIFI, &four_addresses);
    // A frame check sequence behind the packet is none of it.
    is_plain(LinkType::WIFI, &cat(&[&data, &[1, 2, 3, 4]]));
    is_plain(LinkType::WIFI_RADIOTAP, &cat(&[&[0, 0, 8, 0, 0, 0, 0, 0], &data]));
    // Flags that say that the header, of 26 bytes, is padded to a multiple of four.
    let padded = cat(&[&[0x88, 0x02], &addresses, &[0, 0, 0, 0], &snap, &plain()]);
    let header = [0, 0, 12, 0, 2, 0, 0, 0, 0x20, 0, 0, 0];
    is_plain(LinkType::WIFI_RADIOTAP, &cat(&[&header, &padded]));
    is_plain(LinkType::PPI, &cat(&[&[0, 0, 8, 0, 105, 0, 0, 0], &data]));
    let mut prism = vec![0; 144];
    prism[4] = 144;
    is_plain(LinkType::WIFI_PRISM, &cat(&[&prism, &data]));
    for (kind, flags) in [(0x80, 0), (0x08, 0x40), (0x48, 0)] {
        let (_, counters) = decode(LinkType::WIFI, &[cat(&[&[kind, flags], &data[2..]])]);
        assert_eq!(counters.not_ip[&0xffff], 1, "beacon, encrypted, no data");
    }
}

#[test]
fn aggregates_of_wifi() {
    let snap = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    // 14 + 8 + 32 bytes are padded by two.
    let unit = cat(&[&[0; 12], &[0, 40], &snap, &plain(), &[0, 0]]);
    let frame = cat(&[&[0x88, 0x02], &[0; 22], &[0x80, 0], &unit, &unit]);
    let (batch, counters) = decode(LinkType::WIFI, std::slice::from_ref(&frame));
    let bytes: Vec<u32> = batch.packets.iter().map(|packet| packet.link_bytes).collect();
    assert_eq!(bytes, [frame.len() as u32, 0]);
    assert_eq!((counters.packets, counters.aggregated), (1, 1));
}

#[test]
fn logs_of_packet_filters() {
    let attributes = [2, 0, 0, 0, 6, 0, 10, 0, b'x', 0, 0, 0, 36, 0, 9, 0];
    is_plain(LinkType::NFLOG, &cat(&[&attributes, &plain()]));
    let endless = [2, 0, 0, 0, 0, 0, 10, 0];
    let (_, counters) = decode(LinkType::NFLOG, &[endless.to_vec()]);
    assert_eq!(counters.malformed_frames(), 1);
    let mut header = vec![0; 64];
    (header[0], header[1]) = (61, 2);
    is_plain(LinkType::PFLOG, &cat(&[&header, &plain()]));
}

#[test]
fn other_links_are_counted() {
    let usb = LinkType(189);
    let (batch, counters) = decode(usb, &[plain(), plain()]);
    assert!(batch.packets.is_empty());
    assert_eq!(counters.not_decoded[&usb], 2);
    assert_eq!(usb.to_string(), "link type 189");
}

#[test]
fn endless_tags_end() {
    let tags = [0, 1, 0x81, 0].repeat(40);
    let (batch, counters) = decode(LinkType::ETHERNET, &[ethernet(0x8100, &tags)]);
    assert!(batch.packets.is_empty());
    assert_eq!(counters.malformed_frames(), 1);
}
