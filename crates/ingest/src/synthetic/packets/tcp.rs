//! TCP connections: segments of both ends as a capture between them sees them.
//!
//! Windows grow as in slow start (RFC 5681, section 3.1), receivers acknowledge every second
//! segment at once and the last one late (RFC 1122, section 4.2.3.2), lost segments are sent
//! again after duplicate acknowledgements or a time-out.

use std::sync::Arc;

use tripline_core::Rng;
use tripline_core::packet::tcp_flags::{ACK, FIN, PSH, RST, SYN};

use super::super::draw::{between, chance, exponential};
use super::conversation::{
    CLIENT, Category, Conversation, Part, Planned, SERVER, Segment, What, nanos,
};
use super::host::Link;
use super::message::Message;

/// Segments of the first window (RFC 6928).
const FIRST_WINDOW: usize = 10;
/// Segments of the largest.
const LARGEST_WINDOW: usize = 64;
/// Seconds after which a lone segment is acknowledged: what common systems wait.
const DELAYED_ACK: f64 = 0.040;
/// Least seconds before a segment is sent again: what common systems wait.
const LEAST_TIMEOUT: f64 = 0.2;

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// One end is done, the other agrees.
    Fin(usize),
    /// One end is done, the other still answers before it agrees.
    HalfClosed(usize),
    /// One end is done; what still arrives it resets.
    FinThenReset(usize),
    /// One end gives up.
    Reset(usize),
    /// Neither says anything any more.
    Silent,
}

/// A connection while it is planned. Pauses are in seconds.
pub(super) struct Tcp {
    link: Link,
    pub(super) rng: Rng,
    now: i64,
    last_from: usize,
    packets: Vec<Planned>,
    /// Next sequence number of each end.
    next: [u32; 2],
    windows: [usize; 2],
    /// A late acknowledgement: who owes it, and when.
    owed: Option<(usize, i64)>,
    last_ack: [i64; 2],
    stamps: bool,
}

impl Tcp {
    /// Nothing is sent yet.
    pub(super) fn new(rng: &mut Rng, link: Link, at: i64) -> Self {
        let mut rng = Rng::new(rng.next_u64());
        let next = [rng.next_u64() as u32, rng.next_u64() as u32];
        let stamps = link.stacks.iter().all(|stack| stack.stamps);
        Self {
            link,
            rng,
            now: at,
            last_from: CLIENT,
            packets: Vec::new(),
            next,
            windows: [FIRST_WINDOW; 2],
            owed: None,
            last_ack: [i64::MIN; 2],
            stamps,
        }
    }

    /// The three packets of RFC 9293, section 3.5; a SYN may be lost on its way.
    pub(super) fn open(&mut self) {
        self.syn();
        if chance(&mut self.rng, self.link.path.loss) {
            self.now += nanos(between(&mut self.rng, 1.0, 1.05));
            self.syn();
        }
        self.now += self.trip(SERVER);
        self.syn_ack();
        let at = self.now + self.trip(CLIENT);
        self.next = self.next.map(|sequence| sequence.wrapping_add(1));
        self.push(CLIENT, at, ACK, None);
        self.now = at;
        self.last_from = CLIENT;
    }

    /// SYNs that nobody answers, each after twice the wait.
    pub(super) fn unanswered(&mut self, tries: u32) {
        let mut wait = between(&mut self.rng, 0.99, 1.03);
        for attempt in 0..tries {
            if attempt > 0 {
                self.now += nanos(wait);
                wait *= 2.0;
            }
            self.syn();
        }
    }

    /// A SYN to a closed port; `tries` as some systems ask again.
    pub(super) fn refused(&mut self, tries: u32) {
        for attempt in 0..tries {
            if attempt > 0 {
                self.now += nanos(between(&mut self.rng, 0.4, 0.6));
            }
            self.syn();
            self.now += self.trip(SERVER);
            let segment = Segment {
                flags: RST | ACK,
                acknowledgement: self.next[CLIENT].wrapping_add(1),
                ..Segment::default()
            };
            self.plan(SERVER, self.now, segment, None);
        }
    }

