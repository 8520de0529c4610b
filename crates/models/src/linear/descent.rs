//! Stochastic gradient descent: one row a step (Bottou 2012), weights averaged if asked (Xu 2011).

use tripline_core::{Rng, math};

use super::loss::Loss;
use super::vector::{add_scaled, dot};

/// A loss steeper than this is cut, as in scikit-learn: one row may not throw all weights away.
const LARGEST_SLOPE: f64 = 1e12;

/// Steps of the adaptive schedule end here, as in scikit-learn.
const LEAST_STEP: f64 = 1e-6;

/// The common factor of the weights is multiplied out below this, before digits are lost.
const LEAST_SCALE: f64 = 1e-9;

/// How long steps are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schedule {
    /// eta0.
    Constant,
    /// 1 / (alpha · (t₀ + t)) (Bottou 2012, section 5.2).
    Optimal,
    /// eta0 / t^power_t.
    InverseScaling,
    /// eta0, divided by 5 whenever the loss no longer falls.
    Adaptive,
}

/// Everything about the descent but its data.
#[derive(Debug, Clone)]
pub(super) struct Descent {
    pub(super) loss: Loss,
    /// Strength of the penalty.
    pub(super) alpha: f64,
    /// Share of the penalty that is the sum of absolute weights; `None` is no penalty at all.
    pub(super) l1_ratio: Option<f64>,
    pub(super) schedule: Schedule,
    pub(super) eta0: f64,
    pub(super) power_t: f64,
    /// Average the weights of all steps.
    pub(super) average: bool,
    pub(super) intercept: bool,
    pub(super) shuffle: bool,
    pub(super) max_iter: usize,
    /// Least gain of an epoch; `None` runs all of them.
    pub(super) tol: Option<f64>,
    /// Epochs without gain before the end.
    pub(super) patience: usize,
}

/// Rows by row with what one output is to learn from them.
pub(super) struct Lesson<'a> {
    /// n × d.
    pub(super) matrix: &'a [f64],
    /// n classes of ±1.
    pub(super) signs: &'a [f64],
    /// n weights.
    pub(super) weights: &'a [f64],
}

/// One output while it learns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) weights: Vec<f64>,
    pub(super) intercept: f64,
    pub(super) average_weights: Vec<f64>,
    pub(super) average_intercept: f64,
    /// Rows seen so far.
    pub(super) steps: u64,
}

/// Why a descent ended without a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// A weight is no number, after this epoch.
    Diverged(usize),
    Cancelled,
}

impl Line {
    pub(super) fn new(width: usize) -> Self {
        Self {
            weights: vec![0.0; width],
            intercept: 0.0,
            average_weights: vec![0.0; width],
            average_intercept: 0.0,
            steps: 0,
        }
    }

    /// Weights with constant as they are used.
    pub(super) fn used(&self, average: bool) -> (&[f64], f64) {
        if average && self.steps > 0 {
            (&self.average_weights, self.average_intercept)
        } else {
            (&self.weights, self.intercept)
        }
    }
}

impl Descent {
    /// Learns epoch by epoch until the loss no longer falls: that of the validation part, if there
    /// is one, of which the best epoch is kept; else the mean over the rows as they were met, with
    /// the penalty.
    pub(super) fn run(
        &self,
        lesson: &Lesson<'_>,
        validation: Option<&Lesson<'_>>,
        mut line: Line,
        rng: &mut Rng,
        go_on: &dyn Fn(usize) -> bool,
    ) -> Result<Line, Stop> {
        let mut order: Vec<usize> = (0..lesson.signs.len()).collect();
        let mut eta = self.eta0;
        let mut best = f64::INFINITY;
        let mut best_line = None;
        let mut idle = 0;
        let mut l1 = Truncation::new(line.weights.len());
        for epoch in 0..self.max_iter {
            if !go_on(epoch) {
                return Err(Stop::Cancelled);
            }
            if self.shuffle {
                rng.shuffle(&mut order);
            }
            let met = self.epoch(lesson, &order, eta, &mut line, &mut l1);
            let (weights, intercept) = line.used(self.average);
            let sound = |line: &Line| {
                line.intercept.is_finite() && line.weights.iter().all(|weight| weight.is_finite())
            };
            if !sound(&line) || !intercept.is_finite() || weights.iter().any(|w| !w.is_finite()) {
                return Err(Stop::Diverged(epoch + 1));
            }
            let loss = match validation {
                Some(validation) => self.mean_loss(validation, weights, intercept),
                None => met + self.penalty(&line.weights),
            };
            let Some(tol) = self.tol else { continue };
            idle = if loss > best - tol { idle + 1 } else { 0 };
            if loss < best {
                best = loss;
                if validation.is_some() {
                    best_line = Some(line.clone());
                }
            }
            if idle >= self.patience {
                if self.schedule == Schedule::Adaptive && eta > LEAST_STEP {
                    eta /= 5.0;
                    idle = 0;
                } else {
                    break;
                }
            }
        }
        Ok(best_line.unwrap_or(line))
    }

