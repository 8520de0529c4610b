//! Frames and captures made by hand.

use tripline_core::packet::{Batch, Packet};
use tripline_ingest::capture::{
    Block, Capture, CaptureCounters, CaptureOptions, LinkType, Packets, Reassembler, Record,
};

pub(super) const A: [u8; 4] = [10, 0, 0, 1];
pub(super) const B: [u8; 4] = [10, 0, 0, 2];

pub(super) fn cat(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

pub(super) fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    cat(&[&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], &kind.to_be_bytes(), payload])
}

/// An IPv4 packet with a right checksum.
pub(super) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_with(protocol, 7, 0, &[], payload)
}

/// The same with an identification, the field of the fragment, options.
pub(super) fn ipv4_with(
    protocol: u8,
    id: u16,
    part: u16,
    options: &[u8],
    payload: &[u8],
) -> Vec<u8> {
    let words = 5 + options.len() / 4;
    let total = (words * 4 + payload.len()) as u16;
    let mut header = vec![0x40 | words as u8, 0];
    header.extend_from_slice(&total.to_be_bytes());
    header.extend_from_slice(&id.to_be_bytes());
    header.extend_from_slice(&part.to_be_bytes());
    header.extend_from_slice(&[64, protocol, 0, 0]);
    header.extend_from_slice(&A);
    header.extend_from_slice(&B);
    header.extend_from_slice(options);
    let sum: u32 =
        header.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = !(((sum & 0xffff) + (sum >> 16)) as u16);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    header.extend_from_slice(payload);
    header
}

pub(super) fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u16;
    let mut source = [0; 16];
    source[..4].copy_from_slice(&[0x20, 1, 0xd, 0xb8]);
    let (mut a, mut b) = (source, source);
    a[15] = 1;
    b[15] = 2;
    cat(&[&[0x60, 0, 0, 0], &length.to_be_bytes(), &[next, 64], &a, &b, payload])
}

pub(super) fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() + 8) as u16;
    cat(&[
        &source.to_be_bytes(),
        &destination.to_be_bytes(),
        &length.to_be_bytes(),
        &[0, 0],
        payload,
    ])
}

pub(super) fn tcp(flags: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let words = (5 + options.len() / 4) as u8;
    cat(&[
        &[0x12, 0x34, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, words << 4, flags, 0x20, 0, 0, 0, 0, 0],
        options,
        payload,
    ])
}

/// UDP from port 5000 to 53 with four bytes, in IPv4.
pub(super) fn plain() -> Vec<u8> {
    ipv4(17, &udp(5000, 53, b"abcd"))
}

pub(super) fn options() -> CaptureOptions {
    CaptureOptions::default()
}

/// What frames of a link type give, with what was counted.
pub(super) fn decode(link: LinkType, frames: &[Vec<u8>]) -> (Batch, CaptureCounters) {
    decode_with(link, frames, &options())
}

pub(super) fn decode_with(
    link: LinkType,
    frames: &[Vec<u8>],
    options: &CaptureOptions,
) -> (Batch, CaptureCounters) {
    let mut block = Block::new(frames.concat(), 0, options.max_tunnels);
    let mut start = 0;
    for (index, frame) in frames.iter().enumerate() {
        let time_ns = index as i64 * 1_000_000;
        let length = frame.len() as u32;
        block.push(Record {
            number: index as u64 + 1,
            time_ns,
            clock_ns: time_ns,
            start,
            captured: length,
            wire: length,
            link,
        });
        start += length;
    }
    let mut reassembler = Reassembler::new(options);
    let batch = reassembler.finish(block.decode());
    (batch, reassembler.counters())
}

/// The packet of one frame, with its payload.
pub(super) fn one(link: LinkType, frame: &[u8]) -> (Packet, Vec<u8>) {
    let (batch, counters) = decode(link, &[frame.to_vec()]);
    assert_eq!(batch.packets.len(), 1, "{counters:?}");
    (batch.packets[0], batch.payload(&batch.packets[0]).to_vec())
}

