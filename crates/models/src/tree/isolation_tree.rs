//! One tree of an isolation forest.

use std::ops::Range;

use tripline_core::schema::AlignedColumn;
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
pub(crate) struct IsolationTree {
    width: usize,
    /// Values by column in use: each with its number in the frame.
    columns: Vec<(u32, Vec<f64>)>,
    /// What a node may be split by.
    choices: Vec<Choice>,
    rows: Vec<u32>,
}

/// What a node may be split by: a column, or one category of a column against the others, so that a
/// category column counts as many times as it has categories.
#[derive(Debug, Clone, Copy)]
struct Choice {
    /// Column in use.
    column: usize,
    category: Option<usize>,
}

struct Cut {
    column: usize,
    test: Test,
    missing_left: bool,
}

enum Test {
    AtMost(f64),
    Is(usize),
}

impl IsolationTree {
    /// A tree over some rows, of some columns.
    pub(crate) fn new(aligned: &Aligned<'_>, rows: &[usize], used: &[bool]) -> Self {
        let mut columns = Vec::new();
        let mut choices = Vec::new();
        for (number, column) in aligned.columns.iter().enumerate().filter(|(c, _)| used[*c]) {
            let values: Vec<f64> = rows.iter().map(|&row| column.number(row)).collect();
            let own = columns.len();
            match column {
                AlignedColumn::Numeric(_) => choices.push(Choice { column: own, category: None }),
                AlignedColumn::Category(_) => {
                    let seen = values.iter().filter(|value| !value.is_nan());
                    let mut codes: Vec<usize> = seen.map(|&value| value as usize).collect();
                    codes.sort_unstable();
                    codes.dedup();
                    choices.extend(
                        codes.into_iter().map(|code| Choice { column: own, category: Some(code) }),
                    );
                }
            }
            columns.push((number as u32, values));
        }
        let rows = (0..rows.len() as u32).collect();
        Self { width: aligned.columns.len(), columns, choices, rows }
    }

    /// Splits until rows stand alone, are equal, or as deep as a balanced tree would be.
    pub(crate) fn grow(mut self, rng: &mut Rng) -> Forest {
        let deepest = self.rows.len().max(2).next_power_of_two().ilog2();
        let mut tree = Forest::empty(self.width, 1, Aggregate::Mean);
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
                Test::Is(code) => {
                    flags |= Split::CATEGORY;
                    let mut bits = vec![0; code / 32 + 1];
                    bits[code / 32] |= 1 << (code % 32);
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

    /// A random split by a random choice that is not constant here; `None` if all are.
    fn cut(&mut self, range: Range<usize>, rng: &mut Rng) -> Option<Cut> {
        for at in 0..self.choices.len() {
            let drawn = at + rng.index(self.choices.len() - at);
            self.choices.swap(at, drawn);
            let cut = self.cut_by(self.choices[at], range.clone(), rng);
            if cut.is_some() {
                return cut;
            }
        }
        None
    }

    fn cut_by(&self, choice: Choice, range: Range<usize>, rng: &mut Rng) -> Option<Cut> {
        let values = &self.columns[choice.column].1;
        let here = self.rows[range].iter().map(|&row| values[row as usize]);
        let (mut low, mut high, mut missing) = (f64::INFINITY, f64::NEG_INFINITY, false);
        for value in here.clone() {
            missing |= value.is_nan();
            let value = match choice.category {
                Some(code) if !value.is_nan() => f64::from(u8::from(value == code as f64)),
                _ => value,
            };
            low = low.min(value);
            high = high.max(value);
        }
        let only_missing = low > high;
        if only_missing || (low == high && !missing) {
            return None;
        }
        // Where all present values are equal, missing ones are set apart.
        let apart = low == high;
        let coin = rng.next_u64() >> 63 == 1;
        let (test, missing_left) = match choice.category {
            Some(code) => (Test::Is(code), if apart { high == 0.0 } else { coin }),
            None if apart => (Test::AtMost(high), false),
            None => {
                let drawn = low + rng.unit() * (high - low);
                let inside = drawn.is_finite() && drawn >= low && drawn < high;
                let threshold = if inside { drawn } else { largest_below(high, low, here) };
                (Test::AtMost(threshold), coin)
            }
        };
        Some(Cut { column: choice.column, test, missing_left })
    }

    fn partition(&mut self, range: Range<usize>, cut: &Cut) -> usize {
        let values = &self.columns[cut.column].1;
        let left = |row: u32| {
            let value = values[row as usize];
            match &cut.test {
                _ if value.is_nan() => cut.missing_left,
                Test::AtMost(threshold) => value <= *threshold,
                Test::Is(code) => value == *code as f64,
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

/// The largest value below an infinite end, so that the threshold is a number.
fn largest_below(end: f64, low: f64, here: impl Iterator<Item = f64>) -> f64 {
    here.filter(|&value| value < end).fold(low, f64::max)
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
