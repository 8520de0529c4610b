//! Clusters of rows around their means, to begin an estimate with.
//!
//! Source: Lloyd 1982, from starts that k-means++ draws far from each other (Arthur &
//! Vassilvitskii 2007).

use rayon::prelude::*;
use tripline_core::Rng;

/// Most rounds; an estimate that begins here goes on by itself.
const MAX_ROUNDS: usize = 100;

/// The cluster of each row, below `clusters`.
pub(super) fn kmeans(columns: &[&[f64]], clusters: usize, rng: &mut Rng) -> Vec<u32> {
    let mut centres = starts(columns, clusters, rng);
    let mut nearest = assign(columns, &centres);
    for _ in 0..MAX_ROUNDS {
        let moved: Vec<Vec<f64>> = columns
            .par_iter()
            .map(|column| {
                let (mut sums, mut counts) = (vec![0.0; clusters], vec![0.0; clusters]);
                for (&value, &cluster) in column.iter().zip(&nearest) {
                    sums[cluster as usize] += value;
                    counts[cluster as usize] += 1.0;
                }
                sums.iter().zip(&counts).map(|(sum, count)| sum / count).collect()
            })
            .collect();
        for (cluster, centre) in centres.iter_mut().enumerate() {
            for (old, means) in centre.iter_mut().zip(&moved) {
                // A cluster without rows stays where it is.
                if means[cluster].is_finite() {
                    *old = means[cluster];
                }
            }
        }
        let next = assign(columns, &centres);
        if next == nearest {
            break;
        }
        nearest = next;
    }
    nearest
}

/// Rows drawn with probability by their squared distance from those drawn before.
fn starts(columns: &[&[f64]], clusters: usize, rng: &mut Rng) -> Vec<Vec<f64>> {
    let rows = columns[0].len();
    let row = |at: usize| -> Vec<f64> { columns.iter().map(|column| column[at]).collect() };
    let mut centres = vec![row(rng.index(rows))];
    let mut nearest = vec![f64::MAX; rows];
    while centres.len() < clusters {
        let last = std::slice::from_ref(&centres[centres.len() - 1]);
        let distances = distances(columns, last);
        nearest.iter_mut().zip(&distances).for_each(|(near, (d, _))| *near = near.min(*d));
        let total: f64 = nearest.iter().sum();
        let mut left = rng.unit() * total;
        let drawn = nearest.iter().position(|distance| {
            left -= distance;
            left < 0.0
        });
        // All rows are one, or rounding went past the last.
        centres.push(row(drawn.unwrap_or_else(|| rng.index(rows))));
    }
    centres
}

fn assign(columns: &[&[f64]], centres: &[Vec<f64>]) -> Vec<u32> {
    distances(columns, centres).into_iter().map(|(_, cluster)| cluster).collect()
}

/// Squared distance of each row from the nearest centre, the first of equal ones, with its number.
fn distances(columns: &[&[f64]], centres: &[Vec<f64>]) -> Vec<(f64, u32)> {
    const BLOCK: usize = 512;
    let mut nearest = vec![(f64::INFINITY, 0); columns[0].len()];
    nearest.par_chunks_mut(BLOCK).enumerate().for_each(|(block, nearest)| {
        let start = block * BLOCK;
        let mut squares = vec![0.0; nearest.len()];
        for (number, centre) in centres.iter().enumerate() {
            squares.fill(0.0);
            for (column, mean) in columns.iter().zip(centre) {
                for (square, value) in squares.iter_mut().zip(&column[start..]) {
                    *square += (value - mean) * (value - mean);
                }
            }
            for (near, &square) in nearest.iter_mut().zip(&squares) {
                if square < near.0 {
                    *near = (square, number as u32);
                }
            }
        }
    });
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distant_clouds_are_told_apart() {
        let mut rng = Rng::new(2);
        let column: Vec<f64> =
            (0..90).map(|row| f64::from(row % 3) * 50.0 + rng.normal()).collect();
        let clusters = kmeans(&[&column], 3, &mut Rng::new(1));
        for (row, cluster) in clusters.iter().enumerate() {
            assert_eq!(*cluster, clusters[row % 3]);
        }
        assert_eq!(kmeans(&[&[2.0; 5]], 3, &mut Rng::new(1)), [0; 5]);
    }
}
