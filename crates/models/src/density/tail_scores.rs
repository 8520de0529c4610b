//! Scores of values and of the gaps between them from how many rows are at most each.

use std::sync::OnceLock;

use tripline_core::math;

/// How the probabilities of both tails become a column's score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tails {
    /// The larger of both tails and of that to which the column is skewed (ECOD).
    Larger,
    /// The larger of the tails' mean and of that to which the column is skewed (COPOD).
    Mean,
}

impl Tails {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Larger => "larger",
            Self::Mean => "mean",
        }
    }

    /// The score from −ln of the left tail, of the right tail, with the sign of the skewness.
    fn combine(self, left: f64, right: f64, skewness: i8) -> f64 {
        // Without any skewness the peer adds both tails: it has sign(s − 1) and sign(s + 1).
        let skewed = match skewness {
            ..0 => left,
            0 => left + right,
            1.. => right,
        };
        match self {
            Self::Larger => left.max(right).max(skewed),
            Self::Mean => ((left + right) / 2.0).max(skewed),
        }
    }

    /// The score of each value, after that of the gap below it, and that of what is above all:
    /// 2 m + 1 numbers for m values.
    pub(super) fn scores(self, at_most: &[u32], skewness: i8, logarithms: &Logarithms) -> Vec<f64> {
        let rows = at_most.last().copied().unwrap_or(0);
        match logarithms.table(rows, at_most.len()) {
            Some(table) => self.scores_by(at_most, skewness, |count| table[count as usize]),
            None => self.scores_by(at_most, skewness, |count| logarithm(count, rows)),
        }
    }

    fn scores_by(self, at_most: &[u32], skewness: i8, tail: impl Fn(u32) -> f64) -> Vec<f64> {
        let rows = at_most.last().copied().unwrap_or(0);
        let mut scores = Vec::with_capacity(2 * at_most.len() + 1);
        let (mut left, mut right) = (tail(0), tail(rows));
        for &end in at_most {
            let gap = self.combine(left, right, skewness);
            left = tail(end);
            scores.extend([gap, self.combine(left, right, skewness)]);
            right = tail(rows - end);
        }
        scores.push(self.combine(left, right, skewness));
        scores
    }
}

/// −ln of the probabilities of 0 .. n of n rows, computed once for all columns.
#[derive(Debug, Default)]
pub(super) struct Logarithms {
    table: OnceLock<Vec<f64>>,
}

impl Logarithms {
    /// A place for each count of rows, if that pays for so many values of a column.
    fn table(&self, rows: u32, values: usize) -> Option<&[f64]> {
        /// Rows for a value from which on the logarithms that it needs are computed for it.
        const MANY: usize = 8;
        if rows as usize / MANY > values {
            return None;
        }
        let table =
            self.table.get_or_init(|| (0..=rows).map(|count| logarithm(count, rows)).collect());
        (table.len() == rows as usize + 1).then_some(table)
    }
}

/// −ln of the probability of a count of rows; a value beyond all of them is what it would be as one
/// row more: rarer than any of them.
fn logarithm(count: u32, rows: u32) -> f64 {
    let rows = f64::from(rows);
    -math::ln(if count == 0 { 1.0 / (rows + 1.0) } else { f64::from(count) / rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_the_bits_of_single_logarithms() {
        let dense: Vec<u32> = (1..=500).map(|k| 2 * k).collect();
        let sparse = [1, 7, 1000];
        let shared = Logarithms::default();
        for tails in [Tails::Larger, Tails::Mean] {
            for skewness in -1..=1 {
                for at_most in [&dense[..], &sparse] {
                    let scores = tails.scores(at_most, skewness, &shared);
                    let single = |count| logarithm(count, 1000);
                    let expected = tails.scores_by(at_most, skewness, single);
                    assert_eq!(scores.len(), 2 * at_most.len() + 1);
                    assert!(scores.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()));
                }
            }
        }
        // Of other rows than the table is.
        let scores = Tails::Mean.scores(&[1, 3], 0, &shared);
        assert_eq!(scores, Tails::Mean.scores_by(&[1, 3], 0, |count| logarithm(count, 3)));
    }
}
