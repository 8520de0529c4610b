//! A capture cut into blocks of whole frames.

use std::io::Read;
use std::path::Path;

use super::block::{Block, Record};
use super::counters::{CaptureCounters, Damage};
use super::info::CaptureInfo;
use super::magic::is_magic;
use super::options::CaptureOptions;
use super::pcap::{self, Pcap};
use super::pcapng::Pcapng;
use super::source::Source;
use super::step::{Frame, Step};
use crate::bytes::Compression;
use crate::error::IngestError;

/// Most bytes of a block, so that positions in it and behind it fit 32 bits.
const MAX_BLOCK_BYTES: usize = 1 << 30;

/// By which room for the records of a block is guessed.
const USUAL_FRAME_BYTES: usize = 256;

/// A capture that is being read, in memory bounded by a block and the longest record.
pub struct Capture {
    name: String,
    source: Source,
    format: Reader,
    info: CaptureInfo,
    options: CaptureOptions,
    counters: CaptureCounters,
    /// Bytes of a record of which the rest is yet to be read; they begin at `offset`.
    carry: Vec<u8>,
    offset: u64,
    skip: u64,
    clock_ns: Option<i64>,
    finished: bool,
}

enum Reader {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl Capture {
    /// Opens a file, plain or packed by gzip or zstd.
    ///
    /// # Errors
    /// A file that is missing, a directory, empty, no capture, or cannot be read.
    pub fn open(path: &Path, options: &CaptureOptions) -> Result<Self, IngestError> {
        let source = Source::open(path)?;
        Self::begin(path.display().to_string(), source, options)
    }

    /// Reads from anything, such as standard input. `name` stands in messages. A block holds what
    /// one read gives, so that slow packets are not held back.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn from_reader(
        name: &str,
        reader: Box<dyn Read + Send>,
        options: &CaptureOptions,
    ) -> Result<Self, IngestError> {
        let source = Source::new(name, reader, true)?;
        Self::begin(name.to_owned(), source, options)
    }

    /// The next frames, at least one; `None` at the end.
    pub fn next_block(&mut self) -> Option<Block> {
        if self.finished {
            return None;
        }
        let carry = std::mem::take(&mut self.carry);
        let mut bytes = Vec::new();
        if !self.source.slow() {
            bytes.reserve_exact(carry.len().max(self.options.block_bytes));
        }
        bytes.extend_from_slice(&carry);
        let mut wanted = self.options.block_bytes;
        let mut records = Vec::with_capacity(bytes.capacity() / USUAL_FRAME_BYTES);
        loop {
            if !self.source.ended() && bytes.len() < wanted {
                self.fill(&mut bytes, wanted);
            }
            let (used, needed) = self.parse(&bytes, &mut records);
            if self.finished || !records.is_empty() {
                self.carry = bytes[used..].to_vec();
                let offset = self.offset;
                self.offset += used as u64;
                if records.is_empty() {
                    return None;
                }
                let max_tunnels = self.options.max_tunnels;
                return Some(Block { bytes, records, offset, max_tunnels });
            }
            // Nothing in it was a frame; only what is not yet understood is kept.
            bytes.drain(..used);
            self.offset += used as u64;
            wanted = needed.max(bytes.len() + self.options.block_bytes).min(MAX_BLOCK_BYTES);
        }
    }

    /// What was counted so far.
    pub fn counters(&self) -> CaptureCounters {
        self.counters.clone()
    }

    /// What the capture says of itself, as far as it was read.
    pub fn info(&self) -> &CaptureInfo {
        &self.info
    }

