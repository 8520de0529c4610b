//! A datagram while its fragments come in.

use tripline_core::packet::{Address, Anomalies, Vlan};

use super::decode::Around;
use super::ip::Ip;

/// Largest payload of a datagram: fragment offsets have 13 bits, of 8 bytes each.
const MAX_BYTES: u32 = 65_535;
/// What a datagram costs beside its bytes, roughly: key, headers, place in the tables.
const FIXED_BYTES: usize = 512;

/// A fragment that waits for the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment {
    /// How many packets of its batch come before it.
    pub(super) before: usize,
    pub(super) around: Around,
    pub(super) ip: Ip,
    pub(super) place: Place,
    /// Where its payload lies in the batch.
    pub(super) start: u32,
    pub(super) captured: u32,
    /// All of its payload was captured.
    pub(super) whole: bool,
}

/// Where a fragment belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) id: u32,
    /// Of what follows the header of the fragment.
    pub(super) protocol: u8,
    /// In bytes.
    pub(super) offset: u32,
    pub(super) more: bool,
}

/// What fragments of one datagram have in common (RFC 791, section 3.2; RFC 8200, section 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    source: Address,
    destination: Address,
    id: u32,
    /// 0 for IPv6, where it is no part of the key.
    protocol: u8,
    version: u8,
    vlan: Vlan,
}

impl Fragment {
    pub(super) fn key(&self) -> Key {
        Key {
            source: self.ip.source,
            destination: self.ip.destination,
            id: self.place.id,
            protocol: if self.ip.version == 4 { self.place.protocol } else { 0 },
            version: self.ip.version,
            vlan: self.around.vlan,
        }
    }
}

/// A datagram of which something is missing.
#[derive(Debug)]
pub(super) struct Datagram {
    /// Of the fragment with offset 0, or of any before that came.
    first: Fragment,
    /// Payload bytes in the order in which they came.
    bytes: Vec<u8>,
    /// What is there, in order, without overlap.
    pieces: Vec<Piece>,
    /// Bytes of all pieces.
    covered: u32,
    /// Length, once the last fragment came.
    length: Option<u32>,
    anomalies: Anomalies,
    link_bytes: u32,
    /// How many fragments it has.
    pub(super) fragments: u64,
    /// Clock of the capture when the first fragment came.
    pub(super) since_ns: i64,
    /// Which of all datagrams it is.
    pub(super) sequence: u64,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    start: u32,
    end: u32,
    /// Where it lies in `bytes`.
    at: u32,
}

impl Datagram {
    pub(super) fn new(first: &Fragment, sequence: u64) -> Self {
        Self {
            first: *first,
            bytes: Vec::new(),
            pieces: Vec::new(),
            covered: 0,
            length: None,
            anomalies: Anomalies::default(),
            link_bytes: 0,
            fragments: 0,
            since_ns: first.around.clock_ns,
            sequence,
        }
    }

    /// Memory that it holds.
    pub(super) fn held_bytes(&self) -> usize {
        FIXED_BYTES + self.bytes.capacity() + self.pieces.capacity() * size_of::<Piece>()
    }

    /// Takes a fragment with its payload. Of bytes that come twice, the first stay.
    pub(super) fn add(&mut self, fragment: &Fragment, payload: &[u8]) {
        self.fragments += 1;
        self.link_bytes = self.link_bytes.saturating_add(fragment.around.link_bytes);
        self.anomalies = self.anomalies.with(fragment.ip.anomalies);
        let place = fragment.place;
        if place.offset == 0 && (self.first.place.offset != 0 || self.fragments == 1) {
            self.first = *fragment;
        }
        let start = place.offset.min(MAX_BYTES);
        let mut end = place.offset + payload.len() as u32;
        if place.more {
            // All but the last one are a multiple of 8 bytes long; what is over is no part of it.
            end -= end % 8;
        }
        if end > MAX_BYTES {
            end = MAX_BYTES;
            self.odd();
        }
        match self.length {
            Some(length) if end > length => {
                end = length;
                self.odd();
            }
            Some(length) if !place.more && end != length => self.odd(),
            Some(_) => {}
            None if !place.more => self.set_length(end),
            None => {}
        }
        if start < end {
            self.fill(start, end, payload);
        }
    }

    /// The whole datagram, if nothing is missing: its headers, with what is around it.
    pub(super) fn complete(&self) -> Option<(Ip, Around)> {
        let length = self.length?;
        // Pieces lie inside the length and apart from each other.
        if self.covered != length || self.first.place.offset != 0 {
            return None;
        }
        let mut ip = self.first.ip;
        ip.anomalies = ip.anomalies.with(self.anomalies);
        ip.total_bytes = ip.header_bytes + length;
        Some((ip, Around { link_bytes: self.link_bytes, ..self.first.around }))
    }

    /// Protocol of what it carries.
    pub(super) fn protocol(&self) -> u8 {
        self.first.place.protocol
    }

    /// Appends the payload.
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        for piece in &self.pieces {
            let at = piece.at as usize;
            let end = at + (piece.end - piece.start) as usize;
            to.extend_from_slice(self.bytes.get(at..end).unwrap_or_default());
        }
    }

    fn odd(&mut self) {
        self.anomalies = self.anomalies.with(Anomalies::FRAGMENT_OVERLAP);
    }

    fn set_length(&mut self, length: u32) {
        self.length = Some(length);
        let kept = self.pieces.partition_point(|piece| piece.start < length);
        if kept < self.pieces.len() {
            self.pieces.truncate(kept);
            self.odd();
        }
        if let Some(last) = self.pieces.last_mut()
            && last.end > length
        {
            last.end = length;
            self.odd();
        }
        self.covered = self.pieces.iter().map(|piece| piece.end - piece.start).sum();
    }

    /// Fills what is missing between `start` and `end`; `payload` begins at `start`.
    fn fill(&mut self, start: u32, end: u32, payload: &[u8]) {
        let mut index = self.pieces.partition_point(|piece| piece.end <= start);
        let mut from = start;
        while from < end {
            let next = self.pieces.get(index).copied();
            let to = next.map_or(end, |piece| piece.start.clamp(from, end));
            if to > from {
                let range = (from - start) as usize..(to - start) as usize;
                let part = payload.get(range).unwrap_or_default();
                index = self.insert(index, from, part);
            }
            let Some(piece) = next.filter(|piece| piece.start < end) else { break };
            self.odd();
            from = piece.end.max(to);
            index += 1;
        }
    }

    /// Puts new bytes in front of the piece with an index, joined to the one before if they follow
    /// it in both orders; gives the index of the piece behind.
    fn insert(&mut self, index: usize, start: u32, part: &[u8]) -> usize {
        let at = self.bytes.len() as u32;
        let end = start + part.len() as u32;
        self.covered += part.len() as u32;
        self.bytes.extend_from_slice(part);
        if let Some(before) = index.checked_sub(1).and_then(|before| self.pieces.get_mut(before))
            && before.end == start
            && before.at + (before.end - before.start) == at
        {
            before.end = end;
            return index;
        }
        self.pieces.insert(index, Piece { start, end, at });
        index + 1
    }
}
