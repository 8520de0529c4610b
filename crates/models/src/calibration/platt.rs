//! A sigmoid with slope and offset (Platt 1999), found by Newton's method (Lin, Lin & Weng 2007).

use tripline_core::{State, StateError, math};

use super::{Point, finite, log_odds};

/// p = 1 / (1 + e^−(slope · s + offset)), where s is the raw score, or its log-odds if raw scores
/// are probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Platt {
    /// Not negative: higher stays more suspicious.
    pub slope: f64,
    /// Log-odds at s = 0.
    pub offset: f64,
    /// Raw scores are probabilities.
    pub probability: bool,
}

/// Newton steps; a convex problem of two unknowns ends after about ten.
const MAX_STEPS: usize = 100;

impl Platt {
    /// Least cross-entropy against Platt's targets, (n₊ + 1)/(n₊ + 2) for attacks and 1/(n₋ + 2)
    /// for benign rows, which keep a perfect separation finite. Among sigmoids that do not
    /// decrease: scores that run the wrong way give a level one.
    pub(super) fn fit(points: &[Point], probability: bool) -> Self {
        let scores: Vec<f64> =
            points.iter().map(|point| log_odds(point.score, probability)).collect();
        let total: f64 = points.iter().map(|point| point.weight).sum();
        let attack: f64 = points.iter().filter(|point| point.attack).map(|p| p.weight).sum();
        let targets = [1.0 / (total - attack + 2.0), (attack + 1.0) / (attack + 2.0)];

        // Newton's steps do not depend on the unit of the scores, their rounding does.
        let largest = scores.iter().fold(0.0_f64, |largest, score| largest.max(score.abs()));
        let unit = if largest > 0.0 { largest } else { 1.0 };
        let mean = weighted_sum(points, |i| scores[i] / unit) / total;
        let square = weighted_sum(points, |i| {
            let gap = scores[i] / unit - mean;
            gap * gap
        }) / total;
        let mut deviation = square.sqrt();
        // Scores that are equal but for rounding tell nothing.
        if deviation <= 1e-12 {
            deviation = 0.0;
        }
        let rows: Vec<Row> = points
            .iter()
            .zip(&scores)
            .map(|(point, score)| Row {
                x: if deviation > 0.0 { (score / unit - mean) / deviation } else { 0.0 },
                target: targets[usize::from(point.attack)],
                weight: point.weight,
            })
            .collect();
        let prior = weighted_sum(points, |i| rows[i].target) / total;
        let level = math::logit(prior);
        let (slope, offset) = if deviation > 0.0 { newton(&rows, level) } else { (0.0, level) };
        if slope <= 0.0 {
            return Self { slope: 0.0, offset: level, probability };
        }
        let scaled = slope / deviation;
        let own = scaled / unit;
        if !own.is_finite() {
            return Self { slope: 0.0, offset: level, probability };
        }
        Self { slope: own, offset: offset - scaled * mean, probability }
    }

    /// The probability of a raw score.
    pub fn apply(&self, raw: f64) -> f64 {
        math::sigmoid(self.slope * log_odds(raw, self.probability) + self.offset)
    }

    pub(super) fn save(&self) -> State {
        let mut state = State::new();
        state.put_f64("slope", self.slope);
        state.put_f64("offset", self.offset);
        state.put_bool("probability", self.probability);
        state
    }

    pub(super) fn load(state: &State) -> Result<Self, StateError> {
        let slope = finite(state, "slope")?;
        if slope < 0.0 {
            return Err(StateError::invalid("slope", "not negative"));
        }
        let (offset, probability) = (finite(state, "offset")?, state.bool("probability")?);
        Ok(Self { slope, offset, probability })
    }
}

struct Row {
    x: f64,
    target: f64,
    weight: f64,
}

/// Slope with offset of least cross-entropy, from a level start.
fn newton(rows: &[Row], level: f64) -> (f64, f64) {
    let (mut slope, mut offset) = (0.0, level);
    let mut value = cross_entropy(rows, slope, offset);
    for _ in 0..MAX_STEPS {
        // σ of the Hessian's diagonal: Lin et al. 2007, algorithm 1.
        let (mut h11, mut h22, mut h12) = (1e-12, 1e-12, 0.0);
        let (mut g1, mut g2) = (0.0, 0.0);
        for row in rows {
            let p = math::sigmoid(slope * row.x + offset);
            let curve = row.weight * p * (1.0 - p);
            h11 += curve * row.x * row.x;
            h22 += curve;
            h12 += curve * row.x;
            let gap = row.weight * (p - row.target);
            g1 += gap * row.x;
            g2 += gap;
        }
        let determinant = h11 * h22 - h12 * h12;
        if determinant <= 0.0 {
            break;
        }
        let d1 = -(h22 * g1 - h12 * g2) / determinant;
        let d2 = -(h11 * g2 - h12 * g1) / determinant;
        let descent = g1 * d1 + g2 * d2;
        let mut step = 1.0;
        let mut moved = false;
        while step > 1e-10 {
            let next = cross_entropy(rows, slope + step * d1, offset + step * d2);
            if next < value + 1e-4 * step * descent {
                slope += step * d1;
                offset += step * d2;
                value = next;
                moved = true;
                break;
            }
            step /= 2.0;
        }
        // Without a lower value the figure stands at the limit of rounding: take the last step,
        // which Newton's method makes the most exact one, if it is small.
        if !moved {
            if d1.abs().max(d2.abs()) < 1e-6 {
                slope += d1;
                offset += d2;
            }
            break;
        }
    }
    (slope, offset)
}

fn cross_entropy(rows: &[Row], slope: f64, offset: f64) -> f64 {
    rows.iter()
        .map(|row| {
            let f = slope * row.x + offset;
            row.weight * (math::softplus(f) - row.target * f)
        })
        .sum()
}

/// Σ weight · value.
fn weighted_sum(points: &[Point], value: impl Fn(usize) -> f64) -> f64 {
    points.iter().enumerate().map(|(i, point)| point.weight * value(i)).sum()
}
