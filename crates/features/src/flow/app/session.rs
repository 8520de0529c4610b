//! One connection or flow of datagrams while its application protocol is read.

use tripline_core::flow::{App, Direction};

use super::datagram;
use super::detect::{Evidence, Found, detect};
use super::outcome::Then;
use super::parsers::{Datagram, Mode, Parsers};
use super::protocol::Protocol;
use super::stream::{Placed, Stream};

/// Datagrams of no known protocol after which a flow is given up.
const STRANGE_DATAGRAMS: u8 = 4;
/// Most bytes of a direction that wait for the parser; a parser alone never leaves so many.
const PENDING_BYTES: usize = 20 << 10;
/// Most times that one connection changes its protocol.
const SWITCHES: u8 = 4;

/// Reads the payloads of one flow.
#[derive(Debug, Default)]
pub(super) struct Session {
    parsers: Parsers,
    closed: [bool; 2],
    /// The direction by whose bytes the protocol was told.
    told_by: Option<Direction>,
    switches: u8,
    strange: u8,
    ports: [u16; 2],
    streams: [Stream; 2],
}

impl Session {
    /// A flow between these ports, the initiator's first.
    pub(super) fn new(ports: [u16; 2]) -> Self {
        Self { ports, ..Self::default() }
    }

    /// True if no more payloads of a direction are wanted.
    pub(super) fn is_closed(&self, direction: Direction) -> bool {
        self.closed[direction as usize]
    }

    /// True if nothing was learnt, and nothing will be.
    pub(super) fn is_void(&self) -> bool {
        self.closed == [true; 2] && self.parsers.protocol.is_none()
    }

    /// The protocol of the flow; where one follows another, the first.
    pub(super) fn protocol(&self) -> Option<Protocol> {
        self.parsers.protocol
    }

    /// What was learnt.
    pub(super) fn told(&self) -> App {
        self.parsers.told([self.streams[0].skip, self.streams[1].skip])
    }

    /// Takes the payload of a datagram.
    pub(super) fn datagram(&mut self, direction: Direction, bytes: &[u8]) {
        if matches!(self.parsers.mode, Mode::Probe) {
            match datagram::detect(bytes, self.ports) {
                Some(Protocol::Dns) => self.parsers.mode = Mode::Dns,
                Some(Protocol::Ssl) => self.parsers.mode = Mode::Dtls,
                Some(protocol) => {
                    self.parsers.protocol = Some(protocol);
                    return self.end();
                }
                None => return self.count_strange(),
            }
        }
        match self.parsers.datagram(direction, bytes, self.ports) {
            Datagram::Strange if self.parsers.protocol.is_none() => self.count_strange(),
            Datagram::Last => self.end(),
            Datagram::Read | Datagram::Strange => {}
        }
    }

    /// Takes a TCP segment with payload. `first` is the sequence number of the first byte that the
    /// direction has, `length` that of the payload on the wire.
    pub(super) fn segment(
        &mut self,
        direction: Direction,
        first: u32,
        sequence: u32,
        bytes: &[u8],
        length: u32,
    ) {
        let side = direction as usize;
        // Captured bytes behind the payload are padding.
        let bytes = &bytes[..bytes.len().min(length as usize)];
        let stream = &mut self.streams[side];
        stream.begin(first, sequence);
        match stream.place(sequence, bytes, length) {
            Placed::Nothing => return,
            Placed::Lost => return self.close(direction),
            Placed::Next(old) => self.pass(direction, bytes, old, length),
        }
        // Each turn takes a segment from those that wait, which are few.
        while let Some((sequence, bytes)) = self.streams[side].ready() {
            let length = bytes.len() as u32;
            if let Placed::Next(old) = self.streams[side].place(sequence, &bytes, length) {
                self.pass(direction, &bytes, old, length);
            }
        }
    }

    /// Bytes held outside the struct itself.
    pub(super) fn heap_bytes(&self) -> usize {
        let [orig, resp] = &self.streams;
        orig.heap_bytes() + resp.heap_bytes() + self.parsers.heap_bytes()
    }

    /// Passes a segment on whose first `old` bytes were seen.
    fn pass(&mut self, direction: Direction, bytes: &[u8], old: usize, length: u32) {
        let side = direction as usize;
        let fresh = bytes.get(old..).unwrap_or_default();
        self.streams[side].pass(fresh.len() as u32);
        let missing = length - old.max(bytes.len()) as u32;
        self.feed(direction, fresh);
        if missing > 0 && !self.closed[side] && !self.streams[side].miss(missing) {
            self.close(direction);
        }
    }

