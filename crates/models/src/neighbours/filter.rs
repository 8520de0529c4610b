//! A filter that tells which points of a leaf may be near a query, by products of single precision.
//!
//! With the leaf's centre c, q = x − c and y the offset of a point from c, the squared distance is
//! |q|² − 2 q·y + |y|². The kernel computes A = |y|² − 2 q·y in `f32` for 32 points at once and lets
//! a point pass unless A is above a limit, which is T − |q|² + E for a wanted squared distance T.
//! What passes is computed again in `f64`, so the filter decides time, never a result.
//!
//! E bounds the error of A. Let u = 2⁻²⁴ and d be the number of columns. Rounding the inputs to
//! `f32` changes each product by at most 2.01 u of itself, |y|² by u; d + 1 additions with d
//! products change the sum by γ = (d + 2) u / (1 − (d + 2) u) of the sum of absolute values (Higham
//! 2002, eq. 3.5), whether or not a product is fused with its addition. By Cauchy and Schwarz the
//! sum of absolute values is at most |y|² + 2 |q| |y|. With d < 2²⁰ all this is below
//! 2 (d + 8) u (Y² + 2 |q| Y), Y being the largest |y| of the leaf. Numbers below 2⁻¹²⁶ lose at most
//! 2⁻¹⁵⁰ in a rounding, each at most multiplied by 2 |q| or by 1: together less than
//! (d + 8) 2⁻¹⁴⁰ (1 + |q|). |q|², T and the limit are `f64` with d + 16 roundings at most.
//!
//! A leaf is scaled by a power of two so that its largest offset is about 1. Where a query is so far
//! that `f32` overflows, A or the limit is no number, and every point passes. In many columns a leaf
//! is hardly smaller than the whole: it takes the centre with the scale of all leaves, so that a
//! query is put into its form once for all of these.

use rayon::prelude::*;

use super::distance::LANES;
use super::kernel::{GROUP, Kernel};
use super::leaves::{LEAF, Leaves};

/// A leaf takes the centre of all leaves if its points are at most this many times as far from it as
/// from the leaf's own; the error of the filter grows with the square of it.
const SHARING: f64 = 2.0;

/// Most columns for which the bound of the error holds.
const MAX_WIDTH: usize = 1 << 20;

/// What offsets are taken from, with what they are multiplied by.
#[derive(Debug, Clone)]
struct Origin {
    /// Padded coordinates.
    centre: Vec<f64>,
    /// A power of two.
    scale: f64,
}

/// The offsets of all leaves' points in single precision.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) width: usize,
    /// Of all leaves together.
    shared: Origin,
    /// Of each leaf that does not take the shared one.
    own: Vec<Option<Origin>>,
    /// Largest length of a scaled offset in each leaf.
    reach: Vec<f64>,
    /// Squared length of each scaled offset; infinite where the last leaf has no point.
    pub(super) lengths: Vec<[f32; GROUP]>,
    /// Scaled offsets (groups × columns).
    pub(super) offsets: Vec<[f32; GROUP]>,
}

/// What offsets have in common where all are taken from one centre.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common {
    pub(super) scale: f64,
    /// The shortest and the longest of the leaves' largest lengths.
    pub(super) lengths: [f64; 2],
}

/// What is known of a query by its form alone.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shape {
    squared: f64,
    length: f64,
}

/// 2⁻¹⁴⁰.
pub(super) const TINY: f64 = 7.174648137343064e-43;

/// How a query's sums in one leaf bound squared distances.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bounds {
    /// Least and largest factor of a squared distance.
    factors: [f64; 2],
    /// What is added to a sum for the least and for the largest distance that it may stand for.
    added: [f64; 2],
}

impl Bounds {
    /// The largest sum of a point that may be within a squared distance.
    #[inline(always)]
    pub(super) fn limit(self, squared: f64) -> f32 {
        let limit = squared * self.factors[1] - self.added[0];
        // More than the rounding to `f32` takes away.
        (limit + limit.abs() * f64::from(f32::EPSILON) + 1e-44) as f32
    }

