//! What the points of one leaf look for among all others, with the candidates found so far.

use super::distance::{Squares, between};
use super::kernel::GROUP;
use super::leaves::{LEAF, Leaves};
use super::nearest::Nearest;

/// What sums, which stand for half the square of a scaled distance, tell of distances.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    /// Half the square of the scale.
    pub(super) factor: f64,
    /// Most that a sum is wrong by.
    pub(super) error: f64,
    /// Most that a distance is wrong by, as a part of it.
    pub(super) slack: f64,
}

impl Measure {
    /// The largest sum of a point as near as one of this sum.
    fn limit_of_sum(self, sum: f32) -> f32 {
        self.limit(f64::from(sum) + self.error)
    }

    /// The largest sum of a point within a squared distance.
    fn limit_of_distance(self, squared: f64) -> f32 {
        self.limit(squared * self.factor)
    }

    fn limit(self, half: f64) -> f32 {
        let limit = half * (1.0 + self.slack) + self.error;
        // More than the rounding to `f32` takes away; what stands for no point is infinite.
        let limit = limit + limit * f64::from(f32::EPSILON) + 1e-44;
        (limit as f32).min(f32::MAX)
    }
}

/// What all leaves' points look for.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) leaves: &'a Leaves,
    pub(super) measure: Measure,
    /// Rows.
    pub(super) rows: usize,
    /// Candidates of a point at which those are left out that are no longer near.
    pub(super) capacity: usize,
    /// Some point stands for several rows.
    pub(super) repeated: bool,
}

/// The points of one leaf.
#[derive(Debug)]
pub(super) struct Side {
    /// Place of the leaf's first point.
    first: usize,
    /// Largest sum that each point takes; none where the last leaf has no point.
    limits: [f32; LEAF],
    /// Candidates of each point.
    lens: [u32; LEAF],
    /// The sum of each candidate, as bits that order as it does, above its place.
    keys: Vec<u64>,
    /// What is known of each point by distances; empty as long as candidates were few.
    nearest: Vec<Nearest>,
}

impl Side {
    pub(super) fn new(wanted: &Wanted<'_>, leaf: usize) -> Self {
        let first = leaf * LEAF;
        let mut limits = [f32::NEG_INFINITY; LEAF];
        for (limit, &count) in limits.iter_mut().zip(&wanted.leaves.counts[first..]) {
            let enough = count as usize > wanted.rows;
            *limit = if enough { wanted.measure.limit_of_sum(0.0) } else { f32::MAX };
        }
        let keys = vec![0; LEAF * wanted.capacity];
        Self { first, limits, lens: [0; LEAF], keys, nearest: Vec::new() }
    }

    /// The limits of a group of points.
    #[inline(always)]
    pub(super) fn limits(&self, group: usize) -> &[f32; GROUP] {
        &self.limits.as_chunks().0[group]
    }

    /// Takes the point at a place as a candidate of the leaf's point `at`, if its sum is small.
    #[inline(always)]
    pub(super) fn offer(&mut self, wanted: &Wanted<'_>, at: usize, sum: f32, place: usize) {
        // Written in any case: a branch would have to guess whether it counts.
        let positive = if sum > 0.0 { sum } else { 0.0 };
        let len = self.lens[at] as usize;
        self.keys[at * wanted.capacity + len] = u64::from(positive.to_bits()) << 32 | place as u64;
        let len = len + usize::from(sum <= self.limits[at]);
        self.lens[at] = len as u32;
        if len == wanted.capacity {
            self.shorten(wanted, at);
            // Where sums tell too little, distances do.
            if self.lens[at] as usize > wanted.capacity / 4 * 3 {
                self.measure(wanted, at);
            }
        }
    }

    /// Lowers a point's limit by its candidates, and leaves out those above it.
    #[inline(never)]
    fn shorten(&mut self, wanted: &Wanted<'_>, at: usize) {
        let len = self.lens[at] as usize;
        let keys = &mut self.keys[at * wanted.capacity..][..len];
        let own = wanted.leaves.counts[self.first + at] as usize - 1;
        // Each candidate is a row at least.
        let more = wanted.rows.saturating_sub(own);
        if more == 0 || len < more {
            return;
        }
        keys.select_nth_unstable(more - 1);
        let mut enough = more - 1;
        if wanted.repeated {
            keys[..more].sort_unstable();
            let mut rows = 0;
            enough = keys[..more]
                .iter()
                .position(|&key| {
                    rows += wanted.leaves.counts[key as u32 as usize] as usize;
                    rows >= more
                })
                .unwrap_or(enough);
        }
        let limit = wanted.measure.limit_of_sum(f32::from_bits((keys[enough] >> 32) as u32));
        let limit = limit.min(self.limits[at]);
        self.limits[at] = limit;
        let mut kept = 0;
        for from in 0..len {
            let key = keys[from];
            keys[kept] = key;
            kept += usize::from(f32::from_bits((key >> 32) as u32) <= limit);
        }
        self.lens[at] = kept as u32;
    }

    /// Turns a point's candidates into neighbours, as far as they are near.
    #[inline(never)]
    fn measure(&mut self, wanted: &Wanted<'_>, at: usize) {
        if self.nearest.is_empty() {
            self.nearest.resize_with(LEAF, Nearest::default);
            self.nearest.iter_mut().for_each(|nearest| nearest.restart(wanted.rows));
        }
        let len = std::mem::take(&mut self.lens[at]) as usize;
        let keys = &mut self.keys[at * wanted.capacity..][..len];
        offer_all(wanted, self.first + at, keys, &mut self.nearest[at]);
        let limit = wanted.measure.limit_of_distance(self.nearest[at].bound());
        self.limits[at] = limit.min(self.limits[at]);
    }

    /// The neighbours of the leaf's point `at`, their distances reduced.
    pub(super) fn finish(&mut self, wanted: &Wanted<'_>, at: usize, nearest: &mut Nearest) {
        self.shorten(wanted, at);
        nearest.restart(wanted.rows);
        if let Some(known) = self.nearest.get_mut(at) {
            std::mem::swap(known, nearest);
        }
        let place = self.first + at;
        let keys = &mut self.keys[at * wanted.capacity..][..self.lens[at] as usize];
        nearest.offer(0.0, wanted.leaves.order[place], wanted.leaves.counts[place] - 1);
        offer_all(wanted, place, keys, nearest);
    }
}

/// Offers candidates to the point at a place, those first that seem near.
fn offer_all(wanted: &Wanted<'_>, place: usize, keys: &mut [u64], nearest: &mut Nearest) {
    let leaves = wanted.leaves;
    keys.sort_unstable();
    let row = leaves.row(place);
    for &key in &*keys {
        let other = key as u32 as usize;
        let distance = between::<Squares>(row, leaves.row(other));
        if distance <= nearest.bound() {
            nearest.offer(distance, leaves.order[other], leaves.counts[other]);
        }
    }
}
