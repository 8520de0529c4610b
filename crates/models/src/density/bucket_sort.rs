//! Sorting of whole numbers: into buckets by their leading bits, then each bucket.

/// Fewer numbers than this are sorted at once.
const LEAST: usize = 1024;

/// Most bits that choose a bucket: their counts stay in the first cache.
const MAX_BITS: u32 = 12;

/// Memory of a sort, used again by the next.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    spare: Vec<i64>,
    ends: Vec<u32>,
}

impl Buckets {
    /// Sorts fewer than 2³² numbers.
    pub(super) fn sort(&mut self, numbers: &mut [i64]) {
        let count = numbers.len();
        if count < LEAST {
            numbers.sort_unstable();
            return;
        }
        let (mut least, mut largest) = (i64::MAX, i64::MIN);
        for &number in &*numbers {
            least = least.min(number);
            largest = largest.max(number);
        }
        let bits = (count.ilog2() - 2).min(MAX_BITS);
        let span = largest.abs_diff(least);
        let shift = (u64::BITS - span.leading_zeros()).saturating_sub(bits);
        let bucket = |number: i64| (number.abs_diff(least) >> shift) as usize;

        self.ends.clear();
        self.ends.resize(1 << bits, 0);
        for &number in &*numbers {
            self.ends[bucket(number)] += 1;
        }
        // Where each bucket begins, which becomes its end as it is filled.
        let mut start = 0;
        for end in &mut self.ends {
            start += std::mem::replace(end, start);
        }
        self.spare.resize(count, 0);
        for &number in &*numbers {
            let end = &mut self.ends[bucket(number)];
            self.spare[*end as usize] = number;
            *end += 1;
        }
        let mut start = 0;
        for &end in &self.ends {
            let end = end as usize;
            if end > start {
                self.spare[start..end].sort_unstable();
            }
            start = end;
        }
        numbers.copy_from_slice(&self.spare[..count]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_sorted(
            count in 0_usize..5000,
            shift in 0_u32..64,
            seed in any::<i64>(),
            ends in proptest::collection::vec(
                prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), Just(-1)], 0..3),
        ) {
            let mut numbers: Vec<i64> = (1..=count as i64)
                .map(|k| seed.wrapping_mul(k).wrapping_mul(0x5851_f42d_4c95_7f2d) >> shift)
                .chain(ends)
                .collect();
            let mut expected = numbers.clone();
            expected.sort_unstable();
            let mut buckets = Buckets::default();
            buckets.sort(&mut numbers);
            prop_assert_eq!(&numbers, &expected);
            // Memory that was used before.
            numbers.truncate(count / 2);
            numbers.reverse();
            buckets.sort(&mut numbers);
            prop_assert_eq!(&numbers[..], &expected[..numbers.len()]);
        }
    }
}
