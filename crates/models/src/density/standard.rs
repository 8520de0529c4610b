//! Columns moved to mean 0 with deviation 1.

use rayon::prelude::*;
use tripline_core::{State, StateError};

use crate::matrix::Moments;
use crate::table::{Table, finite};

/// Bound of a standardised value: sums of squares of a few thousand stay in range.
const BOUND: f64 = 1e75;

/// Means with what deviations are divided by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standard {
    pub(super) means: Vec<f64>,
    /// Above 0.
    pub(super) scales: Vec<f64>,
}

impl Standard {
    /// Standard deviations for scales; 1 for a column that does not vary by more than rounding
    /// (as scikit-learn's `StandardScaler` has it).
    pub(super) fn of(moments: &Moments, rows: usize) -> Self {
        let width = moments.means.len();
        let rounding = rows as f64 * f64::EPSILON;
        let scale = |(mean, variance): (&f64, &f64)| {
            let least = rounding * variance + (rounding * mean) * (rounding * mean);
            if *variance > least { variance.sqrt() } else { 1.0 }
        };
        let variances = moments.covariance.iter().step_by(width + 1);
        let scales = moments.means.iter().zip(variances).map(scale).collect();
        Self { means: moments.means.clone(), scales }
    }

    /// Means alone.
    pub(super) fn centre(means: Vec<f64>) -> Self {
        let scales = vec![1.0; means.len()];
        Self { means, scales }
    }

    /// The covariance matrix of the standardised columns.
    pub(super) fn covariance(&self, moments: &Moments) -> Vec<f64> {
        let width = self.means.len();
        let mut covariance = moments.covariance.clone();
        for (i, row) in covariance.chunks_exact_mut(width).enumerate() {
            for (entry, scale) in row.iter_mut().zip(&self.scales) {
                // One division after the other: a product of both may vanish.
                *entry = *entry / self.scales[i] / scale;
            }
        }
        covariance
    }

    /// Standardised value of a column.
    pub(super) fn value(&self, column: usize, value: f64) -> f64 {
        ((value - self.means[column]) / self.scales[column]).clamp(-BOUND, BOUND)
    }

    /// `count` standardised rows from `start`, by column.
    pub(super) fn block(&self, table: &Table<'_>, start: usize, count: usize) -> Vec<f64> {
        let mut block = Vec::with_capacity(count * table.columns.len());
        for (j, column) in table.columns.iter().enumerate() {
            let (mean, scale) = (self.means[j], self.scales[j]);
            block.extend(
                column[start..start + count]
                    .iter()
                    .map(|value| ((value - mean) / scale).clamp(-BOUND, BOUND)),
            );
        }
        block
    }

    /// A number for each row, from blocks of standardised rows (by column, with their count) in
    /// parallel.
    pub(super) fn score(
        &self,
        table: &Table<'_>,
        give: impl Fn(&[f64], &mut [f64]) + Sync,
    ) -> Vec<f64> {
        // A block of a hundred columns fits the second cache.
        const ROWS: usize = 256;
        let mut scores = vec![0.0; table.len];
        let block = |(index, out): (usize, &mut [f64])| {
            let rows = self.block(table, index * ROWS, out.len());
            give(&rows, out);
            for score in out {
                // Only coefficients that no fit gives lead out of range.
                *score = if score.is_nan() { f64::MAX } else { score.clamp(-f64::MAX, f64::MAX) };
            }
        };
        if table.len <= ROWS {
            if table.len > 0 {
                // One row must not wait for another thread.
                block((0, &mut scores));
            }
        } else {
            scores.par_chunks_mut(ROWS).enumerate().for_each(block);
        }
        scores
    }

    pub(super) fn save(&self, state: &mut State) {
        state.put_f64s("means", self.means.clone());
        state.put_f64s("scales", self.scales.clone());
    }

    pub(super) fn load(state: &State, width: usize) -> Result<Self, StateError> {
        let means = finite(state, "means", width)?;
        let scales = finite(state, "scales", width)?;
        if scales.iter().any(|scale| *scale <= 0.0) {
            return Err(StateError::invalid("scales", "above 0"));
        }
        Ok(Self { means, scales })
    }
}
