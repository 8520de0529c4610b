//! Blocks of a pcapng file, after <https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/>.

use super::counters::{CaptureCounters, Damage, InterfaceStatistics};
use super::info::{CaptureInfo, Format, Interface};
use super::link_type::LinkType;
use super::step::{Frame, Step, u16_at, u32_at, u64_at};
use super::ticks::Ticks;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
/// Obsolete, yet written by old tools.
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const NAMES: u32 = 4;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
/// Written by systemd, sysdig, for secrets, and by anyone ("custom"), which are passed over.
const OTHERS: [u32; 6] = [9, 10, 0xbad, 0x4000_0bad, 0x201, 0x204];
const BYTE_ORDER: u32 = 0x1a2b_3c4d;

/// Type and length in front of a block, its length behind it.
const AROUND: usize = 12;
/// What options may add to a block whose contents matter.
const OPTIONS_BYTES: usize = 64 << 10;
/// Most bytes of a block of [`OTHERS`] or of names: secrets and journals may be long.
const PASSED_BYTES: usize = 16 << 20;
/// Interfaces of one file.
const MAX_INTERFACES: usize = 4096;
/// Bytes of an interface name that are kept.
const NAME_BYTES: usize = 256;

/// Reads the blocks of a pcapng file.
#[derive(Debug)]
pub(super) struct Pcapng {
    big_endian: bool,
    max_packet_bytes: u32,
    /// Of each interface of the section, by the number that packets name it by; `None` holds the
    /// place of one whose description could not be read.
    interfaces: Vec<Option<Described>>,
    /// Whether a section header was read.
    begun: bool,
    lost: bool,
}

impl Pcapng {
    pub(super) fn new(max_packet_bytes: u32) -> (Self, CaptureInfo) {
        let reader = Self {
            big_endian: false,
            max_packet_bytes,
            interfaces: Vec::new(),
            begun: false,
            lost: false,
        };
        let info = CaptureInfo {
            format: Format::Pcapng,
            big_endian: false,
            compression: "",
            sections: 0,
            interfaces: Vec::new(),
        };
        (reader, info)
    }

    /// What stands at the beginning of `data`, at `offset` of the file.
    pub(super) fn step(
        &mut self,
        data: &[u8],
        offset: u64,
        ended: bool,
        info: &mut CaptureInfo,
        counters: &mut CaptureCounters,
    ) -> Step {
        if self.lost {
            match self.find(data, ended) {
                Ok(0) => self.lost = false,
                Ok(at) => return Step::Skip(at as u64),
                Err(Some(needed)) => return Step::More(needed),
                Err(None) => return Step::End,
            }
        }
        if data.len() < AROUND {
            if !ended {
                return Step::More(AROUND);
            }
            if !data.is_empty() {
                counters.damage(Damage::Cut, offset);
            }
            return Step::End;
        }
        // A length is believed only once it stands at the other end, too: a wrong one would pass
        // over blocks that are fine.
        let Some(head) = self.head(data).filter(|head| head.length <= self.longest_of(head)) else {
            return self.damage(data, offset, counters);
        };
        let Some(block) = data.get(..head.length) else {
            if !ended {
                return Step::More(head.length);
            }
            if self.find(&data[1..], true).is_ok() {
                return self.damage(data, offset, counters);
            }
            counters.damage(Damage::Cut, offset);
            return Step::End;
        };
        if u32_at(block, head.length - 4, head.big_endian) != Some(head.length as u32) {
            return self.damage(data, offset, counters);
        }
        if !head.matters() {
            return Step::Skip(head.length as u64);
        }
        let body = &block[8..head.length - 4];
        match head.kind {
            SECTION_HEADER => {
                self.begun = true;
                self.big_endian = head.big_endian;
                self.interfaces.clear();
                info.sections = info.sections.saturating_add(1);
                info.big_endian = head.big_endian;
            }
            INTERFACE => {
                if info.interfaces.len() >= MAX_INTERFACES {
                    counters.damage(Damage::Interfaces, offset);
                    self.describe(None);
                } else if let Some(interface) = self.interface(body) {
                    let place = info.interfaces.len();
                    self.describe(Some(Described { place, ticks: Ticks::of(&interface) }));
                    info.interfaces.push(interface);
                } else {
                    counters.damage(Damage::Block, offset);
                    self.describe(None);
                }
            }
            STATISTICS => match self.statistics(body) {
                Some((interface, told)) => counters.interface(interface, told),
                None => counters.damage(Damage::Block, offset),
            },
            kind => match self.packet(kind, body, info) {
                Ok(frame) => {
                    return Step::Frame(Frame {
                        start: frame.start + 8,
                        used: head.length,
                        ..frame
                    });
                }
                Err(what) => counters.damage(what, offset),
            },
        }
        Step::Skip(head.length as u64)
    }

