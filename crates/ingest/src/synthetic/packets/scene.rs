//! The office with its network: who is there, and the links between them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tripline_core::Rng;

use super::super::draw::{between, chance, lognormal, ranked};
use super::conversation::{CLIENT, SERVER};
use super::host::{Host, Link, Machine, Path, System};
use super::names;

/// Servers before the applications, by role.
const ROLES: usize = 10;

/// Who is there. Addresses are of ranges that nobody has: 10.20.0.0/16 and fd20::/16 inside,
/// 203.0.113.0/24 for servers that the internet sees, 198.18.0.0/15 and 2001:db8::/32 outside.
pub(super) struct Scene {
    machines: Vec<Machine>,
    workstations: usize,
    servers: usize,
    outside: usize,
    /// A name for each host outside, by place.
    names: Vec<String>,
    vlan: bool,
    start: i64,
    end: i64,
}

impl Scene {
    /// An office for this many flows, all of them between two times in nanoseconds since 1970.
    pub(super) fn new(seed: u64, flows: usize, start: i64, end: i64, vlan: bool) -> Self {
        let mut rng = Rng::for_part(seed, u64::MAX);
        let workstations = (flows / 400).clamp(30, 600);
        let servers = ROLES + 8 + workstations / 15;
        let outside = 150 + (flows / 100).min(4000);
        let mut machines = Vec::new();
        for place in 0..workstations + servers + outside {
            let machine = if place < workstations {
                workstation(&mut rng, place)
            } else if place < workstations + servers {
                server(&mut rng, place - workstations)
            } else {
                site(&mut rng, place - workstations - servers)
            };
            machines.push(machine);
        }
        let names = (0..outside).map(|_| names::host(&mut rng)).collect();
        Self { machines, workstations, servers, outside, names, vlan, start, end }
    }

    /// When the capture begins, in nanoseconds since 1970.
    pub(super) fn start(&self) -> i64 {
        self.start
    }

    /// About when it ends.
    pub(super) fn end(&self) -> i64 {
        self.end
    }

    pub(super) fn workstation(&self, rng: &mut Rng) -> Host {
        rng.index(self.workstations)
    }

    pub(super) fn workstations(&self) -> usize {
        self.workstations
    }

