//! Sums of kernels over weighted rows: Σ αᵢ k(xᵢ, x).

use rayon::prelude::*;

use super::kernel::Kernel;
use super::lanes::{LANES, Lanes};

/// Blocks of rows that one thread takes at a time.
const PART: usize = 16;

/// Rows with weights.
#[derive(Debug, Clone)]
pub(super) struct Weighted {
    width: usize,
    /// Row-major (n × d).
    pub(super) values: Vec<f64>,
    pub(super) weights: Vec<f64>,
    squares: Vec<f64>,
}

impl Weighted {
    /// Rows (n × d) with n weights.
    pub(super) fn new(values: Vec<f64>, width: usize, weights: Vec<f64>) -> Self {
        let square = |row: &[f64]| row.iter().map(|x| x * x).sum();
        let squares = values.chunks_exact(width).map(square).collect();
        Self { width, values, weights, squares }
    }

    /// The sum for each row; the rows of a block side by side, weighted rows in their order.
    pub(super) fn sums(&self, kernel: Kernel, rows: &Lanes) -> Vec<f64> {
        let mut sums = vec![0.0; rows.blocks() * LANES];
        if rows.blocks() <= PART {
            self.part(kernel, rows, 0, &mut sums);
        } else {
            let parts = sums.par_chunks_mut(PART * LANES).enumerate();
            parts.for_each(|(part, sums)| self.part(kernel, rows, part * PART, sums));
        }
        sums.truncate(rows.len);
        sums
    }

    fn part(&self, kernel: Kernel, rows: &Lanes, first: usize, sums: &mut [f64]) {
        const PAIR: usize = 2;
        let width = self.width;
        let (blocks, _) = sums.as_chunks_mut::<LANES>();
        for (block, sums) in blocks.iter_mut().enumerate() {
            let block = first + block;
            let own = rows.squares(block);
            let pairs = self.values.chunks_exact(PAIR * width);
            let rest = pairs.remainder();
            let weights = self.weights.chunks_exact(PAIR).zip(self.squares.chunks_exact(PAIR));
            for (pair, (weights, squares)) in pairs.zip(weights) {
                let (a, b) = pair.split_at(width);
                let mut values = rows.dots(block, [a, b]);
                for (values, (weight, square)) in values.iter_mut().zip(weights.iter().zip(squares))
                {
                    kernel.apply(*square, own, values);
                    for (sum, value) in sums.iter_mut().zip(&*values) {
                        *sum += weight * value;
                    }
                }
            }
            if let (false, Some(weight), Some(square)) =
                (rest.is_empty(), self.weights.last(), self.squares.last())
            {
                let [mut values] = rows.dots(block, [rest]);
                kernel.apply(*square, own, &mut values);
                for (sum, value) in sums.iter_mut().zip(&values) {
                    *sum += weight * value;
                }
            }
        }
    }
}
