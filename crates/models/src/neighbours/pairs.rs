//! The neighbours of all points among themselves, where boxes would leave out little: one product
//! serves both points of a pair.
//!
//! With y and z the scaled offsets of two points from the centre of all (see `filter`), half their
//! squared distance is (|y|² + |z|²) / 2 − y·z. The sum of absolute values is at most 2 Y², Y being
//! the largest length of all offsets; as in `filter` the error of the sum is below
//! 2 (d + 8) u · 2 Y² + (d + 8) 2⁻¹⁴⁰ (1 + Y). A point's limit is the k-th smallest of its sums so
//! far, and twice that error.
//!
//! Each two leaves meet once. They do so in rounds in which none meets two others (a round-robin
//! tournament: i meets j in round i + j modulo an odd number of leaves), so that threads that work
//! on pairs in this order seldom wait for each other.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::exact::Cancelled;
use super::filter::{Filter, TINY};
use super::kernel::{GROUP, Group, Near, Symmetric};
use super::leaves::{LEAF, Leaves};
use super::nearest::Nearest;
use super::overlap;
use super::processor::Processor;
use super::side::{Measure, Side, Wanted};

/// Most memory for candidates.
const MOST_BYTES: usize = 1 << 28;

/// The largest length of an offset is at most this many times that of the leaf with the shortest:
/// the error of sums grows with its square.
const UNEVEN: f64 = 4.0;

/// The least share of leaves near a point, as each pair of leaves is taken here.
const OVERLAP: f64 = 0.6;

/// Groups of a leaf.
const GROUPS: usize = LEAF / GROUP;

/// Limits of points that look for nothing.
const NONE: [f32; GROUP] = [f32::NEG_INFINITY; GROUP];

/// A search of all points' neighbours among themselves.
#[derive(Debug)]
pub(super) struct Pairs<'a> {
    filter: &'a Filter,
    wanted: Wanted<'a>,
}

/// Leaf of a meeting with what its points look for.
pub(super) type Party<'a> = (usize, &'a mut Side);

impl<'a> Pairs<'a> {
    /// If sums tell enough.
    pub(super) fn new(leaves: &'a Leaves, filter: &'a Filter, rows: usize) -> Option<Self> {
        let common = filter.common()?;
        let capacity = rows.checked_mul(3)?.checked_add(16)?;
        let bytes = capacity.checked_mul(leaves.count() * LEAF * size_of::<u64>())?;
        let [shortest, longest] = common.lengths;
        // Lengths are near 1, unless squares of distances are beyond the range of numbers.
        let even = longest >= 0.5 && longest <= UNEVEN * shortest;
        if !even || bytes > MOST_BYTES {
            return None;
        }
        let d = filter.width as f64;
        let measure = Measure {
            factor: common.scale * common.scale / 2.0,
            error: (d + 8.0) * f64::from(f32::EPSILON) * 2.0 * longest * longest
                + (d + 8.0) * TINY * (1.0 + longest),
            slack: (d + 16.0) * f64::EPSILON,
        };
        let repeated = leaves.counts.iter().any(|&count| count > 1);
        Some(Self { filter, wanted: Wanted { leaves, measure, rows, capacity, repeated } })
    }

    /// Whether boxes leave out so little that this takes less time than a search by leaves.
    pub(super) fn pays(&self) -> bool {
        overlap::share(self.wanted.leaves, self.wanted.rows) >= OVERLAP
    }

    /// Number of times that a search asks whether to go on.
    pub(super) fn rounds(&self) -> usize {
        self.wanted.leaves.count() | 1
    }

