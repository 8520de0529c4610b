//! What the points of one leaf look for among all others, with the candidates found so far.

use super::distance::{Squares, between};
use super::kernel::GROUP;
use super::leaves::{LEAF, Leaves};
use super::nearest::Nearest;

/// Halvings of the range in which the limit of candidates is sought.
const HALVINGS: usize = 6;

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
    /// The largest sum of a point that may be as near as one of this sum.
    fn limit_of_sum(self, sum: f32) -> f32 {
        self.limit(f64::from(sum) + self.error)
    }

    /// The largest sum of a point that may be within a squared distance.
    fn limit_of_distance(self, squared: f64) -> f32 {
        self.limit(squared * self.factor)
    }

    fn limit(self, half: f64) -> f32 {
        let limit = half.max(0.0) * (1.0 + self.slack) + self.error;
        // More than the rounding to `f32` takes away; an infinite sum stands for no point.
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
    /// Candidates of a point at which those that are no longer near are left out; more than rows.
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
    /// The sum of each candidate.
    sums: Vec<f32>,
    /// The place of each candidate.
    places: Vec<u32>,
    /// What is known of each point by distances; empty as long as sums told enough.
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
        let room = LEAF * wanted.capacity;
        let (sums, places) = (vec![0.0; room], vec![0; room]);
        Self { first, limits, lens: [0; LEAF], sums, places, nearest: Vec::new() }
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
        let len = self.lens[at] as usize;
        let to = at * wanted.capacity + len;
        self.sums[to] = sum;
        self.places[to] = place as u32;
        let len = len + usize::from(sum <= self.limits[at]);
        self.lens[at] = len as u32;
        if len == wanted.capacity {
            self.shorten(wanted, at);
            // Where sums tell too little, distances do.
            if self.lens[at] as usize > wanted.capacity / 4 * 3 {
                self.settle(wanted, at);
            }
        }
    }

    /// Lowers a point's limit by its candidates, and leaves out those above it.
    #[inline(never)]
    fn shorten(&mut self, wanted: &Wanted<'_>, at: usize) {
        let len = self.lens[at] as usize;
        let from = at * wanted.capacity;
        let (sums, places) = (&mut self.sums[from..][..len], &mut self.places[from..][..len]);
        let own = wanted.leaves.counts[self.first + at] as usize - 1;
        let more = wanted.rows.saturating_sub(own);
        // Each candidate is a row at least.
        if more == 0 || len < more {
            return;
        }
        let limit = wanted.measure.limit_of_sum(wanted.within(sums, places, more));
        let limit = limit.min(self.limits[at]);
        self.limits[at] = limit;
        let mut kept = 0;
        for from in 0..len {
            let sum = sums[from];
            (sums[kept], places[kept]) = (sum, places[from]);
            kept += usize::from(sum <= limit);
        }
        self.lens[at] = kept as u32;
    }

    /// Turns a point's candidates into neighbours, as far as they are near.
    #[inline(never)]
    fn settle(&mut self, wanted: &Wanted<'_>, at: usize) {
        if self.nearest.is_empty() {
            self.nearest.resize_with(LEAF, Nearest::default);
            self.nearest.iter_mut().for_each(|nearest| nearest.restart(wanted.rows));
        }
        let mut nearest = std::mem::take(&mut self.nearest[at]);
        self.offer_all(wanted, at, &mut nearest);
        self.lens[at] = 0;
        let limit = wanted.measure.limit_of_distance(nearest.bound());
        self.limits[at] = limit.min(self.limits[at]);
        self.nearest[at] = nearest;
    }

    /// The neighbours of the leaf's point `at`, their distances reduced.
    pub(super) fn finish(&mut self, wanted: &Wanted<'_>, at: usize, nearest: &mut Nearest) {
        self.shorten(wanted, at);
        match self.nearest.get_mut(at) {
            Some(known) => std::mem::swap(known, nearest),
            None => nearest.restart(wanted.rows),
        }
        let place = self.first + at;
        nearest.offer(0.0, wanted.leaves.order[place], wanted.leaves.counts[place] - 1);
        self.offer_all(wanted, at, nearest);
    }

    /// Offers a point its candidates, those first that seem near.
    fn offer_all(&self, wanted: &Wanted<'_>, at: usize, nearest: &mut Nearest) {
        let (from, len) = (at * wanted.capacity, self.lens[at] as usize);
        let sums = self.sums[from..][..len].iter();
        let key = |(&sum, &place): (&f32, &u32)| {
            let positive = if sum > 0.0 { sum } else { 0.0 };
            u64::from(positive.to_bits()) << 32 | u64::from(place)
        };
        let mut keys: Vec<u64> = sums.zip(&self.places[from..]).map(key).collect();
        keys.sort_unstable();
        let leaves = wanted.leaves;
        let row = leaves.row(self.first + at);
        for key in keys {
            let place = key as u32 as usize;
            let distance = between::<Squares>(row, leaves.row(place));
            if distance <= nearest.bound() {
                nearest.offer(distance, leaves.order[place], leaves.counts[place]);
            }
        }
    }
}

impl Wanted<'_> {
    /// A sum within which so many rows are, hardly more than needed.
    fn within(&self, sums: &[f32], places: &[u32], rows: usize) -> f32 {
        let points_within =
            |limit: f32| sums.iter().map(|&sum| u32::from(sum <= limit)).sum::<u32>() as usize;
        let limit = halve(sums, rows, points_within);
        if !self.repeated {
            return limit;
        }
        // Rows are looked up for as many points as suffice if each is one.
        let near = sums.iter().zip(places).filter(|(sum, _)| **sum <= limit);
        let (near, counts): (Vec<f32>, Vec<usize>) =
            near.map(|(&sum, &place)| (sum, self.leaves.counts[place as usize] as usize)).unzip();
        let within = |limit: f32| {
            let rows = near.iter().zip(&counts);
            rows.map(|(&sum, &count)| if sum <= limit { count } else { 0 }).sum()
        };
        halve(&near, rows, within)
    }
}

/// The end of a short range in which so many are reached, as all sums together do.
#[inline(always)]
fn halve(sums: &[f32], rows: usize, within: impl Fn(f32) -> usize) -> f32 {
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    for &sum in sums {
        low = if sum < low { sum } else { low };
        high = if sum > high { sum } else { high };
    }
    for _ in 0..HALVINGS {
        let middle = low / 2.0 + high / 2.0;
        let enough = within(middle) >= rows;
        (low, high) = (if enough { low } else { middle }, if enough { middle } else { high });
    }
    high
}
