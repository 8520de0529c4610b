//! Count, sum, sum of squares, least, greatest of whole numbers, kept exactly.

/// Count, sum, sum of squares, least, greatest of whole numbers.
///
/// Sums are whole numbers, so mean and deviation do not depend on the order of what was added;
/// they stop growing at the largest number that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Moments {
    squares: u128,
    sum: u64,
    count: u64,
    min: u64,
    max: u64,
}

impl Moments {
    /// Adds a number.
    #[inline]
    pub(crate) fn add(&mut self, value: u64) {
        self.min = if self.count == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.count += 1;
        self.sum = self.sum.saturating_add(value);
        self.squares = self.squares.saturating_add(u128::from(value) * u128::from(value));
    }

    /// Both taken together.
    #[must_use]
    pub(crate) fn with(&self, other: &Self) -> Self {
        match (self.count, other.count) {
            (0, _) => *other,
            (_, 0) => *self,
            _ => Self {
                squares: self.squares.saturating_add(other.squares),
                sum: self.sum.saturating_add(other.sum),
                count: self.count + other.count,
                min: self.min.min(other.min),
                max: self.max.max(other.max),
            },
        }
    }

    /// With so many zeros more.
    #[must_use]
    pub(crate) fn with_zeros(&self, zeros: u64) -> Self {
        let none = Self { count: zeros, ..Self::default() };
        self.with(&none)
    }

    /// How many numbers.
    #[inline]
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    #[inline]
    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }

    /// The least; 0 of none.
    #[inline]
    pub(crate) fn min(&self) -> u64 {
        self.min
    }

    /// The greatest; 0 of none.
    #[inline]
    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// Their mean; 0 of none.
    pub(crate) fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 }
    }

    /// Sample variance, over count − 1; 0 of fewer than two.
    pub(crate) fn sample_variance(&self) -> f64 {
        if self.count < 2 {
            return 0.0;
        }
        self.spread() / (self.count as f64 * (self.count - 1) as f64)
    }

    /// Population variance, over count; 0 of none.
    pub(crate) fn population_variance(&self) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        self.spread() / (self.count as f64 * self.count as f64)
    }

    /// Count times sum of squares less square of the sum, in whole numbers where they fit.
    fn spread(&self) -> f64 {
        let square = u128::from(self.sum) * u128::from(self.sum);
        match self.squares.checked_mul(u128::from(self.count)) {
            Some(product) => product.saturating_sub(square) as f64,
            None => (self.squares as f64 * self.count as f64 - square as f64).max(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|&value| moments.add(value));
        moments
    }

    #[test]
    fn small_numbers_on_top_of_a_large_one_keep_their_variance() {
        let high = 100_000_000_000;
        // numpy: np.var([0, 1, 2, 5], ddof=1), ddof=0.
        let moments = of(&[high, high + 1, high + 2, high + 5]);
        assert!((moments.sample_variance() - 14.0 / 3.0).abs() < 1e-12);
        assert!((moments.population_variance() - 3.5).abs() < 1e-12);
        assert_eq!((moments.min(), moments.max(), moments.count()), (high, high + 5, 4));
    }

    #[test]
    fn parts_make_the_whole() {
        let all = of(&[3, 9, 0, 4]);
        assert_eq!(of(&[3, 9]).with(&of(&[0, 4])), all);
        assert_eq!(of(&[3, 9, 4]).with_zeros(1), all);
        assert_eq!(of(&[]).with(&all), all);
    }

    #[test]
    fn none_and_one_have_no_deviation() {
        assert_eq!((of(&[]).mean(), of(&[]).population_variance()), (0.0, 0.0));
        assert_eq!((of(&[7]).mean(), of(&[7]).sample_variance()), (7.0, 0.0));
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let moments = of(&[u64::MAX; 3]);
        assert!(moments.sample_variance().is_finite());
        assert_eq!(moments.sum(), u64::MAX);
    }
}
