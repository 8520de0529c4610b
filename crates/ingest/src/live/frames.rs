//! A block of a TPACKET_V3 ring as a block of frames.
//!
//! The layout is that of `struct tpacket_block_desc` with `struct tpacket3_hdr` in
//! `linux/if_packet.h`, numbers in the byte order of the machine. The kernel writes it, yet no
//! offset is trusted.

use crate::capture::{Block, LinkType, Record};

/// Where a block says how many frames it has, and where the first one is.
const COUNT: usize = 12;
const FIRST: usize = 16;

/// Bytes of a frame's header: `sizeof(struct tpacket3_hdr)`.
const HEADER: usize = 48;

// `TP_STATUS_VLAN_VALID`, `TP_STATUS_VLAN_TPID_VALID`.
const TAG_VALID: u32 = 1 << 4;
const TAG_PROTOCOL_VALID: u32 = 1 << 6;

/// Bytes of an 802.1Q tag, and of the two addresses in front of it.
const TAG: usize = 4;
const ADDRESSES: usize = 12;

/// Frames of ring blocks, counted and timed on from block to block.
#[derive(Debug, Clone, Copy)]
pub struct RingFrames {
    link: LinkType,
    max_tunnels: u8,
    number: u64,
    clock_ns: i64,
    damaged: u64,
}

impl RingFrames {
    /// For an interface with frames of one link type; `max_tunnels` is as in
    /// [`CaptureOptions`](crate::capture::CaptureOptions).
    pub fn new(link: LinkType, max_tunnels: u8) -> Self {
        Self { link, max_tunnels, number: 0, clock_ns: i64::MIN, damaged: 0 }
    }

    /// The frames of one ring block; a tag that the kernel took off is put back.
    pub fn read(&mut self, mut bytes: Vec<u8>) -> Block {
        let mut records = Vec::new();
        let (count, mut at) = match (word(&bytes, COUNT), word(&bytes, FIRST)) {
            (Some(count), Some(first)) => (count, first as usize),
            _ => (0, 0),
        };
        for left in (1..=count).rev() {
            let (Some(record), Some(next)) = (self.frame(&mut bytes, at), word(&bytes, at)) else {
                self.damaged += u64::from(left);
                break;
            };
            records.extend(record);
            // The last frame of a block has no next one.
            if left > 1 && (next as usize) < HEADER {
                self.damaged += u64::from(left - 1);
                break;
            }
            at = at.saturating_add(next as usize);
        }
        let mut block = Block::new(bytes, 0, self.max_tunnels);
        records.into_iter().for_each(|record| block.push(record));
        block
    }

    /// A block without a frame.
    pub fn none(&self) -> Block {
        Block::new(Vec::new(), 0, self.max_tunnels)
    }

    /// Frames whose header did not hold together.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Frames read.
    pub fn frames(&self) -> u64 {
        self.number
    }

