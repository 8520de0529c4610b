//! Intervals of time, searched for those that overlap another.

/// An interval of a label; both ends belong to it, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interval {
    pub(super) start: i64,
    pub(super) end: i64,
    /// Number of the label.
    pub(super) label: u32,
}

/// Intervals in order of their starts, with the latest end of each aligned block of 2, 4, 8, …:
/// a search takes a logarithm of their number.
#[derive(Debug, Default)]
pub(super) struct Intervals {
    sorted: Vec<Interval>,
    /// `latest[level][block]` is the latest end in a block of 2^(level + 1).
    latest: Vec<Vec<i64>>,
}

impl Intervals {
    /// From intervals in any order.
    pub(super) fn new(mut intervals: Vec<Interval>) -> Self {
        intervals.sort_unstable();
        intervals.shrink_to_fit();
        let mut latest: Vec<Vec<i64>> = Vec::new();
        let mut below: Vec<i64> = intervals.iter().map(|interval| interval.end).collect();
        while below.len() > 1 {
            below =
                below.chunks(2).map(|pair| pair.iter().copied().fold(i64::MIN, i64::max)).collect();
            latest.push(below.clone());
        }
        Self { sorted: intervals, latest }
    }

    /// Of those that overlap `from..=to`: the last that starts at `at` or before, with the first
    /// that starts after it.
    pub(super) fn nearest(&self, from: i64, to: i64, at: i64) -> [Option<Interval>; 2] {
        let after = self.sorted.partition_point(|interval| interval.start <= at);
        let before = self.last_reaching(after, from).and_then(|place| {
            // Of equal starts the label that stands first in the file.
            let start = self.sorted[place].start;
            let first = self.sorted[..place].partition_point(|interval| interval.start < start);
            let equal = &self.sorted[first..=place];
            equal
                .iter()
                .take(EQUAL)
                .filter(|it| it.end >= from)
                .min_by_key(|it| it.label)
                .copied()
                .or(Some(self.sorted[place]))
        });
        let next = self.sorted.get(after).filter(|it| it.start <= to && it.end >= from);
        [before.filter(|it| it.start <= to), next.copied()]
    }

    /// The last of the first `count` whose end is `from` or later.
    fn last_reaching(&self, count: usize, from: i64) -> Option<usize> {
        let mut place = count;
        while place > 0 {
            // The largest aligned block that ends here, if none of it reaches so far.
            let mut level = 0;
            let mut skipped = 0;
            while let Some(ends) = self.latest.get(level) {
                let size = 2 << level;
                if !place.is_multiple_of(size) || ends[place / size - 1] >= from {
                    break;
                }
                skipped = size;
                level += 1;
            }
            if skipped > 0 {
                place -= skipped;
            } else if self.sorted[place - 1].end >= from {
                return Some(place - 1);
            } else {
                place -= 1;
            }
        }
        None
    }
}

/// Labels of one start that are compared for their place in the file.
const EQUAL: usize = 16;

#[cfg(test)]
mod tests {
    use tripline_core::Rng;

    use super::*;

    #[test]
    fn a_search_finds_what_looking_at_all_finds() {
        let mut rng = Rng::new(5);
        for count in [0, 1, 2, 3, 17, 300] {
            let all: Vec<Interval> = (0..count)
                .map(|label| {
                    let start = rng.below(1000) as i64;
                    let long = if rng.below(20) == 0 { 900 } else { 12 };
                    Interval { start, end: start + rng.below(long) as i64, label }
                })
                .collect();
            let intervals = Intervals::new(all.clone());
            for _ in 0..500 {
                let at = rng.below(1100) as i64;
                let (from, to) = (at - 3, at + rng.below(50) as i64);
                let overlaps = |it: &&Interval| it.start <= to && it.end >= from;
                let before = all.iter().filter(overlaps).filter(|it| it.start <= at);
                let after = all.iter().filter(overlaps).filter(|it| it.start > at);
                let [found, next] = intervals.nearest(from, to, at);
                assert_eq!(found.map(|it| it.start), before.map(|it| it.start).max());
                assert_eq!(next.map(|it| it.start), after.map(|it| it.start).min());
            }
        }
    }
}