    fn longest(&self) -> usize {
        self.max_packet_bytes as usize + OPTIONS_BYTES
    }

    /// The longest that a block of this type can be.
    fn longest_of(&self, head: &Head) -> usize {
        if head.known() && !head.matters() {
            self.longest().max(PASSED_BYTES)
        } else {
            self.longest()
        }
    }

    /// A length that cannot be: the next block that holds together is looked for.
    fn damage(&mut self, data: &[u8], offset: u64, counters: &mut CaptureCounters) -> Step {
        counters.damage(Damage::Length, offset);
        if self.begun && u32_at(data, 0, self.big_endian) == Some(INTERFACE) {
            self.describe(None);
        }
        self.lost = true;
        Step::Skip(1)
    }

    /// The next interface of the section. One over the bound needs no place: nothing that has one
    /// comes after it.
    fn describe(&mut self, interface: Option<Described>) {
        if self.interfaces.len() < MAX_INTERFACES {
            self.interfaces.push(interface);
        }
    }

    /// Type and length of a block, if they can be; needs [`AROUND`] bytes.
    fn head(&self, data: &[u8]) -> Option<Head> {
        let mut big_endian = self.big_endian;
        let mut kind = u32_at(data, 0, big_endian)?;
        // Reads the same in both byte orders.
        if kind == SECTION_HEADER {
            let order = u32_at(data, 8, true)?;
            big_endian = order == BYTE_ORDER;
            if !big_endian && order != BYTE_ORDER.swap_bytes() {
                return None;
            }
            kind = SECTION_HEADER;
        } else if !self.begun {
            return None;
        }
        let length = u32_at(data, 4, big_endian)? as usize;
        let least = if kind == SECTION_HEADER { 28 } else { AROUND };
        (length >= least && length.is_multiple_of(4)).then_some(Head { kind, length, big_endian })
    }

    /// Where the next block begins of a type that is known, with its length at both ends; else how
    /// many bytes are needed to tell, or `None` if there is none.
    fn find(&self, data: &[u8], ended: bool) -> Result<usize, Option<usize>> {
        for at in 0..data.len() {
            let rest = &data[at..];
            if rest.len() < AROUND {
                return match (ended, at) {
                    (true, _) => Err(None),
                    (false, 0) => Err(Some(AROUND)),
                    (false, at) => Ok(at),
                };
            }
            let Some(head) = self.head(rest).filter(Head::known) else { continue };
            if head.length > self.longest() {
                continue;
            }
            match u32_at(rest, head.length - 4, head.big_endian) {
                Some(length) if length as usize == head.length => return Ok(at),
                Some(_) => {}
                None if ended => {}
                None if at > 0 => return Ok(at),
                None => return Err(Some(head.length)),
            }
        }
        Err(if ended { None } else { Some(AROUND) })
    }

