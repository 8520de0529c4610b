//! The packets of two endpoints as they are planned, before they are bytes.

use std::net::IpAddr;
use std::sync::Arc;

use tripline_core::packet::protocol;

use super::message::Message;

/// Index of the endpoint that begins.
pub(super) const CLIENT: usize = 0;
/// Index of the other one.
pub(super) const SERVER: usize = 1;

/// Nanoseconds of a number of seconds.
pub(super) fn nanos(seconds: f64) -> i64 {
    (seconds * 1e9) as i64
}

/// What traffic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// No attack.
    Normal,
    /// Looking for open ports: ATT&CK T1046, Network Service Discovery.
    PortScan,
    /// Guessing passwords: T1110, Brute Force.
    BruteForce,
    /// More packets than a host can take: T1498, Network Denial of Service.
    DosFlood,
    /// Carrying data off: T1048, Exfiltration Over Alternative Protocol.
    Exfiltration,
    /// Data inside names and records of DNS: T1071.004, Application Layer Protocol: DNS.
    DnsTunnel,
    /// Calls to a controller: T1071, Application Layer Protocol.
    Beaconing,
}

impl Category {
    /// All; the first is benign.
    pub const ALL: [Self; 7] = [
        Self::Normal,
        Self::PortScan,
        Self::BruteForce,
        Self::DosFlood,
        Self::Exfiltration,
        Self::DnsTunnel,
        Self::Beaconing,
    ];

    /// Identifier in truth files, such as `port_scan`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::PortScan => "port_scan",
            Self::BruteForce => "brute_force",
            Self::DosFlood => "dos_flood",
            Self::Exfiltration => "exfiltration",
            Self::DnsTunnel => "dns_tunnel",
            Self::Beaconing => "beaconing",
        }
    }
}

/// An endpoint as its packets show it.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) mac: [u8; 6],
    pub(super) address: IpAddr,
    /// ICMP: type of what it asks or answers.
    pub(super) port: u16,
    /// As it arrives where the capture is made.
    pub(super) ttl: u8,
    /// Type of service or traffic class.
    pub(super) tos: u8,
    /// Identification of its first IPv4 packet.
    pub(super) identification: u16,
}

/// Part of a message.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) message: Arc<Message>,
    pub(super) from: usize,
    pub(super) bytes: usize,
}

/// A packet to be.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    /// When the capture sees it, in nanoseconds since 1970.
    pub(super) time: i64,
    /// [`CLIENT`] or [`SERVER`].
    pub(super) from: usize,
    pub(super) what: What,
    pub(super) part: Option<Part>,
}

/// Its transport header.
#[derive(Debug, Clone)]
pub(super) enum What {
    Segment(Segment),
    Datagram,
    /// Type, code, the four bytes behind the checksum (RFC 792, RFC 4443).
    Icmp(u8, u8, [u8; 4]),
}

/// TCP header fields.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Segment {
    pub(super) flags: u8,
    pub(super) sequence: u32,
    pub(super) acknowledgement: u32,
    pub(super) window: u16,
    /// Maximum segment size; 0 is absent.
    pub(super) maximum_segment: u16,
    pub(super) window_scale: Option<u8>,
    pub(super) selective: bool,
    /// Value and echo (RFC 7323, section 3.2).
    pub(super) stamps: Option<(u32, u32)>,
}

/// Packets of one flow in order of time, with what caused them.
#[derive(Debug, Clone)]
pub(super) struct Conversation {
    pub(super) ends: [End; 2],
    pub(super) protocol: u8,
    pub(super) vlan: Option<u16>,
    pub(super) category: Category,
    /// Never empty.
    pub(super) packets: Vec<Planned>,
}

/// What the truth tells of a flow: endpoints with the time from first to last packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Intention {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) protocol: u8,
    pub(super) source: (IpAddr, u16),
    pub(super) destination: (IpAddr, u16),
    pub(super) category: Category,
}

impl Conversation {
    /// The same, packets put in order of time; those of one time keep their order.
    pub(super) fn sorted(mut self) -> Self {
        self.packets.sort_by_key(|planned| planned.time);
        self
    }

    /// The flows that a sensor sees: the conversation itself, with one for each kind of ICMP error
    /// that it caused.
    pub(super) fn intentions(&self) -> Vec<Intention> {
        let [client, server] = &self.ends;
        let mut all: Vec<Intention> = Vec::with_capacity(1);
        for planned in &self.packets {
            let time = planned.time;
            let key = match planned.what {
                What::Icmp(kind, code, _)
                    if self.protocol != protocol::ICMP && self.protocol != protocol::ICMPV6 =>
                {
                    let (from, to) = (&self.ends[planned.from], &self.ends[1 - planned.from]);
                    let protocol =
                        if from.address.is_ipv4() { protocol::ICMP } else { protocol::ICMPV6 };
                    let source = (from.address, u16::from(kind));
                    (protocol, source, (to.address, u16::from(code)))
                }
                _ => (self.protocol, (client.address, client.port), (server.address, server.port)),
            };
            match all.iter_mut().find(|it| (it.protocol, it.source, it.destination) == key) {
                Some(intention) => intention.end = time,
                None => all.push(Intention {
                    start: time,
                    end: time,
                    protocol: key.0,
                    source: key.1,
                    destination: key.2,
                    category: self.category,
                }),
            }
        }
        all
    }
}