    /// The least squared distance that a sum may stand for.
    #[inline(always)]
    pub(super) fn least(self, sum: f32) -> f64 {
        (f64::from(sum) + self.added[0]) / self.factors[1]
    }

    /// The largest squared distance that a sum may stand for; infinite where it is no number.
    #[inline(always)]
    pub(super) fn largest(self, sum: f32) -> f64 {
        let squared = (f64::from(sum) + self.added[1]) / self.factors[0];
        if squared >= 0.0 { squared } else { f64::INFINITY }
    }
}

impl Origin {
    /// The middle of a box.
    fn of(low: &[f64], high: &[f64]) -> Self {
        let centre: Vec<f64> =
            low.iter().zip(high).map(|(low, high)| low / 2.0 + high / 2.0).collect();
        let sides = centre.iter().zip(low.iter().zip(high));
        let widest = sides.fold(0.0_f64, |widest, (centre, (low, high))| {
            widest.max(high - centre).max(centre - low)
        });
        Self { scale: power_of_two_over(widest), centre }
    }

    /// The largest squared length of a scaled offset.
    fn reach(&self, leaves: &Leaves, leaf: usize) -> f64 {
        let places = leaf * LEAF..leaves.len.min((leaf + 1) * LEAF);
        places.fold(0.0, |reach, place| f64::max(reach, self.squares(leaves.row(place))))
    }

    fn squares(&self, row: &[f64]) -> f64 {
        let offsets =
            row.iter().zip(&self.centre).map(|(value, centre)| (value - centre) * self.scale);
        offsets.map(|offset| offset * offset).sum()
    }
}

impl Filter {
    pub(super) fn new(leaves: &Leaves, width: usize) -> Self {
        let count = leaves.count();
        let groups = count * (LEAF / GROUP);
        let (mut low, mut high) = (leaves.corners(0).0.to_vec(), leaves.corners(0).1.to_vec());
        for leaf in 1..count {
            let (other_low, other_high) = leaves.corners(leaf);
            low.iter_mut().zip(other_low).for_each(|(low, other)| *low = low.min(*other));
            high.iter_mut().zip(other_high).for_each(|(high, other)| *high = high.max(*other));
        }
        let shared = Origin::of(&low, &high);
        let mut lengths = vec![[f32::INFINITY; GROUP]; groups];
        let mut offsets = vec![[0.0; GROUP]; groups * width];
        let parts = lengths.par_chunks_mut(LEAF / GROUP);
        let parts = parts.zip(offsets.par_chunks_mut(LEAF / GROUP * width)).enumerate();
        let (own, reach) = parts
            .map(|(leaf, (lengths, offsets))| fill(leaves, leaf, &shared, lengths, offsets))
            .unzip();
        Self { width, shared, own, reach, lengths, offsets }
    }

    /// If all leaves share their centre, and sums have bounds of their errors.
    pub(super) fn common(&self) -> Option<Common> {
        let shared = self.width < MAX_WIDTH && self.own.iter().all(Option::is_none);
        let shortest = self.reach.iter().copied().fold(f64::INFINITY, f64::min);
        let longest = self.reach.iter().copied().fold(0.0, f64::max);
        shared.then_some(Common { scale: self.shared.scale, lengths: [shortest, longest] })
    }

    /// Whether a leaf takes the centre of all.
    #[inline(always)]
    pub(super) fn shares(&self, leaf: usize) -> bool {
        self.own[leaf].is_none()
    }

