//! Intervals of shares of independent rows.

use super::Interval;

/// The 95 % interval of a share of `whole` rows of which `hits` are hits (Wilson 1927).
///
/// It has a width even where no row, or every row, is a hit. All of [0, 1] for no row.
pub fn wilson(hits: f64, whole: f64) -> Interval {
    const LEVEL: f64 = 0.95;
    // The normal quantile of (1 + 0.95) / 2.
    const Z: f64 = 1.959_963_984_540_054;
    if whole <= 0.0 {
        return Interval { low: 0.0, high: 1.0, level: LEVEL };
    }
    let p = hits / whole;
    let centre = p + Z * Z / (2.0 * whole);
    let half = Z * (p * (1.0 - p) / whole + Z * Z / (4.0 * whole * whole)).sqrt();
    let scale = 1.0 + Z * Z / whole;
    let low = if hits <= 0.0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
    let high = if hits >= whole { 1.0 } else { ((centre + half) / scale).min(1.0) };
    Interval { low, high, level: LEVEL }
}
