//! Frames of a capture with the bytes that they lie in.

use super::link_type::LinkType;

/// Where a frame lies in its [`Block`], with what the capture says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Position in the capture, from 1.
    pub number: u64,
    /// When it was captured, in nanoseconds since 1970-01-01 UTC.
    pub time_ns: i64,
    /// The latest time of this and all earlier frames.
    pub clock_ns: i64,
    /// Where it begins in the bytes of the block.
    pub start: u32,
    /// Captured bytes.
    pub captured: u32,
    /// Bytes on the wire.
    pub wire: u32,
    /// What its first bytes are.
    pub link: LinkType,
}

/// Frames in capture order with the bytes that they lie in.
#[derive(Debug, Clone, Default)]
pub struct Block {
    pub(super) bytes: Vec<u8>,
    pub(super) records: Vec<Record>,
    /// Where `bytes` begins in the unpacked file.
    pub(super) offset: u64,
    pub(super) max_tunnels: u8,
}

impl Block {
    /// A block over bytes, yet without a frame; `offset` is where they begin in their file, or 0.
    /// Opens up to `max_tunnels` tunnels around a packet, as in
    /// [`CaptureOptions`](super::CaptureOptions).
    pub fn new(bytes: Vec<u8>, offset: u64, max_tunnels: u8) -> Self {
        Self { bytes, records: Vec::new(), offset, max_tunnels }
    }

    /// Adds a frame; what of it lies outside the bytes counts as not captured.
    pub fn push(&mut self, mut record: Record) {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        record.start = record.start.min(length);
        record.captured = record.captured.min(length - record.start);
        self.records.push(record);
    }

    /// Its frames.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// True if it holds no frame.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Captured bytes of one of its frames.
    pub fn frame(&self, record: &Record) -> &[u8] {
        let start = record.start as usize;
        self.bytes.get(start..start + record.captured as usize).unwrap_or_default()
    }

    /// Keeps the frames that a filter wants; numbers and times stay as they are.
    pub fn retain(&mut self, mut wanted: impl FnMut(&Record, &[u8]) -> bool) {
        let bytes = std::mem::take(&mut self.bytes);
        self.records.retain(|record| {
            let start = record.start as usize;
            let frame = bytes.get(start..start + record.captured as usize);
            wanted(record, frame.unwrap_or_default())
        });
        self.bytes = bytes;
    }
}
