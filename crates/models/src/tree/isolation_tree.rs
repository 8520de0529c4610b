//! One tree of an isolation forest.

use std::ops::Range;

use tripline_core::{Aligned, Rng, math};

use super::forest::{Aggregate, Forest, LEAF, Split};

/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// c(n): the mean path length of an unsuccessful search among n rows (Liu et al. 2008, eq. 1), with
/// the harmonic number as ln plus Euler's constant.
pub(crate) fn typical_path(rows: usize) -> f64 {
    match rows {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let n = rows as f64;
            2.0 * (math::ln(n - 1.0) + EULER) - 2.0 * (n - 1.0) / n
        }
    }
}

/// The rows that a tree isolates.
pub(crate) struct IsolationTree<'a> {
    aligned: &'a Aligned<'a>,
    /// Values by column in use: each with its number in the frame.
    columns: Vec<(u32, Vec<f64>)>,
    rows: Vec<u32>,
}

struct Cut {
    column: usize,
    test: Test,
    missing_left: bool,
}

enum Test {
    AtMost(f64),
    OneOf(Vec<u32>),
}

impl<'a> IsolationTree<'a> {
    /// A tree over some rows, of some columns.
    pub(crate) fn new(aligned: &'a Aligned<'a>, rows: &[usize], columns: &[bool]) -> Self {
        let columns = (0..aligned.columns.len())
            .filter(|&column| columns[column])
            .map(|column| {
                let values = &aligned.columns[column];
                (column as u32, rows.iter().map(|&row| values.number(row)).collect())
            })
            .collect();
        Self { aligned, columns, rows: (0..rows.len() as u32).collect() }
    }

    /// Splits until rows stand alone, are equal, or as deep as a balanced tree would be.
    pub(crate) fn grow(mut self, rng: &mut Rng) -> Forest {
        let deepest = self.rows.len().max(2).next_power_of_two().ilog2();
        let mut tree = Forest::empty(self.aligned.columns.len(), 1, Aggregate::Mean);
        tree.tree_output.push(0);
        let mut pending: Vec<(Range<usize>, u32, Option<usize>)> =
            vec![(0..self.rows.len(), 0, None)];
        while let Some((range, depth, parent)) = pending.pop() {
            let own = tree.feature.len();
            if let Some(parent) = parent {
                tree.right[parent] = own as u32;
            }
            let cut = if depth < deepest && range.len() > 1 {
                self.cut(range.clone(), rng)
            } else {
                None
            };
            tree.cover.push(range.len() as f64);
            tree.right.push(0);
            let Some(cut) = cut else {
                tree.feature.push(LEAF);
                tree.threshold.push(0.0);
                tree.left.push(tree.values.len() as u32);
                tree.flags.push(0);
                tree.gain.push(0.0);
                tree.values.push(f64::from(depth) + typical_path(range.len()));
                continue;
            };
            let middle = range.start + self.partition(range.clone(), &cut);
            let mut flags = if cut.missing_left { Split::MISSING_LEFT } else { 0 };
            tree.threshold.push(match cut.test {
                Test::AtMost(threshold) => threshold,
                Test::OneOf(bits) => {
                    flags |= Split::CATEGORY;
                    tree.category_bits.extend(bits);
                    tree.category_sets.push(tree.category_bits.len() as u32);
                    (tree.category_sets.len() - 2) as f64
                }
            });
            tree.feature.push(self.columns[cut.column].0);
            tree.left.push(own as u32 + 1);
            tree.flags.push(flags);
            // There is no gain without labels; a split counts by how few rows it sets apart.
            let smaller = (middle - range.start).min(range.end - middle);
            tree.gain.push(range.len() as f64 / smaller as f64);
            pending.push((middle..range.end, depth + 1, Some(own)));
            pending.push((range.start..middle, depth + 1, None));
        }
        tree.roots.push(tree.feature.len() as u32);
        tree
    }