    /// Gives bytes in order to the parser of the mode, until it can use no more.
    fn feed(&mut self, direction: Direction, fresh: &[u8]) {
        let side = direction as usize;
        let stream = &mut self.streams[side];
        let mut at = stream.skip.min(fresh.len() as u64) as usize;
        stream.skip -= at as u64;
        if at == fresh.len() && at > 0 {
            return;
        }
        let mut pending = std::mem::take(&mut stream.pending);
        let joined = !pending.is_empty();
        if joined {
            pending.extend_from_slice(&fresh[at..]);
            at = 0;
        }
        let bytes = if joined { &pending[..] } else { fresh };
        let mut release = false;
        loop {
            if matches!(self.parsers.mode, Mode::Probe) {
                match self.probe(direction, &bytes[at..]) {
                    Found::Protocol(..) => {
                        // What the other side said came before.
                        if !self.streams[1 - side].pending.is_empty() {
                            self.feed(other(direction), &[]);
                        }
                        if self.closed[side] {
                            return;
                        }
                        continue;
                    }
                    Found::More => break,
                    Found::Nothing => return self.close(direction),
                }
            }
            let outcome = self.parsers.parse(direction, &bytes[at..]);
            at += outcome.used;
            match outcome.then {
                Then::More => {}
                Then::Done => return self.close(direction),
                Then::Finish => return self.end(),
                Then::Fail => return self.fail(direction),
                Then::Release => release = true,
                Then::Switch => {
                    self.switches += 1;
                    if self.switches > SWITCHES {
                        return self.end();
                    }
                    self.parsers.mode = Mode::Probe;
                    self.closed = [false; 2];
                    release = true;
                    continue;
                }
            }
            let skipped = outcome.skip.min((bytes.len() - at) as u64);
            at += skipped as usize;
            self.streams[side].skip = outcome.skip - skipped;
            // Without a skip the parser has used all that it can.
            let stopped = outcome.skip == 0 && outcome.then == Then::More;
            if stopped || at == bytes.len() {
                break;
            }
        }
        if bytes.len() - at > PENDING_BYTES {
            return self.close(direction);
        }
        if !joined {
            self.streams[side].pending = bytes[at..].to_vec();
        } else if at < pending.len() {
            pending.drain(..at);
            self.streams[side].pending = pending;
        }
        if release && !self.streams[1 - side].pending.is_empty() {
            self.feed(other(direction), &[]);
        }
    }

    /// Tells the protocol by the first bytes, and goes over to its parser.
    fn probe(&mut self, direction: Direction, bytes: &[u8]) -> Found {
        let found = detect(&Evidence {
            bytes,
            direction,
            other: &self.streams[other(direction) as usize].pending,
            ports: self.ports,
        });
        if let Found::Protocol(protocol, client) = found {
            self.parsers.begin(protocol, client, self.ports);
            self.told_by = Some(direction);
            if matches!(self.parsers.mode, Mode::Watch(_)) {
                // What the other side said first may have told nothing.
                self.closed = [false; 2];
            }
        }
        found
    }

    /// The bytes are not of the protocol that was taken for theirs. Only the direction by which it
    /// was told can disprove it.
    fn fail(&mut self, direction: Direction) {
        if self.told_by == Some(direction) && self.parsers.withdraw() {
            self.end();
        } else {
            self.close(direction);
        }
    }

    /// No more of a direction.
    fn close(&mut self, direction: Direction) {
        self.closed[direction as usize] = true;
        self.streams[direction as usize] = Stream::default();
        if self.closed == [true; 2] {
            self.parsers.mode = Mode::Ended;
        }
    }

    /// No more of either direction.
    fn end(&mut self) {
        self.parsers.mode = Mode::Ended;
        self.closed = [true; 2];
        self.streams = Default::default();
    }

    fn count_strange(&mut self) {
        self.strange += 1;
        if self.strange == STRANGE_DATAGRAMS {
            self.end();
        }
    }
}

fn other(direction: Direction) -> Direction {
    match direction {
        Direction::Orig => Direction::Resp,
        Direction::Resp => Direction::Orig,
    }
}
