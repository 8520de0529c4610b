//! Measures what an open flow holds: `flow_memory [SET] [FLOWS] [KIND]`.
//!
//! Prints, for flows of some kinds, the bytes that the engine counts and the growth of resident
//! memory as the system tells it (Linux).

#![allow(clippy::print_stdout)]

use tripline_core::packet::{Address, Anomalies, Batch, Packet, TcpHeader, Vlan, protocol};
use tripline_features::flow::{FlowSettings, set};

/// Protocol, then for each packet: sent back, flags, payload bytes.
type Kind = (&'static str, u8, &'static [(bool, u8, u32)]);

const KINDS: &[Kind] = &[
    ("a SYN", protocol::TCP, &[(false, 0x02, 0)]),
    ("a handshake", protocol::TCP, &[(false, 0x02, 0), (true, 0x12, 0), (false, 0x10, 0)]),
    ("a datagram of 40 bytes", protocol::UDP, &[(false, 0, 40)]),
    ("a question of 40, an answer of 120 bytes", protocol::UDP, &[(false, 0, 40), (true, 0, 120)]),
    ("a datagram of 1,400 bytes", protocol::UDP, &[(false, 0, 1400)]),
    (
        "a request, an answer",
        protocol::TCP,
        &[
            (false, 0x02, 0),
            (true, 0x12, 0),
            (false, 0x10, 0),
            (false, 0x18, 400),
            (true, 0x18, 1400),
        ],
    ),
    (
        "forty packets",
        protocol::TCP,
        &[(false, 0x18, 1400), (true, 0x10, 0), (false, 0x18, 1400), (true, 0x18, 700)],
    ),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let id = arguments.next().unwrap_or_else(|| "tripline".to_owned());
    let flows = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(100_000_u32);
    let Some(card) = set(&id) else {
        println!("no set `{id}`");
        return;
    };
    let Some(kind) = arguments.next() else {
        println!("bytes for each of {flows} open flows with the set `{id}`: counted, resident");
        for (name, ..) in KINDS {
            // A process of its own, so that nothing is used again.
            let this = std::env::current_exe().unwrap_or_default();
            let run = std::process::Command::new(this)
                .args([id.as_str(), &flows.to_string(), name])
                .status();
            if let Err(error) = run {
                println!("{name}: {error}");
            }
        }
        return;
    };
    if let Some(&(name, protocol, packets)) = KINDS.iter().find(|(name, ..)| *name == kind) {
        let rounds = if name == "forty packets" { 10 } else { 1 };
        let settings =
            FlowSettings { max_flows: 1 << 24, max_bytes: 16 << 30, ..FlowSettings::default() };
        let before = resident();
        let mut engine = (card.open)(&settings);
        let bytes = (0..2000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8);
        let mut batch = Batch { bytes: bytes.collect(), ..Batch::default() };
        let mut number = 0;
        let mut sequences = vec![[1000_u32; 2]; flows as usize];
        for _ in 0..rounds {
            for &(back, flags, payload) in packets {
                for flow in 0..flows {
                    number += 1;
                    let sequence = &mut sequences[flow as usize][usize::from(back)];
                    batch
                        .packets
                        .push(packet(flow, number, protocol, back, flags, payload, *sequence));
                    *sequence += payload + u32::from(flags & 2 != 0);
                    if batch.packets.len() == 4096 {
                        engine.process(std::slice::from_ref(&batch));
                        batch.packets.clear();
                    }
                }
            }
        }
        engine.process(std::slice::from_ref(&batch));
        drop(batch);
        drop(sequences);
        let counters = engine.counters();
        let grown = resident().saturating_sub(before);
        println!(
            "{name}: {}, {}",
            counters.bytes / counters.open.max(1),
            grown / counters.open.max(1)
        );
    }
}

fn packet(
    flow: u32,
    number: u64,
    protocol: u8,
    back: bool,
    flags: u8,
    payload: u32,
    sequence: u32,
) -> Packet {
    let client = (Address::v4((0x0a00_0000 + flow).to_be_bytes()), 40_000);
    let server = (Address::v4([192, 0, 2, 1]), if protocol == protocol::UDP { 5000 } else { 9000 });
    let ((source, source_port), (destination, destination_port)) =
        if back { (server, client) } else { (client, server) };
    let time_ns = 1_600_000_000_000_000_000 + number as i64 * 1000;
    Packet {
        number,
        time_ns,
        clock_ns: time_ns,
        source,
        destination,
        source_port,
        destination_port,
        protocol,
        ip_version: 4,
        ttl: 64,
        tos: 0,
        vlan: Vlan::NONE,
        one_way: false,
        link_bytes: 54 + payload,
        ip_bytes: 40 + payload,
        ip_header_bytes: 20,
        transport_header_bytes: 20,
        payload_bytes: payload,
        payload_start: 0,
        payload_captured: payload,
        tunnel: Packet::NO_TUNNEL,
        tcp: TcpHeader {
            sequence,
            acknowledgement: 1001,
            window: 64_000,
            flags,
            window_scale: 7,
            maximum_segment: 1460,
            header_bytes: 20,
            urgent: false,
        },
        anomalies: Anomalies::default(),
    }
}

/// Resident bytes of the process.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
