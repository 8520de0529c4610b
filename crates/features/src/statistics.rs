//! Statistics of one column, missing and infinite values left out.

/// The finite values, in row order.
pub(crate) fn finite(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|value| value.is_finite()).collect()
}

/// The finite values, sorted; both zeros count as one value.
pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = finite(values).into_iter().map(|value| value + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// Sum in row order with the error of each addition carried along (Neumaier 1974).
pub(crate) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let mut sum = 0.0_f64;
    let mut error = 0.0;
    for value in values {
        let next = sum + value;
        error += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    sum + error
}

/// Mean of the finite values; `None` without any, or where the sum leaves the range of numbers.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    let finite = finite(values);
    let mean = sum(finite.iter().copied()) / finite.len() as f64;
    mean.is_finite().then_some(mean)
}

/// Mean with the population variance (divided by n) of the finite values.
pub(crate) fn moments(values: &[f64]) -> Option<(f64, f64)> {
    let mean = mean(values)?;
    let finite = finite(values);
    let squares = sum(finite.iter().map(|value| (value - mean) * (value - mean)));
    let variance = squares / finite.len() as f64;
    variance.is_finite().then_some((mean, variance))
}

/// Least with largest of the finite values.
pub(crate) fn range(values: &[f64]) -> Option<(f64, f64)> {
    let mut range: Option<(f64, f64)> = None;
    for &value in values.iter().filter(|value| value.is_finite()) {
        range = Some(match range {
            Some((low, high)) => (low.min(value), high.max(value)),
            None => (value, value),
        });
    }
    range
}

/// The quantile `q` in [0, 1] of sorted values by linear interpolation: definition 7 of Hyndman &
/// Fan 1996, in the order of operations of numpy, so that the results agree to the last bit.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = q * last as f64;
    let low = (position.floor() as usize).min(last);
    let high = (low + 1).min(last);
    let part = position - low as f64;
    let (a, b) = (sorted[low], sorted[high]);
    let step = b - a;
    Some(if part >= 0.5 { b - step * (1.0 - part) } else { a + step * part })
}

/// The most frequent finite value, the least of equals.
pub(crate) fn mode(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let mut best: Option<(f64, usize)> = None;
    for run in sorted.chunk_by(|a, b| a == b) {
        if best.is_none_or(|(_, count)| run.len() > count) {
            best = Some((run[0], run.len()));
        }
    }
    best.map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_as_numpy_does() {
        // numpy 2: np.percentile([1, 2, 4, 8], [25, 50, 75]) = [1.75, 3.0, 5.0]
        let sorted = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(quantile(&sorted, 0.25), Some(1.75));
        assert_eq!(quantile(&sorted, 0.5), Some(3.0));
        assert_eq!(quantile(&sorted, 0.75), Some(5.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn the_sum_keeps_what_cancels() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100].into_iter()), 2.0);
    }
}
