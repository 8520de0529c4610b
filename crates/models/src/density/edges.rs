//! The edges of a histogram's bins, and how many of them a column is given.

use tripline_core::math;

/// Edges of bins of one width, as numpy has them; a range too narrow for that many is widened.
pub(super) fn edges(least: f64, largest: f64, bins: usize) -> Option<Vec<f64>> {
    let spread = |least: f64, largest: f64| -> Option<Vec<f64>> {
        let step = (largest - least) / bins as f64;
        let mut edges: Vec<f64> = (0..=bins).map(|k| k as f64 * step + least).collect();
        edges[bins] = largest;
        let ascend = edges.is_sorted_by(|a, b| a < b);
        (ascend && (largest - least).is_finite()).then_some(edges)
    };
    if least < largest {
        if !(largest - least).is_finite() {
            return None;
        }
        if let Some(edges) = spread(least, largest) {
            return Some(edges);
        }
    }
    // One value: numpy goes half a unit to both sides; far from 0 that must be more to be seen.
    let half = 0.5_f64.max(1e-9 * least.abs().max(largest.abs()));
    spread(least - half, largest + half)
}

/// The number of bins of largest penalised likelihood (Birgé & Rozenholc 2006), as PyOD computes
/// it: below √n, and the penalty counts once for each bin. The values are sorted.
pub(super) fn best_bins(sorted: &[f64]) -> Option<usize> {
    let rows = sorted.len() as f64;
    let bound = (rows.sqrt() as usize).max(2);
    let (mut best, mut highest) = (1, f64::NEG_INFINITY);
    for bins in 1..bound {
        let edges = edges(sorted[0], sorted[sorted.len() - 1], bins)?;
        let penalty = bins as f64 - 1.0 + math::pow(math::ln(bins as f64), 2.5);
        let mut likelihood = 0.0;
        let mut start = 0;
        for upper in &edges[1..] {
            let rest = &sorted[start..];
            let count = if *upper == edges[bins] {
                rest.len()
            } else {
                rest.partition_point(|value| value < upper)
            };
            start += count;
            let count = count as f64;
            likelihood += count * math::ln(bins as f64 * count / rows + 1.0) - penalty;
        }
        if likelihood > highest {
            (best, highest) = (bins, likelihood);
        }
    }
    Some(best)
}