    /// What `map` makes of the nearest rows of the point at each place.
    pub(super) fn search<T: Send>(
        &self,
        processor: Processor,
        map: &(impl Fn(&mut Nearest) -> T + Sync),
        go_on: &(impl Fn() -> bool + Sync),
    ) -> Result<Vec<T>, Cancelled> {
        let leaves = self.wanted.leaves;
        let sides: Vec<Mutex<Side>> = (0..leaves.count())
            .into_par_iter()
            .map(|leaf| Mutex::new(Side::new(&self.wanted, leaf)))
            .collect();
        let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (rounds, tables) = (self.rounds(), self.rounds().div_ceil(2));
        let work = || {
            while !stopped.load(Ordering::Relaxed) {
                let meeting = next.fetch_add(1, Ordering::Relaxed);
                if meeting >= rounds * tables {
                    break;
                }
                let (round, table) = (meeting / tables, meeting % tables);
                // At the first table a leaf meets itself: twice its number is the round's.
                let (ahead, behind) = (round * tables + table, round * tables + rounds - table);
                self.meet(processor, &sides, ahead % rounds, behind % rounds);
                if table == 0 && !go_on() {
                    stopped.store(true, Ordering::Relaxed);
                }
            }
        };
        (0..rayon::current_num_threads()).into_par_iter().with_max_len(1).for_each(|_| work());
        if stopped.into_inner() {
            return Err(Cancelled);
        }
        let finish = |(leaf, side): (usize, Mutex<Side>)| -> Vec<T> {
            let mut side = side.into_inner().unwrap_or_else(PoisonError::into_inner);
            let mut nearest = Nearest::default();
            let places = 0..(leaves.len - leaf * LEAF).min(LEAF);
            let found = places.map(|at| {
                side.finish(&self.wanted, at, &mut nearest);
                map(&mut nearest)
            });
            found.collect()
        };
        let parts: Vec<Vec<T>> = sides.into_par_iter().enumerate().map(finish).collect();
        Ok(parts.into_iter().flatten().collect())
    }

    /// Two leaves meet, unless one of them is there only to make their number odd.
    fn meet(&self, processor: Processor, sides: &[Mutex<Side>], leaf: usize, other: usize) {
        // All threads lock in the same order.
        let (leaf, other) = (leaf.min(other), leaf.max(other));
        let Some(second) = sides.get(other) else { return };
        let mut first = lock(&sides[leaf]);
        if leaf == other {
            processor.meet(self, (leaf, &mut first), None);
        } else {
            processor.meet(self, (leaf, &mut first), Some((other, &mut lock(second))));
        }
    }

