//! The tail of benign scores above a high threshold that the scores themselves choose.

use tripline_core::{Rng, State, StateError, math};

use super::finite;
use super::pareto::{GeneralizedPareto, LEAST_SHAPE};
use super::pareto_test::{anderson_darling, p_value};

/// Fewest rows above the threshold: with 30 the shape is known to about 0.2, (1 + shape) / √30.
pub const LEAST_EXCEEDANCES: usize = 30;

/// Most rows above the threshold: the higher the threshold, the closer is the limit that the tail
/// rests on, and 1,000 rows tell its shape to 0.03.
const MOST_EXCEEDANCES: usize = 1000;

/// Thresholds that are tried, from the lowest up.
const LADDER: usize = 10;

/// The false discovery rate of the sequence of tests, the level of Bader, Yan & Zhang (2018).
const LEVEL: f64 = 0.1;

/// A generalised Pareto distribution of the scores above a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParetoTail {
    /// The raw score above which it holds.
    pub threshold: f64,
    /// Share of the rows that score higher, by weight.
    pub share: f64,
    /// How far they score higher.
    pub excess: GeneralizedPareto,
    /// Rows above the threshold.
    pub exceedances: usize,
    /// Rows in all; with weights the number of equal weight that tells as much (Kish 1965).
    pub rows: f64,
    /// Of the test of Anderson & Darling at this threshold.
    pub p_value: f64,
}

/// Why scores have no tail that could be trusted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TailError {
    /// Too few rows.
    #[error("{rows} benign scores are too few for a tail, at least {needed} are needed")]
    TooFew {
        /// Given.
        rows: usize,
        /// Least number.
        needed: usize,
    },
    /// Equal scores where there should be none.
    #[error(
        "the {rows} highest benign scores have only {distinct} distinct values, so no tail can be fitted"
    )]
    Ties {
        /// Of the highest scores.
        distinct: usize,
        /// Number of highest scores looked at.
        rows: usize,
    },
    /// No threshold passes the test.
    #[error(
        "no tail fits the highest benign scores (Anderson-Darling tests above {thresholds} thresholds)"
    )]
    Misfit {
        /// How many were tried.
        thresholds: usize,
    },
    /// Scores too far apart for numbers.
    #[error("the highest benign scores lie too far apart for a tail")]
    Range,
}

/// One threshold of the ladder.
struct Rung {
    tail: ParetoTail,
    distinct: usize,
}

impl ParetoTail {
    /// Fits to scores of benign rows that the model did not see, each of weight 1 unless `weights`
    /// says otherwise; weights of 0 leave a row out.
    ///
    /// Thresholds from a quarter of the rows (1,000 at most) up to 30 rows are tried. At each the
    /// fit is tested; ForwardStop (G'Sell et al. 2016) drops those from below whose tests together
    /// speak against it at a false discovery rate of 0.1 (Bader, Yan & Zhang 2018), and the lowest
    /// of the others that passes by itself is taken.
    ///
    /// Errors where a tail would be a guess: fewer than 120 rows, fewer than half of the rows above
    /// the threshold with a score of their own, or no threshold that passes.
    ///
    /// # Panics
    /// There are weights, and not as many as scores.
    pub fn fit(scores: &[f64], weights: Option<&[f64]>) -> Result<Self, TailError> {
        let mut rows: Vec<(f64, f64)> = match weights {
            Some(weights) => {
                assert_eq!(weights.len(), scores.len(), "one weight for each score");
                let both = scores.iter().copied().zip(weights.iter().copied());
                both.filter(|(_, weight)| *weight > 0.0).collect()
            }
            None => scores.iter().map(|&score| (score, 1.0)).collect(),
        };
        let needed = 4 * LEAST_EXCEEDANCES;
        if rows.len() < needed {
            return Err(TailError::TooFew { rows: rows.len(), needed });
        }
        rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
        let most = (rows.len() / 4).min(MOST_EXCEEDANCES);
        if !rows[..=most].iter().all(|row| row.0.is_finite()) {
            return Err(TailError::Range);
        }
        let total: f64 = rows.iter().map(|row| row.1).sum();
        let squares: f64 = rows.iter().map(|row| row.1 * row.1).sum();
        let whole = Whole { total, rows: total * total / squares };
        let mut rungs: Vec<Rung> = Vec::with_capacity(LADDER);
        let (mut last, mut ties) = (usize::MAX, None);
        for step in 0..LADDER {
            // Equal steps of the logarithm from `most` down to the least.
            let fall = step as f64 / (LADDER - 1) as f64;
            let ratio = LEAST_EXCEEDANCES as f64 / most as f64;
            let count = (most as f64 * math::pow(ratio, fall) + 0.5) as usize;
            if count >= last || count < LEAST_EXCEEDANCES {
                continue;
            }
            last = count;
            let Some(rung) = Rung::at(&rows, count, &whole)? else { continue };
            if rung.distinct * 2 < rung.tail.exceedances {
                ties.get_or_insert(TailError::Ties {
                    distinct: rung.distinct,
                    rows: rung.tail.exceedances,
                });
                continue;
            }
            rungs.push(rung);
        }
        if rungs.is_empty() {
            let distinct = |rows: &[(f64, f64)]| {
                1 + rows.windows(2).filter(|pair| pair[0].0 != pair[1].0).count()
            };
            let highest = &rows[..most];
            return Err(ties
                .unwrap_or(TailError::Ties { distinct: distinct(highest), rows: highest.len() }));
        }
        let dropped = forward_stop(rungs.iter().map(|rung| rung.tail.p_value));
        let taken = rungs[dropped..].iter().find(|rung| rung.tail.p_value >= LEVEL);
        taken.map(|rung| rung.tail).ok_or(TailError::Misfit { thresholds: rungs.len() })
    }

