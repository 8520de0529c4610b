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

#![allow(
    clippy::needless_range_loop,
    reason = "chained iterators are not always compiled into the variant for a processor"
)]

use super::path::Path;
use super::patterns::Patterns;
use super::quadrature::{LANES, Quadrature};
use crate::tree::score::columns::BLOCK;

/// Columns whose bits stand in one word of a pattern.
const WORD: usize = 64;

/// Path-dependent weights, path by path.
#[derive(Debug, Default)]
pub(super) struct PathWeights {
    /// By number of points.
    quadratures: Vec<Quadrature>,
    /// For each group of points, for each column of the path.
    factors: Vec<Factors>,
    points: usize,
}

/// A column at a group of points: where a row does not pass, where it does.
#[derive(Debug, Clone, Copy)]
struct Factors {
    /// (1 − t) z + t o.
    factor: [[f64; LANES]; 2],
    /// (o − z) / factor; where the row does not pass that is −1 / (1 − t), whatever z.
    own: [[f64; LANES]; 2],
}

impl PathWeights {
    /// Prepares for a path.
    #[inline(always)]
    pub(super) fn prepare(&mut self, path: &Path) {
        self.points = path.columns.len().div_ceil(2);
        while self.quadratures.len() <= self.points {
            self.quadratures.push(Quadrature::new(self.quadratures.len()));
        }
        self.factors.clear();
        for points in &self.quadratures[self.points].points {
            for column in &path.columns {
                let z = column.share;
                let mut factors = Factors { factor: [[0.0; LANES]; 2], own: [[0.0; LANES]; 2] };
                for i in 0..LANES {
                    let t = points[i];
                    let failed = (1.0 - t) * z;
                    factors.factor[0][i] = failed;
                    factors.factor[1][i] = failed + t;
                    factors.own[0][i] = -1.0 / (1.0 - t);
                    factors.own[1][i] = (1.0 - z) / (failed + t);
                }
                self.factors.push(factors);
            }
        }
    }

    /// The attributions of a pattern: its number in each row of the table, one for each column.
    #[inline(always)]
    pub(super) fn values(
        &self,
        path: &Path,
        patterns: &Patterns,
        pattern: usize,
        table: &mut [[f64; BLOCK]],
    ) {
        let width = path.columns.len();
        let weights = &self.quadratures[self.points].weights;
        for group in 0..weights.len() {
            let factors = &self.factors[group * width..][..width];
            let product = product(path.value, &weights[group], factors, patterns, pattern);
            let mut bits = 0;
            for i in 0..width {
                if i % WORD == 0 {
                    bits = patterns.word(pattern, i / WORD);
                }
                let part = sum(times(product, factors[i].own[(bits & 1) as usize]));
                bits >>= 1;
                let out = &mut table[i][pattern];
                *out = if group == 0 { part } else { *out + part };
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
        let groups = self.factors.chunks_exact(width);
        for (weights, factors) in self.quadratures[self.points].weights.iter().zip(groups) {
            let product = product(path.value, weights, factors, patterns, pattern);
            let own = |i: usize| {
                let bit = patterns.word(pattern, i / WORD) >> (i % WORD) & 1;
                factors[i].own[bit as usize]
            };
            for i in 0..width {
                let product = times(product, own(i));
                let mut main = sum(product);
                for j in (0..width).filter(|&j| j != i) {
                    let shared = 0.5 * sum(times(product, own(j)));
                    out[i * width + j] += shared;
                    main -= shared;
                }
                out[i * width + i] += main;
            }
        }
    }
}

/// v times the weights times all factors, at a group of points.
#[inline(always)]
fn product(
    value: f64,
    weights: &[f64; LANES],
    factors: &[Factors],
    patterns: &Patterns,
    pattern: usize,
) -> [f64; LANES] {
    let mut product = times(*weights, [value; LANES]);
    let mut bits = 0;
    for i in 0..factors.len() {
        if i % WORD == 0 {
            bits = patterns.word(pattern, i / WORD);
        }
        product = times(product, factors[i].factor[(bits & 1) as usize]);
        bits >>= 1;
    }
    product
}

/// Interventional weights: against the patterns of a background.
#[derive(Debug, Default)]
pub(super) struct BackgroundWeights {
    /// (a−1)! b! / (a+b)! at [a][b], grown as needed.
    shares: Vec<Vec<f64>>,
}

impl BackgroundWeights {
    /// Adds what a pattern gains over the patterns of one block of a background of `rows` rows to
    /// its number in each row of the table (Lundberg et al. 2020, algorithm 3).
    #[inline(always)]
    pub(super) fn add(
        &mut self,
        path: &Path,
        patterns: &Patterns,
        pattern: usize,
        background: &Patterns,
        rows: usize,
        table: &mut [[f64; BLOCK]],
    ) {
        let width = path.columns.len();
        for other in 0..background.len() {
            let (mut own, mut theirs, mut neither) = (0, 0, false);
            for word in 0..width.div_ceil(WORD) {
                let (x, b) = (patterns.word(pattern, word), background.word(other, word));
                own += (x & !b).count_ones() as usize;
                theirs += (b & !x).count_ones() as usize;
                let left = width - word * WORD;
                let all = if left >= WORD { u64::MAX } else { (1 << left) - 1 };
                neither |= x | b != all;
            }
            // A column that neither passes: no mixture of the two reaches the leaf.
            if neither || own + theirs == 0 {
                continue;
            }
            let part = path.value * f64::from(background.counts[other]) / rows as f64;
            let gain = if own > 0 { part * self.share(own, theirs) } else { 0.0 };
            let loss = if theirs > 0 { part * self.share(theirs, own) } else { 0.0 };
            for (word, table) in table.chunks_mut(WORD).enumerate() {
                let (x, b) = (patterns.word(pattern, word), background.word(other, word));
                for (i, out) in table.iter_mut().enumerate() {
                    match (x >> i & 1, b >> i & 1) {
                        (1, 0) => out[pattern] += gain,
                        (0, 1) => out[pattern] -= loss,
                        _ => {}
                    }
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
fn times(mut a: [f64; LANES], b: [f64; LANES]) -> [f64; LANES] {
    for i in 0..LANES {
        a[i] *= b[i];
    }
    a
}

#[inline(always)]
fn sum(a: [f64; LANES]) -> f64 {
    (a[0] + a[2]) + (a[1] + a[3])
}
