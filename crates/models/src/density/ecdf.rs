//! Tail probabilities of one column by its empirical distribution function.

use tripline_core::{State, StateError};

use super::additive::ColumnScore;
use super::distinct::Scratch;
use super::guide::Guide;
use super::known::{self, Known};
use super::skewness::skewness;
use super::tail_scores::{Logarithms, Tails};
use super::whole::{self, whole_numbers, whole_scores};

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
    /// The score of each value, after that of the gap below it, so that one look-up serves both.
    scores: Vec<f64>,
    guide: Guide,
    /// The scores of values that were fitted, without those of gaps; none if `whole` has them.
    known: Known,
    /// The scores of whole numbers from 0 on, as many as a power of two, or none.
    whole: Vec<f64>,
}

impl Distribution {
    /// From the values of a column, at least one, of which at most `limit` distinct ones are kept;
    /// with the mean score of the rows. None if a value is not finite.
    pub(super) fn fit(
        column: &[f64],
        tails: Tails,
        limit: usize,
        logarithms: &Logarithms,
        scratch: &mut Scratch,
    ) -> Option<(Self, f64)> {
        let (mut values, mut at_most) = scratch.distinct(column)?;
        let skewness = skewness(&values, &at_most);
        thin(&mut values, &mut at_most, limit);
        let distribution = Self::new(tails, values, at_most, skewness, logarithms);
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

    fn new(
        tails: Tails,
        values: Vec<f64>,
        at_most: Vec<u32>,
        skewness: i8,
        logarithms: &Logarithms,
    ) -> Self {
        let scores = tails.scores(&at_most, skewness, logarithms);
        let guide = Guide::new(&values);
        let whole = whole_scores(&values, &at_most, &scores);
        let named = if whole.is_empty() { &values[..] } else { &[] };
        let known = Known::new(named, scores[1..].iter().step_by(2).copied());
        Self { tails, values, at_most, skewness, scores, guide, known, whole }
    }

    /// Adds the scores of values many of which are small whole numbers.
    fn add_whole(&self, values: &[f64], scores: &mut [f64]) -> bool {
        let (blocks, rest) = values.as_chunks::<{ whole::BLOCK }>();
        let (score_blocks, score_rest) = scores.as_chunks_mut::<{ whole::BLOCK }>();
        let mut places = [0; whole::BLOCK];
        let mut finite = true;
        for (values, scores) in blocks.iter().zip(score_blocks) {
            if whole_numbers(values, self.whole.len(), &mut places) {
                for at in 0..whole::BLOCK {
                    scores[at] += self.whole[places[at] as usize];
                }
            } else {
                finite &= self.add_each(values, scores);
            }
        }
        finite & self.add_each(rest, score_rest)
    }

    /// Adds the scores of values many of which were fitted.
    fn add_known(&self, values: &[f64], scores: &mut [f64]) -> bool {
        let (blocks, rest) = values.as_chunks::<{ known::BLOCK }>();
        let (score_blocks, score_rest) = scores.as_chunks_mut::<{ known::BLOCK }>();
        let mut known = [0.0; known::BLOCK];
        let mut finite = true;
        for (values, scores) in blocks.iter().zip(score_blocks) {
            let mut missing = self.known.get_block(values, &mut known);
            while missing != 0 {
                let lane = missing.trailing_zeros() as usize % known::BLOCK;
                finite &= values[lane].is_finite();
                known[lane] = self.score(values[lane]);
                missing &= missing - 1;
            }
            for lane in 0..known::BLOCK {
                scores[lane] += known[lane];
            }
        }
        finite & self.add_each(rest, score_rest)
    }

    /// Adds the scores of values one by one; false if one is not finite.
    fn add_each(&self, values: &[f64], scores: &mut [f64]) -> bool {
        let mut finite = true;
        for (score, &value) in scores.iter_mut().zip(values) {
            finite &= value.is_finite();
            *score += self.score(value);
        }
        finite
    }

    /// The score of any value.
    fn score(&self, value: f64) -> f64 {
        self.known.get(value).unwrap_or_else(|| {
            let below = self.guide.below(&self.values, value);
            let known = self.values.get(below) == Some(&value);
            self.scores[2 * below + usize::from(known)]
        })
    }
}

impl ColumnScore for Distribution {
    const LEAST_BLOCK: usize = 8192;
    const MOST_BLOCK: usize = 1 << 16;

