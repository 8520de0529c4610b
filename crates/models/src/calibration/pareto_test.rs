//! Whether excesses are those of a generalised Pareto distribution: the test of Anderson & Darling
//! with the table of Choulakian & Stephens (2001) for both parameters fitted.

use tripline_core::math;

use super::pareto::GeneralizedPareto;

/// Chances of the columns of [`TABLE`].
const CHANCES: [f64; 8] = [0.5, 0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001];

/// Upper points of A² by shape: Choulakian & Stephens 2001, table 2, whose k is minus the shape.
const TABLE: [(f64, [f64; 8]); 10] = [
    (-0.5, [0.496, 0.735, 1.061, 1.321, 1.590, 1.958, 2.243, 2.922]),
    (-0.4, [0.468, 0.688, 0.985, 1.221, 1.465, 1.799, 2.058, 2.674]),
    (-0.3, [0.445, 0.649, 0.924, 1.140, 1.365, 1.672, 1.909, 2.475]),
    (-0.2, [0.426, 0.617, 0.873, 1.074, 1.283, 1.567, 1.788, 2.314]),
    (-0.1, [0.410, 0.591, 0.831, 1.020, 1.215, 1.481, 1.687, 2.176]),
    (0.0, [0.397, 0.569, 0.796, 0.974, 1.158, 1.409, 1.603, 2.064]),
    (0.1, [0.386, 0.550, 0.766, 0.935, 1.110, 1.348, 1.532, 1.966]),
    (0.2, [0.376, 0.534, 0.741, 0.903, 1.069, 1.296, 1.471, 1.893]),
    (0.5, [0.356, 0.499, 0.685, 0.830, 0.978, 1.180, 1.336, 1.707]),
    (0.9, [0.339, 0.471, 0.641, 0.771, 0.905, 1.086, 1.226, 1.559]),
];

/// A² of excesses in ascending order: the rows' number times ∫ (Fₙ − F)² / (F (1 − F)) dF, in
/// closed form between neighbours. With weights Fₙ is their share, and the number of rows is
/// (Σ w)² / Σ w² (Kish 1965).
pub fn anderson_darling(of: &GeneralizedPareto, excesses: &[f64], weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    // A logarithm beyond this adds nothing that a test could still need.
    const DEEP: f64 = -700.0;
    let (mut below, mut sum) = (0.0, 0.0);
    // Before the first: F = 0, whose logarithm has no part in the sum because Fₙ is 0 there.
    let (mut last, mut last_log, mut last_log_above) = (0.0, 0.0, 0.0);
    for (&excess, weight) in excesses.iter().zip(weights) {
        let log_above = of.log_survival(excess).max(DEEP);
        let f = -math::exp_m1(log_above);
        let log = math::ln(f.max(f64::MIN_POSITIVE)).max(DEEP);
        let share: f64 = below / total;
        if share > 0.0 {
            sum += share * share * (log - last_log);
        }
        sum -= (1.0 - share) * (1.0 - share) * (log_above - last_log_above) + (f - last);
        below += weight;
        (last, last_log, last_log_above) = (f, log, log_above);
    }
    sum += -last_log - (1.0 - last);
    sum * total * total / squares
}

/// The chance of so large an A² if the excesses are of such a distribution: linear in the shape,
/// linear in ln p along the table, continued beyond both its ends. Shapes beyond the table take its
/// ends, so a shape above 0.9 is refused rather too seldom, by little.
pub fn p_value(statistic: f64, shape: f64) -> f64 {
    let last = TABLE.len() - 1;
    let shape = shape.clamp(TABLE[0].0, TABLE[last].0);
    let right = TABLE.partition_point(|row| row.0 < shape).clamp(1, last);
    let (left, right) = (&TABLE[right - 1], &TABLE[right]);
    let share = (shape - left.0) / (right.0 - left.0);
    let point = |at: usize| left.1[at] + share * (right.1[at] - left.1[at]);
    if statistic <= point(0) {
        // No more than 1 at 0, falling to the first column.
        return 1.0 - (1.0 - CHANCES[0]) * (statistic / point(0)).clamp(0.0, 1.0);
    }
    let at = (1..CHANCES.len() - 1).find(|&at| statistic <= point(at)).unwrap_or(CHANCES.len() - 1);
    let (from, to) = (math::ln(CHANCES[at - 1]), math::ln(CHANCES[at]));
    let share = (statistic - point(at - 1)) / (point(at) - point(at - 1));
    math::exp(from + share * (to - from))
}