    /// The client does not want what it asked for: SYN, SYN-ACK, RST.
    pub(super) fn rejected_by_client(&mut self) {
        self.syn();
        self.now += self.trip(SERVER);
        self.syn_ack();
        self.now += self.trip(CLIENT);
        let sequence = self.next[CLIENT].wrapping_add(1);
        let segment = Segment { flags: RST, sequence, ..Segment::default() };
        self.plan(CLIENT, self.now, segment, None);
    }

    /// The client never confirms: the server asks again, then gives up.
    pub(super) fn half_open(&mut self, answers: u32) {
        self.syn();
        self.now += self.trip(SERVER);
        let mut wait = 1.0;
        for answer in 0..answers {
            if answer > 0 {
                self.now += nanos(wait * between(&mut self.rng, 1.0, 1.05));
                wait *= 2.0;
            }
            self.syn_ack();
        }
    }

    /// Lets time go by before whatever comes next.
    pub(super) fn wait(&mut self, seconds: f64) {
        self.now += nanos(seconds);
    }

    /// One end sends a message, `pause` seconds after it had what came before.
    pub(super) fn say(&mut self, from: usize, pause: f64, message: Message) {
        let to = 1 - from;
        let mut at = self.now + nanos(pause);
        if self.last_from != from {
            at += self.trip(from);
        }
        self.settle(Some(at));
        let message = Arc::new(message);
        let total = message.len();
        let base = self.next[from];
        let size = self.segment_bytes();
        let mut sent = 0;
        while sent < total {
            let burst = self.windows[from].min((total - sent).div_ceil(size));
            let mut lost: Option<(usize, usize, i64)> = None;
            let mut first_ack = None;
            let mut latest = at;
            for place in 0..burst {
                let bytes = size.min(total - sent);
                let part = Part { message: message.clone(), from: sent, bytes };
                at += nanos(bytes as f64 / self.link.path.speed * between(&mut self.rng, 0.9, 1.3));
                let mut time = at;
                if chance(&mut self.rng, self.link.path.disorder) {
                    time += nanos(between(&mut self.rng, 2e-4, 2e-3));
                    latest = latest.max(time);
                }
                let here = base.wrapping_add(sent as u32);
                let flags = if sent + bytes == total { PSH | ACK } else { ACK };
                if lost.is_none() && chance(&mut self.rng, self.link.path.loss) {
                    // Beyond the capture it is seen twice, before it once and late.
                    if chance(&mut self.rng, 0.6) {
                        self.push_data(from, time, flags, here, part);
                    }
                    lost = Some((sent, bytes, at));
                } else {
                    self.push_data(from, time, flags, here, part);
                    if let Some((gap, ..)) = lost {
                        self.acknowledge(to, at, base.wrapping_add(gap as u32));
                    } else if place % 2 == 1 && sent + bytes < total {
                        let end = base.wrapping_add((sent + bytes) as u32);
                        let ack = self.acknowledge(to, at.max(latest), end);
                        first_ack = first_ack.or(Some(ack));
                    }
                }
                sent += bytes;
            }
            if let Some((gap, bytes, when)) = lost {
                let later = (sent - gap - 1) / size;
                let round = self.trip(to) + self.trip(from);
                let wait = if later >= 3 { round } else { (2 * round).max(nanos(LEAST_TIMEOUT)) };
                at = at.max(when + wait);
                let part = Part { message: message.clone(), from: gap, bytes };
                self.push_data(from, at, ACK | PSH, base.wrapping_add(gap as u32), part);
                if sent < total {
                    let ack = self.acknowledge(to, at, base.wrapping_add(sent as u32));
                    at = ack + self.trip(from);
                }
                self.windows[from] = (self.windows[from] / 2).max(2);
            } else {
                self.windows[from] = (self.windows[from] * 2).min(LARGEST_WINDOW);
                if let Some(ack) = first_ack.filter(|_| sent < total) {
                    at = at.max(ack + self.trip(from));
                }
            }
            at = at.max(latest);
        }
        self.next[from] = base.wrapping_add(total as u32);
        let late = if total.div_ceil(size).is_multiple_of(2) { 0.0 } else { DELAYED_ACK };
        self.owed = Some((to, at + self.trip(to) + nanos(late)));
        self.now = at;
        self.last_from = from;
    }

