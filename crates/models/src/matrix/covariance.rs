//! Means and covariances of columns in one fixed order of sums on any number of threads.

use rayon::prelude::*;

use super::dot;

/// Rows of which the centred columns fit the second cache for a hundred columns.
const BLOCK: usize = 256;

/// Most parts that are summed beside each other: each has a matrix of its own.
const PARTS: usize = 32;

/// Means with covariances.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moments {
    /// Of each of d columns.
    pub(crate) means: Vec<f64>,
    /// d × d, row-major: mean products of deviations (divided by the number of rows).
    pub(crate) covariance: Vec<f64>,
}

/// Means and covariances of columns of one length, of the rows `keep` names or of all; zeros
/// without rows. Huge numbers may give entries that are not finite. Time O(n · d²), memory O(d²).
pub(crate) fn moments(columns: &[&[f64]], keep: Option<&[u32]>) -> Moments {
    let width = columns.len();
    let rows = keep.map_or_else(|| columns.first().map_or(0, |column| column.len()), <[u32]>::len);
    let count = rows.max(1) as f64;
    let means: Vec<f64> = columns
        .par_iter()
        .map(|column| match keep {
            // Divided first: a sum of huge numbers stays finite.
            None => column.chunks(BLOCK).map(|part| part.iter().sum::<f64>() / count).sum(),
            Some(keep) => keep
                .chunks(BLOCK)
                .map(|part| part.iter().map(|&row| column[row as usize]).sum::<f64>() / count)
                .sum(),
        })
        .collect();
    let fill = |j: usize, start: usize, out: &mut [f64]| {
        let (column, mean) = (columns[j], means[j]);
        match keep {
            None => out.iter_mut().zip(&column[start..]).for_each(|(out, x)| *out = x - mean),
            Some(keep) => out
                .iter_mut()
                .zip(&keep[start..])
                .for_each(|(out, &row)| *out = column[row as usize] - mean),
        }
    };
    let covariance = mean_products(rows, width, count, fill);
    Moments { means, covariance }
}

/// Means and covariances of rows that count `weights` each, not negative, of sum `total`.
pub(crate) fn weighted_moments(columns: &[&[f64]], weights: &[f64], total: f64) -> Moments {
    let mean = |column: &&[f64]| {
        let parts = column.chunks(BLOCK).zip(weights.chunks(BLOCK));
        parts.map(|(x, w)| dot(x, w) / total).sum()
    };
    let means: Vec<f64> = columns.par_iter().map(mean).collect();
    let roots: Vec<f64> = weights.iter().map(|weight| weight.sqrt()).collect();
    let fill = |j: usize, start: usize, out: &mut [f64]| {
        let rows = columns[j][start..].iter().zip(&roots[start..]);
        for (out, (x, root)) in out.iter_mut().zip(rows) {
            *out = root * (x - means[j]);
        }
    };
    let covariance = mean_products(weights.len(), columns.len(), total, fill);
    Moments { means, covariance }
}

/// Sums of products of `width` columns over all rows, divided by `count`; `fill` gives a column's
/// numbers from a row on.
fn mean_products(
    rows: usize,
    width: usize,
    count: f64,
    fill: impl Fn(usize, usize, &mut [f64]) + Sync,
) -> Vec<f64> {
    let blocks = rows.div_ceil(BLOCK);
    let per_part = blocks.div_ceil(PARTS).max(1);
    let parts: Vec<Vec<f64>> = (0..blocks.div_ceil(per_part))
        .into_par_iter()
        .map(|part| {
            let mut products = vec![0.0; width * width];
            let mut centred = vec![0.0; width * BLOCK];
            for block in part * per_part..((part + 1) * per_part).min(blocks) {
                let start = block * BLOCK;
                let len = BLOCK.min(rows - start);
                for (j, out) in centred[..width * len].chunks_exact_mut(len).enumerate() {
                    fill(j, start, out);
                }
                for (i, left) in centred[..width * len].chunks_exact(len).enumerate() {
                    for (j, right) in centred.chunks_exact(len).take(i + 1).enumerate() {
                        products[i * width + j] += dot(left, right);
                    }
                }
            }
            products
        })
        .collect();
    let mut covariance = vec![0.0; width * width];
    for part in &parts {
        covariance.iter_mut().zip(part).for_each(|(sum, product)| *sum += product);
    }
    for i in 0..width {
        for j in 0..=i {
            let value = covariance[i * width + j] / count;
            covariance[i * width + j] = value;
            covariance[j * width + i] = value;
        }
    }
    covariance
}

impl Moments {
    /// Whether every number is finite.
    pub(crate) fn are_finite(&self) -> bool {
        self.means.iter().chain(&self.covariance).all(|x| x.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use tripline_core::Rng;

    use super::*;

    #[test]
    fn sums_in_blocks_are_those_of_the_definition() {
        let mut rng = Rng::new(9);
        let rows = PARTS * BLOCK * 2 + 77;
        let first: Vec<f64> = (0..rows).map(|_| rng.normal() + 100.0).collect();
        let second: Vec<f64> = first.iter().map(|x| 0.5 * x + rng.normal()).collect();
        let columns = [first.as_slice(), second.as_slice()];
        let odd: Vec<u32> = (0..rows as u32).filter(|row| row % 2 == 1).collect();
        for keep in [None, Some(odd.as_slice())] {
            let moments = moments(&columns, keep);
            let all: Vec<u32> = (0..rows as u32).collect();
            let kept = keep.unwrap_or(&all);
            let count = kept.len() as f64;
            for i in 0..2 {
                let mean = kept.iter().map(|&row| columns[i][row as usize]).sum::<f64>() / count;
                assert!((moments.means[i] - mean).abs() < 1e-9);
                for j in 0..2 {
                    let other =
                        kept.iter().map(|&row| columns[j][row as usize]).sum::<f64>() / count;
                    let products = kept.iter().map(|&row| {
                        (columns[i][row as usize] - mean) * (columns[j][row as usize] - other)
                    });
                    let expected = products.sum::<f64>() / count;
                    assert!((moments.covariance[2 * i + j] - expected).abs() < 1e-9);
                }
            }
        }
    }

    #[test]
    fn weights_of_whole_numbers_repeat_rows() {
        let columns: [&[f64]; 2] = [&[1.0, 2.0, 4.0], &[0.0, 5.0, -1.0]];
        let weighted = weighted_moments(&columns, &[2.0, 0.0, 1.0], 3.0);
        let repeated = moments(&[&[1.0, 1.0, 4.0], &[0.0, 0.0, -1.0]], None);
        for (a, b) in weighted.covariance.iter().zip(&repeated.covariance) {
            assert!((a - b).abs() < 1e-14);
        }
        assert_eq!(weighted.means, repeated.means);
    }

    #[test]
    fn no_rows_have_zeros() {
        let moments = moments(&[&[], &[]], None);
        assert_eq!(moments, Moments { means: vec![0.0; 2], covariance: vec![0.0; 4] });
    }
}