    /// The frame whose header is here: `None` outside the block, nothing if it is damaged.
    fn frame(&mut self, bytes: &mut [u8], at: usize) -> Option<Option<Record>> {
        let header = bytes.get(at..)?.first_chunk::<HEADER>()?;
        let seconds = word(header, 4)?;
        let nanoseconds = word(header, 8)?;
        let mut captured = word(header, 12)? as usize;
        let mut wire = word(header, 16)?;
        let status = word(header, 20)?;
        let mac = usize::from(half(header, 24)?);
        let control = word(header, 32)? as u16;
        let protocol = if status & TAG_PROTOCOL_VALID == 0 { 0x8100 } else { half(header, 36)? };
        let mut start = at + mac;
        if mac < HEADER || bytes.get(start..).is_none_or(|rest| rest.len() < captured) {
            self.damaged += 1;
            return Some(None);
        }
        let tagged = status & TAG_VALID != 0 && self.link == LinkType::ETHERNET;
        // The kernel leaves room in front of a frame: its header is aligned, then an address of 20
        // bytes follows, which nobody here asks for.
        if tagged && captured >= ADDRESSES && mac >= HEADER + TAG {
            bytes.copy_within(start..start + ADDRESSES, start - TAG);
            let tag = start - TAG + ADDRESSES;
            bytes.get_mut(tag..tag + 2)?.copy_from_slice(&protocol.to_be_bytes());
            bytes.get_mut(tag + 2..tag + 4)?.copy_from_slice(&control.to_be_bytes());
            start -= TAG;
            captured += TAG;
            wire = wire.saturating_add(TAG as u32);
        }
        let time_ns = i64::from(seconds) * 1_000_000_000 + i64::from(nanoseconds.min(999_999_999));
        self.number += 1;
        self.clock_ns = self.clock_ns.max(time_ns);
        Some(Some(Record {
            number: self.number,
            time_ns,
            clock_ns: self.clock_ns,
            start: u32::try_from(start).ok()?,
            captured: u32::try_from(captured).ok()?,
            wire,
            link: self.link,
        }))
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|&bytes| u32::from_ne_bytes(bytes))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|&bytes| u16::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Content with the tag beside it.
    type Frame<'a> = (&'a [u8], Option<(u16, u16)>);

    /// A ring block with frames as the kernel writes them.
    fn ring_block(frames: &[Frame<'_>]) -> Vec<u8> {
        let mut bytes = vec![0; 48];
        bytes[COUNT..COUNT + 4].copy_from_slice(&(frames.len() as u32).to_ne_bytes());
        bytes[FIRST..FIRST + 4].copy_from_slice(&48_u32.to_ne_bytes());
        for (number, (frame, tag)) in frames.iter().enumerate() {
            let mac = 82;
            let size = (mac + frame.len()).next_multiple_of(16);
            let next = if number + 1 == frames.len() { 0 } else { size as u32 };
            let status = tag.map_or(0, |_| TAG_VALID | TAG_PROTOCOL_VALID);
            let (protocol, control) = tag.unwrap_or_default();
            let length = frame.len() as u32;
            let mut header = Vec::new();
            for field in [next, 100 - number as u32, 5, length, length + 1, 1 | status] {
                header.extend(field.to_ne_bytes());
            }
            header.extend((mac as u16).to_ne_bytes());
            header.extend([0; 6]);
            header.extend(u32::from(control).to_ne_bytes());
            header.extend(protocol.to_ne_bytes());
            header.resize(mac, 0xee);
            header.extend(*frame);
            header.resize(size, 0xdd);
            bytes.extend(header);
        }
        bytes
    }

    #[test]
    fn frames_come_back_with_their_tags() {
        let frame = b"ddddddssssss\x08\0payload";
        let bytes = ring_block(&[(frame, None), (frame, Some((0x88a8, 0x6005))), (b"short", None)]);
        let mut frames = RingFrames::new(LinkType::ETHERNET, 4);
        let block = frames.read(bytes);
        let shown: Vec<_> = block.records().iter().map(|record| block.frame(record)).collect();
        assert_eq!(shown, [&frame[..], b"ddddddssssss\x88\xa8\x60\x05\x08\0payload", b"short"]);
        let wire: Vec<u32> = block.records().iter().map(|record| record.wire).collect();
        assert_eq!(wire, [22, 26, 6]);
        let times: Vec<_> =
            block.records().iter().map(|r| (r.number, r.time_ns, r.clock_ns)).collect();
        let first = 100_000_000_005;
        let second = 1_000_000_000;
        assert_eq!(
            times,
            [(1, first, first), (2, first - second, first), (3, first - 2 * second, first)]
        );
        assert_eq!((frames.frames(), frames.damaged()), (3, 0));
    }

    #[test]
    fn no_offset_is_trusted() {
        let frame = b"ddddddssssss\x08\0payload";
        let good = ring_block(&[(frame, Some((0x8100, 1))), (frame, None)]);
        for at in (0..good.len()).step_by(2) {
            for value in [0_u16, 1, 47, 49, 0x7fff, 0xffff] {
                let mut bytes = good.clone();
                bytes[at..at + 2].copy_from_slice(&value.to_ne_bytes());
                let mut frames = RingFrames::new(LinkType::ETHERNET, 4);
                let count = word(&bytes, COUNT).unwrap_or(0);
                let block = frames.read(bytes);
                let told = block.records().len() as u64;
                assert_eq!(told + frames.damaged(), u64::from(count), "{at} {value}");
            }
        }
        for length in 0..good.len() {
            let block = RingFrames::new(LinkType::ETHERNET, 4).read(good[..length].to_vec());
            assert!(block.records().len() <= 2);
        }
    }
}
