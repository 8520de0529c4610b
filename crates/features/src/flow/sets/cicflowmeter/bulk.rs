//! Runs of packets with payload in one direction.

/// Packets that make a run a bulk.
const PACKETS: u32 = 4;

/// A run ends when nothing comes for longer than this.
const PAUSE_NS: i64 = 1_000_000_000;

/// The bulks of one direction: runs of four or more packets with payload, none of them more than a
/// second behind the one before, none with payload from the other side between.
#[derive(Debug, Default)]
pub(super) struct Bulks {
    run_packets: u32,
    /// Bulks so far.
    pub(super) count: u32,
    run_bytes: u64,
    run_start_ns: i64,
    last_ns: i64,
    /// Packets in bulks.
    pub(super) packets: u64,
    /// Payload bytes in bulks.
    pub(super) bytes: u64,
    /// Nanoseconds from first to last packet of each bulk, together.
    pub(super) duration_ns: u64,
}

impl Bulks {
    /// A packet with payload from this side.
    #[inline]
    pub(super) fn add(&mut self, time_ns: i64, bytes: u32) {
        let bytes = u64::from(bytes);
        if self.run_packets == 0 || time_ns.saturating_sub(self.last_ns) > PAUSE_NS {
            self.run_packets = 0;
            self.run_bytes = 0;
            self.run_start_ns = time_ns;
        }
        self.run_packets = self.run_packets.saturating_add(1);
        self.run_bytes += bytes;
        if self.run_packets == PACKETS {
            self.count += 1;
            self.packets += u64::from(PACKETS);
            self.bytes += self.run_bytes;
            self.last(self.run_start_ns, time_ns);
        } else if self.run_packets > PACKETS {
            self.packets += 1;
            self.bytes += bytes;
            self.last(self.last_ns, time_ns);
        }
        self.last_ns = time_ns;
    }

    /// A packet with payload from the other side.
    #[inline]
    pub(super) fn interrupt(&mut self) {
        self.run_packets = 0;
    }

    fn last(&mut self, from_ns: i64, to_ns: i64) {
        let passed = to_ns.saturating_sub(from_ns).max(0) as u64;
        self.duration_ns = self.duration_ns.saturating_add(passed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn four_packets_make_a_bulk() {
        let mut bulks = Bulks::default();
        (0..3).for_each(|at| bulks.add(at * 100 * MS, 10));
        assert_eq!((bulks.count, bulks.packets), (0, 0));
        bulks.add(300 * MS, 10);
        bulks.add(350 * MS, 7);
        assert_eq!((bulks.count, bulks.packets, bulks.bytes), (1, 5, 47));
        assert_eq!(bulks.duration_ns, 350 * MS as u64);
    }

    #[test]
    fn a_pause_or_the_other_side_ends_a_run() {
        let mut bulks = Bulks::default();
        (0..3).for_each(|at| bulks.add(at, 10));
        bulks.add(2 + PAUSE_NS, 10);
        assert_eq!(bulks.count, 1, "a pause of a second does not end it");
        bulks.add(3 + 2 * PAUSE_NS, 10);
        assert_eq!((bulks.count, bulks.packets), (1, 4));
        let mut bulks = Bulks::default();
        (0..3).for_each(|at| bulks.add(at, 10));
        bulks.interrupt();
        (3..6).for_each(|at| bulks.add(at, 10));
        assert_eq!(bulks.count, 0);
    }
}
