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
//! that `f32` overflows, A or the limit is no number, and every point passes.

use super::distance::LANES;
use super::leaves::{LEAF, Leaves};

/// Points that the kernel takes at once.
pub(super) const GROUP: usize = 32;

/// Most columns for which the bound of the error holds.
const MAX_WIDTH: usize = 1 << 20;

/// The offsets of all leaves' points in single precision.
#[derive(Debug)]
pub(super) struct Filter {
    width: usize,
    stride: usize,
    /// Centre of each leaf (leaves × stride).
    centres: Vec<f64>,
    /// What the offsets of each leaf are multiplied by: a power of two.
    scales: Vec<f64>,
    /// Largest length of a scaled offset in each leaf.
    reach: Vec<f64>,
    /// Squared length of each scaled offset; infinite where the last leaf has no point.
    lengths: Vec<[f32; GROUP]>,
    /// Scaled offsets (groups × columns).
    offsets: Vec<[f32; GROUP]>,
}

/// 2⁻¹⁴⁰.
const TINY: f64 = 7.174648137343064e-43;

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

impl Filter {
    pub(super) fn new(leaves: &Leaves, width: usize) -> Self {
        let (count, stride) = (leaves.count(), leaves.stride);
        let groups = count * (LEAF / GROUP);
        let mut filter = Self {
            width,
            stride,
            centres: vec![0.0; count * stride],
            scales: vec![1.0; count],
            reach: vec![0.0; count],
            lengths: vec![[f32::INFINITY; GROUP]; groups],
            offsets: vec![[0.0; GROUP]; groups * width],
        };
        for leaf in 0..count {
            filter.fill(leaves, leaf);
        }
        filter
    }

    fn fill(&mut self, leaves: &Leaves, leaf: usize) {
        let (low, high) = leaves.corners(leaf);
        let centre = &mut self.centres[leaf * self.stride..][..self.stride];
        let mut widest = 0.0;
        for ((centre, &low), &high) in centre.iter_mut().zip(low).zip(high) {
            *centre = low / 2.0 + high / 2.0;
            widest = f64::max(widest, f64::max(high - *centre, *centre - low));
        }
        let scale = power_of_two_over(widest);
        let mut reach = 0.0;
        for place in leaf * LEAF..leaves.len.min((leaf + 1) * LEAF) {
            let (group, lane) = (place / GROUP, place % GROUP);
            let mut squares = 0.0;
            let offsets = leaves.row(place).iter().zip(centre.iter()).take(self.width);
            for (j, (value, centre)) in offsets.enumerate() {
                let offset = (value - centre) * scale;
                squares += offset * offset;
                self.offsets[group * self.width + j][lane] = offset as f32;
            }
            self.lengths[group][lane] = squares as f32;
            reach = f64::max(reach, squares);
        }
        self.scales[leaf] = scale;
        self.reach[leaf] = reach.sqrt();
    }

    /// The kernel's form of a query for one leaf (−2 q, padded), with what its sums tell.
    #[inline(always)]
    pub(super) fn prepare(&self, leaf: usize, query: &[f64], out: &mut [f32]) -> Bounds {
        let centre = &self.centres[leaf * self.stride..][..self.stride];
        let (scale, reach) = (self.scales[leaf], self.reach[leaf]);
        let mut sums = [0.0; LANES];
        let out = out.as_chunks_mut::<LANES>().0.iter_mut();
        let query = query.as_chunks::<LANES>().0.iter();
        for ((out, query), centre) in out.zip(query).zip(centre.as_chunks::<LANES>().0) {
            for lane in 0..LANES {
                let offset = (query[lane] - centre[lane]) * scale;
                sums[lane] += offset * offset;
                out[lane] = (-2.0 * offset) as f32;
            }
        }
        let squared: f64 = sums.iter().sum();
        let length = squared.sqrt();
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
    /// `queries` holds what [`Filter::prepare`] wrote of each query, one after the other.
    #[inline(always)]
    pub(super) fn passing<K: Kernel<R>, const R: usize>(
        &self,
        group: usize,
        queries: &[f32],
        limits: &[f32; R],
        out: &mut [[f32; GROUP]; R],
    ) -> [u32; R] {
        let queries = queries.chunks_exact(self.stride);
        let mut parts = [&[][..]; R];
        parts.iter_mut().zip(queries).for_each(|(part, query)| *part = &query[..self.width]);
        let offsets = &self.offsets[group * self.width..][..self.width];
        K::passing(&self.lengths[group], offsets, &parts, limits, out)
    }
}

/// The sums of R queries over one group of points, compared with their limits.
pub(super) trait Kernel<const R: usize> {
    /// A bit for each point whose sum (its length with all products) is not above the limit;
    /// where there is one, `out` holds the query's sums.
    fn passing(
        lengths: &[f32; GROUP],
        offsets: &[[f32; GROUP]],
        queries: &[&[f32]; R],
        limits: &[f32; R],
        out: &mut [[f32; GROUP]; R],
    ) -> [u32; R];
}

/// One query at a time, in code for any processor.
pub(super) struct Single;

impl Kernel<1> for Single {
    #[inline(always)]
    fn passing(
        lengths: &[f32; GROUP],
        offsets: &[[f32; GROUP]],
        queries: &[&[f32]; 1],
        limits: &[f32; 1],
        out: &mut [[f32; GROUP]; 1],
    ) -> [u32; 1] {
        let mut sums = *lengths;
        for (offsets, query) in offsets.iter().zip(queries[0]) {
            for (sum, offset) in sums.iter_mut().zip(offsets) {
                *sum += query * offset;
            }
        }
        out[0] = sums;
        let mut bits = 0;
        for (lane, sum) in sums.iter().enumerate() {
            // Written so that what is no number passes.
            #[allow(clippy::neg_cmp_op_on_partial_ord)]
            let passes = !(*sum > limits[0]);
            bits |= u32::from(passes) << lane;
        }
        [bits]
    }
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
