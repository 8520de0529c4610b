//! Mean, deviation and range of whole numbers, exact whatever their size.

/// Sum, sum of squares and range of some whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spread {
    sum: u64,
    // A u128 in two words: it would be aligned to 16 bytes.
    squares: [u64; 2],
    min: u64,
    max: u64,
    count: u32,
}

impl Default for Spread {
    fn default() -> Self {
        Self { sum: 0, squares: [0; 2], min: u64::MAX, max: 0, count: 0 }
    }
}

impl Spread {
    /// Takes a number.
    #[inline]
    pub(crate) fn push(&mut self, value: u64) {
        self.sum = self.sum.saturating_add(value);
        let [low, high] = self.squares;
        let squares = (u128::from(high) << 64 | u128::from(low))
            .wrapping_add(u128::from(value) * u128::from(value));
        self.squares = [squares as u64, (squares >> 64) as u64];
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.count = self.count.saturating_add(1);
    }

    /// The numbers of both.
    pub(crate) fn with(&self, other: &Self) -> Self {
        let squares = self.sum_of_squares().wrapping_add(other.sum_of_squares());
        Self {
            sum: self.sum.saturating_add(other.sum),
            squares: [squares as u64, (squares >> 64) as u64],
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            count: self.count.saturating_add(other.count),
        }
    }

    /// Mean, population standard deviation, smallest and largest; all `NaN` without a number.
    pub(crate) fn summary(&self) -> [f64; 4] {
        if self.count == 0 {
            return [f64::NAN; 4];
        }
        let count = f64::from(self.count);
        // n Σx² − (Σx)² in whole numbers, so that nothing cancels.
        let sum = u128::from(self.sum);
        let spread = self
            .sum_of_squares()
            .checked_mul(u128::from(self.count))
            .and_then(|product| product.checked_sub(sum.checked_mul(sum)?));
        let variance = match spread {
            Some(spread) => spread as f64 / (count * count),
            None => {
                let mean = self.sum as f64 / count;
                (self.sum_of_squares() as f64 / count - mean * mean).max(0.0)
            }
        };
        [self.sum as f64 / count, variance.sqrt(), self.min as f64, self.max as f64]
    }

    fn sum_of_squares(&self) -> u128 {
        let [low, high] = self.squares;
        u128::from(high) << 64 | u128::from(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_cancels() {
        // numpy 2.4.6: np.std([0, 1, 3]); a shift by 10**12 must change nothing.
        let mut spread = Spread::default();
        for value in [1_000_000_000_000, 1_000_000_000_001, 1_000_000_000_003] {
            spread.push(value);
        }
        let [mean, deviation, min, max] = spread.summary();
        assert!((deviation - 1.247_219_128_924_647).abs() < 1e-15, "{deviation}");
        assert_eq!((mean, min, max), (1_000_000_000_001.333_4, 1e12, 1_000_000_000_003.0));
        assert!(Spread::default().summary().iter().all(|value| value.is_nan()));
    }
}
