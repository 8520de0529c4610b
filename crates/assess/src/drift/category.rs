//! Differences of two samples of categories.

use std::collections::HashMap;

use serde::Serialize;
use tripline_core::Category;

use super::tests_of_fit::chi_square_survival;
use super::{ColumnDrift, js_distance, psi};

/// The chi-square test that two samples have one distribution (Pearson 1900).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChiSquare {
    /// Σ (observed − expected)² / expected.
    pub statistic: f64,
    /// Categories that occur, less one.
    pub degrees: usize,
    /// Chance of at least this statistic for samples of one distribution.
    pub p_value: f64,
}

/// The test on counts by category; categories that occur in neither sample do not count.
pub fn chi_square(one: &[f64], other: &[f64]) -> ChiSquare {
    let (whole_one, whole_other) = (one.iter().sum::<f64>(), other.iter().sum::<f64>());
    let whole = whole_one + whole_other;
    let (mut statistic, mut categories) = (0.0, 0usize);
    for (&a, &b) in one.iter().zip(other) {
        if a + b == 0.0 {
            continue;
        }
        categories += 1;
        for (observed, side) in [(a, whole_one), (b, whole_other)] {
            let expected = (a + b) * side / whole;
            if expected > 0.0 {
                statistic += (observed - expected) * (observed - expected) / expected;
            }
        }
    }
    let degrees = categories.saturating_sub(1);
    ChiSquare { statistic, degrees, p_value: chi_square_survival(statistic, degrees) }
}

pub(super) fn drift(reference: &Category, other: &Category) -> ColumnDrift {
    let mut slots: HashMap<&str, usize> = HashMap::new();
    for value in reference.values.iter().chain(other.values.iter()) {
        let next = slots.len();
        slots.entry(value).or_insert(next);
    }
    let (before, missing_before) = counts(reference, &slots);
    let (after, missing_after) = counts(other, &slots);
    // Categories that neither has would only add bins of half a row.
    let (before, after): (Vec<f64>, Vec<f64>) =
        before.into_iter().zip(after).filter(|(a, b)| a + b > 0.0).unzip();
    ColumnDrift {
        psi: psi(&before, &after),
        js_distance: js_distance(&before, &after),
        ks: None,
        wasserstein: None,
        chi_square: Some(chi_square(&before, &after)),
        missing_before: missing_before / reference.codes.len() as f64,
        missing_after: missing_after / other.codes.len() as f64,
    }
}

/// Rows by category, the last slot what is missing; the number missing.
fn counts(category: &Category, slots: &HashMap<&str, usize>) -> (Vec<f64>, f64) {
    let table: Vec<usize> = category.values.iter().map(|value| slots[value.as_str()]).collect();
    let mut counts = vec![0.0; slots.len() + 1];
    for &code in category.codes.iter() {
        let slot = if code == Category::MISSING { slots.len() } else { table[code as usize] };
        counts[slot] += 1.0;
    }
    let missing = counts[slots.len()];
    (counts, missing)
}
