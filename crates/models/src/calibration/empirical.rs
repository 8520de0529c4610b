//! The share of benign rows that score lower, continued beyond the highest.

use tripline_core::{State, StateError};

use super::{Point, finite, interpolate, knots};

/// Knots kept of the lower scores.
const COARSE: usize = 2048;

/// Highest scores of which each is kept: thresholds for few false alarms lie there.
const FINE: usize = 4096;

/// A strictly rising broken line through mid-ranks, with a hyperbola beyond each end.
#[derive(Debug, Clone, PartialEq)]
pub struct EmpiricalCdf {
    /// Benign scores in ascending order.
    x: Vec<f64>,
    /// Share of benign weight below, with half of that at the score itself.
    y: Vec<f64>,
    /// Distance beyond an end after which half of what is left is gone.
    reach: f64,
}

impl EmpiricalCdf {
    pub(super) fn fit(points: &[Point]) -> Self {
        let mut sorted: Vec<(f64, f64)> = points
            .iter()
            .filter(|point| !point.attack)
            .map(|point| (point.score, point.weight))
            .collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        sorted.dedup_by(|next, kept| {
            let equal = next.0 == kept.0;
            kept.1 += if equal { next.1 } else { 0.0 };
            equal
        });
        let total: f64 = sorted.iter().map(|entry| entry.1).sum();
        let mut below = 0.0;
        let mut ranks = Vec::with_capacity(sorted.len());
        for &(score, weight) in &sorted {
            ranks.push((score, (below + weight / 2.0) / total));
            below += weight;
        }
        let coarse = ranks.len().saturating_sub(FINE);
        let stride = coarse.div_ceil(COARSE).max(1);
        let mut kept: Vec<(f64, f64)> = ranks[..coarse].iter().copied().step_by(stride).collect();
        kept.extend_from_slice(&ranks[coarse..]);
        let (x, y): (Vec<f64>, Vec<f64>) = kept.into_iter().unzip();
        let reach = reach(&x);
        Self { x, y, reach }
    }

    /// The part up to a score that is one of the knots, with its share there.
    pub(super) fn until(mut self, end: f64, share: f64) -> Self {
        let kept = self.x.partition_point(|&knot| knot <= end);
        self.x.truncate(kept);
        self.y.truncate(kept);
        if let Some(last) = self.y.last_mut() {
            *last = share;
        }
        self
    }

    /// The last knot with its share.
    pub(super) fn end(&self) -> Option<(f64, f64)> {
        self.x.last().copied().zip(self.y.last().copied())
    }

    /// The share of benign rows that score lower than a raw score, in [0, 1].
    pub fn apply(&self, raw: f64) -> f64 {
        let (Some(&first), Some(&last)) = (self.x.first(), self.x.last()) else { return 0.0 };
        if raw > last {
            let left = 1.0 - self.y[self.y.len() - 1];
            return 1.0 - left * self.remains(raw - last);
        }
        if raw < first {
            return self.y[0] * self.remains(first - raw);
        }
        interpolate(&self.x, &self.y, raw)
    }

    /// The share of benign rows that score at least as high; its digits do not end where that
    /// share is small.
    pub(crate) fn above(&self, raw: f64) -> f64 {
        match (self.x.last(), self.y.last()) {
            (Some(&last), Some(&below)) if raw > last => (1.0 - below) * self.remains(raw - last),
            _ => 1.0 - self.apply(raw),
        }
    }

    /// What is left at a distance beyond an end: 1 at the end, then falling to 0.
    fn remains(&self, distance: f64) -> f64 {
        1.0 / (1.0 + distance / self.reach)
    }

    pub(super) fn save(&self) -> State {
        let mut state = State::new();
        state.put_f64s("x", self.x.clone());
        state.put_f64s("y", self.y.clone());
        state.put_f64("reach", self.reach);
        state
    }

    pub(super) fn load(state: &State) -> Result<Self, StateError> {
        let (x, y) = knots(state)?;
        let reach = finite(state, "reach")?;
        if reach <= 0.0 {
            return Err(StateError::invalid("reach", "above 0"));
        }
        Ok(Self { x, y, reach })
    }
}

/// The distance between the quartiles of the scores, else their span, else 1.
fn reach(x: &[f64]) -> f64 {
    let quarter = |share: usize| x[(x.len() - 1) * share / 4];
    let spans = [quarter(3) - quarter(1), quarter(4) - quarter(0), 1.0];
    spans.into_iter().find(|span| span.is_finite() && *span > 0.0).unwrap_or(1.0)
}
