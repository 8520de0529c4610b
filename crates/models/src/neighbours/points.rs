//! Distinct rows with the number of times that each stands in a table.
//!
//! Traffic repeats itself: a third of UNSW-NB15's rows equal another. Neighbours are searched among
//! distinct rows, so that a thousand equal ones cost as much as one.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Range;

use super::distance::{LANES, LARGEST};
use crate::table::Table;

/// Distinct points, numbered by the row in which each appears first.
#[derive(Debug, Clone)]
pub(super) struct Points {
    /// Coordinates of a point.
    pub(super) width: usize,
    /// `width` padded to whole lanes.
    pub(super) stride: usize,
    /// n × stride, the padding 0.
    pub(super) values: Vec<f64>,
    /// Rows that equal each point.
    pub(super) counts: Vec<u32>,
}

/// A row that is equal to another if all of its numbers are; none is `NaN` or -0.
struct Key<'a>(&'a [f64]);

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.iter().for_each(|value| state.write_u64(value.to_bits()));
    }
}

/// Mixes numbers by products of 128 bits, whose halves are joined: rows are long, and one such
/// product takes less time than a number takes in the usual hash. It begins with a number that
/// nobody knows, so that rows cannot be made to collide.
#[derive(Clone)]
struct Mix(u64);

impl Hasher for Mix {
    #[inline]
    fn write_u64(&mut self, number: u64) {
        // 2⁶⁴ / φ (Knuth 1998, §6.4).
        let product = u128::from(self.0 ^ number) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64 ^ (product >> 64) as u64).rotate_left(23);
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl BuildHasher for Mix {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        self.clone()
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Key<'_> {}

impl Points {
    /// The distinct rows among some of a table, and the point of each of these.
    pub(super) fn distinct(table: &Table<'_>, rows: Range<usize>) -> (Self, Vec<u32>) {
        let (width, count) = (table.columns.len(), rows.len());
        let stride = width.next_multiple_of(LANES);
        let mut values = vec![0.0; count * stride];
        for (j, column) in table.columns.iter().enumerate() {
            for (row, value) in values.chunks_exact_mut(stride).zip(&column[rows.clone()]) {
                // Adding 0 makes -0 the same as 0.
                row[j] = value.clamp(-LARGEST, LARGEST) + 0.0;
            }
        }
        let mut counts: Vec<u32> = Vec::new();
        let mut firsts: Vec<usize> = Vec::new();
        let mix = Mix(RandomState::new().hash_one(0));
        let mut known: HashMap<Key<'_>, u32, Mix> = HashMap::with_capacity_and_hasher(count, mix);
        let point_of_row = (0..count)
            .map(|row| {
                let key = Key(&values[row * stride..][..width]);
                let point = *known.entry(key).or_insert_with(|| {
                    counts.push(0);
                    firsts.push(row);
                    counts.len() as u32 - 1
                });
                counts[point as usize] += 1;
                point
            })
            .collect();
        drop(known);
        for (point, &row) in firsts.iter().enumerate() {
            values.copy_within(row * stride..(row + 1) * stride, point * stride);
        }
        values.truncate(counts.len() * stride);
        (Self { width, stride, values, counts }, point_of_row)
    }

    /// Number of distinct points.
    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    /// The padded coordinates of a point.
    pub(super) fn row(&self, point: usize) -> &[f64] {
        &self.values[point * self.stride..][..self.stride]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_are_one_point() {
        let (a, b) = ([1.0, 0.0, 1.0, -0.0, 1e300], [2.0, 5.0, 2.0, 5.0, 2.0]);
        let table = Table { columns: vec![&a, &b], len: 5 };
        let (points, point_of_row) = Points::distinct(&table, 0..5);
        assert_eq!(point_of_row, [0, 1, 0, 1, 2]);
        assert_eq!(points.counts, [2, 2, 1]);
        assert_eq!(points.row(1), [0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(points.row(2)[0], LARGEST);
        assert_eq!(points.len(), 3);
        assert_eq!(Points::distinct(&table, 3..5).1, [0, 1]);
    }
}
