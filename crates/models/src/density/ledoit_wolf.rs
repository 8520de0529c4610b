//! Covariance shrunk towards a multiple of the unit matrix by the share that Ledoit & Wolf 2004
//! estimate as best.

/// The shrunk matrix, from the covariance of p centred columns (divided by n) with the mean of
/// ‖x‖⁴ over the n rows.
///
/// With m = tr(S) / p, d² = ‖S − m 1‖² and b² = (mean ‖x‖⁴ − ‖S‖²) / n, both over p (lemmas 3.2 to
/// 3.4), the share is min(b², d²) / d².
pub(super) fn shrink(covariance: &[f64], fourth: f64, rows: usize) -> Vec<f64> {
    let size = (covariance.len() as f64).sqrt() as usize;
    let width = size as f64;
    let mean = covariance.iter().step_by(size + 1).sum::<f64>() / width;
    let squares: f64 = covariance.iter().map(|entry| entry * entry).sum();
    let spread = squares / width - mean * mean;
    let noise = ((fourth - squares) / rows as f64 / width).min(spread);
    let share = if spread > 0.0 && noise > 0.0 { noise / spread } else { 0.0 };
    let mut shrunk: Vec<f64> = covariance.iter().map(|entry| (1.0 - share) * entry).collect();
    shrunk.iter_mut().step_by(size + 1).for_each(|entry| *entry += share * mean);
    shrunk
}
