//! Hosts with their network stacks, as their packets show them.

use std::net::IpAddr;

use tripline_core::Rng;

use super::super::draw::{chance, whole};
use super::conversation::End;

/// Index into the scene's hosts.
pub(super) type Host = usize;

/// How an operating system's TCP shows itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stack {
    /// Time to live that it sends with.
    pub(super) ttl: u8,
    /// Window of a SYN.
    pub(super) first_window: u16,
    /// Window of later segments as it stands in the header.
    pub(super) window: u16,
    /// Over IPv4.
    pub(super) maximum_segment: u16,
    pub(super) window_scale: Option<u8>,
    pub(super) selective: bool,
    pub(super) stamps: bool,
    /// Ports that it takes for its own connections.
    pub(super) ports: (u16, u16),
}

/// Kinds of systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Linux,
    Android,
    Windows,
    Apple,
    Bsd,
    /// Printers, cameras, switches.
    Embedded,
    /// A program that makes its own SYNs, as fast scanners do.
    RawSocket,
}

impl System {
    /// Its stack; versions differ in their windows.
    pub(super) fn stack(self, rng: &mut Rng) -> Stack {
        let usual = Stack {
            ttl: 64,
            first_window: 64_240,
            window: 502,
            maximum_segment: 1460,
            window_scale: Some(7),
            selective: true,
            stamps: true,
            ports: (32_768, 60_999),
        };
        let dynamic = (49_152, 65_535);
        match self {
            Self::Linux if chance(rng, 0.2) => Stack { first_window: 29_200, window: 229, ..usual },
            Self::Linux => usual,
            Self::Android => {
                let window_scale = Some(whole(rng, 8, 9) as u8);
                Stack { first_window: 65_535, window: 343, window_scale, ..usual }
            }
            Self::Windows => Stack {
                ttl: 128,
                first_window: if chance(rng, 0.6) { 64_240 } else { 65_535 },
                window: 1026,
                window_scale: Some(8),
                stamps: false,
                ports: dynamic,
                ..usual
            },
            Self::Apple => Stack {
                first_window: 65_535,
                window: 2058,
                window_scale: Some(6),
                ports: dynamic,
                ..usual
            },
            Self::Bsd => Stack {
                first_window: 65_535,
                window: 1030,
                window_scale: Some(6),
                ports: (10_000, 65_535),
                ..usual
            },
            Self::Embedded => Stack {
                ttl: if chance(rng, 0.5) { 255 } else { 64 },
                first_window: if chance(rng, 0.5) { 4128 } else { 8192 },
                window: 4096,
                maximum_segment: if chance(rng, 0.3) { 536 } else { 1460 },
                window_scale: None,
                selective: false,
                stamps: false,
                ports: (1025, 65_000),
            },
            Self::RawSocket => Stack {
                ttl: [64, 64, 255, 37 + rng.below(23) as u8][rng.index(4)],
                first_window: [1024, 1024, 65_535, 2048][rng.index(4)],
                window: 1024,
                window_scale: None,
                selective: false,
                stamps: false,
                ports: dynamic,
                ..usual
            },
        }
    }
}

/// One host.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) mac: [u8; 6],
    pub(super) v4: IpAddr,
    /// Some have IPv6 as well.
    pub(super) v6: Option<IpAddr>,
    pub(super) stack: Stack,
    /// Routers between it and the capture.
    pub(super) hops: u8,
    /// Seconds from the capture to it and back.
    pub(super) trip: f64,
    /// Share of packets lost on the way.
    pub(super) loss: f64,
    /// Bytes a second.
    pub(super) speed: f64,
    /// Next port for a connection of its own.
    pub(super) port: u16,
}

impl Machine {
    /// The host as an endpoint.
    pub(super) fn end(&self, rng: &mut Rng, v6: bool, port: u16) -> End {
        End {
            mac: self.mac,
            address: if v6 { self.v6.unwrap_or(self.v4) } else { self.v4 },
            port,
            ttl: self.stack.ttl.saturating_sub(self.hops).max(2),
            tos: 0,
            identification: rng.next_u64() as u16,
        }
    }

    /// A port for a connection of its own: the next but a few, so that none comes back soon.
    pub(super) fn take_port(&mut self, rng: &mut Rng) -> u16 {
        let (first, last) = self.stack.ports;
        let port = self.port.clamp(first, last);
        let step = 1 + rng.below(3) as u16;
        self.port = if last - port < step { first } else { port + step };
        port
    }
}

/// What lies between two hosts: round trips in seconds from the capture, between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path {
    /// To the client.
    pub(super) near: f64,
    /// To the server.
    pub(super) far: f64,
    /// Share of packets lost.
    pub(super) loss: f64,
    /// Share of packets that arrive late.
    pub(super) disorder: f64,
    /// Bytes a second.
    pub(super) speed: f64,
}

/// Two endpoints with what lies between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) ends: [End; 2],
    pub(super) stacks: [Stack; 2],
    pub(super) path: Path,
    pub(super) vlan: Option<u16>,
}
