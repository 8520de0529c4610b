//! The centre of a column with its spread, plain or robust.

use super::additive::mean;

/// 1 / Φ⁻¹(3/4): the median absolute deviation of normal values times this is their deviation.
const MEDIAN_FACTOR: f64 = 1.482_602_218_505_602;

/// √(π/2): the same for the mean absolute deviation.
const MEAN_FACTOR: f64 = 1.253_314_137_315_500_1;

/// The mean with the standard deviation, which is 0 of a column that never varied.
pub(super) fn plain(column: &[f64]) -> (f64, f64) {
    if column.iter().all(|x| *x == column[0]) {
        return (column[0], 0.0);
    }
    let centre = mean(column);
    let squares: Vec<f64> = column.iter().map(|x| (x - centre) * (x - centre)).collect();
    (centre, mean(&squares).sqrt())
}

/// The median with the median absolute deviation, or the mean one where that is 0, as of normal
/// values.
pub(super) fn robust(column: &[f64]) -> (f64, f64) {
    let mut values = column.to_vec();
    let centre = median(&mut values);
    values.iter_mut().for_each(|x| *x = (*x - centre).abs());
    let spread = MEDIAN_FACTOR * median(&mut values);
    if spread > 0.0 { (centre, spread) } else { (centre, MEAN_FACTOR * mean(&values)) }
}

/// The median; the values are put into another order.
fn median(values: &mut [f64]) -> f64 {
    let half = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, &mut upper, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    if even {
        let lower = below.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        lower / 2.0 + upper / 2.0
    } else {
        upper
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(&mut [5.0, 1.0, 3.0]), 3.0);
        assert_eq!(median(&mut [5.0, 1.0, 3.0, 4.0]), 3.5);
        // Half the rows are one value: the mean absolute deviation, 2 / 5, by hand.
        let (centre, spread) = robust(&[1.0, 1.0, 1.0, 1.0, 3.0]);
        assert_eq!((centre, spread), (1.0, MEAN_FACTOR * 0.4));
    }
}
