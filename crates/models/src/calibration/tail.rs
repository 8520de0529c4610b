//! The share of benign rows that score lower, with a generalised Pareto tail above a high score.

use tripline_core::{State, StateError};

use super::empirical::EmpiricalCdf;
use super::pareto_tail::{ParetoTail, TailError};
use super::{CalibrationError, Point};

/// The part of the tail that falls as a hyperbola: a tail with an end would give every score
/// beyond it the same number. It moves no rate by more than this.
const BEYOND: f64 = 1e-8;

/// A strictly rising broken line up to the tail's threshold, one less the tail's survival above.
#[derive(Debug, Clone, PartialEq)]
pub struct Tail {
    body: EmpiricalCdf,
    tail: ParetoTail,
}

impl Tail {
    /// Fits to the benign rows among the points; refuses where no tail fits them.
    pub(super) fn fit(points: &[Point]) -> Result<Self, CalibrationError> {
        let benign: Vec<&Point> = points.iter().filter(|point| !point.attack).collect();
        let scores: Vec<f64> = benign.iter().map(|point| point.score).collect();
        let weights: Vec<f64> = benign.iter().map(|point| point.weight).collect();
        let tail = ParetoTail::fit(&scores, Some(&weights)).map_err(no_tail)?;
        let body = EmpiricalCdf::fit(points).until(tail.threshold, 1.0 - tail.share);
        Ok(Self { body, tail })
    }

    /// The tail above its threshold.
    pub fn tail(&self) -> &ParetoTail {
        &self.tail
    }

    /// The chance that a benign row scores lower than a raw score, in [0, 1].
    pub fn apply(&self, raw: f64) -> f64 {
        if raw <= self.tail.threshold {
            return self.body.apply(raw);
        }
        let excess = raw - self.tail.threshold;
        let falls = self.tail.excess.survival(excess);
        let lingers = 1.0 / (1.0 + excess / self.tail.excess.scale);
        1.0 - self.tail.share * ((1.0 - BEYOND) * falls + BEYOND * lingers).min(1.0)
    }

    pub(super) fn save(&self) -> State {
        let mut state = self.body.save();
        state.put_state("tail", self.tail.save());
        state
    }

    pub(super) fn load(state: &State) -> Result<Self, StateError> {
        let body = EmpiricalCdf::load(state)?;
        let tail = ParetoTail::load(state.state("tail")?)?;
        if body.end() != Some((tail.threshold, 1.0 - tail.share)) {
            return Err(StateError::invalid("x", "scores that end where the tail begins"));
        }
        Ok(Self { body, tail })
    }
}

fn no_tail(source: TailError) -> CalibrationError {
    CalibrationError::NoTail { reason: source.to_string() }
}
