//! However a stream is cut, sent again or swapped, the same is told.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use tripline_core::packet::protocol;

use super::chat::{Chat, Wire};
use super::hello::{modern, record, server_hello};
use super::{http, protocols};

/// Conversations of every protocol that is read.
fn chats() -> Vec<Chat> {
    let tls = Chat::tcp(443)
        .client(record(22, &modern()))
        .server([record(22, &server_hello(0x0303, 0xc02f, &[])), record(23, &[1; 40])].concat())
        .client([record(20, &[1]), record(23, &[2; 40])].concat());
    let mut strange = http::pipelined();
    strange.payloads.push((true, vec![0xff; 600]));
    vec![
        tls,
        http::pipelined(),
        strange,
        protocols::dns_over_tcp(),
        protocols::ftp(),
        protocols::smtp(),
        Chat::tcp(22).server("SSH-2.0-a\r\n").client("SSH-2.0-b\r\n"),
        Chat::tcp(9).client("<?xml version='1.0'?><stream:stream>").server("x"),
        Chat::tcp(9).client("one\ntwo\n\0").server(b"\0\x01\n"),
    ]
}

/// Cuts payloads in two, at places given in thousandths.
fn cut(wire: &mut Wire, cuts: &[(usize, u32)]) {
    for &(at, share) in cuts {
        let index = at % wire.packets.len();
        let length = wire.packets[index].payload_bytes;
        if length > 1 {
            wire.cut(index, 1 + (length - 1) * share / 1000);
        }
    }
}

/// The seeds of the fuzz target `parse_app`, in its form.
#[test]
fn seeds_are_read_in_any_pieces() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/parse_app");
    let mut services = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let [port, how, rest @ ..] = &bytes[..] else { continue };
        let port = PORTS[usize::from(port % 16)];
        let mut chat = if how & 1 == 0 { Chat::tcp(port) } else { Chat::udp(port) };
        let mut rest = rest;
        while let [head, length, more @ ..] = rest {
            let (payload, more) = more.split_at(more.len().min(usize::from(*length) * 4));
            chat.payloads.push((head & 1 == 0, payload.to_vec()));
            rest = more;
        }
        let whole = chat.flow();
        services.extend(whole.service);
        if how & 1 == 0 {
            let mut wire = chat.wire();
            let cuts: Vec<(usize, u32)> =
                (0..200).map(|i| (i * 7, (i as u32 * 37) % 1000)).collect();
            cut(&mut wire, &cuts);
            assert_eq!(wire.flow().app, whole.app);
        }
    }
    assert!(services.len() >= 10, "{services:?}");
}

/// Those of the fuzz target, in its order.
const PORTS: [u16; 16] =
    [4000, 443, 80, 53, 21, 25, 22, 110, 137, 161, 67, 1080, 502, 389, 123, 20];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn cuts_do_not_matter(
        which in 0_usize..9,
        cuts in prop::collection::vec((0_usize..1000, 0_u32..1000), 0..60),
        again in prop::collection::vec(0_usize..1000, 0..4),
        swaps in prop::collection::vec(0_usize..1000, 0..4),
    ) {
        let chat = &chats()[which];
        let whole = chat.flow();
        let mut wire = chat.wire();
        cut(&mut wire, &cuts);
        for at in again {
            let index = at % wire.packets.len();
            let copy = wire.packets[index];
            wire.packets.insert(index, copy);
        }
        for at in swaps {
            let index = at % (wire.packets.len() - 1);
            let [a, b] = [wire.packets[index], wire.packets[index + 1]];
            // Behind the handshake, within one direction.
            if a.source == b.source && a.payload_bytes > 0 {
                wire.packets.swap(index, index + 1);
            }
        }
        let pieces = wire.flow();
        prop_assert_eq!(&whole.app, &pieces.app);
        prop_assert_eq!(whole.service, pieces.service);
    }

    #[test]
    fn any_bytes_are_read_to_the_end(
        udp in any::<bool>(),
        port in prop::sample::select(vec![20, 21, 25, 53, 80, 88, 110, 137, 161, 443, 502, 1080, 4000]),
        payloads in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..80)), 1..9),
        head in prop::sample::select(vec![
            &b""[..], b"\x16\x03\x01\x00\x40\x01", b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n",
            b"SSH-", b"220 x\r\n", b"\x80\x2e\x01\x00\x02", b"EHLO a\r\n",
        ]),
    ) {
        let mut chat = Chat { payloads, port, protocol: if udp { protocol::UDP } else { protocol::TCP } };
        chat.payloads.insert(0, (true, head.to_vec()));
        let whole = chat.flow();
        if !udp {
            let mut wire = chat.wire();
            for index in (0..wire.packets.len()).rev() {
                for _ in 1..wire.packets[index].payload_bytes {
                    let length = wire.packets[index].payload_bytes;
                    wire.cut(index, length - 1);
                }
            }
            let pieces = wire.flow();
            prop_assert_eq!(&whole.app, &pieces.app);
            prop_assert_eq!(whole.service, pieces.service);
        }
    }
}