    /// A random split on a random column that is not constant here; `None` if all are.
    fn cut(&self, range: Range<usize>, rng: &mut Rng) -> Option<Cut> {
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        for at in 0..order.len() {
            let drawn = at + rng.index(order.len() - at);
            order.swap(at, drawn);
            let cut = self.cut_on(order[at], range.clone(), rng);
            if cut.is_some() {
                return cut;
            }
        }
        None
    }

    fn cut_on(&self, column: usize, range: Range<usize>, rng: &mut Rng) -> Option<Cut> {
        let (number, values) = &self.columns[column];
        let here = self.rows[range].iter().map(|&row| values[row as usize]);
        let (mut low, mut high, mut missing) = (f64::INFINITY, f64::NEG_INFINITY, false);
        for value in here.clone() {
            missing |= value.is_nan();
            low = low.min(value);
            high = high.max(value);
        }
        let only_missing = low > high;
        if only_missing || (low == high && !missing) {
            return None;
        }
        let category = matches!(
            self.aligned.columns[*number as usize],
            tripline_core::schema::AlignedColumn::Category(_)
        );
        // Where missing values alone differ, they go right.
        let missing_left = low < high && rng.next_u64() >> 63 == 1;
        let test = if low == high && category {
            Test::OneOf(vec![u32::MAX; high as usize / 32 + 1])
        } else if low == high {
            Test::AtMost(high)
        } else if category {
            Test::OneOf(coins(here, high, rng))
        } else {
            let drawn = low + rng.unit() * (high - low);
            let inside = drawn.is_finite() && drawn >= low && drawn < high;
            Test::AtMost(if inside { drawn } else { self.halfway(low, high, here) })
        };
        Some(Cut { column, test, missing_left })
    }

    /// A threshold between infinite ends: the largest value below the upper one.
    fn halfway(&self, low: f64, high: f64, here: impl Iterator<Item = f64>) -> f64 {
        here.filter(|&value| value < high).fold(low, f64::max)
    }

    fn partition(&mut self, range: Range<usize>, cut: &Cut) -> usize {
        let values = &self.columns[cut.column].1;
        let left = |row: u32| {
            let value = values[row as usize];
            match &cut.test {
                _ if value.is_nan() => cut.missing_left,
                Test::AtMost(threshold) => value <= *threshold,
                Test::OneOf(bits) => {
                    let code = value as usize;
                    bits.get(code / 32).is_some_and(|word| word >> (code % 32) & 1 == 1)
                }
            }
        };
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for &row in &self.rows[range.clone()] {
            if left(row) { lefts.push(row) } else { rights.push(row) }
        }
        let count = lefts.len();
        lefts.extend(rights);
        self.rows[range].copy_from_slice(&lefts);
        count
    }
}

/// A bit for each category up to the largest, not all equal among those here.
fn coins(here: impl Iterator<Item = f64> + Clone, largest: f64, rng: &mut Rng) -> Vec<u32> {
    let mut bits: Vec<u32> =
        (0..largest as usize / 32 + 1).map(|_| (rng.next_u64() >> 32) as u32).collect();
    let mut present: Vec<usize> = here.filter(|v| !v.is_nan()).map(|v| v as usize).collect();
    present.sort_unstable();
    present.dedup();
    let is_left = |bits: &[u32], code: usize| bits[code / 32] >> (code % 32) & 1 == 1;
    let lefts = present.iter().filter(|&&code| is_left(&bits, code)).count();
    if lefts == 0 || lefts == present.len() {
        let code = present[rng.index(present.len())];
        bits[code / 32] ^= 1 << (code % 32);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typical_path_is_that_of_the_paper() {
        // scikit-learn 1.9.1: sklearn.ensemble._iforest._average_path_length([2, 5, 256])
        assert_eq!(typical_path(2), 1.0);
        assert!((typical_path(5) - 2.327_020_052_042_847).abs() < 1e-12);
        assert!((typical_path(256) - 10.244_770_920_119_917).abs() < 1e-12);
    }
}
