//! Writes datagrams of NetFlow and IPFIX in memory, then measures how fast a collector takes them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tripline_ingest::sensors::netflow::{Collector, CollectorOptions};

/// Collect NetFlow 5, 9 and IPFIX records on one thread; prints records a second as JSON.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Records of each version.
    #[arg(long, default_value_t = 5_000_000)]
    records: u64,
    /// Leave records of opposite directions as two flows.
    #[arg(long)]
    unpaired: bool,
}

/// Records of a datagram: as many as version 5 takes.
const PER_DATAGRAM: u32 = 30;
/// Records that differ; then they come again, ten seconds later.
const DISTINCT: u32 = 300_000;
const SENT_S: u32 = 1_700_000_000;
const UPTIME_MS: u32 = 90_000;

#[expect(clippy::print_stdout, reason = "the result")]
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let exporter: SocketAddr = "192.0.2.1:2055".parse()?;
    for version in [5_u16, 9, 10] {
        let datagrams = datagrams(version);
        let bytes: usize = datagrams.iter().map(Vec::len).sum();
        let mut options = CollectorOptions::default();
        if args.unpaired {
            options.pair_window = Duration::ZERO;
        }
        let mut collector = Collector::new(options);
        let (mut flows, mut told) = (Vec::new(), 0_u64);
        let mut now_ns = i64::from(SENT_S) * 1_000_000_000;
        let start = Instant::now();
        let cpu = cpu_seconds();
        while collector.counters().records < args.records {
            for (number, datagram) in datagrams.iter().enumerate() {
                collector.packet(exporter, now_ns, datagram, &mut flows);
                if number % 1024 == 0 {
                    told += flows.len() as u64;
                    flows.clear();
                }
            }
            now_ns += 10_000_000_000;
        }
        collector.finish(&mut flows);
        told += flows.len() as u64;
        let seconds = start.elapsed().as_secs_f64();
        let cpu = cpu.zip(cpu_seconds()).map(|(before, after)| after - before);
        let counters = collector.counters();
        let result = serde_json::json!({
            "version": version,
            "records": counters.records,
            "flows": told,
            "paired": counters.paired,
            "mean_datagram_bytes": bytes / datagrams.len(),
            "seconds": seconds,
            "cpu_seconds": cpu,
            "records_per_second": counters.records as f64 / seconds,
            "records_per_cpu_second": cpu.map(|cpu| counters.records as f64 / cpu),
        });
        println!("{result}");
    }
    Ok(())
}

/// Datagrams of one version: every second record is the opposite direction of the one before.
fn datagrams(version: u16) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for first in (0..DISTINCT).step_by(PER_DATAGRAM as usize) {
        let mut body = Vec::new();
        if version != 5 {
            // The template stands in every datagram, as some exporters have it.
            body.extend(template(version));
            let mut set = vec![1, 0, 0, 0];
            (first..first + PER_DATAGRAM).for_each(|number| set.extend(record(number, version)));
            let length = (set.len() as u16).to_be_bytes();
            set[2..4].copy_from_slice(&length);
            body.extend(set);
        } else {
            (first..first + PER_DATAGRAM).for_each(|number| body.extend(record(number, version)));
        }
        let mut datagram = version.to_be_bytes().to_vec();
        let header: &[u32] = match version {
            5 => &[UPTIME_MS, SENT_S, 0, first, 0],
            9 => &[UPTIME_MS, SENT_S, first / PER_DATAGRAM, 0],
            _ => &[SENT_S, first, 0],
        };
        let second = match version {
            10 => 16 + body.len() as u16,
            _ => PER_DATAGRAM as u16,
        };
        datagram.extend(second.to_be_bytes());
        datagram.extend(header.iter().flat_map(|part| part.to_be_bytes()));
        datagram.extend(body);
        all.push(datagram);
    }
    all
}

/// Numbers with lengths: Cisco's usual fields of version 9; IPFIX has milliseconds since 1970.
fn fields(version: u16) -> [(u16, u16); 18] {
    let (start, end, bytes) = if version == 9 { (22, 21, 4) } else { (152, 153, 8) };
    [
        (8, 4),
        (12, 4),
        (15, 4),
        (10, 4),
        (14, 4),
        (2, 4),
        (1, 4),
        (start, bytes),
        (end, bytes),
        (7, 2),
        (11, 2),
        (6, 1),
        (4, 1),
        (5, 1),
        (16, 4),
        (17, 4),
        (9, 1),
        (13, 1),
    ]
}

fn template(version: u16) -> Vec<u8> {
    let fields = fields(version);
    let set = if version == 9 { 0 } else { 2 };
    let mut parts = vec![set, 8 + 4 * fields.len() as u16, 256, fields.len() as u16];
    parts.extend(fields.iter().flat_map(|&(number, bytes)| [number, bytes]));
    parts.into_iter().flat_map(u16::to_be_bytes).collect()
}

fn record(number: u32, version: u16) -> Vec<u8> {
    let flow = number / 2;
    let (client, server) = (0x0a00_0000 + flow, 0xc0a8_0000 + flow % 1000);
    let (port, service) = (32_768 + (flow % 28_000) as u16, 443_u16);
    let turned = number % 2 == 1;
    let (source, destination) = if turned { (server, client) } else { (client, server) };
    let (source_port, destination_port) = if turned { (service, port) } else { (port, service) };
    let (packets, octets) = (10 + flow % 50, 1000 + flow % 5000);
    let (first, last) = (UPTIME_MS - 3000 + u32::from(turned), UPTIME_MS - 1000);
    if version == 5 {
        let mut bytes = Vec::with_capacity(48);
        for part in [source, destination, 0, 0, packets, octets, first, last] {
            bytes.extend(part.to_be_bytes());
        }
        bytes.extend(source_port.to_be_bytes());
        bytes.extend(destination_port.to_be_bytes());
        bytes.extend([0, 0x1b, 6, 0, 0, 0, 0, 0, 24, 24, 0, 0]);
        return bytes;
    }
    let since_1970 =
        |uptime: u32| u64::from(SENT_S) * 1000 - u64::from(UPTIME_MS) + u64::from(uptime);
    let mut bytes = Vec::new();
    for (field, length) in fields(version) {
        let value = match field {
            8 => u64::from(source),
            12 => u64::from(destination),
            7 => u64::from(source_port),
            11 => u64::from(destination_port),
            2 => u64::from(packets),
            1 => u64::from(octets),
            4 => 6,
            6 => 0x1b,
            22 => u64::from(first),
            21 => u64::from(last),
            152 => since_1970(first),
            153 => since_1970(last),
            _ => 0,
        };
        bytes.extend_from_slice(&value.to_be_bytes()[8 - usize::from(length)..]);
    }
    bytes
}

/// Time that this thread ran, as Linux tells; others on the machine do not count.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}
