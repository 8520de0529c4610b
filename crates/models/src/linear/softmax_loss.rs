//! The mean cross-entropy of a linear model with its gradient, by blocks of rows in a fixed order.

use rayon::prelude::*;
use tripline_core::math;

use super::packed::Packed;
use super::targets::Targets;
use super::vector::{add_scaled, dot};
use crate::table::Table;

/// Rows of a block. Fixed, so that sums do not depend on the number of threads; small, so that a
/// block is still in the cache when its gradient is taken.
const BLOCK: usize = 512;

/// Mean weighted cross-entropy plus penalty/2 · |weights|², as a function of the parameters: for
/// each output its d weights, then its constant.
pub(super) struct SoftmaxLoss<'a> {
    columns: Vec<Packed<'a>>,
    rows: usize,
    codes: &'a [u32],
    /// Weight of each row, class weight included, summing to 1.
    weights: Vec<f64>,
    outputs: usize,
    penalty: f64,
    intercept: bool,
}

/// What a block of rows adds.
struct Part {
    value: f64,
    gradient: Vec<f64>,
}

impl<'a> SoftmaxLoss<'a> {
    /// `strength` is that of the penalty relative to the sum (not the mean) over rows.
    pub(super) fn new(
        table: &'a Table<'a>,
        targets: &'a Targets,
        strength: f64,
        intercept: bool,
    ) -> Self {
        let weight =
            |row: usize| targets.weights[row] * targets.class_weights[targets.codes[row] as usize];
        let mut weights: Vec<f64> = (0..table.len).map(weight).collect();
        let total: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= total);
        let outputs = if targets.classes.len() == 2 { 1 } else { targets.classes.len() };
        let penalty = strength / total;
        let columns = table.columns.par_iter().map(|column| Packed::new(column, BLOCK)).collect();
        let (rows, codes) = (table.len, &targets.codes);
        Self { columns, rows, codes, weights, outputs, penalty, intercept }
    }

    /// Number of outputs: one for two classes.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of parameters.
    pub(super) fn len(&self) -> usize {
        self.outputs * (self.columns.len() + 1)
    }

    /// The value at some parameters; fills the gradient.
    pub(super) fn evaluate(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let blocks = self.rows.div_ceil(BLOCK);
        let width = self.columns.len();
        let bases: Vec<f64> = parameters
            .chunks_exact(width + 1)
            .map(|line| {
                let parts = line.iter().zip(&self.columns);
                line[width] + parts.map(|(weight, column)| weight * column.mode()).sum::<f64>()
            })
            .collect();
        let parts: Vec<Part> =
            (0..blocks).into_par_iter().map(|block| self.part(parameters, &bases, block)).collect();
        let mut value = 0.0;
        gradient.fill(0.0);
        for part in &parts {
            value += part.value;
            add_scaled(gradient, 1.0, &part.gradient);
        }
        let lines = parameters.chunks_exact(width + 1);
        for (line, slope) in lines.zip(gradient.chunks_exact_mut(width + 1)) {
            let weights = &line[..width];
            value += self.penalty / 2.0 * dot(weights, weights);
            add_scaled(&mut slope[..width], self.penalty, weights);
            if !self.intercept {
                slope[width] = 0.0;
            }
        }
        value
    }

    /// What a block adds; `bases` is what each output is where every column has its mode.
    fn part(&self, parameters: &[f64], bases: &[f64], block: usize) -> Part {
        let start = block * BLOCK;
        let count = BLOCK.min(self.rows - start);
        let width = self.columns.len();
        let mut sums = vec![0.0; self.outputs * count];
        let lines = parameters.chunks_exact(width + 1).zip(bases);
        for (sums, (line, &base)) in sums.chunks_exact_mut(count).zip(lines) {
            sums.fill(base);
            for (&weight, column) in line.iter().zip(&self.columns) {
                column.add(block, start, weight, sums);
            }
        }
        // From here on `sums` holds the derivative of the value in each output.
        let value = if self.outputs == 1 {
            self.binary(&mut sums, start)
        } else {
            self.several(&mut sums, start, count)
        };
        let mut gradient = Vec::with_capacity(self.len());
        for residuals in sums.chunks_exact(count) {
            let total = residuals.iter().sum();
            let products = self.columns.iter();
            gradient.extend(products.map(|c| c.product(block, start, residuals, total)));
            gradient.push(total);
        }
        Part { value, gradient }
    }

    fn binary(&self, sums: &mut [f64], start: usize) -> f64 {
        let mut value = 0.0;
        for (row, sum) in (start..).zip(sums) {
            let sign = if self.codes[row] == 0 { -1.0 } else { 1.0 };
            let margin = sign * *sum;
            value += self.weights[row] * math::softplus(-margin);
            *sum = -sign * self.weights[row] * math::sigmoid(-margin);
        }
        value
    }

    fn several(&self, sums: &mut [f64], start: usize, count: usize) -> f64 {
        let mut value = 0.0;
        let mut chances = vec![0.0; self.outputs];
        for i in 0..count {
            let (code, weight) = (self.codes[start + i] as usize, self.weights[start + i]);
            let mut highest = f64::NEG_INFINITY;
            for (output, chance) in chances.iter_mut().enumerate() {
                *chance = sums[output * count + i];
                highest = highest.max(*chance);
            }
            let own = chances[code];
            let mut total = 0.0;
            for chance in &mut chances {
                *chance = math::exp(*chance - highest);
                total += *chance;
            }
            value += weight * (math::ln(total) + highest - own);
            for (output, chance) in chances.iter().enumerate() {
                let hit = if output == code { 1.0 } else { 0.0 };
                sums[output * count + i] = weight * (chance / total - hit);
            }
        }
        value
    }
}
