//! Records of a pcap file, after <https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/>.

use super::counters::{CaptureCounters, Damage};
use super::info::{CaptureInfo, Format, Interface};
use super::link_type::LinkType;
use super::step::{Frame, Step, u16_at, u32_at};

/// Magic number with microseconds.
pub(super) const MICRO: u32 = 0xa1b2_c3d4;
/// Magic number with nanoseconds.
pub(super) const NANO: u32 = 0xa1b2_3c4d;
/// Magic number of Kuznetzov's patch: microseconds, records with 8 more bytes of header.
pub(super) const MODIFIED: u32 = 0xa1b2_cd34;

/// Bytes of the file header.
pub(super) const FILE_HEADER: usize = 24;

/// Reads the records of a pcap file.
#[derive(Debug)]
pub(super) struct Pcap {
    big_endian: bool,
    nano: bool,
    header: usize,
    link: LinkType,
    /// Captured and wire length stand in each other's place before version 2.3, and may in it.
    swapped: Swapped,
    max_packet_bytes: u32,
    /// Seconds of the last record, by which the next is found behind damage.
    seconds: Option<u32>,
    lost: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Swapped {
    Never,
    Maybe,
    Always,
}

impl Pcap {
    /// By the file header, [`FILE_HEADER`] bytes; `None` if it is not one.
    pub(super) fn new(header: &[u8], max_packet_bytes: u32) -> Option<(Self, CaptureInfo)> {
        let known = |number| matches!(number, MICRO | NANO | MODIFIED);
        let big_endian = known(u32_at(header, 0, true)?);
        let magic = u32_at(header, 0, big_endian).filter(|&number| known(number))?;
        let format = match magic {
            MICRO => Format::PcapMicro,
            NANO => Format::PcapNano,
            _ => Format::PcapModified,
        };
        let version = (u16_at(header, 4, big_endian)?, u16_at(header, 6, big_endian)?);
        let snap_bytes = u32_at(header, 16, big_endian)?;
        // The bits above tell of frame check sequences.
        let link = LinkType(u32_at(header, 20, big_endian)? & 0x03ff_ffff);
        let nano = format == Format::PcapNano;
        let reader = Self {
            big_endian,
            nano,
            header: if format == Format::PcapModified { 24 } else { 16 },
            link,
            swapped: match version {
                (2, 0..=2) => Swapped::Always,
                (2, 3) => Swapped::Maybe,
                _ => Swapped::Never,
            },
            max_packet_bytes,
            seconds: None,
            lost: false,
        };
        let interface = Interface {
            link,
            snap_bytes,
            name: None,
            time_resolution: if nano { 9 } else { 6 },
            time_offset_s: 0,
        };
        let info = CaptureInfo {
            format,
            big_endian,
            compression: "",
            sections: 1,
            interfaces: vec![interface],
        };
        Some((reader, info))
    }

    /// What stands at the beginning of `data`, at `offset` of the file.
    pub(super) fn step(
        &mut self,
        data: &[u8],
        offset: u64,
        ended: bool,
        counters: &mut CaptureCounters,
    ) -> Step {
        if self.lost {
            match self.find(data, ended) {
                Found::Here => self.lost = false,
                Found::At(at) => return Step::Skip(at as u64),
                Found::Unknown(bytes) => return Step::More(bytes),
                Found::Nowhere => return Step::End,
            }
        }
        let Some(record) = self.record(data) else {
            if !ended {
                return Step::More(self.header);
            }
            if !data.is_empty() {
                counters.damage(Damage::Cut, offset);
            }
            return Step::End;
        };
        if record.captured > self.max_packet_bytes {
            counters.damage(Damage::Length, offset);
            self.lost = true;
            return Step::Skip(1);
        }
        let captured = record.captured as usize;
        let used = self.header + captured;
        if data.len() < used {
            if !ended {
                return Step::More(used);
            }
            counters.damage(Damage::Cut, offset);
            return Step::End;
        }
        self.seconds = Some(record.seconds);
        let unit = if self.nano { 1 } else { 1000 };
        let time_ns = i64::from(record.seconds) * 1_000_000_000 + i64::from(record.part) * unit;
        Step::Frame(Frame {
            start: self.header,
            captured,
            wire: record.wire,
            time_ns: Some(time_ns),
            link: self.link,
            used,
        })
    }

    fn record(&self, data: &[u8]) -> Option<RecordHeader> {
        let header = data.get(..self.header)?;
        let number = |at| u32_at(header, at, self.big_endian);
        let (mut captured, mut wire) = (number(8)?, number(12)?);
        if self.swapped == Swapped::Always || (self.swapped == Swapped::Maybe && captured > wire) {
            std::mem::swap(&mut captured, &mut wire);
        }
        Some(RecordHeader { seconds: number(0)?, part: number(4)?, captured, wire })
    }

    /// Looks for the next place where two records that could be follow each other, or one ends the
    /// file.
    fn find(&self, data: &[u8], ended: bool) -> Found {
        for at in 0..data.len() {
            let Some(record) = self.record(&data[at..]) else {
                return match (ended, at) {
                    (true, _) => Found::Nowhere,
                    (false, 0) => Found::Unknown(self.header),
                    (false, at) => Found::At(at),
                };
            };
            if !self.plausible(&record) {
                continue;
            }
            let end = at + self.header + record.captured as usize;
            let follows = match data.get(end..).and_then(|rest| self.record(rest)) {
                Some(next) => self.plausible(&next),
                None if ended => end == data.len(),
                None if at > 0 => return Found::At(at),
                None => return Found::Unknown(end + self.header),
            };
            if follows {
                return if at == 0 { Found::Here } else { Found::At(at) };
            }
        }
        if ended { Found::Nowhere } else { Found::Unknown(self.header) }
    }

    fn plausible(&self, record: &RecordHeader) -> bool {
        const DAY: u32 = 86_400;
        let parts = if self.nano { 1_000_000_000 } else { 1_000_000 };
        (1..=self.max_packet_bytes).contains(&record.captured)
            && (record.captured..=1 << 20).contains(&record.wire)
            && record.part < parts
            && self.seconds.is_none_or(|seconds| seconds.abs_diff(record.seconds) <= DAY)
    }
}

struct RecordHeader {
    seconds: u32,
    part: u32,
    captured: u32,
    wire: u32,
}

enum Found {
    /// A record begins here.
    Here,
    /// One may begin there.
    At(usize),
    /// So many bytes are needed to tell.
    Unknown(usize),
    /// Not before the end.
    Nowhere,
}
