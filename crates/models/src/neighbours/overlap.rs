//! How many points are in boxes that do not tell that they are far.

use rayon::prelude::*;

use super::distance::{Squares, between, outside};
use super::leaves::Leaves;

/// Points whose boxes are counted.
const QUERIES: usize = 16;

/// Points among which neighbours are sought.
const AMONG: usize = 2048;

/// The share of leaves, for points here and there, whose boxes are within the distance of about as
/// many rows.
pub(super) fn share(leaves: &Leaves, rows: usize) -> f64 {
    let every = leaves.len.div_ceil(AMONG);
    let queries: Vec<usize> = (0..leaves.len).step_by(leaves.len.div_ceil(QUERIES)).collect();
    let near: usize = queries
        .par_iter()
        .map(|&query| {
            let row = leaves.row(query);
            let others = (0..leaves.len).step_by(every).filter(|&other| other != query);
            let mut others: Vec<(f64, u32)> = others
                .map(|other| (between::<Squares>(row, leaves.row(other)), leaves.counts[other]))
                .collect();
            others.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            let mut missing = rows.div_ceil(every);
            let last = others.iter().find(|(_, count)| {
                missing = missing.saturating_sub(*count as usize);
                missing == 0
            });
            let reach = last.map_or(f64::INFINITY, |last| last.0);
            let near = |&leaf: &usize| {
                let (low, high) = leaves.corners(leaf);
                outside::<Squares>(row, low, high) <= reach
            };
            (0..leaves.count()).filter(near).count()
        })
        .sum();
    near as f64 / (queries.len() * leaves.count()) as f64
}