    /// A keep-alive with its answer (RFC 9293, section 3.8.4).
    pub(super) fn keep_alive(&mut self, from: usize, pause: f64) {
        self.settle(None);
        let at = self.now.max(self.last_ack[0]).max(self.last_ack[1]) + nanos(pause);
        let segment = Segment {
            flags: ACK,
            sequence: self.next[from].wrapping_sub(1),
            acknowledgement: self.next[1 - from],
            ..Segment::default()
        };
        self.plan(from, at, segment, None);
        self.now = at + self.trip(1 - from);
        self.push(1 - from, self.now, ACK, None);
        self.last_from = 1 - from;
    }

    /// Ends the connection, `pause` seconds after what came before.
    pub(super) fn close(&mut self, pause: f64, closing: Closing) {
        let by = match closing {
            Closing::Fin(by)
            | Closing::HalfClosed(by)
            | Closing::FinThenReset(by)
            | Closing::Reset(by) => by,
            Closing::Silent => return self.settle(None),
        };
        let mut at = self.now + nanos(pause);
        if self.last_from != by {
            at += self.trip(by);
        }
        self.settle(Some(at));
        let at = at.max(self.last_ack[by] + 1000);
        let other = 1 - by;
        if let Closing::Reset(_) = closing {
            let flags = if chance(&mut self.rng, 0.6) { RST | ACK } else { RST };
            self.push(by, at, flags, None);
            return;
        }
        self.push(by, at, FIN | ACK, None);
        self.next[by] = self.next[by].wrapping_add(1);
        let mut then = at + self.trip(other);
        if closing == Closing::FinThenReset(by) {
            let bytes = 24 + self.rng.index(40);
            let message = Arc::new(Message::random(self.rng.next_u64(), bytes));
            let here = self.next[other];
            self.push_data(other, then, PSH | ACK, here, Part { message, from: 0, bytes });
            let sequence = self.next[by];
            let back = then + self.trip(by);
            self.plan(by, back, Segment { flags: RST, sequence, ..Segment::default() }, None);
            return;
        }
        if closing == Closing::HalfClosed(by) || chance(&mut self.rng, 0.4) {
            self.push(other, then, ACK, None);
            let wait = if closing == Closing::HalfClosed(by) { 0.5 } else { 0.002 };
            then += nanos(exponential(&mut self.rng, wait)) + 1000;
        }
        self.push(other, then, FIN | ACK, None);
        self.next[other] = self.next[other].wrapping_add(1);
        let last = then + self.trip(by);
        self.push(by, last, ACK, None);
        self.now = last;
    }

    /// The packets in order of time, with windows and time stamps.
    pub(super) fn conversation(mut self, category: Category) -> Conversation {
        self.settle(None);
        let Link { ends, vlan, stacks, .. } = self.link;
        let mut conversation =
            Conversation { ends, protocol: 6, vlan, category, packets: self.packets }.sorted();
        let clocks = [self.rng.next_u64() as u32, self.rng.next_u64() as u32];
        let start = conversation.packets.first().map_or(0, |planned| planned.time);
        let mut seen = [0, 0];
        for planned in &mut conversation.packets {
            let from = planned.from;
            let What::Segment(segment) = &mut planned.what else { continue };
            let stack = &stacks[from];
            let opens = segment.flags & SYN != 0;
            if segment.flags & RST == 0 {
                segment.window = if opens {
                    stack.first_window
                } else {
                    stack.window - self.rng.below(u64::from(stack.window / 64).max(1)) as u16
                };
            }
            if self.stamps && segment.flags & RST == 0 {
                let value = clocks[from].wrapping_add(((planned.time - start) / 1_000_000) as u32);
                segment.stamps = Some((value, seen[1 - from]));
                seen[from] = value;
            }
        }
        conversation
    }

