//! Tail probabilities of one column by its empirical distribution function.

use tripline_core::math;
use tripline_core::{State, StateError};

use super::additive::ColumnScore;
use super::guide::Guide;
use super::known::Known;

/// How the probabilities of both tails become a column's score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tails {
    /// The larger of both tails and of that to which the column is skewed (ECOD).
    Larger,
    /// The larger of the tails' mean and of that to which the column is skewed (COPOD).
    Mean,
}

impl Tails {
    fn name(self) -> &'static str {
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
}

#[derive(Debug, Default)]
pub(super) struct Scratch;

/// The distribution of one column.
#[derive(Debug, Clone)]
pub(super) struct Distribution {
    tails: Tails,
    /// Distinct values, ascending.
    values: Vec<f64>,
    /// Rows fitted that are at most each value.
    at_most: Vec<u32>,
    /// Sign of the third central moment.
    skewness: i8,
    /// The score of each value, after that of the gap below it: 2 m + 1 numbers for m values, so
    /// that one look-up serves both.
    scores: Vec<f64>,
    guide: Guide,
    /// The scores of values that were fitted, without those of gaps.
    known: Known,
}

impl Distribution {
    /// From the values of a column, at least one, of which at most `limit` distinct ones are kept;
    /// with the mean score of the rows.
    pub(super) fn fit(
        column: &[f64],
        tails: Tails,
        limit: usize,
        _: &mut Scratch,
    ) -> Option<(Self, f64)> {
        if column.iter().any(|x| !x.is_finite()) {
            return None;
        }
        let (mut values, mut at_most) = distinct(column);
        let skewness = skewness(&values, &at_most);
        thin(&mut values, &mut at_most, limit);
        values.shrink_to_fit();
        at_most.shrink_to_fit();
        let distribution = Self::new(tails, values, at_most, skewness);
        let rows = column.len() as f64;
        let mut below = 0;
        let mean = distribution.at_most.iter().zip(distribution.scores[1..].iter().step_by(2));
        let mean = mean.map(|(&end, score)| {
            let count = end - below;
            below = end;
            f64::from(count) * score / rows
        });
        let mean = mean.sum();
        Some((distribution, mean))
    }

    fn new(tails: Tails, values: Vec<f64>, at_most: Vec<u32>, skewness: i8) -> Self {
        let rows = at_most.last().copied().unwrap_or(0);
        // A value beyond all rows is what it would be as one row more: rarer than any of them.
        let beyond = 1.0 / (f64::from(rows) + 1.0);
        let tail = |count: u32| {
            let probability = if count == 0 { beyond } else { f64::from(count) / f64::from(rows) };
            -math::ln(probability)
        };
        let mut scores = Vec::with_capacity(2 * values.len() + 1);
        let (mut left, mut right) = (tail(0), tail(rows));
        for &end in &at_most {
            scores.push(tails.combine(left, right, skewness));
            left = tail(end);
            scores.push(tails.combine(left, right, skewness));
            right = tail(rows - end);
        }
        scores.push(tails.combine(left, right, skewness));
        let guide = Guide::new(&values);
        let known = Known::new(&values, scores[1..].iter().step_by(2).copied());
        Self { tails, values, at_most, skewness, scores, guide, known }
    }
}

impl ColumnScore for Distribution {
    const LEAST_BLOCK: usize = 8192;
    const MOST_BLOCK: usize = 1 << 16;

    fn add(&self, values: &[f64], scores: &mut [f64]) -> bool {
        let mut finite = true;
        for (score, &value) in scores.iter_mut().zip(values) {
            if let Some(known) = self.known.get(value) {
                *score += known;
                continue;
            }
            finite &= value.is_finite();
            let below = self.guide.below(&self.values, value);
            let known = self.values.get(below) == Some(&value);
            *score += self.scores[2 * below + usize::from(known)];
        }
        finite
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_text("tails", self.tails.name());
        state.put_f64s("values", self.values.clone());
        state.put_u32s("at_most", self.at_most.clone());
        state.put_i64("skewness", i64::from(self.skewness));
        state
    }

    fn load(state: &State) -> Result<Self, StateError> {
        let tails = [Tails::Larger, Tails::Mean];
        let name = state.text("tails")?;
        let tails = tails.into_iter().find(|tails| tails.name() == name);
        let tails = tails.ok_or_else(|| StateError::invalid("tails", "`larger` or `mean`"))?;
        let values = state.f64s("values")?;
        if values.is_empty() || !values.iter().all(|x| x.is_finite()) || !ascends(values) {
            return Err(StateError::invalid("values", "finite numbers, each above the last"));
        }
        let at_most = state.u32s("at_most")?;
        if at_most.len() != values.len() || at_most[0] == 0 || !ascends(at_most) {
            return Err(StateError::invalid("at_most", "a larger count for each value"));
        }
        let skewness = match state.i64("skewness")? {
            sign @ -1..=1 => sign as i8,
            _ => return Err(StateError::invalid("skewness", "a sign")),
        };
        Ok(Self::new(tails, values.to_vec(), at_most.to_vec(), skewness))
    }
}

