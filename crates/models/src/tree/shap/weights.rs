//! What a leaf adds to each column of its path, for each pattern of rows.
//!
//! For a leaf of value v whose path tests columns 1…D, let zᵢ be the share of training rows that go
//! on at column i, oᵢ whether the row does (1 or 0). The game of Lundberg et al. 2020, algorithm 2,
//! has the worth v Π_{i∈S} oᵢ Π_{i∉S} zᵢ for a set S of present columns, and so the Shapley values
//!
//! φᵢ = v (oᵢ − zᵢ) Σₖ k! (D−1−k)! / D! · [tᵏ] Π_{j≠i} (zⱼ + oⱼ t)
//!    = v (oᵢ − zᵢ) ∫₀¹ Π_{j≠i} ((1−t) zⱼ + t oⱼ) dt,
//!
//! for k! (D−1−k)! / D! = ∫₀¹ tᵏ (1−t)^(D−1−k) dt. The integrand is a polynomial of degree D − 1, so
//! Gauss–Legendre quadrature with ⌈D/2⌉ points is exact; all factors are positive, so nothing
//! cancels. Interactions (Lundberg et al. 2020, eq. 13) are such integrals with two factors less:
//! Φᵢⱼ = v/2 (oᵢ − zᵢ)(oⱼ − zⱼ) ∫₀¹ Π_{k≠i,j} (…) dt.

use super::path::Path;
use super::patterns::Patterns;
use super::quadrature::{LANES, Quadrature};

/// Path-dependent weights, path by path.
#[derive(Debug, Default)]
pub(super) struct PathWeights {
    /// By number of points.
    quadratures: Vec<Quadrature>,
    /// For each group of points, for each column: the factor if the row passes, then what column
    /// i's own factor is replaced with, (oᵢ − zᵢ) / factor, if it passes.
    passed: Vec<([f64; LANES], [f64; LANES])>,
    /// Likewise the factor if the row does not pass; the replacement is −1 / (1 − t) for all.
    failed: Vec<[f64; LANES]>,
    replaced: Vec<[f64; LANES]>,
    points: usize,
}

impl PathWeights {
    /// Prepares for a path.
    #[inline(always)]
    pub(super) fn prepare(&mut self, path: &Path) {
        self.points = path.columns.len().div_ceil(2);
        while self.quadratures.len() <= self.points {
            self.quadratures.push(Quadrature::new(self.quadratures.len()));
        }
        self.passed.clear();
        self.failed.clear();
        self.replaced.clear();
        for points in &self.quadratures[self.points].points {
            self.replaced.push(points.map(|t| -1.0 / (1.0 - t)));
            for column in &path.columns {
                let z = column.share;
                let factor = points.map(|t| (1.0 - t) * z + t);
                self.passed.push((factor, factor.map(|factor| (1.0 - z) / factor)));
                self.failed.push(points.map(|t| (1.0 - t) * z));
            }
        }
    }

    /// The attributions of a pattern: D numbers `stride` apart.
    #[inline(always)]
    pub(super) fn values(
        &self,
        path: &Path,
        patterns: &Patterns,
        pattern: usize,
        stride: usize,
        out: &mut [f64],
    ) {
        let width = path.columns.len();
        (0..width).for_each(|i| out[i * stride] = 0.0);
        for (group, weights) in self.quadratures[self.points].weights.iter().enumerate() {
            let product = self.product(path.value, weights, group, width, patterns, pattern);
            let failed = sum(times(product, self.replaced[group]));
            for i in 0..width {
                out[i * stride] += if patterns.passes(pattern, i) {
                    sum(times(product, self.passed[group * width + i].1))
                } else {
                    failed
                };
            }
        }
    }