    /// The kernel's form of a query (−2 q) for a leaf: the number of column j at `step · j` of `out`.
    #[inline(always)]
    pub(super) fn prepare(
        &self,
        leaf: usize,
        query: &[f64],
        out: &mut [f32],
        step: usize,
    ) -> Shape {
        let Origin { centre, scale } = self.own[leaf].as_ref().unwrap_or(&self.shared);
        let mut sums = [0.0; LANES];
        let query = query.as_chunks::<LANES>().0.iter();
        for (at, (query, centre)) in query.zip(centre.as_chunks::<LANES>().0).enumerate() {
            let mut form = [0.0; LANES];
            for lane in 0..LANES {
                let offset = (query[lane] - centre[lane]) * scale;
                sums[lane] += offset * offset;
                form[lane] = (-2.0 * offset) as f32;
            }
            let out = out.iter_mut().skip(at * LANES * step).step_by(step);
            out.zip(form).for_each(|(out, form)| *out = form);
        }
        let squared: f64 = sums.iter().sum();
        Shape { squared, length: squared.sqrt() }
    }

    /// What a query's sums in a leaf tell.
    #[inline(always)]
    pub(super) fn bounds(&self, leaf: usize, shape: Shape) -> Bounds {
        let Shape { squared, length } = shape;
        let scale = self.own[leaf].as_ref().unwrap_or(&self.shared).scale;
        let reach = self.reach[leaf];
        let d = self.width as f64;
        let slack = (d + 16.0) * f64::EPSILON;
        let error = (d + 8.0) * f64::from(f32::EPSILON) * (reach * reach + 2.0 * length * reach)
            + (d + 8.0) * TINY * (1.0 + length);
        let error = if self.width < MAX_WIDTH { error } else { f64::INFINITY };
        Bounds {
            factors: [scale * scale * (1.0 - slack), scale * scale * (1.0 + slack)],
            added: [squared * (1.0 - slack) - error, squared * (1.0 + slack) + error],
        }
    }

    /// For each of R queries a bit for each point of a group that passes, with the sums in `out`.
    ///
    /// `queries` holds for each column what [`Filter::prepare`] wrote of each query.
    #[inline(always)]
    pub(super) fn passing<K: Kernel<R>, const R: usize>(
        &self,
        group: usize,
        queries: &[[f32; R]],
        limits: &[f32; R],
        out: &mut [[f32; GROUP]; R],
    ) -> [u32; R] {
        let offsets = &self.offsets[group * self.width..][..self.width];
        K::passing(&self.lengths[group], offsets, queries, limits, out)
    }
}

/// Fills in a leaf's points; its own origin if it does not take the shared one, and its reach.
fn fill(
    leaves: &Leaves,
    leaf: usize,
    shared: &Origin,
    lengths: &mut [[f32; GROUP]],
    offsets: &mut [[f32; GROUP]],
) -> (Option<Origin>, f64) {
    let (low, high) = leaves.corners(leaf);
    let own = Origin::of(low, high);
    let reach = own.reach(leaves, leaf).sqrt();
    let shared_reach = shared.reach(leaves, leaf).sqrt();
    let shares = shared_reach / shared.scale <= SHARING * reach / own.scale;
    let origin = if shares { shared } else { &own };
    let width = offsets.len() / lengths.len();
    for (at, place) in (leaf * LEAF..leaves.len.min((leaf + 1) * LEAF)).enumerate() {
        let (group, lane) = (at / GROUP, at % GROUP);
        let row = leaves.row(place);
        let offsets = &mut offsets[group * width..][..width];
        for ((to, value), centre) in offsets.iter_mut().zip(row).zip(&origin.centre) {
            to[lane] = ((value - centre) * origin.scale) as f32;
        }
        lengths[group][lane] = origin.squares(row) as f32;
    }
    if shares { (None, shared_reach) } else { (Some(own), reach) }
}

/// A power of two that brings a number near 1; 1 for 0.
fn power_of_two_over(widest: f64) -> f64 {
    if widest == 0.0 {
        return 1.0;
    }
    // Within ±500, squares of it are numbers still.
    let exponent = ((widest.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    2f64.powi(-exponent.clamp(-500, 500))
}
