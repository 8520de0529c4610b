//! Columns of which most cells are equal, stored by the few that are not.

use super::vector::{add_scaled, dot};

/// Largest share of other cells at which gathering them costs less than reading all: a gathered
/// cell takes about four times as long.
const LARGEST_SHARE: f64 = 0.2;

/// A column for many passes over blocks of rows. One-hot columns, which preparing has scaled, have
/// two values; most of their cells hold the first.
pub(super) enum Packed<'a> {
    /// All cells.
    Dense(&'a [f64]),
    /// One value for all cells but some.
    Sparse(Sparse),
}

/// `mode` everywhere, but `mode + gaps[i]` at `rows[i]`.
pub(super) struct Sparse {
    mode: f64,
    rows: Vec<u32>,
    gaps: Vec<f64>,
    /// Where each block begins in `rows`; one more at the end.
    starts: Vec<usize>,
}

impl<'a> Packed<'a> {
    /// A column in blocks of `block` rows.
    pub(super) fn new(column: &'a [f64], block: usize) -> Self {
        let mode = majority(column);
        let others = column.iter().filter(|&&value| value != mode).count();
        if others as f64 > LARGEST_SHARE * column.len() as f64 || column.len() > u32::MAX as usize {
            return Self::Dense(column);
        }
        let (mut rows, mut gaps) = (Vec::with_capacity(others), Vec::with_capacity(others));
        let mut starts = vec![0];
        for (number, part) in column.chunks(block).enumerate() {
            for (i, &value) in part.iter().enumerate().filter(|(_, value)| **value != mode) {
                rows.push((number * block + i) as u32);
                gaps.push(value - mode);
            }
            starts.push(rows.len());
        }
        Self::Sparse(Sparse { mode, rows, gaps, starts })
    }

    /// The value of all cells that are not stored; 0 if all are.
    pub(super) fn mode(&self) -> f64 {
        match self {
            Self::Dense(_) => 0.0,
            Self::Sparse(sparse) => sparse.mode,
        }
    }

    /// sums += weight · (column − mode), over the rows from `start` on, which begin a block.
    pub(super) fn add(&self, block: usize, start: usize, weight: f64, sums: &mut [f64]) {
        match self {
            Self::Dense(column) => {
                add_scaled(sums, weight, &column[start..start + sums.len()]);
            }
            Self::Sparse(sparse) => {
                for (row, gap) in sparse.block(block) {
                    sums[row - start] += weight * gap;
                }
            }
        }
    }

    /// Σ residual · column over the rows from `start` on, which begin a block; `total` is the sum
    /// of the residuals.
    pub(super) fn product(&self, block: usize, start: usize, residuals: &[f64], total: f64) -> f64 {
        match self {
            Self::Dense(column) => dot(residuals, &column[start..start + residuals.len()]),
            Self::Sparse(sparse) => {
                let gaps: f64 =
                    sparse.block(block).map(|(row, gap)| residuals[row - start] * gap).sum();
                sparse.mode * total + gaps
            }
        }
    }
}

impl Sparse {
    fn block(&self, block: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.starts[block]..self.starts[block + 1];
        let rows = self.rows[range.clone()].iter().map(|&row| row as usize);
        rows.zip(self.gaps[range].iter().copied())
    }
}

/// The value of more than half of the cells, if there is one (Boyer & Moore 1991).
fn majority(column: &[f64]) -> f64 {
    let (mut candidate, mut votes) = (0.0, 0usize);
    for &value in column {
        if votes == 0 {
            candidate = value;
        }
        if value == candidate { votes += 1 } else { votes -= 1 }
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_changes_no_sum() {
        let flat: Vec<f64> = (0..100).map(|i| if i % 9 == 4 { 7.5 } else { -0.5 }).collect();
        let steep: Vec<f64> = (0..100).map(f64::from).collect();
        let residuals: Vec<f64> = (0..20).map(|i| f64::from(i) - 3.0).collect();
        let total: f64 = residuals.iter().sum();
        for (column, sparse) in [(&flat, true), (&steep, false)] {
            let packed = Packed::new(column, 20);
            assert_eq!(matches!(packed, Packed::Sparse(_)), sparse);
            for block in 0..5 {
                let part = &column[block * 20..(block + 1) * 20];
                let mut sums = vec![2.0 * packed.mode(); 20];
                packed.add(block, block * 20, 2.0, &mut sums);
                for (sum, value) in sums.iter().zip(part) {
                    assert!((sum - 2.0 * value).abs() < 1e-12);
                }
                let product = packed.product(block, block * 20, &residuals, total);
                assert!((product - dot(&residuals, part)).abs() < 1e-9);
            }
        }
    }
}
