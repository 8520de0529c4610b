//! What a reader of a capture format finds at the front of its bytes.

use super::link_type::LinkType;

/// What stands at the front of the bytes.
#[derive(Debug)]
pub(super) enum Step {
    /// A frame.
    Frame(Frame),
    /// So many bytes to pass over; more than there are is fine.
    Skip(u64),
    /// So many bytes are needed to tell; never said once the source has ended.
    More(usize),
    /// Nothing more can be read.
    End,
}

/// A frame at the front of the bytes.
#[derive(Debug)]
pub(super) struct Frame {
    /// Where its captured bytes begin.
    pub(super) start: usize,
    /// How many there are.
    pub(super) captured: usize,
    /// Bytes on the wire.
    pub(super) wire: u32,
    /// Nanoseconds since 1970; `None` if the record has no time.
    pub(super) time_ns: Option<i64>,
    /// What its first bytes are.
    pub(super) link: LinkType,
    /// Bytes of the whole record.
    pub(super) used: usize,
}

/// A number of two bytes.
#[inline]
pub(super) fn u16_at(data: &[u8], at: usize, big_endian: bool) -> Option<u16> {
    let bytes = *data.get(at..)?.first_chunk()?;
    Some(if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
}

/// A number of four bytes.
#[inline]
pub(super) fn u32_at(data: &[u8], at: usize, big_endian: bool) -> Option<u32> {
    let bytes = *data.get(at..)?.first_chunk()?;
    Some(if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
}

/// A number of eight bytes.
#[inline]
pub(super) fn u64_at(data: &[u8], at: usize, big_endian: bool) -> Option<u64> {
    let bytes = *data.get(at..)?.first_chunk()?;
    Some(if big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
}
