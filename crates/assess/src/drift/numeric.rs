//! Differences of two samples of numbers.

use super::tests_of_fit::kolmogorov_survival;
use super::{ColumnDrift, Ks, js_distance, psi};

/// Bins of the population stability index: ten, by long custom.
const BINS: usize = 10;

/// The Kolmogorov-Smirnov test of two samples in rising order, without `NaN` (Smirnov 1939). No
/// distance if one is empty.
pub fn ks(one: &[f64], other: &[f64]) -> Ks {
    if one.is_empty() || other.is_empty() {
        return Ks { statistic: 0.0, p_value: 1.0 };
    }
    let (n, m) = (one.len() as f64, other.len() as f64);
    let (mut i, mut j, mut statistic) = (0, 0, 0.0_f64);
    while i < one.len() && j < other.len() {
        let value = one[i].min(other[j]);
        while i < one.len() && one[i] <= value {
            i += 1;
        }
        while j < other.len() && other[j] <= value {
            j += 1;
        }
        statistic = statistic.max((i as f64 / n - j as f64 / m).abs());
    }
    let effective = (n * m / (n + m)).sqrt();
    Ks { statistic, p_value: kolmogorov_survival(effective * statistic) }
}

/// Area between the two distribution functions, for samples in rising order without `NaN`; 0 if
/// one is empty.
pub fn wasserstein(one: &[f64], other: &[f64]) -> f64 {
    if one.is_empty() || other.is_empty() {
        return 0.0;
    }
    let (n, m) = (one.len() as f64, other.len() as f64);
    let (mut i, mut j, mut area) = (0, 0, 0.0);
    let mut value = one[0].min(other[0]);
    while i < one.len() || j < other.len() {
        let next = match (one.get(i), other.get(j)) {
            (Some(&a), Some(&b)) => a.min(b),
            (Some(&a), None) => a,
            (None, Some(&b)) => b,
            (None, None) => break,
        };
        if next > value {
            area += (i as f64 / n - j as f64 / m).abs() * (next - value);
        }
        value = next;
        while i < one.len() && one[i] <= value {
            i += 1;
        }
        while j < other.len() && other[j] <= value {
            j += 1;
        }
    }
    area
}

pub(super) fn drift(reference: &[f64], other: &[f64]) -> ColumnDrift {
    let (before, after) = (sorted(reference), sorted(other));
    let missing = |all: &[f64], there: &[f64]| (all.len() - there.len()) as f64 / all.len() as f64;
    let edges = edges(&before);
    let mut counts_before = counts(&before, &edges);
    let mut counts_after = counts(&after, &edges);
    // What is missing is a bin of its own.
    counts_before.push((reference.len() - before.len()) as f64);
    counts_after.push((other.len() - after.len()) as f64);
    if counts_before.last() == Some(&0.0) && counts_after.last() == Some(&0.0) {
        counts_before.pop();
        counts_after.pop();
    }
    let deviation = deviation(&before);
    let distance = wasserstein(&before, &after) / deviation;
    ColumnDrift {
        psi: psi(&counts_before, &counts_after),
        js_distance: js_distance(&counts_before, &counts_after),
        ks: Some(ks(&before, &after)),
        wasserstein: if distance.is_finite() { Some(distance) } else { None },
        chi_square: None,
        missing_before: missing(reference, &before),
        missing_after: missing(other, &after),
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// Upper edges of bins of about equal mass, the last open; a value of much mass is a bin alone.
fn edges(sorted: &[f64]) -> Vec<f64> {
    let mut edges: Vec<f64> = Vec::new();
    for bin in 1..=BINS {
        let Some(&edge) = sorted.get((bin * sorted.len()).div_ceil(BINS).saturating_sub(1)) else {
            continue;
        };
        if edges.last().is_none_or(|&last| edge > last) {
            edges.push(edge);
        }
    }
    edges
}

fn counts(sorted: &[f64], edges: &[f64]) -> Vec<f64> {
    let mut counts = vec![0.0; edges.len() + 1];
    let mut start = 0;
    for (bin, &edge) in edges.iter().enumerate() {
        let end = sorted.partition_point(|&value| value <= edge);
        counts[bin] = (end - start) as f64;
        start = end;
    }
    // Above all that the reference has.
    counts[edges.len()] = (sorted.len() - start) as f64;
    counts
}

fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n).sqrt()
}