    /// The interactions of a pattern: D × D numbers, main effects on the diagonal.
    pub(super) fn interactions(
        &self,
        path: &Path,
        patterns: &Patterns,
        pattern: usize,
        out: &mut [f64],
    ) {
        let width = path.columns.len();
        out[..width * width].fill(0.0);
        for (group, weights) in self.quadratures[self.points].weights.iter().enumerate() {
            let product = self.product(path.value, weights, group, width, patterns, pattern);
            let replaced = |i: usize| {
                if patterns.passes(pattern, i) {
                    self.passed[group * width + i].1
                } else {
                    self.replaced[group]
                }
            };
            for i in 0..width {
                let own = times(product, replaced(i));
                let mut main = sum(own);
                for j in (0..width).filter(|&j| j != i) {
                    let shared = 0.5 * sum(times(own, replaced(j)));
                    out[i * width + j] += shared;
                    main -= shared;
                }
                out[i * width + i] += main;
            }
        }
    }

    /// v times the weights times all factors, at a group of points.
    #[inline(always)]
    fn product(
        &self,
        value: f64,
        weights: &[f64; LANES],
        group: usize,
        width: usize,
        patterns: &Patterns,
        pattern: usize,
    ) -> [f64; LANES] {
        let mut product = weights.map(|weight| weight * value);
        for i in 0..width {
            let place = group * width + i;
            let passed = patterns.passes(pattern, i);
            product =
                times(product, if passed { self.passed[place].0 } else { self.failed[place] });
        }
        product
    }
}

/// Interventional weights: against the patterns of a background.
#[derive(Debug, Default)]
pub(super) struct BackgroundWeights {
    /// (a−1)! b! / (a+b)! at [a][b], grown as needed.
    shares: Vec<Vec<f64>>,
}

impl BackgroundWeights {
    /// Adds what a pattern gains over the patterns of one block of a background of `rows` rows: D
    /// numbers `stride` apart (Lundberg et al. 2020, algorithm 3).
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    pub(super) fn add(
        &mut self,
        path: &Path,
        patterns: &Patterns,
        pattern: usize,
        background: &Patterns,
        rows: usize,
        stride: usize,
        out: &mut [f64],
    ) {
        let width = path.columns.len();
        for other in 0..background.len() {
            let (mut own, mut theirs, mut neither) = (0, 0, false);
            for byte in 0..width.div_ceil(8) {
                let (x, b) = (patterns.byte(pattern, byte), background.byte(other, byte));
                own += (x & !b).count_ones() as usize;
                theirs += (b & !x).count_ones() as usize;
                let left = width - byte * 8;
                let all = if left >= 8 { u8::MAX } else { (1 << left) - 1 };
                neither |= (x | b) & all != all;
            }
            // A column that neither passes: no mixture of the two reaches the leaf.
            if neither || own + theirs == 0 {
                continue;
            }
            let part = path.value * f64::from(background.counts[other]) / rows as f64;
            let gain = if own > 0 { part * self.share(own, theirs) } else { 0.0 };
            let loss = if theirs > 0 { part * self.share(theirs, own) } else { 0.0 };
            for i in 0..width {
                match (patterns.passes(pattern, i), background.passes(other, i)) {
                    (true, false) => out[i * stride] += gain,
                    (false, true) => out[i * stride] -= loss,
                    _ => {}
                }
            }
        }
    }

    /// (a−1)! b! / (a+b)!, a ≥ 1.
    fn share(&mut self, a: usize, b: usize) -> f64 {
        while self.shares.len() <= a {
            self.shares.push(Vec::new());
        }
        let row = &mut self.shares[a];
        while row.len() <= b {
            let next = match row.len() {
                // (a−1)! / a!
                0 => 1.0 / a as f64,
                b => row[b - 1] * b as f64 / (a + b) as f64,
            };
            row.push(next);
        }
        row[b]
    }
}

#[inline(always)]
fn times(a: [f64; LANES], b: [f64; LANES]) -> [f64; LANES] {
    std::array::from_fn(|i| a[i] * b[i])
}

#[inline(always)]
fn sum(a: [f64; LANES]) -> f64 {
    (a[0] + a[2]) + (a[1] + a[3])
}