    /// Learns from each row once; gives the mean loss as the rows were met.
    fn epoch(
        &self,
        lesson: &Lesson<'_>,
        order: &[usize],
        mut eta: f64,
        line: &mut Line,
        l1: &mut Truncation,
    ) -> f64 {
        let width = line.weights.len();
        // Bottou's t₀, such that the first step is as long as weights are expected to be.
        let typical = (1.0 / self.alpha.sqrt()).sqrt();
        let start = 1.0 / (typical * self.alpha);
        let l2 = self.l1_ratio.map(|ratio| (1.0 - ratio) * self.alpha);
        let l1_strength = self.l1_ratio.filter(|&ratio| ratio > 0.0).map(|r| r * self.alpha);
        // The weights are `scale` times those stored, so that shrinking costs one product.
        let mut scale = 1.0;
        let (mut losses, mut weight_sum) = (0.0, 0.0);
        for &row in order {
            let x = &lesson.matrix[row * width..(row + 1) * width];
            let (sign, weight) = (lesson.signs[row], lesson.weights[row]);
            let t = line.steps as f64;
            match self.schedule {
                Schedule::Optimal => eta = 1.0 / (self.alpha * (start + t)),
                Schedule::InverseScaling => eta = self.eta0 / math::pow(t + 1.0, self.power_t),
                Schedule::Constant | Schedule::Adaptive => {}
            }
            let z = sign * (scale * dot(&line.weights, x) + line.intercept);
            losses += weight * self.loss.value(z);
            weight_sum += weight;
            let slope = self.loss.slope(z).max(-LARGEST_SLOPE);
            let update = -eta * slope * sign * weight;
            if let Some(l2) = l2 {
                scale *= (1.0 - eta * l2).max(0.0);
                if scale < LEAST_SCALE {
                    line.weights.iter_mut().for_each(|weight| *weight *= scale);
                    scale = 1.0;
                }
            }
            if update != 0.0 {
                add_scaled(&mut line.weights, update / scale, x);
                if self.intercept {
                    line.intercept += update;
                }
            }
            line.steps += 1;
            if self.average {
                let share = 1.0 / line.steps as f64;
                for (mean, weight) in line.average_weights.iter_mut().zip(&line.weights) {
                    *mean += share * (scale * weight - *mean);
                }
                line.average_intercept += share * (line.intercept - line.average_intercept);
            }
            if let Some(strength) = l1_strength {
                l1.apply(&mut line.weights, scale, eta * strength);
            }
        }
        line.weights.iter_mut().for_each(|weight| *weight *= scale);
        losses / weight_sum.max(f64::MIN_POSITIVE)
    }

    /// Mean loss of weights over a part.
    fn mean_loss(&self, lesson: &Lesson<'_>, weights: &[f64], intercept: f64) -> f64 {
        let (mut losses, mut total) = (0.0, 0.0);
        for ((x, sign), weight) in
            lesson.matrix.chunks_exact(weights.len()).zip(lesson.signs).zip(lesson.weights)
        {
            losses += weight * self.loss.value(sign * (dot(weights, x) + intercept));
            total += weight;
        }
        losses / total.max(f64::MIN_POSITIVE)
    }

    fn penalty(&self, weights: &[f64]) -> f64 {
        let Some(ratio) = self.l1_ratio else { return 0.0 };
        let absolute: f64 = weights.iter().map(|weight| weight.abs()).sum();
        self.alpha * ((1.0 - ratio) / 2.0 * dot(weights, weights) + ratio * absolute)
    }
}

/// The cumulative L1 penalty of Tsuruoka, Tsujii & Ananiadou 2009, section 3.2: a weight pays what
/// it owes, never past 0.
struct Truncation {
    /// What each weight could have paid so far.
    owed: f64,
    /// What each weight has paid.
    paid: Vec<f64>,
}

impl Truncation {
    fn new(width: usize) -> Self {
        Self { owed: 0.0, paid: vec![0.0; width] }
    }

    fn apply(&mut self, weights: &mut [f64], scale: f64, due: f64) {
        self.owed += due;
        for (weight, paid) in weights.iter_mut().zip(&mut self.paid) {
            let before = *weight;
            if before > 0.0 {
                *weight = (before - (self.owed + *paid) / scale).max(0.0);
            } else if before < 0.0 {
                *weight = (before + (self.owed - *paid) / scale).min(0.0);
            }
            *paid += scale * (*weight - before);
        }
    }
}
