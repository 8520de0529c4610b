//! The bytes that one endpoint sends over TCP, put in order.

use std::mem;

/// Most segments that wait for bytes in front of them.
const WAITING_SEGMENTS: usize = 8;
/// Most bytes that wait for bytes in front of them.
const WAITING_BYTES: usize = 16 << 10;

/// Furthest that the first payload may lie from where the direction should begin.
const APART_BYTES: u32 = 1 << 20;

/// One direction of a TCP connection.
///
/// Bytes reach the parser in order. A segment that comes early waits, within a bound; if the bytes
/// in front of it do not come, the direction is lost and its parser ends with what it has. What a
/// parser skips, such as a message body, is arithmetic: there, missing bytes do no harm.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// Sequence number of the next byte.
    next: u32,
    begun: bool,
    /// Bytes that the parser does not want to see.
    pub(super) skip: u64,
    /// Bytes in order that the parser has not used yet.
    pub(super) pending: Vec<u8>,
    /// Segments ahead of `next`.
    waiting: Vec<(u32, Box<[u8]>)>,
}

/// What became of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// Nothing new in it, or it waits.
    Nothing,
    /// Behind so many of its bytes it is the next in order.
    Next(usize),
    /// Bytes are missing that will not come, as far as can be told.
    Lost,
}

impl Stream {
    /// Before a segment with payload: if it is the first, the direction should begin at `first`.
    /// Where the two lie far apart, what was sent before is not believed: else one forged packet
    /// would hide all that follows.
    #[inline]
    pub(super) fn begin(&mut self, first: u32, sequence: u32) {
        if !self.begun {
            self.begun = true;
            let apart = (sequence.wrapping_sub(first) as i32).unsigned_abs();
            self.next = if apart > APART_BYTES { sequence } else { first };
        }
    }

    /// Places a segment of which all or the first bytes were captured; `length` is its length on
    /// the wire. After [`Placed::Next`] the caller passes the bytes on with [`Stream::pass`].
    pub(super) fn place(&mut self, sequence: u32, bytes: &[u8], length: u32) -> Placed {
        // Less than half the sequence space apart, as RFC 9293, section 3.4 compares.
        let ahead = sequence.wrapping_sub(self.next) as i32;
        if ahead <= 0 {
            let old = ahead.unsigned_abs();
            return if old >= length { Placed::Nothing } else { Placed::Next(old as usize) };
        }
        let gap = u64::from(ahead.unsigned_abs());
        if self.pending.is_empty() && gap <= self.skip {
            self.skip -= gap;
            self.next = sequence;
            return Placed::Next(0);
        }
        let held: usize = self.waiting.iter().map(|(_, bytes)| bytes.len()).sum();
        if bytes.len() as u32 != length
            || self.waiting.len() == WAITING_SEGMENTS
            || held + bytes.len() > WAITING_BYTES
        {
            return Placed::Lost;
        }
        self.waiting.push((sequence, bytes.into()));
        Placed::Nothing
    }

    /// Takes note that so many bytes of the stream are passed to the parser.
    pub(super) fn pass(&mut self, length: u32) {
        self.next = self.next.wrapping_add(length);
    }

    /// Bytes behind those passed that were not captured; false if the parser wanted them.
    pub(super) fn miss(&mut self, missing: u32) -> bool {
        self.next = self.next.wrapping_add(missing);
        match self.skip.checked_sub(missing.into()) {
            Some(left) => {
                self.skip = left;
                true
            }
            None => missing == 0,
        }
    }

    /// A waiting segment whose turn has come, that which begins first.
    pub(super) fn ready(&mut self) -> Option<(u32, Box<[u8]>)> {
        let next = self.next;
        let reach = |sequence: u32| sequence.wrapping_sub(next) as i32;
        // A gap that falls into what is skipped is no gap.
        let open = if self.pending.is_empty() { self.skip } else { 0 };
        let (index, first) = self
            .waiting
            .iter()
            .enumerate()
            .map(|(index, (sequence, _))| (index, reach(*sequence)))
            .min_by_key(|&(index, reach)| (reach, index))?;
        let ready = first <= 0 || u64::from(first.unsigned_abs()) <= open;
        ready.then(|| self.waiting.remove(index))
    }

    /// Bytes held outside the struct itself.
    pub(super) fn heap_bytes(&self) -> usize {
        let waiting: usize = self.waiting.iter().map(|(_, bytes)| bytes.len()).sum();
        let slots = self.waiting.capacity() * mem::size_of::<(u32, Box<[u8]>)>();
        self.pending.capacity() + slots + waiting
    }
}