    /// The server at a place, counted round.
    pub(super) fn server_at(&self, place: usize) -> Host {
        self.workstations + place % self.servers
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

    pub(super) fn web(&self) -> Host {
        self.workstations + 8
    }

    pub(super) fn collector(&self) -> Host {
        self.workstations + 9
    }

    /// A server that runs applications; low ones are busier.
    pub(super) fn application(&self, rng: &mut Rng) -> Host {
        let count = (self.servers - ROLES) as u32;
        self.workstations + ROLES + ranked(rng, count) as usize
    }

    /// Any host of the office.
    pub(super) fn inside_at(&self, place: usize) -> Host {
        place % (self.workstations + self.servers)
    }

    /// A host of the internet that people use; low ones are used most.
    pub(super) fn site(&self, rng: &mut Rng) -> Host {
        self.workstations + self.servers + ranked(rng, self.outside as u32) as usize
    }

    /// Any host of the internet.
    pub(super) fn stranger(&self, rng: &mut Rng) -> Host {
        self.workstations + self.servers + rng.index(self.outside)
    }

    /// The name of a host outside; others have one inside.
    pub(super) fn name(&self, host: Host) -> String {
        match host.checked_sub(self.workstations + self.servers) {
            Some(place) => self.names[place].clone(),
            None => format!("host{host}.office.test"),
        }
    }

    pub(super) fn machine(&self, host: Host) -> &Machine {
        &self.machines[host]
    }

    /// Whether both speak IPv6.
    pub(super) fn both_v6(&self, a: Host, b: Host) -> bool {
        self.machines[a].v6.is_some() && self.machines[b].v6.is_some()
    }

    /// A link from a port of the client's choice. Where both can, some links are of IPv6.
    pub(super) fn link(&mut self, rng: &mut Rng, client: Host, server: Host, port: u16) -> Link {
        let own = self.machines[client].take_port(rng);
        self.link_between(rng, (client, own), (server, port))
    }

    /// A link between given ports.
    pub(super) fn link_between(
        &mut self,
        rng: &mut Rng,
        (client, own): (Host, u16),
        (server, port): (Host, u16),
    ) -> Link {
        // One pair of hosts prefers one version, as name service and routes tell it.
        let v6 = self.both_v6(client, server) && (client * 31 + server * 17) % 10 < 4;
        let (a, b) = (&self.machines[client], &self.machines[server]);
        let ends = [a.end(rng, v6, own), b.end(rng, v6, port)];
        let speed = a.speed.min(b.speed) * lognormal(rng, 1.0, 0.3);
        let path = Path {
            near: a.trip * between(rng, 0.9, 1.3),
            far: b.trip * between(rng, 0.9, 1.3),
            loss: (a.loss + b.loss).min(0.05),
            disorder: (a.loss + b.loss).min(0.05) / 3.0,
            speed,
        };
        let vlan = self.vlan.then_some(if client < self.workstations { 20 } else { 30 });
        Link { ends, stacks: [a.stack, b.stack], path, vlan }
    }

    /// The same with an address of the client that nobody has: a forged sender.
    pub(super) fn forged(&mut self, rng: &mut Rng, server: Host, port: u16) -> Link {
        let client = self.stranger(rng);
        let own = 1024 + rng.below(64_000) as u16;
        let b = &self.machines[server];
        let ends = [self.machines[client].end(rng, false, own), b.end(rng, false, port)];
        let path = Path { near: 0.01, far: b.trip, loss: 0.0, disorder: 0.0, speed: 1e7 };
        let stack = System::RawSocket.stack(rng);
        let mut link = Link { ends, stacks: [stack, b.stack], path, vlan: self.vlan.then_some(30) };
        link.ends[CLIENT].address = IpAddr::V4(outside_address(rng.next_u64() as u32));
        let ttl = [64, 64, 128, 255][rng.index(4)];
        link.ends[CLIENT].ttl = ttl - 5 - rng.below(20) as u8;
        link.ends[SERVER].address = b.v4;
        link
    }
}

fn workstation(rng: &mut Rng, place: usize) -> Machine {
    let system = match rng.index(10) {
        0..=4 => System::Windows,
        5..=6 => System::Apple,
        7 => System::Android,
        _ => System::Linux,
    };
    let wireless = chance(rng, 0.4);
    let (trip, loss) = if wireless { (0.004, 0.003) } else { (0.0004, 0.0002) };
    Machine {
        hops: 0,
        trip: lognormal(rng, trip, 0.5),
        loss: lognormal(rng, loss, 0.6),
        speed: if wireless { 1.2e7 } else { 1.1e8 },
        ..machine(rng, system, place as u32 + 256, IpAddr::V4(inside(place + 256)), 0.7)
    }
}

fn server(rng: &mut Rng, place: usize) -> Machine {
    let system = match rng.index(10) {
        0..=5 => System::Linux,
        6..=7 => System::Windows,
        8 => System::Bsd,
        _ if place >= ROLES => System::Embedded,
        _ => System::Linux,
    };
    // Name service, mail, web and every fourth application are seen from outside.
    let public = matches!(place, 1 | 8) || place >= ROLES && place.is_multiple_of(4) && place < 120;
    let address = if public {
        IpAddr::V4(Ipv4Addr::new(203, 0, 113, place as u8 + 10))
    } else {
        IpAddr::V4(inside(place + 10_000))
    };
    Machine {
        hops: 1,
        trip: lognormal(rng, 0.0003, 0.5),
        loss: 1e-5,
        speed: 1.1e8,
        ..machine(rng, system, place as u32 + 10_000, address, 0.6)
    }
}

fn site(rng: &mut Rng, place: usize) -> Machine {
    let system = match rng.index(10) {
        0..=6 => System::Linux,
        7 => System::Windows,
        8 => System::Bsd,
        _ => System::Linux,
    };
    let address = IpAddr::V4(outside_address(place as u32 * 37 + 5));
    Machine {
        // All of the internet comes through one router.
        mac: [0x02, 0, 0, 0, 0, 1],
        hops: 6 + rng.below(14) as u8,
        trip: lognormal(rng, 0.030, 0.8),
        loss: lognormal(rng, 0.002, 0.8),
        speed: lognormal(rng, 4e6, 0.6),
        ..machine(rng, system, place as u32 + 20_000, address, 0.4)
    }
}

fn machine(rng: &mut Rng, system: System, number: u32, v4: IpAddr, v6_share: f64) -> Machine {
    let [_, a, b, c] = number.to_be_bytes();
    let group = if number < 20_000 { 0xfd20 } else { 0x2001 };
    let second = if number < 20_000 { 0 } else { 0x0db8 };
    let [_, _, high, low] = number.to_be_bytes();
    let host = u16::from_be_bytes([high, low]);
    let random = rng.next_u64() as u16;
    let address = Ipv6Addr::new(group, second, 0, 7, random, 0xff, 0xfe00, host);
    let stack = system.stack(rng);
    let span = u64::from(stack.ports.1 - stack.ports.0);
    Machine {
        mac: [0x02, 0x42, 0x10, a, b, c],
        v4,
        v6: chance(rng, v6_share).then_some(IpAddr::V6(address)),
        hops: 0,
        trip: 0.0,
        loss: 0.0,
        speed: 0.0,
        port: stack.ports.0 + rng.below(span) as u16,
        stack,
    }
}

fn inside(number: usize) -> Ipv4Addr {
    let [high, low] = (number as u16).to_be_bytes();
    Ipv4Addr::new(10, 20, high, low)
}

/// Of 198.18.0.0/15, which is for measurements (RFC 2544).
fn outside_address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0xc612_0000 | number & 0x0001_ffff)
}
