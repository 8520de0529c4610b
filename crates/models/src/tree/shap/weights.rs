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

use super::path::{Path, PathColumn, PathTest};
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

/// The path-dependent weights of one row: what it does at a column is worked out alone.
#[derive(Debug, Default)]
pub(super) struct RowWeights {
    /// By number of points.
    quadratures: Vec<Quadrature>,
    factors: Vec<[f64; LANES]>,
    passes: Vec<bool>,
    /// The columns that the row passes; those of the path before stay behind them.
    passed: Vec<usize>,
    parts: Vec<f64>,
}

impl RowWeights {
    /// Adds what a leaf gives to each column of its path; `left` says where the row goes left.
    #[inline(always)]
    pub(super) fn add(
        &mut self,
        value: f64,
        columns: &[PathColumn],
        tests: &[PathTest],
        left: &[bool],
        sums: &mut [f64],
    ) {
        let width = columns.len();
        let points = width.div_ceil(2);
        while self.quadratures.len() <= points {
            self.quadratures.push(Quadrature::new(self.quadratures.len()));
        }
        let quadrature = &self.quadratures[points];
        if self.factors.len() < width {
            self.factors.resize(width, [0.0; LANES]);
            self.passes.resize(width, false);
            self.passed.resize(width, 0);
            self.parts.resize(width, 0.0);
        }
        let (factors, passes) = (&mut self.factors[..width], &mut self.passes[..width]);
        let (passed, parts) = (&mut self.passed[..width], &mut self.parts[..width]);
        let (mut first, mut count) = (0, 0);
        for i in 0..width {
            let mut all = true;
            for test in &tests[first..columns[i].end] {
                all &= left[test.node as usize] == test.left;
            }
            first = columns[i].end;
            passes[i] = all;
            passed[count] = i;
            count += usize::from(all);
        }
        // What each column that the row does not pass gets: its own factor cancels, so it is one
        // number for all of them.
        let mut failed = 0.0;
        for group in 0..quadrature.weights.len() {
            let t = &quadrature.points[group];
            let (mut rest, mut failed_own) = ([0.0; LANES], [0.0; LANES]);
            for lane in 0..LANES {
                rest[lane] = 1.0 - t[lane];
                failed_own[lane] = -1.0 / rest[lane];
            }
            // Adding 0 to a number that is not negative leaves its bits as they are.
            let present = [[0.0; LANES], *t];
            let mut product = times(quadrature.weights[group], [value; LANES]);
            for i in 0..width {
                let present = &present[usize::from(passes[i])];
                let mut factor = times(rest, [columns[i].share; LANES]);
                for lane in 0..LANES {
                    factor[lane] += present[lane];
                }
                product = times(product, factor);
                factors[i] = factor;
            }
            let part = sum(times(product, failed_own));
            failed = if group == 0 { part } else { failed + part };
            for &i in &passed[..count] {
                let mut own = [1.0 - columns[i].share; LANES];
                for lane in 0..LANES {
                    own[lane] /= factors[i][lane];
                }
                let part = sum(times(product, own));
                parts[i] = if group == 0 { part } else { parts[i] + part };
            }
        }
        for i in 0..width {
            sums[columns[i].column] += if passes[i] { parts[i] } else { failed };
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
