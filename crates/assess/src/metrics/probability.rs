//! How well probabilities keep their word.

use serde::Serialize;
use tripline_core::math;

/// A bin of the reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// Smallest probability in it.
    pub low: f64,
    /// Largest probability in it.
    pub high: f64,
    /// Mean probability.
    pub predicted: f64,
    /// Share of attacks.
    pub observed: f64,
    /// Weight of its rows.
    pub weight: f64,
}

/// Up to `bins` bins of equal weight, in order of probability; rows of one probability share a
/// bin, so there may be fewer.
pub fn calibration_curve(
    probability: &[f64],
    attacks: &[bool],
    weights: Option<&[f64]>,
    bins: usize,
) -> Vec<CalibrationBin> {
    let bin_of = equal_mass_bins(probability, weights, bins);
    let count = bin_of.iter().max().map_or(0, |&last| last as usize + 1);
    let empty = CalibrationBin {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
        predicted: 0.0,
        observed: 0.0,
        weight: 0.0,
    };
    let mut curve = vec![empty; count];
    for (row, &p) in probability.iter().enumerate() {
        let weight = weights.map_or(1.0, |weights| weights[row]);
        let bin = &mut curve[bin_of[row] as usize];
        bin.low = bin.low.min(p);
        bin.high = bin.high.max(p);
        bin.predicted += weight * p;
        bin.observed += if attacks[row] { weight } else { 0.0 };
        bin.weight += weight;
    }
    curve.retain(|bin| bin.weight > 0.0);
    for bin in &mut curve {
        bin.predicted /= bin.weight;
        bin.observed /= bin.weight;
    }
    curve
}

/// Mean distance of predicted to observed over the bins, by weight (Naeini et al. 2015, eq. 3,
/// with bins of equal mass); none without a row.
pub fn expected_calibration_error(curve: &[CalibrationBin]) -> Option<f64> {
    let whole: f64 = curve.iter().map(|bin| bin.weight).sum();
    if whole <= 0.0 {
        return None;
    }
    let distance: f64 =
        curve.iter().map(|bin| bin.weight * (bin.predicted - bin.observed).abs()).sum();
    Some(distance / whole)
}

/// The loss of one row: −ln of the probability given to what it is.
///
/// Probabilities are kept off 0 with 1 by the resolution of an `f64` near 1, as scikit-learn has
/// it.
pub fn log_loss(probability: f64, attack: bool) -> f64 {
    let p = probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    if attack { -math::ln(p) } else { -math::ln(1.0 - p) }
}

/// The bin of each row.
pub(crate) fn equal_mass_bins(
    probability: &[f64],
    weights: Option<&[f64]>,
    bins: usize,
) -> Vec<u32> {
    let mut order: Vec<u32> = (0..probability.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| {
        probability[a as usize].total_cmp(&probability[b as usize]).then(a.cmp(&b))
    });
    let weight = |row: u32| weights.map_or(1.0, |weights| weights[row as usize]);
    let whole: f64 = order.iter().map(|&row| weight(row)).sum();
    let mut bin_of = vec![0u32; probability.len()];
    let (mut before, mut bin, mut last_target) = (0.0, 0u32, 0usize);
    let mut previous: Option<f64> = None;
    for &row in &order {
        let p = probability[row as usize];
        if previous != Some(p) {
            let target = ((before / whole.max(f64::MIN_POSITIVE)) * bins as f64) as usize;
            // Rows without weight at the end stay in the last bin.
            let target = target.min(bins.saturating_sub(1));
            if previous.is_some() && target > last_target {
                bin += 1;
                last_target = target;
            }
        }
        previous = Some(p);
        bin_of[row as usize] = bin;
        before += weight(row);
    }
    bin_of
}
