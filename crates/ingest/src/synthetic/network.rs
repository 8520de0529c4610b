//! The hosts of the office with the paths between them.

use tripline_core::Rng;

use super::draw;

/// A host: workstations, then servers, then the internet.
pub(super) type Host = u32;

/// Servers before the applications, by role.
const ROLES: u32 = 8;

/// Who is there.
pub(super) struct Network {
    workstations: u32,
    servers: u32,
    outside: u32,
    /// Round trip in seconds from the office to each host, by host.
    round_trips: Vec<f64>,
    /// Share of packets lost on the way, by host.
    losses: Vec<f64>,
}

/// What lies between two hosts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path {
    /// Seconds.
    pub(super) round_trip: f64,
    /// Share of packets.
    pub(super) loss: f64,
    /// Bytes a second.
    pub(super) speed: f64,
}

impl Network {
    /// About one workstation for 2,000 flows in two weeks.
    pub(super) fn new(rows: usize, seed: u64) -> Self {
        let workstations = (rows / 2000).clamp(40, 5000) as u32;
        let servers = ROLES + 6 + workstations / 20;
        let outside = 300 + 4 * workstations;
        let inside = workstations + servers;
        let mut rng = Rng::for_part(seed, u64::MAX);
        let mut round_trips = Vec::new();
        let mut losses = Vec::new();
        for host in 0..inside + outside {
            let (round_trip, loss) = if host < workstations {
                // Some are on a wireless network.
                if draw::chance(&mut rng, 0.4) { (0.004, 0.004) } else { (0.0005, 0.0002) }
            } else if host < inside {
                (0.0003, 0.0001)
            } else {
                (0.030, 0.003)
            };
            round_trips.push(draw::lognormal(&mut rng, round_trip, 0.7));
            losses.push(draw::lognormal(&mut rng, loss, 0.8).min(0.08));
        }
        Self { workstations, servers, outside, round_trips, losses }
    }

    pub(super) fn workstation(&self, rng: &mut Rng) -> Host {
        rng.below(u64::from(self.workstations)) as u32
    }

    pub(super) fn resolver(&self) -> Host {
        self.workstations
    }

    pub(super) fn mail(&self) -> Host {
        self.workstations + 1
    }

    pub(super) fn files(&self) -> Host {
        self.workstations + 2
    }

    pub(super) fn backup(&self) -> Host {
        self.workstations + 3
    }

    pub(super) fn monitor(&self) -> Host {
        self.workstations + 4
    }

    pub(super) fn scanner(&self) -> Host {
        self.workstations + 5
    }

    pub(super) fn jump(&self) -> Host {
        self.workstations + 6
    }

    pub(super) fn proxy(&self) -> Host {
        self.workstations + 7
    }

    /// A server that runs applications; low ones are busier.
    pub(super) fn application(&self, rng: &mut Rng) -> Host {
        self.workstations + ROLES + draw::ranked(rng, self.servers - ROLES)
    }

    /// Any server.
    pub(super) fn server(&self, rng: &mut Rng) -> Host {
        self.workstations + rng.below(u64::from(self.servers)) as u32
    }

    /// The server at a place, counted round.
    pub(super) fn server_at(&self, at: u32) -> Host {
        self.workstations + at % self.servers
    }

    pub(super) fn servers(&self) -> u32 {
        self.servers
    }

    /// Any address of the office; some have no host.
    pub(super) fn inside_at(&self, at: u32) -> Host {
        at % (self.workstations + self.servers)
    }

    /// A host of the internet that people use; low ones are used most.
    pub(super) fn site(&self, rng: &mut Rng) -> Host {
        self.workstations + self.servers + draw::ranked(rng, self.outside)
    }

    /// Any host of the internet.
    pub(super) fn stranger(&self, rng: &mut Rng) -> Host {
        self.workstations + self.servers + rng.below(u64::from(self.outside)) as u32
    }

    pub(super) fn is_inside(&self, host: Host) -> bool {
        host < self.workstations + self.servers
    }

    /// The path between two hosts, as it is at this moment.
    pub(super) fn path(&self, rng: &mut Rng, from: Host, to: Host) -> Path {
        let round_trip = self.round_trips[from as usize] + self.round_trips[to as usize];
        let inside = self.is_inside(from) && self.is_inside(to);
        Path {
            round_trip: round_trip * (1.0 + draw::exponential(rng, 0.15)),
            loss: self.losses[from as usize] + self.losses[to as usize],
            speed: draw::lognormal(rng, if inside { 4e7 } else { 4e6 }, 0.6),
        }
    }
}