    /// Payload of a full segment.
    fn segment_bytes(&self) -> usize {
        let least = self.link.stacks.iter().map(|stack| stack.maximum_segment).min();
        let version = if self.link.ends[CLIENT].address.is_ipv4() { 0 } else { 20 };
        usize::from(least.unwrap_or(536)) - version - if self.stamps { 12 } else { 0 }
    }

    /// From the capture to an end and back, in nanoseconds.
    fn trip(&mut self, end: usize) -> i64 {
        let path = self.link.path;
        let usual = if end == CLIENT { path.near } else { path.far };
        nanos(usual * (1.0 + exponential(&mut self.rng, 0.08))) + 2000
    }

    fn syn(&mut self) {
        let segment = self.synchronise(CLIENT, SYN, 0);
        self.plan(CLIENT, self.now, segment, None);
    }

    fn syn_ack(&mut self) {
        let acknowledgement = self.next[CLIENT].wrapping_add(1);
        let segment = self.synchronise(SERVER, SYN | ACK, acknowledgement);
        self.plan(SERVER, self.now, segment, None);
        self.last_from = SERVER;
    }

    fn synchronise(&self, from: usize, flags: u8, acknowledgement: u32) -> Segment {
        let stack = &self.link.stacks[from];
        let both = |has: fn(&super::host::Stack) -> bool| {
            has(stack) && (from == CLIENT || has(&self.link.stacks[CLIENT]))
        };
        let version = if self.link.ends[from].address.is_ipv4() { 0 } else { 20 };
        Segment {
            flags,
            sequence: self.next[from],
            acknowledgement,
            window: 0,
            maximum_segment: stack.maximum_segment - version,
            window_scale: stack.window_scale.filter(|_| both(|stack| stack.window_scale.is_some())),
            selective: both(|stack| stack.selective),
            stamps: None,
        }
    }

    /// Sends the acknowledgement that is owed, unless the next segment comes before it: one of its
    /// sender carries it, one of the other is acknowledged together with what went before.
    fn settle(&mut self, next: Option<i64>) {
        let Some((by, at)) = self.owed.take() else { return };
        if next.is_none_or(|time| time > at) {
            let sequence = self.next[1 - by];
            self.acknowledge_at(by, at, sequence);
        }
    }

    fn acknowledge(&mut self, by: usize, seen: i64, sequence: u32) -> i64 {
        let at = seen + self.trip(by);
        self.acknowledge_at(by, at, sequence)
    }

    fn acknowledge_at(&mut self, by: usize, at: i64, acknowledgement: u32) -> i64 {
        let at = at.max(self.last_ack[by].saturating_add(1000));
        self.last_ack[by] = at;
        let sequence = self.next[by];
        let segment = Segment { flags: ACK, sequence, acknowledgement, ..Segment::default() };
        self.plan(by, at, segment, None);
        at
    }

    fn push(&mut self, from: usize, at: i64, flags: u8, part: Option<Part>) {
        let sequence = self.next[from];
        let acknowledgement = if flags & ACK != 0 { self.next[1 - from] } else { 0 };
        let segment = Segment { flags, sequence, acknowledgement, ..Segment::default() };
        self.plan(from, at, segment, part);
    }

    fn push_data(&mut self, from: usize, at: i64, flags: u8, sequence: u32, part: Part) {
        let acknowledgement = self.next[1 - from];
        let segment = Segment { flags, sequence, acknowledgement, ..Segment::default() };
        self.plan(from, at, segment, Some(part));
    }

    fn plan(&mut self, from: usize, time: i64, segment: Segment, part: Option<Part>) {
        self.packets.push(Planned { time, from, what: What::Segment(segment), part });
    }
}
