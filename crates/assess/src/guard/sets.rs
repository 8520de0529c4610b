//! Pairs or triples of columns that say nearly everything about the class.
//!
//! Every pair and triple of the twelve columns that say most alone is tried, numbers in up to
//! sixteen bins, categories as they are; a set is judged as in [`super::power`] by its joint cells.

use rayon::prelude::*;
use serde::Serialize;

use super::power::{Bench, Bins, Cell, auc_of_cells};

/// Columns that were judged together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnSet {
    /// Their names.
    pub columns: Vec<String>,
    /// ROC AUC of the joint cells on rows that did not fit them.
    pub auc: f64,
}

/// Bins of a column within a set: 16³ cells are few against the rows of a data set worth judging.
pub(super) const COARSE: usize = 16;

/// Columns tried together: 66 pairs with 220 triples.
const TRIED: usize = 12;

/// The best pair, then the best triple, of the columns that say most alone.
///
/// `columns` are (name, AUC alone, coarse bins).
pub(super) fn best(columns: &[(&str, f64, Bins)], bench: &Bench) -> Vec<ColumnSet> {
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by(|&a, &b| columns[b].1.total_cmp(&columns[a].1).then(a.cmp(&b)));
    order.truncate(TRIED);
    let mut sets: Vec<Vec<usize>> = Vec::new();
    for (i, &a) in order.iter().enumerate() {
        for (j, &b) in order.iter().enumerate().skip(i + 1) {
            sets.push(vec![a, b]);
            sets.extend(order.iter().skip(j + 1).map(|&c| vec![a, b, c]));
        }
    }
    let judged: Vec<(usize, f64)> = sets
        .par_iter()
        .map(|set| {
            let bins: Vec<&Bins> = set.iter().map(|&column| &columns[column].2).collect();
            (set.len(), joint_auc(&bins, bench))
        })
        .collect();
    let mut best = Vec::new();
    for size in [2, 3] {
        let of_size = judged.iter().enumerate().filter(|(_, (len, _))| *len == size);
        // Of equals the first, whose columns say more alone.
        let top = of_size.max_by(|a, b| a.1.1.total_cmp(&b.1.1).then(b.0.cmp(&a.0)));
        if let Some((at, &(_, auc))) = top {
            let names = sets[at].iter().map(|&column| columns[column].0.to_owned()).collect();
            best.push(ColumnSet { columns: names, auc });
        }
    }
    best
}

/// ROC AUC of the joint cells of a few columns.
pub(super) fn joint_auc(columns: &[&Bins], bench: &Bench) -> f64 {
    let cells: usize = columns.iter().map(|bins| bins.count).product();
    // A category of many values makes more cells than rows: those are counted sparsely.
    let mut joint = vec![Cell::default(); cells.min(MOST_CELLS)];
    for at in 0..bench.rows.len() {
        let cell =
            columns.iter().fold(0usize, |cell, bins| cell * bins.count + bins.of[at] as usize);
        let slot = if cells > MOST_CELLS { cell % MOST_CELLS } else { cell };
        joint[slot].add(bench.fits[at], bench.attack[at]);
    }
    auc_of_cells(&mut joint, bench.base)
}

/// Cells beyond this share slots, which can only lower the AUC found.
const MOST_CELLS: usize = 1 << 16;