/// The distinct values of a column, ascending, with the number of rows that are at most each.
fn distinct(column: &[f64]) -> (Vec<f64>, Vec<u32>) {
    // Whole numbers in the order of `total_cmp`, and its inverse.
    let ordered = |bits: i64| bits ^ ((bits >> 63) as u64 >> 1) as i64;
    let mut sorted: Vec<i64> = column.iter().map(|x| ordered(x.to_bits() as i64)).collect();
    sorted.sort_unstable();
    let (mut values, mut at_most): (Vec<f64>, Vec<u32>) = (Vec::new(), Vec::new());
    for (end, &key) in (1..).zip(&sorted) {
        let value = f64::from_bits(ordered(key) as u64);
        // −0 and 0 are one value, though the order puts one before the other.
        if values.last() == Some(&value) {
            *at_most.last_mut().unwrap_or(&mut 0) = end;
        } else {
            values.push(value);
            at_most.push(end);
        }
    }
    (values, at_most)
}

fn ascends<T: PartialOrd>(items: &[T]) -> bool {
    items.is_sorted_by(|a, b| a < b)
}

/// The sign of the third central moment, 0 where it is no more than rounding.
fn skewness(values: &[f64], at_most: &[u32]) -> i8 {
    // Of a share of the largest distance, so that cubes stay in range; halved before it is taken.
    let rows = at_most.last().copied().map_or(1.0, f64::from);
    let counts = || {
        let before = std::iter::once(&0).chain(at_most);
        at_most.iter().zip(before).map(|(end, start)| f64::from(end - start))
    };
    let mean: f64 = values.iter().zip(counts()).map(|(x, count)| x / rows * count).sum();
    let largest =
        values.iter().fold(0.0_f64, |largest, x| largest.max((x / 2.0 - mean / 2.0).abs()));
    // As scipy has it: no further apart than rounding of the mean.
    if largest <= f64::EPSILON * mean.abs() {
        return 0;
    }
    let (mut cubes, mut sizes) = (0.0, 0.0);
    for (x, count) in values.iter().zip(counts()) {
        let distance = (x / 2.0 - mean / 2.0) / largest;
        let cube = distance * distance * distance * count;
        cubes += cube;
        sizes += cube.abs();
    }
    if cubes.abs() <= 1e-13 * sizes {
        0
    } else if cubes < 0.0 {
        -1
    } else {
        1
    }
}

/// Leaves at most `limit` values: a quarter of them at each end, where scores are high, the others
/// evenly in between.
fn thin(values: &mut Vec<f64>, at_most: &mut Vec<u32>, limit: usize) {
    let count = values.len();
    if count <= limit {
        return;
    }
    let end = limit / 4;
    let between = limit - 2 * end - 1;
    let stride = (count - 2 * end).div_ceil(between.max(1));
    let keep: Vec<usize> = (0..count)
        // One more at the upper end: the right tail of a value is what the one before it leaves.
        .filter(|&k| k < end || k + end + 1 >= count || (k - end).is_multiple_of(stride))
        .collect();
    *values = keep.iter().map(|&k| values[k]).collect();
    // The last value must stand for all rows.
    let mut kept: Vec<u32> = keep.iter().map(|&k| at_most[k]).collect();
    if let (Some(last), Some(&all)) = (kept.last_mut(), at_most.last()) {
        *last = all;
    }
    *at_most = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_counted() {
        let (distribution, mean) =
            Distribution::fit(&[3.0, 1.0, 1.0, 2.0], Tails::Larger, 100, &mut Scratch).unwrap();
        let mut scores = vec![0.0; 6];
        distribution.add(&[0.0, 1.0, 1.5, 2.0, 3.0, 4.0], &mut scores);
        // Right-skewed: the right tail always counts. By hand, of 4 rows.
        let expected = [1.0 / 5.0, 2.0 / 4.0, 2.0 / 4.0, 2.0 / 4.0, 1.0 / 4.0, 1.0 / 5.0];
        for (score, probability) in scores.iter().zip(expected) {
            assert!((score + math::ln(probability)).abs() < 1e-15, "{scores:?}");
        }
        assert!((mean - (3.0 * math::ln(2.0) + math::ln(4.0)) / 4.0).abs() < 1e-15);
    }

    #[test]
    fn thinning_keeps_the_ends() {
        let column: Vec<f64> = (0..10_000).map(f64::from).collect();
        let (full, _) = Distribution::fit(&column, Tails::Larger, 100_000, &mut Scratch).unwrap();
        let (thinned, _) = Distribution::fit(&column, Tails::Larger, 1000, &mut Scratch).unwrap();
        assert!(thinned.values.len() <= 1000, "{}", thinned.values.len());
        let probe: Vec<f64> = (0..2000).map(|k| 5.0 * f64::from(k)).collect();
        let (mut exact, mut near) = (vec![0.0; 2000], vec![0.0; 2000]);
        full.add(&probe, &mut exact);
        thinned.add(&probe, &mut near);
        assert_eq!(exact[..50], near[..50]);
        assert_eq!(exact[1950..], near[1950..]);
        let worst = exact.iter().zip(&near).fold(0.0_f64, |w, (a, b)| w.max((a - b).abs()));
        assert!(worst < 0.1, "{worst}");
    }

    #[test]
    fn a_sign_survives_offset_and_size() {
        for (factor, offset) in [(1.0, 0.0), (1e300, 0.0), (1e-300, 0.0), (1.0, 1e9)] {
            let values: Vec<f64> = [0.0, 1.0, 5.0].iter().map(|x| offset + factor * x).collect();
            assert_eq!(skewness(&values, &[1, 2, 3]), 1);
            let mirrored: Vec<f64> = values.iter().rev().map(|x| -x).collect();
            assert_eq!(skewness(&mirrored, &[1, 2, 3]), -1);
        }
        assert_eq!(skewness(&[-1.0, 0.0, 1.0], &[1, 2, 3]), 0);
        assert_eq!(skewness(&[7.0], &[5]), 0);
    }
}
