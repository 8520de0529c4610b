//! The non-decreasing function of least squares, by pooling adjacent violators (Zadrozny & Elkan
//! 2002).

use tripline_core::{State, StateError};

use super::{Point, interpolate, knots};

/// A broken line through knots, level beyond its ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Isotonic {
    /// Raw scores in ascending order.
    x: Vec<f64>,
    /// Probabilities.
    y: Vec<f64>,
}

/// Neighbours that share one value.
struct Pool {
    first: f64,
    last: f64,
    attacks: f64,
    weight: f64,
}

impl Pool {
    fn mean(&self) -> f64 {
        (self.attacks / self.weight).min(1.0)
    }
}

impl Isotonic {
    /// Rows of equal score count as one with their mean.
    pub(super) fn fit(points: &[Point]) -> Self {
        let mut sorted = points.to_vec();
        sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
        let mut pools: Vec<Pool> = Vec::new();
        let mut at = 0;
        while at < sorted.len() {
            let score = sorted[at].score;
            let mut pool = Pool { first: score, last: score, attacks: 0.0, weight: 0.0 };
            while let Some(point) = sorted.get(at).filter(|point| point.score == score) {
                pool.attacks += if point.attack { point.weight } else { 0.0 };
                pool.weight += point.weight;
                at += 1;
            }
            while let Some(before) = pools.pop_if(|before| before.mean() >= pool.mean()) {
                pool.first = before.first;
                pool.attacks += before.attacks;
                pool.weight += before.weight;
            }
            pools.push(pool);
        }
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for pool in &pools {
            x.push(pool.first);
            y.push(pool.mean());
            if pool.last > pool.first {
                x.push(pool.last);
                y.push(pool.mean());
            }
        }
        Self { x, y }
    }

    /// The probability of a raw score.
    pub fn apply(&self, raw: f64) -> f64 {
        interpolate(&self.x, &self.y, raw)
    }

    pub(super) fn save(&self) -> State {
        let mut state = State::new();
        state.put_f64s("x", self.x.clone());
        state.put_f64s("y", self.y.clone());
        state
    }

    pub(super) fn load(state: &State) -> Result<Self, StateError> {
        let (x, y) = knots(state)?;
        Ok(Self { x, y })
    }
}