    /// The candidates of a leaf among another's points, and the reverse; among its own without one.
    #[inline(always)]
    pub(super) fn cross<K: Symmetric<R>, const R: usize>(
        &self,
        (leaf, side): Party<'_>,
        mut other: Option<Party<'_>>,
    ) {
        let wanted = &self.wanted;
        let other_leaf = other.as_ref().map_or(leaf, |(leaf, _)| *leaf);
        let groups = |leaf: usize| {
            let end = wanted.leaves.len.min((leaf + 1) * LEAF);
            leaf * LEAF / GROUP..end.div_ceil(GROUP)
        };
        let mut near = Near::new();
        for group in groups(leaf) {
            for other_group in groups(other_leaf) {
                let own = self.group(group, side.limits(group % GROUPS));
                let limits = other.as_ref().map(|(_, other)| other.limits(other_group % GROUPS));
                let points = self.group(other_group, limits.unwrap_or(&NONE));
                near.len = 0;
                for pack in 0..GROUP / R {
                    K::near(own, pack, points, &mut near);
                }
                let (first, other_first) = (group * GROUP, other_group * GROUP);
                for pair in 0..near.len {
                    let (sum, at, other_at) = near.get(pair);
                    let (place, other_place) = (first + at, other_first + other_at);
                    if let Some((_, other)) = &mut other {
                        side.offer(wanted, place % LEAF, sum, other_place);
                        other.offer(wanted, other_place % LEAF, sum, place);
                    } else if place != other_place {
                        side.offer(wanted, place % LEAF, sum, other_place);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn group<'b>(&'b self, group: usize, limits: &'b [f32; GROUP]) -> Group<'b> {
        let Filter { width, offsets, lengths, .. } = self.filter;
        Group { offsets: &offsets[group * width..][..*width], lengths: &lengths[group], limits }
    }
}

fn lock<'a>(side: &'a Mutex<Side>) -> MutexGuard<'a, Side> {
    side.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tripline_core::Rng;

    use super::super::distance::{Squares, between};
    use super::super::nearest::Neighbour;
    use super::super::points::Points;
    use super::*;

    const STRIDE: usize = 16;

    fn points(len: usize, width: usize, cell: impl Fn(&mut Rng, usize) -> f64) -> Points {
        let mut rng = Rng::new(7);
        let mut values = vec![0.0; len * STRIDE];
        for (at, row) in values.chunks_exact_mut(STRIDE).enumerate() {
            row[..width].iter_mut().for_each(|value| *value = cell(&mut rng, at));
        }
        Points { width, stride: STRIDE, values, counts: vec![1; len] }
    }

    fn by_definition(points: &Points, wanted: usize) -> Vec<Vec<Neighbour>> {
        let mut nearest = Nearest::default();
        let find = |query: usize| {
            nearest.restart(wanted);
            for point in 0..points.len() {
                let distance = between::<Squares>(points.row(query), points.row(point));
                let times = points.counts[point] - u32::from(point == query);
                nearest.offer(distance, point as u32, times);
            }
            nearest.take(f64::sqrt).to_vec()
        };
        (0..points.len()).map(find).collect()
    }

    fn check(what: &str, points: &Points) {
        let leaves = Leaves::new(points);
        let filter = Filter::new(&leaves, points.width);
        // Sums that tell hardly anything cost time, nothing else.
        for (wanted, error) in [(1, 1.0), (9, 1.0), (9, 1e7), (60, 1.0), (60, 1e7)] {
            let expected = by_definition(points, wanted);
            let mut pairs = Pairs::new(&leaves, &filter, wanted).expect(what);
            pairs.wanted.measure.error *= error;
            for processor in Processor::all() {
                let map = |nearest: &mut Nearest| nearest.take(f64::sqrt).to_vec();
                let found = leaves.by_number(pairs.search(processor, &map, &|| true).unwrap());
                assert!(found == expected, "{what}, {processor:?}, {wanted}");
            }
            assert!(pairs.search(Processor::detect(), &|_| (), &|| false).is_err());
        }
    }

    #[test]
    fn neighbours_are_those_of_a_search_through_all_points() {
        // Fewer than wanted, one leaf, an odd number of leaves, an even one.
        for len in [2, 40, 256, 1100, 1500] {
            check("normal", &points(len, 11, |rng, _| rng.normal()));
        }
        // Many equally far.
        check("whole numbers", &points(1200, 14, |rng, _| rng.below(2) as f64));
        // More equal ones than wanted.
        let equal = |rng: &mut Rng, at: usize| if at.is_multiple_of(4) { 0.25 } else { rng.unit() };
        check("equal", &points(900, 13, equal));
        for scale in [1e-140, 1e-7, 1e149] {
            check("scaled", &points(600, 11, |rng, _| (rng.unit() - 0.5) * scale));
        }
        check("far away", &points(600, 12, |rng, _| 1e9 + rng.unit()));
        let mut repeated = points(1100, 11, |rng, _| rng.normal());
        let mut rng = Rng::new(8);
        for count in &mut repeated.counts {
            *count = if rng.below(50) == 0 { 80 } else { 1 + rng.below(4) as u32 };
        }
        check("repeated", &repeated);
    }

    #[test]
    fn products_are_taken_for_pairs_where_boxes_leave_out_little() {
        let taken = |points: &Points, wanted: usize| {
            let leaves = Leaves::new(points);
            let filter = Filter::new(&leaves, points.width);
            Pairs::new(&leaves, &filter, wanted).is_some_and(|pairs| pairs.pays())
        };
        let independent = points(3000, 16, |rng, _| rng.unit());
        assert!(taken(&independent, 20));
        // Too much memory for candidates.
        assert!(!taken(&independent, 1 << 20));
        assert!(!taken(&points(3000, 2, |rng, _| rng.unit()), 20));
        assert!(!taken(&points(3000, 16, |rng, at| (at % 30) as f64 + rng.unit()), 20));
    }
}
