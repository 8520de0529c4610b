//! Measures the flow engine on synthetic batches: `flow_speed [SET] [THREADS] [FLOWS]`.
//!
//! Flows have four packets of 404 bytes on average: SYN, SYN-ACK, a request with FIN, an answer with
//! FIN; 50,000 packets a second, so that some tens of
//! thousands are open at a time. Times are those of the processor, without making the batches.

#![allow(clippy::print_stdout)]

use std::time::Duration;

use tripline_core::packet::{Address, Anomalies, Batch, Packet, TcpHeader, Vlan, protocol};
use tripline_features::flow::{FlowSettings, set};

/// Packets of a batch.
const BATCH: usize = 4096;

/// Batches of a call.
const CALL: usize = 16;

/// Flows that begin between the first packets of a flow and its later ones.
const APART: u64 = 16_384;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let id = arguments.next().unwrap_or_else(|| "tripline".to_owned());
    let mut number =
        |default: u64| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let threads = number(1) as usize;
    let flows = number(300_000);
    let Some(card) = set(&id) else {
        println!("no set `{id}`");
        return;
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let Ok(pool) = pool else { return };
    let mut traffic = Traffic::new(flows);
    let settings = FlowSettings::default();
    let mut engine = (card.open)(&settings);
    let (mut packets, mut bytes, mut told) = (0_u64, 0_u64, 0_u64);
    let (mut processing, mut taking) = (Duration::ZERO, Duration::ZERO);
    let mut open = (0, 0);
    loop {
        let batches: Vec<Batch> = (0..CALL).map_while(|_| traffic.batch()).collect();
        if batches.is_empty() {
            break;
        }
        packets += batches.iter().map(|batch| batch.packets.len() as u64).sum::<u64>();
        bytes += batches
            .iter()
            .flat_map(|batch| &batch.packets)
            .map(|packet| u64::from(packet.link_bytes))
            .sum::<u64>();
        let start = cpu_time();
        pool.install(|| engine.process(&batches));
        processing += cpu_time() - start;
        let counters = engine.counters();
        if counters.open > open.0 {
            open = (counters.open, counters.bytes);
        }
        let start = cpu_time();
        told += pool.install(|| engine.take()).flows.len() as u64;
        taking += cpu_time() - start;
    }
    let start = cpu_time();
    pool.install(|| engine.finish());
    let finishing = cpu_time() - start;
    let start = cpu_time();
    told += pool.install(|| engine.take()).flows.len() as u64;
    taking += cpu_time() - start;
    let total = processing + finishing + taking;
    let each = |time: Duration| time.as_nanos() as f64 / packets as f64;
    println!(
        "{id}, {threads} threads, {} columns: {packets} packets of {} bytes, {told} flows",
        engine.schema().len(),
        bytes / packets,
    );
    println!(
        "ns a packet: process {:.0}, finish {:.0}, take {:.0}, all {:.0}: {:.2} M packets/s",
        each(processing),
        each(finishing),
        each(taking),
        each(total),
        1e3 / each(total),
    );
    println!("bytes for each of {} open flows: {}", open.0, open.1 / open.0.max(1));
}

/// Processor time of all threads, which other work on the machine changes little (Linux).
fn cpu_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let times = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(times.sum())
}

/// A stream of batches: flow `i` sends its first two packets as number `i` begins, the others when
/// number `i + APART` does.
struct Traffic {
    flows: u64,
    next: u64,
    number: u64,
    time_ns: i64,
    pool: Vec<u8>,
}

impl Traffic {
    fn new(flows: u64) -> Self {
        let mut state = 7_u64;
        let pool = (0..1 << 16).map(|_| (random(&mut state) >> 56) as u8).collect();
        Self { flows, next: 0, number: 0, time_ns: 1_600_000_000_000_000_000, pool }
    }

    fn batch(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        while batch.packets.len() < BATCH && self.next < self.flows + APART {
            let begins = self.next;
            self.next += 1;
            if begins < self.flows {
                self.push(&mut batch, begins, false, 0x02, 0);
                self.push(&mut batch, begins, true, 0x12, 0);
            }
            if let Some(goes_on) = begins.checked_sub(APART) {
                self.push(&mut batch, goes_on, false, 0x19, 300);
                self.push(&mut batch, goes_on, true, 0x19, 1100);
            }
        }
        (!batch.packets.is_empty()).then_some(batch)
    }

    fn push(&mut self, batch: &mut Batch, flow: u64, back: bool, flags: u8, payload: u32) {
        let mut state = flow;
        let client = Address::v4((random(&mut state) as u32 | 1).to_be_bytes());
        let server =
            Address::v4(((random(&mut state) as u32 & 0xffff) | 0x0a00_0000).to_be_bytes());
        let port = (random(&mut state) >> 48) as u16 | 1024;
        let service = if flow.is_multiple_of(2) { 443 } else { 80 };
        let (source, destination) = if back { (server, client) } else { (client, server) };
        let (source_port, destination_port) = if back { (service, port) } else { (port, service) };
        self.number += 1;
        self.time_ns += 20_000;
        let start = batch.bytes.len();
        // As captured: headers first.
        batch.bytes.resize(start + 54, 0);
        let payload_start = batch.bytes.len() as u32;
        let from = (random(&mut state) >> 50) as usize;
        if payload > 0 && service == 80 {
            let text: &[u8] = if back {
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n<html><body>"
            } else {
                b"GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\nX: "
            };
            batch.bytes.extend_from_slice(text);
            let rest = payload as usize - text.len();
            batch.bytes.extend(self.pool[from..from + rest].iter().map(|byte| b'a' + byte % 26));
        } else {
            batch.bytes.extend_from_slice(&self.pool[from..from + payload as usize]);
        }
        let sequence = match (flags & 2 != 0, back) {
            (true, false) => 1000,
            (false, false) => 1001,
            (true, true) => 5000,
            (false, true) => 5001,
        };
        batch.packets.push(Packet {
            number: self.number,
            time_ns: self.time_ns,
            clock_ns: self.time_ns,
            source,
            destination,
            source_port,
            destination_port,
            protocol: protocol::TCP,
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
            payload_start,
            payload_captured: payload,
            tunnel: Packet::NO_TUNNEL,
            tcp: TcpHeader {
                sequence,
                acknowledgement: if back { 1001 } else { 5001 },
                window: 64_000,
                flags,
                window_scale: 7,
                maximum_segment: 1460,
                header_bytes: 20,
                urgent: false,
            },
            anomalies: Anomalies::default(),
        });
    }
}

/// The next number of SplitMix64 (Steele et al. 2014).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
