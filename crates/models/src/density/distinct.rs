//! The distinct values of a column with the number of rows up to each.

use super::bucket_sort::Buckets;
use super::whole::{BLOCK, SMALL, whole_numbers};
use crate::table::not_finite;

/// Counts beside each other: values that follow each other do not wait for one count.
const APART: usize = 4;

/// Memory for a column, used again by the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Of each small whole number; all are 0 between uses.
    counts: Vec<[u32; APART]>,
    keys: Vec<i64>,
    buckets: Buckets,
    values: Vec<f64>,
    at_most: Vec<u32>,
}

impl Scratch {
    /// The distinct values of a column of fewer than 2³² rows, ascending, with the number of rows
    /// that are at most each; none if a value is not finite.
    ///
    /// −0 and 0 are one value, which is −0 if there is one.
    pub(super) fn distinct(&mut self, column: &[f64]) -> Option<(Vec<f64>, Vec<u32>)> {
        self.values.clear();
        self.at_most.clear();
        if !self.count(column) {
            self.sort(column)?;
        }
        Some((self.values.clone(), self.at_most.clone()))
    }

    /// Counts small whole numbers; false if there are others.
    fn count(&mut self, column: &[f64]) -> bool {
        // What a few rows have is not worth many counts.
        let limit = column.len().next_power_of_two().min(SMALL);
        if self.counts.len() < limit {
            self.counts.resize(limit, [0; APART]);
        }
        let mut places = [0; BLOCK];
        // Has each bit that a number counted has.
        let mut bits = 0;
        let (blocks, rest) = column.as_chunks::<BLOCK>();
        let mut last = [0.0; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        let blocks = blocks.iter().zip(std::iter::repeat(BLOCK));
        let small = blocks.chain([(&last, rest.len())]).all(|(values, count)| {
            if !whole_numbers(values, limit, &mut places) {
                return false;
            }
            for (at, &place) in places.iter().enumerate().take(count) {
                self.counts[place as usize][at % APART] += 1;
                bits |= place;
            }
            true
        });
        let used = (bits as usize + 1).next_power_of_two();
        let mut end = 0;
        for (value, counts) in (0..).zip(&mut self.counts[..used]) {
            let count: u32 = std::mem::take(counts).iter().sum();
            if small && count > 0 {
                end += count;
                self.values.push(f64::from(value));
                self.at_most.push(end);
            }
        }
        small
    }

    /// Sorts any finite numbers; none if one is not.
    fn sort(&mut self, column: &[f64]) -> Option<()> {
        let rows = column.len();
        self.keys.resize(rows, 0);
        let (mut others, mut no_number) = (0, 0);
        for &value in column {
            no_number |= not_finite(value);
            let key = ordered(value.to_bits() as i64);
            // The commonest of all numbers need no sorting.
            self.keys[others] = key;
            others += usize::from(key != 0);
        }
        if no_number != 0 {
            return None;
        }
        let keys = &mut self.keys[..others];
        self.buckets.sort(keys);
        let (below, above) = keys.split_at(keys.partition_point(|key| *key < 0));
        self.values.resize(others + 1, 0.0);
        self.at_most.resize(others + 1, 0);
        let mut found = gather(below, 0, &mut self.values, &mut self.at_most);
        let mut end = below.len() as u32;
        if others < rows {
            end += (rows - others) as u32;
            // −0 is below 0 in the order, and the same value.
            if found > 0 && self.values[found - 1] == 0.0 {
                self.at_most[found - 1] = end;
            } else {
                (self.values[found], self.at_most[found]) = (0.0, end);
                found += 1;
            }
        }
        found += gather(above, end, &mut self.values[found..], &mut self.at_most[found..]);
        self.values.truncate(found);
        self.at_most.truncate(found);
        Some(())
    }
}

/// Writes each of sorted keys once, as its value, with the number of rows up to it, of which `rows`
/// come before all; gives back how many there are.
fn gather(sorted: &[i64], mut rows: u32, values: &mut [f64], at_most: &mut [u32]) -> usize {
    let mut found = 0;
    let next = sorted.iter().skip(1).map(Some).chain([None]);
    for (key, next) in sorted.iter().zip(next) {
        rows += 1;
        // Written over by the next of the same value, without a branch that must be guessed.
        values[found] = f64::from_bits(ordered(*key) as u64);
        at_most[found] = rows;
        found += usize::from(next != Some(key));
    }
    found
}

/// A whole number in the order of `total_cmp`, from bits; and bits from it.
fn ordered(bits: i64) -> i64 {
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the definition has it.
    fn plain(column: &[f64]) -> (Vec<f64>, Vec<u32>) {
        let mut sorted = column.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        let count = |value: &f64| column.iter().filter(|x| *x <= value).count() as u32;
        let at_most = sorted.iter().map(count).collect();
        (sorted, at_most)
    }

    fn same(scratch: &mut Scratch, column: &[f64]) {
        let (values, at_most) = scratch.distinct(column).unwrap();
        let (expected, expected_at_most) = plain(column);
        let bits = |values: &[f64]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&values), bits(&expected), "{column:?}");
        assert_eq!(at_most, expected_at_most, "{column:?}");
    }

    proptest! {
        #[test]
        fn values_are_counted_as_the_definition_has_it(
            kind in 0..4,
            draws in proptest::collection::vec((0_u16..300, any::<f64>()), 1..200),
        ) {
            let column: Vec<f64> = draws
                .iter()
                .map(|&(small, any)| match kind {
                    0 => f64::from(small),
                    1 => f64::from(small) - 150.0,
                    2 => f64::from(small) * 1e-3,
                    _ => if any.is_finite() { any } else { 0.0 },
                })
                .collect();
            let mut scratch = Scratch::default();
            same(&mut scratch, &column);
            // Memory that was used before; zeros of both signs, and a sort where counting began.
            let zeros = column.iter().flat_map(|&x| [x, 0.0, x, 7.0]);
            same(&mut scratch, &zeros.clone().collect::<Vec<_>>());
            same(&mut scratch, &zeros.clone().chain([-0.0]).collect::<Vec<_>>());
            same(&mut scratch, &zeros.chain([0.5, SMALL as f64]).collect::<Vec<_>>());
            same(&mut scratch, &column);
        }
    }

    #[test]
    fn ends_of_the_range_are_values() {
        let mut scratch = Scratch::default();
        let ends = [f64::MAX, f64::MIN, 5e-324, -5e-324, 0.0, -0.0, f64::MIN_POSITIVE];
        same(&mut scratch, &ends);
        for end in ends {
            same(&mut scratch, &[end]);
            same(&mut scratch, &[end; 40]);
        }
        for limit in [SMALL - 1, SMALL] {
            same(&mut scratch, &[limit as f64, 3.0]);
            let column: Vec<f64> = std::iter::repeat_n(limit as f64, SMALL).chain([3.0]).collect();
            same(&mut scratch, &column);
        }
    }

    #[test]
    fn no_value_is_told_without_a_number() {
        let mut scratch = Scratch::default();
        for hole in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for at in 0..40 {
                let mut column: Vec<f64> = (0..40).map(f64::from).collect();
                column[at] = hole;
                assert!(scratch.distinct(&column).is_none());
                column[39 - at] = 0.5;
                assert!(scratch.distinct(&column).is_none());
            }
        }
        same(&mut scratch, &[3.0, 1.0, 2.0]);
    }
}
