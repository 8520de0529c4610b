//! How much one column, or a few together, say about the class.
//!
//! Rows with equal features count once. Half of them, chosen by a hash of their features, give
//! each bin of values its share of attacks; the other half is ranked by that share, so that a
//! column of unique values is not praised for what it memorised.

use serde::Serialize;
use tripline_core::{Category, Column};

/// What one column says alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ColumnPower {
    /// ROC AUC of the share of attacks among fitted rows of the same bin, on the other half.
    pub auc: f64,
    /// ROC AUC of the values as they are, the better of both directions; none for categories.
    pub monotone_auc: Option<f64>,
}

/// The distinct rows that judge columns.
pub(super) struct Bench {
    /// Row numbers, one for each distinct row.
    pub(super) rows: Vec<u32>,
    /// Whether each of `rows` fits or judges.
    pub(super) fits: Vec<bool>,
    /// Whether each of `rows` is an attack.
    pub(super) attack: Vec<bool>,
    /// Share of attacks among those that fit.
    pub(super) base: f64,
}

/// Bins for single columns: fine enough for steps of one value, rows enough in each for a share.
pub(super) const FINE: usize = 256;

/// The bin of each of the bench's rows.
pub(super) struct Bins {
    pub(super) of: Vec<u32>,
    pub(super) count: usize,
}

impl Bench {
    /// None unless either half holds both sides.
    pub(super) fn new(hashes: &[u128], first_rows: &[u32], attacks: &[bool]) -> Option<Self> {
        let fits: Vec<bool> =
            first_rows.iter().map(|&row| (hashes[row as usize] >> 64) & 1 == 0).collect();
        let attack: Vec<bool> = first_rows.iter().map(|&row| attacks[row as usize]).collect();
        let count = |fit: bool, side: bool| {
            fits.iter().zip(&attack).filter(|(f, a)| **f == fit && **a == side).count()
        };
        let (fit_attacks, fit_benign) = (count(true, true), count(true, false));
        if fit_attacks.min(fit_benign).min(count(false, true)).min(count(false, false)) == 0 {
            return None;
        }
        let base = fit_attacks as f64 / (fit_attacks + fit_benign) as f64;
        Some(Self { rows: first_rows.to_vec(), fits, attack, base })
    }

    /// Distinct values where there are at most `most`, else quantiles of the fitted half; a
    /// missing value is a bin of its own.
    pub(super) fn bins(&self, column: &Column, most: usize) -> Bins {
        match column {
            Column::Numeric(values) => self.numeric_bins(values, most),
            Column::Category(category) => {
                let missing = category.values.len() as u32;
                let of = self
                    .rows
                    .iter()
                    .map(|&row| match category.codes[row as usize] {
                        Category::MISSING => missing,
                        code => code,
                    })
                    .collect();
                Bins { of, count: missing as usize + 1 }
            }
        }
    }

    fn numeric_bins(&self, values: &[f64], most: usize) -> Bins {
        let mut sorted: Vec<f64> = self
            .rows
            .iter()
            .map(|&row| values[row as usize] + 0.0)
            .filter(|value| !value.is_nan())
            .collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut edges = sorted.clone();
        edges.dedup();
        if edges.len() > most {
            edges = (0..most).map(|bin| sorted[bin * sorted.len() / most]).collect();
            edges.dedup();
        }
        // Edge i starts bin i + 1; bin 0 holds what is missing.
        let of = self
            .rows
            .iter()
            .map(|&row| {
                let value = values[row as usize];
                if value.is_nan() { 0 } else { edges.partition_point(|&edge| edge <= value) as u32 }
            })
            .collect();
        Bins { of, count: edges.len() + 1 }
    }

    /// ROC AUC on the judging half of each bin's share of attacks in the fitted half.
    pub(super) fn auc(&self, bins: &Bins) -> f64 {
        let mut cells = vec![Cell::default(); bins.count];
        for (at, &bin) in bins.of.iter().enumerate() {
            cells[bin as usize].add(self.fits[at], self.attack[at]);
        }
        auc_of_cells(&mut cells, self.base)
    }

    /// ROC AUC of the values themselves on all distinct rows; missing values rank lowest.
    pub(super) fn monotone_auc(&self, values: &[f64]) -> f64 {
        let scores: Vec<f64> = self
            .rows
            .iter()
            .map(|&row| {
                let value = values[row as usize];
                if value.is_nan() { f64::NEG_INFINITY } else { value }
            })
            .collect();
        let ranking = crate::metrics::Ranking::new(&scores, &self.attack, None);
        let auc = ranking.ok().and_then(|ranking| ranking.curve().roc_auc()).unwrap_or(0.5);
        auc.max(1.0 - auc)
    }
}

/// Counts of one bin.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cell {
    fit: [u32; 2],
    judge: [u32; 2],
}

impl Cell {
    pub(super) fn add(&mut self, fits: bool, attack: bool) {
        let side = if fits { &mut self.fit } else { &mut self.judge };
        side[usize::from(attack)] += 1;
    }
}

/// Ranks cells by their smoothed share of attacks in the fitted half.
pub(super) fn auc_of_cells(cells: &mut Vec<Cell>, base: f64) -> f64 {
    // Two rows' worth of the overall share, so that a cell of one row does not lead the ranking.
    const PRIOR: f64 = 2.0;
    cells.retain(|cell| cell.judge != [0, 0]);
    let share = |cell: &Cell| {
        let [benign, attacks] = cell.fit.map(f64::from);
        (attacks + PRIOR * base) / (benign + attacks + PRIOR)
    };
    cells.sort_by(|a, b| share(b).total_cmp(&share(a)));
    let (mut area, mut tp, mut fp) = (0.0, 0.0, 0.0);
    let mut at = 0;
    while at < cells.len() {
        // Cells of one share are a tie.
        let level = share(&cells[at]);
        let (mut attacks, mut benign) = (0.0, 0.0);
        while at < cells.len() && share(&cells[at]) == level {
            benign += f64::from(cells[at].judge[0]);
            attacks += f64::from(cells[at].judge[1]);
            at += 1;
        }
        area += benign * (tp + attacks / 2.0);
        tp += attacks;
        fp += benign;
    }
    if tp * fp > 0.0 { area / (tp * fp) } else { 0.5 }
}
