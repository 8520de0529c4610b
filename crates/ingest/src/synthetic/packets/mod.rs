//! A labelled capture made from a seed: the traffic of an office, attacks among it.
//!
//! # What is made
//!
//! An office as a tap beside its router sees it: workstations, servers with roles (resolver, mail,
//! files, backup, monitoring, web, proxy, applications), the hosts of the internet. Addresses are
//! of ranges that nobody has, names end in what nobody can register.
//!
//! Packets are those that systems send: TCP with the options, windows and times to live of six
//! kinds of stacks, delayed acknowledgements, slow start, losses on either side of the tap,
//! retransmissions, packets out of order, resets, half-closed and half-open connections,
//! keep-alives; UDP with ICMP errors; IPv4 or IPv6. Programs speak DNS, HTTP/1.1, TLS 1.2 and 1.3
//! with the hellos of six clients, QUIC, SSH, SMTP, FTP, NTP, SNMP, syslog, RTP, multicast DNS.
//! Long bodies are made of random or of plain bytes. All checksums are valid.
//!
//! Attacks come in campaigns of one kind each (see [`Category`]), hasty or careful. Benign
//! activities look like each of them on purpose: inventories and traced routes like scans, wrong
//! passwords and expired tokens like brute force, load tests and dead services like floods,
//! uploads and backups like exfiltration, reputation look-ups like DNS tunnels, telemetry like
//! beacons. A careful campaign draws sizes and pauses from what it hides in.
//!
//! Time passes as in one working day's hours; there is no night and no weekend. Traffic is made in
//! order of time in memory that is bounded by the conversations under way. The same options give
//! the same bytes on every machine.

mod agent;
mod app;
mod attack;
mod benign;
mod checksum;
mod conversation;
mod datagrams;
mod frame;
mod host;
mod message;
mod names;
mod scene;
mod schedule;
mod tcp;
mod truth;

use std::io::{self, Write};

use tripline_core::Rng;

pub use self::conversation::Category;
use self::scene::Scene;
use self::schedule::{Next, Schedule};
pub use self::truth::TRUTH_HEADER;
use crate::packet_writer::PacketWriter;

/// Flows a second if nothing else is asked for: an office of some fifty people.
const USUAL_RATE: f64 = 10.0;

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PacketOptions {
    /// Number of conversations.
    pub flows: usize,
    /// Seconds in which they begin; the last ones end later.
    pub seconds: f64,
    /// Seed of all randomness.
    pub seed: u64,
    /// Time of the first packets, in nanoseconds since 1970-01-01 UTC.
    pub start_ns: i64,
    /// Part of the conversations that are of attacks, from 0 to 1.
    pub attack_share: f64,
    /// Frames have a tag of IEEE 802.1Q.
    pub vlan: bool,
}

impl PacketOptions {
    /// So many conversations at the usual rate of ten a second, a tenth of them of attacks, from
    /// Monday 2026-01-05 09:00 UTC on.
    pub fn flows(flows: usize, seed: u64) -> Self {
        Self {
            flows,
            seconds: flows as f64 / USUAL_RATE,
            seed,
            start_ns: 1_767_603_600_000_000_000,
            attack_share: 0.1,
            vlan: false,
        }
    }

    /// As many conversations as so many seconds have at the usual rate.
    pub fn seconds(seconds: f64, seed: u64) -> Self {
        Self { seconds, ..Self::flows((seconds * USUAL_RATE).max(0.0) as usize, seed) }
    }
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PacketsMade {
    /// Frames.
    pub packets: u64,
    /// Bytes of the capture file before compression.
    pub bytes: u64,
    /// Lines of the truth: flows that a sensor can see.
    pub flows: u64,
    /// The same by category, in the order of [`Category::ALL`].
    pub by_category: [u64; Category::ALL.len()],
    /// Time of the first packet, in nanoseconds since 1970; 0 without packets.
    pub first_ns: i64,
    /// Time of the last packet.
    pub last_ns: i64,
}

/// Writes a capture as pcap with nanoseconds; `truth` gets the lines that [`TRUTH_HEADER`] heads,
/// in the order in which flows begin.
pub fn packets(
    options: &PacketOptions,
    capture: &mut dyn Write,
    truth: &mut dyn Write,
) -> io::Result<PacketsMade> {
    let mut writer = PacketWriter::new(capture)?;
    let mut made = PacketsMade::default();
    let mut schedule = schedule(options);
    let mut frame = Vec::new();
    let mut result = writeln!(truth, "{TRUTH_HEADER}");
    let mut take = |next: Next<'_>| -> io::Result<()> {
        let Next { conversation, index } = next;
        if index == 0 {
            for intention in conversation.intentions() {
                made.flows += 1;
                made.by_category[intention.category as usize] += 1;
                truth::write(truth, &intention)?;
            }
        }
        frame::render(conversation, index, &mut frame);
        let time = conversation.packets[index].time;
        if made.packets == 0 {
            made.first_ns = time;
        }
        made.last_ns = time;
        made.packets += 1;
        writer.write(time, &frame)
    };
    while result.is_ok() && schedule.next(|next| result = take(next)) {}
    result?;
    made.bytes = writer.bytes();
    Ok(made)
}

/// Everybody who causes traffic.
fn schedule(options: &PacketOptions) -> Schedule {
    let PacketOptions { flows, seconds, seed, start_ns, attack_share, vlan } = *options;
    let seconds = seconds.clamp(0.0, 1e8);
    let end = start_ns.saturating_add((seconds * 1e9) as i64);
    let scene = Scene::new(seed, flows, start_ns, end, vlan);
    let attacks = (flows as f64 * attack_share.clamp(0.0, 1.0)).round() as usize;
    let mut rng = Rng::for_part(seed, u64::MAX - 1);
    let campaigns = attack::campaigns(&scene, attacks, &mut rng);
    let rate = (flows - attacks) as f64 / seconds.max(1.0);
    let machines = benign::machines(&scene, &mut rng, rate);
    let mut schedule = Schedule::new(scene);
    let mut part = 0;
    let mut stream = || {
        part += 1;
        Rng::for_part(seed, part)
    };
    let benign = schedule.budget(flows - attacks);
    schedule.add(start_ns, benign, Box::new(benign::Office::new()), stream());
    for machine in machines {
        let mut rng = stream();
        // Clocks of machines are not in step.
        let first = start_ns + (rng.unit() * 60e9) as i64;
        schedule.add(first, benign, machine, rng);
    }
    for campaign in campaigns {
        let budget = schedule.budget(campaign.size);
        schedule.add(campaign.start, budget, campaign.agent, stream());
    }
    schedule
}
