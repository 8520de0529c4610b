//! Blocks to packets.

use tripline_core::packet::{Anomalies, Batch, Packet, Tunnel, Vlan};

use super::block::{Block, Record};
use super::counters::{CaptureCounters, Malformed};
use super::fragment::Fragment;
use super::link_type::LinkType;
use super::view::View;

/// Link headers inside each other that are gone through.
const MAX_LAYERS: u8 = 16;
/// Tunnels inside each other, whatever the options say: each costs stack.
const MAX_TUNNELS: u8 = 16;

/// The packets of a block, with the fragments that are yet to be put together.
#[derive(Debug, Default)]
pub struct Decoded {
    pub(super) batch: Batch,
    pub(super) fragments: Vec<Fragment>,
    pub(super) counters: CaptureCounters,
    pub(super) max_tunnels: u8,
}

impl Block {
    /// Reads the headers of its frames. Depends on the block alone.
    pub fn decode(self) -> Decoded {
        let mut packets = Vec::with_capacity(self.records.len());
        let mut counters = CaptureCounters::default();
        let (mut tunnels, mut fragments) = (Vec::new(), Vec::new());
        let mut decoder = Decoder {
            packets: &mut packets,
            tunnels: &mut tunnels,
            fragments: &mut fragments,
            max_tunnels: self.max_tunnels.min(MAX_TUNNELS),
        };
        for record in &self.records {
            let view = View { data: self.frame(record), at: record.start, wire: record.wire };
            let before = decoder.packets.len();
            let outcome = decoder.link(record.link, view, Around::of(record));
            let new = &decoder.packets[before..];
            let cut = new.iter().any(|packet| packet.anomalies.has(Anomalies::CUT));
            counters.cut += u64::from(cut);
            match outcome {
                Ok(Got::Packet) => {
                    counters.packets += 1;
                    counters.aggregated += new.len() as u64 - 1;
                }
                Ok(Got::Fragment) => {
                    counters.fragments += 1;
                    counters.aggregated += new.len() as u64;
                }
                Err(refused) => {
                    refused.count(&mut counters, self.offset + u64::from(record.start));
                    counters.cut += u64::from(
                        record.captured < record.wire && matches!(refused, Refused::Malformed(_)),
                    );
                }
            }
        }
        let batch = Batch { bytes: self.bytes, reassembled: Vec::new(), packets, tunnels };
        Decoded { batch, fragments, counters, max_tunnels: self.max_tunnels }
    }
}

/// Where packets go.
pub(super) struct Decoder<'a> {
    pub(super) packets: &'a mut Vec<Packet>,
    pub(super) tunnels: &'a mut Vec<Tunnel>,
    pub(super) fragments: &'a mut Vec<Fragment>,
    pub(super) max_tunnels: u8,
}

/// What is known of a packet from outside of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    pub(super) number: u64,
    pub(super) time_ns: i64,
    pub(super) clock_ns: i64,
    pub(super) link_bytes: u32,
    pub(super) vlan: Vlan,
    pub(super) tunnel: Option<Tunnel>,
    /// Link headers gone through.
    pub(super) layers: u8,
}

impl Around {
    #[inline]
    fn of(record: &Record) -> Self {
        Self {
            number: record.number,
            time_ns: record.time_ns,
            clock_ns: record.clock_ns,
            link_bytes: record.wire,
            vlan: Vlan::NONE,
            tunnel: None,
            layers: 0,
        }
    }

    /// One more link header.
    #[inline]
    pub(super) fn deeper(&mut self) -> Result<(), Refused> {
        self.layers += 1;
        if self.layers > MAX_LAYERS { Err(Malformed::TooDeep.into()) } else { Ok(()) }
    }

    /// How many tunnels are around.
    #[inline]
    pub(super) fn tunnels(&self) -> u8 {
        self.tunnel.map_or(0, |tunnel| tunnel.depth)
    }
}

/// What a frame gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Got {
    Packet,
    Fragment,
}

/// Why a frame gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    NotIp(u16),
    NotDecoded(LinkType),
    Malformed(Malformed),
}

impl From<Malformed> for Refused {
    fn from(reason: Malformed) -> Self {
        Self::Malformed(reason)
    }
}

impl Refused {
    fn count(self, counters: &mut CaptureCounters, offset: u64) {
        match self {
            Self::NotIp(kind) => *counters.not_ip.entry(kind).or_default() += 1,
            Self::NotDecoded(link) => *counters.not_decoded.entry(link).or_default() += 1,
            Self::Malformed(reason) => counters.malformed(reason, offset),
        }
    }
}

pub(super) type Outcome = Result<Got, Refused>;