    /// The chance that a benign row scores higher; `raw` is at least the threshold.
    pub fn survival(&self, raw: f64) -> f64 {
        self.share * self.excess.survival((raw - self.threshold).max(0.0))
    }

    /// The score that a benign row passes with this chance, above 0 and at most the share.
    pub fn score(&self, chance: f64) -> f64 {
        self.threshold + self.excess.excess((chance / self.share).min(1.0))
    }

    /// The tail that so many rows drawn from this one would have given; none if too few of them
    /// come to lie above the threshold.
    #[must_use]
    pub fn redrawn(&self, rng: &mut Rng) -> Option<Self> {
        let count = binomial(self.rows, self.share, rng);
        if count < LEAST_EXCEEDANCES / 2 {
            return None;
        }
        let excesses: Vec<f64> =
            (0..count).map(|_| self.excess.excess(math::exp(-rng.exponential()))).collect();
        let excesses: Vec<f64> = excesses.into_iter().filter(|excess| *excess > 0.0).collect();
        let excess = GeneralizedPareto::fit(&excesses, &vec![1.0; excesses.len()])?;
        let share = count as f64 / self.rows;
        Some(Self { share, excess, exceedances: count, ..*self })
    }

    pub(super) fn save(&self) -> State {
        let mut state = State::new();
        state.put_f64("threshold", self.threshold);
        state.put_f64("share", self.share);
        state.put_f64("scale", self.excess.scale);
        state.put_f64("shape", self.excess.shape);
        state.put_i64("exceedances", self.exceedances as i64);
        state.put_f64("rows", self.rows);
        state.put_f64("p_value", self.p_value);
        state
    }

    pub(super) fn load(state: &State) -> Result<Self, StateError> {
        let tail = Self {
            threshold: finite(state, "threshold")?,
            share: finite(state, "share")?,
            excess: GeneralizedPareto {
                scale: finite(state, "scale")?,
                shape: finite(state, "shape")?,
            },
            exceedances: state.count("exceedances")?,
            rows: finite(state, "rows")?,
            p_value: finite(state, "p_value")?,
        };
        if !(tail.share > 0.0 && tail.share < 1.0) {
            return Err(StateError::invalid("share", "between 0 and 1"));
        }
        if tail.excess.scale <= 0.0 {
            return Err(StateError::invalid("scale", "above 0"));
        }
        if tail.excess.shape < LEAST_SHAPE {
            return Err(StateError::invalid("shape", "at least -0.5"));
        }
        Ok(tail)
    }
}

/// The rows that a ladder stands on.
struct Whole {
    total: f64,
    rows: f64,
}

impl Rung {
    /// The fit to the rows above the score at `count`, rows by falling score; none if ties leave
    /// too few of them.
    fn at(rows: &[(f64, f64)], count: usize, whole: &Whole) -> Result<Option<Self>, TailError> {
        let threshold = rows[count].0;
        let above = &rows[..rows[..count].partition_point(|row| row.0 > threshold)];
        if above.len() < LEAST_EXCEEDANCES / 2 {
            return Ok(None);
        }
        let (excesses, weights): (Vec<f64>, Vec<f64>) =
            above.iter().rev().map(|&(score, weight)| (score - threshold, weight)).unzip();
        if !excesses.iter().all(|excess| excess.is_finite()) {
            return Err(TailError::Range);
        }
        let distinct = 1 + excesses.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let Some(excess) = GeneralizedPareto::fit(&excesses, &weights) else { return Ok(None) };
        let statistic = anderson_darling(&excess, &excesses, &weights);
        let share = weights.iter().sum::<f64>() / whole.total;
        let tail = ParetoTail {
            threshold,
            share,
            excess,
            exceedances: above.len(),
            rows: whole.rows,
            p_value: p_value(statistic, excess.shape),
        };
        Ok((share < 1.0).then_some(Self { tail, distinct }))
    }
}

/// How many tests from the first on are rejected: the largest k for which the mean of −ln(1 − p)
/// over the first k is at most the level.
fn forward_stop(p_values: impl Iterator<Item = f64>) -> usize {
    let (mut sum, mut rejected) = (0.0, 0);
    for (at, p) in p_values.enumerate() {
        sum -= math::ln_1p(-p.min(1.0 - 1e-12));
        if sum / (at + 1) as f64 <= LEVEL {
            rejected = at + 1;
        }
    }
    rejected
}

/// How many of `rows` trials come true, by the gaps between those that do (Devroye 1986, X.4.3).
fn binomial(rows: f64, chance: f64, rng: &mut Rng) -> usize {
    let log = math::ln_1p(-chance);
    let (mut at, mut count) = (0.0, 0);
    loop {
        at += (-rng.exponential() / log).floor() + 1.0;
        if at > rows {
            return count;
        }
        count += 1;
    }
}
