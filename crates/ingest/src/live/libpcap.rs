//! Frames from an interface through libpcap, for systems without packet sockets.

use std::time::{Duration, Instant};

use super::error::LiveError;
use super::listen::{LiveCounters, LiveOptions};
use crate::capture::{Block, LinkType, Record};

/// Bytes after which a block is handed over.
const BLOCK_BYTES: usize = 1 << 20;

/// An interface that libpcap listens to; it compiles the filter by its own rules.
pub struct Libpcap {
    interface: String,
    capture: pcap::Capture<pcap::Active>,
    link: LinkType,
    max_tunnels: u8,
    number: u64,
    clock_ns: i64,
    ended: Option<LiveError>,
}

impl Libpcap {
    /// Begins to listen. What belongs to a ring in `options` is not used, but its size; nor is the
    /// flag that ends listening.
    ///
    /// # Errors
    /// What libpcap says.
    pub fn open(interface: &str, options: &LiveOptions) -> Result<Self, LiveError> {
        let failed = |error: pcap::Error| failed(interface, &error);
        let number = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
        let mut capture = pcap::Capture::from_device(interface)
            .map_err(failed)?
            .promisc(options.promiscuous)
            .snaplen(number(options.snap_bytes as usize))
            .buffer_size(number(options.ring_bytes))
            .timeout(number(options.retire.as_millis().clamp(1, 10_000) as usize))
            .open()
            .map_err(failed)?;
        capture.filter(options.filter.text(), true).map_err(failed)?;
        // Numbers of libpcap in memory are those in files, but for raw IP (12 or 14, by system).
        let link = LinkType(u32::try_from(capture.get_datalink().0).unwrap_or(u32::MAX));
        Ok(Self {
            interface: interface.to_owned(),
            capture,
            link,
            max_tunnels: options.max_tunnels,
            number: 0,
            clock_ns: i64::MIN,
            ended: None,
        })
    }

    /// The next frames; a block without any once the time is up; `None` when listening ended.
    pub fn next_block(&mut self, timeout: Duration) -> Option<Block> {
        if self.ended.is_some() {
            return None;
        }
        let end = Instant::now() + timeout;
        let (mut bytes, mut records) = (Vec::new(), Vec::new());
        while bytes.len() < BLOCK_BYTES {
            match self.capture.next_packet() {
                Ok(packet) => {
                    let time = packet.header.ts;
                    let time_ns = time.tv_sec * 1_000_000_000 + time.tv_usec * 1_000;
                    self.number += 1;
                    self.clock_ns = self.clock_ns.max(time_ns);
                    records.push(Record {
                        number: self.number,
                        time_ns,
                        clock_ns: self.clock_ns,
                        start: bytes.len() as u32,
                        captured: packet.data.len() as u32,
                        wire: packet.header.len,
                        link: self.link,
                    });
                    bytes.extend_from_slice(packet.data);
                }
                Err(pcap::Error::TimeoutExpired) if records.is_empty() && Instant::now() < end => {}
                Err(pcap::Error::TimeoutExpired) => break,
                Err(error) => {
                    self.ended = Some(failed(&self.interface, &error));
                    break;
                }
            }
        }
        let mut block = Block::new(bytes, 0, self.max_tunnels);
        records.into_iter().for_each(|record| block.push(record));
        Some(block)
    }

    /// What was counted so far.
    pub fn counters(&mut self) -> LiveCounters {
        let told = LiveCounters { told: self.number, ..LiveCounters::default() };
        match self.capture.stats() {
            Ok(counts) => LiveCounters {
                received: u64::from(counts.received),
                dropped: u64::from(counts.dropped),
                ..told
            },
            Err(_) => told,
        }
    }

    /// Why listening ended by itself.
    pub fn ended(&self) -> Option<&LiveError> {
        self.ended.as_ref()
    }
}

fn failed(interface: &str, error: &pcap::Error) -> LiveError {
    LiveError::Libpcap { interface: interface.to_owned(), message: error.to_string() }
}
