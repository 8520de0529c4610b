//! Rows in order of falling score, ties held together.

use super::curve::Curve;

/// Rows sorted by score once, so that many weightings of them can be counted in one pass each.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// Row numbers by falling score; ties by row number.
    pub(crate) order: Vec<u32>,
    /// For each sorted position, the number of its distinct score.
    pub(crate) group: Vec<u32>,
    /// Whether the row at each sorted position is an attack.
    pub(crate) attack: Vec<bool>,
    /// Weight of the row at each sorted position; none is 1.
    pub(crate) weight: Option<Vec<f64>>,
    /// Distinct scores, falling.
    pub(crate) scores: Vec<f64>,
    pub(crate) benign_rows: usize,
}

/// Why scores with labels do not make figures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// Two inputs of unequal length.
    #[error("{what} has length {got}, expected {expected}")]
    Length {
        /// Which input.
        what: &'static str,
        /// Length of the scores.
        expected: usize,
        /// Length given.
        got: usize,
    },
    /// A score that has no place in an order.
    #[error("the {what} of row {row} is not a number")]
    NotANumber {
        /// `score`, `probability`, `threshold`.
        what: &'static str,
        /// From 0.
        row: usize,
    },
    /// A probability outside [0, 1].
    #[error("the probability of row {row} lies outside 0 to 1")]
    Probability {
        /// From 0.
        row: usize,
    },
    /// A weight that is negative or not finite.
    #[error("the weight of row {row} must be finite and not negative")]
    Weight {
        /// From 0.
        row: usize,
    },
    /// More rows than row numbers hold.
    #[error("{rows} rows are more than the 4294967295 that one part may have")]
    TooManyRows {
        /// Given.
        rows: usize,
    },
    /// No such metric.
    #[error("unknown metric `{name}`, known are: {known}")]
    Unknown {
        /// Given.
        name: String,
        /// All ids.
        known: String,
    },
}

impl Ranking {
    /// Sorts; errors on unequal lengths, scores that are not numbers, weights that are none.
    pub fn new(
        scores: &[f64],
        attacks: &[bool],
        weights: Option<&[f64]>,
    ) -> Result<Self, MetricError> {
        check(scores, attacks, weights)?;
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| {
            (scores[b as usize] + 0.0).total_cmp(&(scores[a as usize] + 0.0)).then(a.cmp(&b))
        });
        // Adding 0.0 above makes −0.0 the same score as 0.0.
        let mut group = Vec::with_capacity(order.len());
        let mut distinct: Vec<f64> = Vec::new();
        for &row in &order {
            let score = scores[row as usize];
            if distinct.last() != Some(&score) {
                distinct.push(score);
            }
            group.push(distinct.len() as u32 - 1);
        }
        Ok(Self {
            attack: order.iter().map(|&row| attacks[row as usize]).collect(),
            weight: weights.map(|weights| order.iter().map(|&row| weights[row as usize]).collect()),
            benign_rows: attacks.iter().filter(|&&attack| !attack).count(),
            order,
            group,
            scores: distinct,
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The curve of these rows with their own weights.
    pub fn curve(&self) -> Curve {
        let mut curve = Curve::empty(&self.scores, self.benign_rows);
        self.count(|_| 1.0, &mut curve);
        curve
    }

    /// Counts each sorted position `times(position)` times into `curve`.
    pub(crate) fn count(&self, times: impl Fn(usize) -> f64, curve: &mut Curve) {
        curve.tp.iter_mut().for_each(|value| *value = 0.0);
        curve.fp.iter_mut().for_each(|value| *value = 0.0);
        for (position, (&group, &attack)) in self.group.iter().zip(&self.attack).enumerate() {
            let mut weight = times(position);
            if let Some(weights) = &self.weight {
                weight *= weights[position];
            }
            let side = if attack { &mut curve.tp } else { &mut curve.fp };
            side[group as usize] += weight;
        }
        curve.accumulate();
    }
}

fn check(scores: &[f64], attacks: &[bool], weights: Option<&[f64]>) -> Result<(), MetricError> {
    let expected = scores.len();
    if u32::try_from(expected).is_err() {
        return Err(MetricError::TooManyRows { rows: expected });
    }
    if attacks.len() != expected {
        return Err(MetricError::Length { what: "labels", expected, got: attacks.len() });
    }
    if let Some(row) = scores.iter().position(|score| score.is_nan()) {
        return Err(MetricError::NotANumber { what: "score", row });
    }
    if let Some(weights) = weights {
        if weights.len() != expected {
            return Err(MetricError::Length { what: "weights", expected, got: weights.len() });
        }
        let bad = weights.iter().position(|weight| !weight.is_finite() || *weight < 0.0);
        if let Some(row) = bad {
            return Err(MetricError::Weight { row });
        }
    }
    Ok(())
}
