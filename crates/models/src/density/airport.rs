//! The airport game (Littlechild & Owen 1973): who shares the largest of several costs.

/// Shapley values of the largest of numbers that are not negative.
pub(super) fn airport(numbers: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
    let mut parts = vec![0.0; numbers.len()];
    let (mut sum, mut last) = (0.0, 0.0);
    for (k, &column) in order.iter().enumerate() {
        sum += (numbers[column] - last) / (numbers.len() - k) as f64;
        last = numbers[column];
        parts[column] = sum;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_is_shared_by_who_reaches_it() {
        // By hand, over all 6 orders of 1, 4, 2.
        let parts = airport(&[1.0, 4.0, 2.0]);
        for (part, expected) in parts.iter().zip([1.0 / 3.0, 17.0 / 6.0, 5.0 / 6.0]) {
            assert!((part - expected).abs() < 1e-15, "{parts:?}");
        }
    }
}