    fn add(&self, values: &[f64], scores: &mut [f64]) -> bool {
        if !self.whole.is_empty() {
            self.add_whole(values, scores)
        } else if !self.known.is_empty() {
            self.add_known(values, scores)
        } else {
            self.add_each(values, scores)
        }
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
        let logarithms = Logarithms::default();
        Ok(Self::new(tails, values.to_vec(), at_most.to_vec(), skewness, &logarithms))
    }
}

fn ascends<T: PartialOrd>(items: &[T]) -> bool {
    items.is_sorted_by(|a, b| a < b)
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
    use proptest::prelude::*;
    use tripline_core::math;

    use super::*;

    fn fit(column: &[f64], limit: usize) -> (Distribution, f64) {
        let (logarithms, mut scratch) = (Logarithms::default(), Scratch::default());
        Distribution::fit(column, Tails::Larger, limit, &logarithms, &mut scratch).unwrap()
    }

    #[test]
    fn tails_are_counted() {
        let (distribution, mean) = fit(&[3.0, 1.0, 1.0, 2.0], 100);
        let mut scores = vec![0.0; 6];
        distribution.add(&[0.0, 1.0, 1.5, 2.0, 3.0, 4.0], &mut scores);
        // Right-skewed: the right tail always counts. By hand, of 4 rows.
        let expected = [1.0 / 5.0, 2.0 / 4.0, 2.0 / 4.0, 2.0 / 4.0, 1.0 / 4.0, 1.0 / 5.0];
        for (score, probability) in scores.iter().zip(expected) {
            assert!((score + math::ln(probability)).abs() < 1e-15, "{scores:?}");
        }
        assert!((mean - (3.0 * math::ln(2.0) + math::ln(4.0)) / 4.0).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn blocks_are_scored_as_a_search_has_it(
            kind in 0..3,
            limit in prop_oneof![Just(1000_usize), Just(20)],
            draws in proptest::collection::vec((0_u16..400, any::<f64>()), 1..200),
        ) {
            let column: Vec<f64> = draws
                .iter()
                .map(|&(small, any)| match kind {
                    0 => f64::from(small / 4),
                    1 => f64::from(small) * 0.37 - 20.0,
                    _ => if any.is_finite() { any } else { -0.0 },
                })
                .collect();
            let (fitted, _) = fit(&column, limit);
            let mut probe = column.clone();
            probe.extend((0..130).map(f64::from));
            probe.extend(column.iter().flat_map(|x| [x.next_up().min(f64::MAX), -x]));
            probe.extend([0.0, -0.0, f64::MAX, f64::MIN, 5e-324]);
            let mut scores = vec![0.5; probe.len()];
            prop_assert!(fitted.add(&probe, &mut scores));
            for (value, score) in probe.iter().zip(&scores) {
                let below = fitted.values.partition_point(|x| x < value);
                let there = fitted.values.get(below) == Some(value);
                prop_assert_eq!(*score, 0.5 + fitted.scores[2 * below + usize::from(there)]);
            }
        }
    }

    #[test]
    fn a_value_that_is_not_finite_is_told_wherever_it_stands() {
        let whole: Vec<f64> = (0..70).map(f64::from).collect();
        let others: Vec<f64> = whole.iter().map(|x| x * 0.37).collect();
        for column in [whole, others] {
            let (fitted, _) = fit(&column, 1000);
            for hole in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                for at in 0..column.len() {
                    let mut column = column.clone();
                    column[at] = hole;
                    assert!(!fitted.add(&column, &mut [0.0; 70]));
                }
            }
        }
    }

    #[test]
    fn thinning_keeps_the_ends() {
        let column: Vec<f64> = (0..10_000).map(f64::from).collect();
        let (full, _) = fit(&column, 100_000);
        let (thinned, _) = fit(&column, 1000);
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
}