    fn interface(&self, body: &[u8]) -> Option<Interface> {
        let mut interface = Interface {
            link: LinkType(u32::from(u16_at(body, 0, self.big_endian)?)),
            snap_bytes: u32_at(body, 4, self.big_endian)?,
            name: None,
            time_resolution: 6,
            time_offset_s: 0,
        };
        for (code, value) in Options::new(body.get(8..)?, self.big_endian) {
            match (code, value.len()) {
                (2, 1..) => {
                    let name = String::from_utf8_lossy(&value[..value.len().min(NAME_BYTES)]);
                    interface.name = Some(name.into());
                }
                (9, 1) => interface.time_resolution = value[0],
                (14, 8) => {
                    interface.time_offset_s = u64_at(value, 0, self.big_endian)?.cast_signed();
                }
                _ => {}
            }
        }
        Some(interface)
    }

    fn statistics(&self, body: &[u8]) -> Option<(u32, InterfaceStatistics)> {
        let index = u32_at(body, 0, self.big_endian)? as usize;
        let described = (*self.interfaces.get(index)?)?;
        let mut told = InterfaceStatistics::default();
        for (code, value) in Options::new(body.get(12..)?, self.big_endian) {
            let slot = match code {
                4 => &mut told.received,
                5 => &mut told.dropped,
                6 => &mut told.accepted,
                7 => &mut told.dropped_by_system,
                8 => &mut told.delivered,
                _ => continue,
            };
            if value.len() == 8 {
                *slot = u64_at(value, 0, self.big_endian);
            }
        }
        Some((described.place as u32, told))
    }

    /// A packet; places are those in `body`.
    #[inline]
    fn packet(&self, kind: u32, body: &[u8], info: &CaptureInfo) -> Result<Frame, Damage> {
        let number = |at| u32_at(body, at, self.big_endian).ok_or(Damage::Block);
        let (interface, start) = match kind {
            ENHANCED_PACKET => (number(0)?, 20),
            PACKET => (u32::from(u16_at(body, 0, self.big_endian).ok_or(Damage::Block)?), 20),
            _ => (0, 4),
        };
        let Some(Some(Described { place, ticks })) = self.interfaces.get(interface as usize) else {
            return Err(Damage::Interface);
        };
        let about = info.interfaces.get(*place).ok_or(Damage::Interface)?;
        let (captured, wire, time_ns) = if kind == SIMPLE_PACKET {
            let wire = number(0)?;
            let limit = if about.snap_bytes == 0 { u32::MAX } else { about.snap_bytes };
            // Rounded up to four bytes: what is missing was not captured.
            let room = (body.len() - start) as u32;
            (wire.min(limit).min(room), wire, None)
        } else {
            let time = (u64::from(number(4)?) << 32) | u64::from(number(8)?);
            (number(12)?, number(16)?, Some(ticks.nanoseconds(time)))
        };
        if captured > self.max_packet_bytes || captured as usize > body.len().saturating_sub(start)
        {
            return Err(Damage::Block);
        }
        let captured = captured as usize;
        Ok(Frame { start, captured, wire, time_ns, link: about.link, used: 0 })
    }
}

/// An interface of the section.
#[derive(Debug, Clone, Copy)]
struct Described {
    /// Where it stands in the file's list.
    place: usize,
    ticks: Ticks,
}

struct Head {
    kind: u32,
    length: usize,
    big_endian: bool,
}

impl Head {
    /// True if what the block holds is read.
    fn matters(&self) -> bool {
        matches!(
            self.kind,
            SECTION_HEADER | INTERFACE | PACKET | SIMPLE_PACKET | STATISTICS | ENHANCED_PACKET
        )
    }

    fn known(&self) -> bool {
        self.matters() || self.kind == NAMES || OTHERS.contains(&self.kind)
    }
}

/// The options of a block: code and value. Ends at what does not hold together.
struct Options<'a> {
    rest: &'a [u8],
    big_endian: bool,
}

impl<'a> Options<'a> {
    fn new(rest: &'a [u8], big_endian: bool) -> Self {
        Self { rest, big_endian }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let code = u16_at(self.rest, 0, self.big_endian)?;
        let length = usize::from(u16_at(self.rest, 2, self.big_endian)?);
        let value = self.rest.get(4..4 + length)?;
        self.rest = self.rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        (code != 0).then_some((code, value))
    }
}
