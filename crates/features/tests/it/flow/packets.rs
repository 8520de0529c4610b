//! Packets made by hand, with a feature that counts them.

use tripline_core::flow::Flow;
use tripline_core::packet::{Address, Anomalies, Batch, Packet, TcpHeader, Vlan, protocol};
use tripline_features::flow::{
    self, ColumnDoc, FlowBatch, FlowEngine, FlowFeature, FlowSettings, Row, Step,
};

pub(crate) const SECOND: i64 = 1_000_000_000;

/// A conversation between 10.0.0.1:40000 and 10.0.0.2:9 that grows packet by packet.
#[derive(Debug, Clone)]
pub(crate) struct Talk {
    pub(crate) packets: Vec<Packet>,
    pub(crate) time_ns: i64,
    client: (Address, u16),
    server: (Address, u16),
    protocol: u8,
}

impl Talk {
    pub(crate) fn new(protocol: u8) -> Self {
        Self {
            packets: Vec::new(),
            time_ns: SECOND,
            client: (Address::v4([10, 0, 0, 1]), 40000),
            server: (Address::v4([10, 0, 0, 2]), 9),
            protocol,
        }
    }

    pub(crate) fn tcp() -> Self {
        Self::new(protocol::TCP)
    }

    pub(crate) fn between(mut self, client: (u32, u16), server: (u32, u16)) -> Self {
        self.client = (Address::v4(client.0.to_be_bytes()), client.1);
        self.server = (Address::v4(server.0.to_be_bytes()), server.1);
        self
    }

    pub(crate) fn at(mut self, time_ns: i64) -> Self {
        self.time_ns = time_ns;
        self
    }

    /// Words such as `> S 100`, `< SA 500 101`, `> A 101 501 20`: who sends, flags, sequence
    /// number, acknowledgement, payload bytes, a window of 0 as `w`.
    pub(crate) fn say(mut self, text: &str) -> Self {
        for line in text.split(';') {
            let mut words = line.split_whitespace();
            let backward = words.next() == Some("<");
            let flags = words.next().unwrap_or("-");
            let mut numbers = words.clone().filter_map(|word| word.parse().ok());
            let flags = flags.bytes().fold(0, |sum, flag| {
                sum | match flag {
                    b'F' => 1,
                    b'S' => 2,
                    b'R' => 4,
                    b'P' => 8,
                    b'A' => 16,
                    _ => 0,
                }
            });
            let mut packet = packet();
            let (from, to) =
                if backward { (self.server, self.client) } else { (self.client, self.server) };
            (packet.source, packet.source_port) = from;
            (packet.destination, packet.destination_port) = to;
            packet.protocol = self.protocol;
            packet.time_ns = self.time_ns;
            packet.clock_ns = self.time_ns;
            packet.tcp.flags = flags;
            packet.tcp.sequence = numbers.next().unwrap_or(0);
            packet.tcp.acknowledgement = numbers.next().unwrap_or(0);
            packet.payload_bytes = numbers.next().unwrap_or(0);
            if words.any(|word| word == "w") {
                packet.tcp.window = 0;
            }
            packet.ip_bytes = 40 + packet.payload_bytes;
            packet.link_bytes = 54 + packet.payload_bytes;
            self.time_ns += SECOND / 100;
            self.packets.push(packet);
        }
        self
    }
}

pub(crate) fn packet() -> Packet {
    Packet {
        number: 0,
        time_ns: 0,
        clock_ns: 0,
        source: Address::default(),
        destination: Address::default(),
        source_port: 0,
        destination_port: 0,
        protocol: protocol::TCP,
        ip_version: 4,
        ttl: 64,
        tos: 0,
        vlan: Vlan::NONE,
        one_way: false,
        link_bytes: 54,
        ip_bytes: 40,
        ip_header_bytes: 20,
        transport_header_bytes: 20,
        payload_bytes: 0,
        payload_start: 0,
        payload_captured: 0,
        tunnel: Packet::NO_TUNNEL,
        tcp: TcpHeader { window: 1000, header_bytes: 20, ..TcpHeader::default() },
        anomalies: Anomalies::default(),
    }
}

/// Talks by time, numbered, in one batch.
pub(crate) fn capture(talks: impl IntoIterator<Item = Talk>) -> Batch {
    let mut packets: Vec<Packet> = talks.into_iter().flat_map(|talk| talk.packets).collect();
    packets.sort_by_key(|packet| packet.time_ns);
    for (i, packet) in packets.iter_mut().enumerate() {
        packet.number = i as u64 + 1;
    }
    Batch { packets, ..Batch::default() }
}

/// Counts packets and payload bytes of each direction, kept by itself.
#[derive(Debug, Default)]
pub(crate) struct Count {
    packets: u64,
    bytes: u64,
}

impl FlowFeature for Count {
    fn columns() -> Vec<ColumnDoc> {
        vec![
            ColumnDoc::number("packets", "packets", "Packets."),
            ColumnDoc::number("bytes", "bytes", "Payload bytes."),
            ColumnDoc::category("state", &["S0", "other"], "State."),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self::default()
    }

    fn on_update(&mut self, step: &Step) {
        assert_eq!(step.core.packets(), self.packets);
        self.packets += 1;
        self.bytes += u64::from(step.packet.payload_bytes);
    }

    fn write(state: Option<&Self>, flow: &Flow, row: &mut Row) {
        row.maybe(state.map(|state| state.packets as f64));
        row.maybe(state.map(|state| state.bytes as f64));
        row.category(Some(usize::from(flow.state.name() != "S0")));
    }
}

pub(crate) fn engine(settings: &FlowSettings) -> Box<dyn FlowEngine> {
    flow::open::<Count>(settings, None)
}

/// All flows of a capture, fed in batches of `size` packets.
pub(crate) fn flows(capture: &Batch, settings: &FlowSettings, size: usize) -> FlowBatch {
    let mut engine = engine(settings);
    let batches: Vec<Batch> = capture
        .packets
        .chunks(size)
        .map(|packets| Batch { packets: packets.to_vec(), ..Batch::default() })
        .collect();
    for calls in batches.chunks(3) {
        engine.process(calls);
    }
    engine.finish();
    engine.take()
}