/// Asserts that a frame holds the packet of [`plain`].
pub(super) fn is_plain(link: LinkType, frame: &[u8]) -> Packet {
    let (packet, payload) = one(link, frame);
    assert_eq!((packet.source_port, packet.destination_port, packet.protocol), (5000, 53, 17));
    assert_eq!(payload, b"abcd");
    assert_eq!((packet.ip_bytes, packet.payload_bytes, packet.anomalies.0), (32, 4, 0));
    assert_eq!(packet.link_bytes as usize, frame.len());
    packet
}

/// How a file is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) big: bool,
}

impl Order {
    pub(super) fn two(self, value: u16) -> [u8; 2] {
        if self.big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(super) fn four(self, value: u32) -> [u8; 4] {
        if self.big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    /// The header of a pcap file.
    pub(super) fn header(self, magic: u32, link: LinkType) -> Vec<u8> {
        let (major, minor) = (self.two(2), self.two(4));
        cat(&[&self.four(magic), &major, &minor, &[0; 8], &self.four(262_144), &self.four(link.0)])
    }

    /// A record of a pcap file.
    pub(super) fn record(self, seconds: u32, part: u32, frame: &[u8]) -> Vec<u8> {
        let length = self.four(frame.len() as u32);
        cat(&[&self.four(seconds), &self.four(part), &length, &length, frame])
    }

    /// A block of a pcapng file.
    pub(super) fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let length = self.four((body.len() + padding.len() + 12) as u32);
        cat(&[&self.four(kind), &length, body, &padding, &length])
    }

    pub(super) fn section(self) -> Vec<u8> {
        let body = cat(&[&self.four(0x1a2b_3c4d), &self.two(1), &self.two(0), &[0xff; 8]]);
        self.block(0x0a0d_0d0a, &body)
    }

    pub(super) fn interface(self, link: LinkType, options: &[u8]) -> Vec<u8> {
        let body = cat(&[&self.two(link.0 as u16), &[0, 0], &self.four(65_535), options]);
        self.block(1, &body)
    }

    pub(super) fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
        cat(&[&self.two(code), &self.two(value.len() as u16), value, &padding])
    }

    pub(super) fn enhanced(self, interface: u32, ticks: u64, frame: &[u8]) -> Vec<u8> {
        let length = self.four(frame.len() as u32);
        let body = cat(&[
            &self.four(interface),
            &self.four((ticks >> 32) as u32),
            &self.four(ticks as u32),
            &length,
            &length,
            frame,
        ]);
        self.block(6, &body)
    }
}

/// A pcap file of Ethernet frames, a millisecond apart.
pub(super) fn pcap(frames: &[Vec<u8>]) -> Vec<u8> {
    let order = Order { big: false };
    let mut file = order.header(0xa1b2_c3d4, LinkType::ETHERNET);
    for (index, frame) in frames.iter().enumerate() {
        file.extend(order.record(1_700_000_000, 1000 * index as u32, frame));
    }
    file
}

/// Reads a file from memory to its end.
pub(super) fn read(file: &[u8], options: &CaptureOptions) -> (Vec<Batch>, CaptureCounters) {
    let reader = Box::new(std::io::Cursor::new(file.to_vec()));
    let capture = Capture::from_reader("f", reader, options).expect("a capture");
    let mut packets = Packets::new(capture, options);
    let batches: Vec<Batch> = packets.by_ref().collect();
    (batches, packets.counters())
}

/// Packets with payloads and tunnels, without places that depend on blocks.
pub(super) fn contents(batches: &[Batch]) -> Vec<String> {
    let mut all = Vec::new();
    for batch in batches {
        for packet in &batch.packets {
            let placeless = Packet { payload_start: 0, tunnel: 0, ..*packet };
            all.push(format!(
                "{placeless:?} {:?} {:?}",
                batch.tunnel(packet),
                batch.payload(packet)
            ));
        }
    }
    all
}