    /// The name for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn begin(
        name: String,
        mut source: Source,
        options: &CaptureOptions,
    ) -> Result<Self, IngestError> {
        let compression = source.compression();
        let mut carry = Vec::new();
        while !source.ended() && carry.len() < pcap::FILE_HEADER {
            if let Err(error) = source.fill(&mut carry, pcap::FILE_HEADER)
                && carry.len() < pcap::FILE_HEADER
            {
                return Err(match compression {
                    Compression::None => IngestError::Io { path: name, source: error },
                    _ => IngestError::Damaged {
                        path: name,
                        format: compression.name(),
                        reason: error.to_string(),
                    },
                });
            }
        }
        if carry.is_empty() {
            return Err(IngestError::EmptyCapture { path: name });
        }
        if !is_magic(&carry) {
            return Err(IngestError::NotACapture { path: name, what: looks_like(&carry) });
        }
        if carry.len() < pcap::FILE_HEADER {
            let what = format!("a capture cut inside its header, after {} bytes", carry.len());
            return Err(IngestError::NotACapture { path: name, what });
        }
        let (format, mut info, used) = match Pcap::new(&carry, options.max_packet_bytes) {
            Some((pcap, info)) => (Reader::Pcap(pcap), info, pcap::FILE_HEADER),
            None => {
                let (pcapng, info) = Pcapng::new(options.max_packet_bytes);
                (Reader::Pcapng(pcapng), info, 0)
            }
        };
        info.compression = compression.name();
        carry.drain(..used);
        let options = CaptureOptions {
            block_bytes: options.block_bytes.clamp(1, MAX_BLOCK_BYTES),
            max_packet_bytes: options.max_packet_bytes.min(MAX_BLOCK_BYTES as u32 / 2),
            ..*options
        };
        Ok(Self {
            name,
            source,
            format,
            info,
            options,
            counters: CaptureCounters::default(),
            carry,
            offset: used as u64,
            skip: 0,
            clock_ns: None,
            finished: false,
        })
    }

    fn fill(&mut self, bytes: &mut Vec<u8>, wanted: usize) {
        let start = bytes.len();
        if self.source.fill(bytes, wanted).is_err() {
            let what = match self.source.compression() {
                Compression::None => Damage::Reading,
                _ => Damage::Compression,
            };
            let at = self.offset + (bytes.len() - start) as u64;
            self.counters.damage(what, at);
        }
    }

    /// Finds the frames in `bytes`; gives how many bytes are done with, and how many are needed
    /// behind them to go on.
    fn parse(&mut self, bytes: &[u8], records: &mut Vec<Record>) -> (usize, usize) {
        let ended = self.source.ended();
        let mut at = 0;
        loop {
            if self.skip > 0 {
                let passed = self.skip.min((bytes.len() - at) as u64);
                self.skip -= passed;
                at += passed as usize;
                if self.skip > 0 && ended {
                    self.counters.damage(Damage::Cut, self.offset + at as u64);
                    self.skip = 0;
                }
            }
            if at == bytes.len() && !ended {
                return (at, 1);
            }
            let offset = self.offset + at as u64;
            let data = &bytes[at..];
            let step = match &mut self.format {
                Reader::Pcap(pcap) => pcap.step(data, offset, ended, &mut self.counters),
                Reader::Pcapng(pcapng) => {
                    pcapng.step(data, offset, ended, &mut self.info, &mut self.counters)
                }
            };
            match step {
                Step::Frame(frame) => {
                    records.push(self.record(&frame, at));
                    at += frame.used;
                }
                Step::Skip(bytes) => self.skip = bytes,
                Step::More(needed) if !ended => return (at, needed),
                Step::More(_) | Step::End => {
                    self.finished = true;
                    return (bytes.len(), 0);
                }
            }
        }
    }

    #[inline]
    fn record(&mut self, frame: &Frame, at: usize) -> Record {
        let time_ns = frame.time_ns.or(self.clock_ns).unwrap_or(0);
        let clock_ns = self.clock_ns.map_or(time_ns, |clock| clock.max(time_ns));
        self.clock_ns = Some(clock_ns);
        let captured = frame.captured as u32;
        // Some tools write a wire length of 0 or one that is too short.
        let wire = frame.wire.max(captured);
        self.counters.frames += 1;
        self.counters.bytes += u64::from(captured);
        self.counters.wire_bytes += u64::from(wire);
        Record {
            number: self.counters.frames,
            time_ns,
            clock_ns,
            start: (at + frame.start) as u32,
            captured,
            wire,
            link: frame.link,
        }
    }
}

/// What bytes that are no capture look like.
fn looks_like(head: &[u8]) -> String {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "a zip archive"),
        (b"BZh", "a bzip2 file"),
        (b"\xfd7zXZ", "an xz file"),
        (b"7z\xbc\xaf", "a 7z archive"),
        (b"PAR1", "a Parquet file"),
        (b"XCP\0", "a NetXRay capture (`editcap -F pcapng` converts it)"),
        (b"snoop\0\0\0", "a snoop capture (`editcap -F pcapng` converts it)"),
    ];
    match KNOWN.iter().find(|(magic, _)| head.starts_with(magic)) {
        Some((_, what)) => (*what).to_owned(),
        None if head.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) => {
            "text".to_owned()
        }
        None => "a file of an unknown kind".to_owned(),
    }
}
