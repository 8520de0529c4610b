//! When a trial is given up before its end.

use super::trial::{Direction, Trial};

/// How trials are given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pruner {
    /// None is.
    None,
    /// A trial below the median of those before it.
    Median(MedianPruner),
    /// A trial that is not among the best at a rung.
    Halving(SuccessiveHalving),
}

/// Gives up a trial whose best value so far is worse than the median of the complete trials at the
/// same step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MedianPruner {
    /// Complete trials without which none is given up.
    pub startup_trials: usize,
    /// Steps after which a trial is never given up.
    pub warmup_steps: usize,
}

/// Asynchronous successive halving (Li et al. 2020): of the trials that reached a rung, one in
/// `reduction` goes on.
///
/// A trial is judged once, when it reaches a rung; it is never taken up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuccessiveHalving {
    /// Steps to the first rung (r).
    pub min_resource: usize,
    /// Factor from a rung to the next, at least 2 (η).
    pub reduction: usize,
}

impl Default for MedianPruner {
    fn default() -> Self {
        Self { startup_trials: 5, warmup_steps: 0 }
    }
}

impl Default for SuccessiveHalving {
    fn default() -> Self {
        // Steps are folds, of which there are few: rungs after folds 1, 3, 9.
        Self { min_resource: 1, reduction: 3 }
    }
}

impl Pruner {
    /// Whether to give up a trial that has reported these values, given the trials before it.
    pub fn prunes(&self, direction: Direction, trials: &[Trial], reported: &[f64]) -> bool {
        match self {
            Self::None => false,
            Self::Median(median) => median.prunes(direction, trials, reported),
            Self::Halving(halving) => halving.prunes(direction, trials, reported),
        }
    }
}

impl MedianPruner {
    fn prunes(&self, direction: Direction, trials: &[Trial], reported: &[f64]) -> bool {
        let Some(step) = reported.len().checked_sub(1) else { return false };
        let complete: Vec<&Trial> =
            trials.iter().filter(|trial| trial.values().is_some()).collect();
        if complete.is_empty() || complete.len() < self.startup_trials || step < self.warmup_steps {
            return false;
        }
        let best = reported
            .iter()
            .map(|&value| direction.loss(value))
            .filter(|loss| !loss.is_nan())
            .min_by(f64::total_cmp);
        let Some(best) = best else { return true };
        let mut losses: Vec<f64> = complete
            .iter()
            .filter_map(|trial| trial.reported.get(step))
            .map(|&value| direction.loss(value))
            .filter(|loss| !loss.is_nan())
            .collect();
        losses.sort_by(f64::total_cmp);
        let half = losses.len() / 2;
        let median = match losses.len() {
            0 => return false,
            length if length % 2 == 1 => losses[half],
            _ => 0.5 * (losses[half - 1] + losses[half]),
        };
        best > median
    }
}

impl SuccessiveHalving {
    fn prunes(&self, direction: Direction, trials: &[Trial], reported: &[f64]) -> bool {
        let steps = reported.len();
        if !self.is_rung(steps) {
            return false;
        }
        let own = direction.loss(reported[steps - 1]);
        if own.is_nan() {
            return true;
        }
        let mut competing: Vec<f64> = trials
            .iter()
            .filter_map(|trial| trial.reported.get(steps - 1))
            .map(|&value| direction.loss(value))
            .filter(|loss| !loss.is_nan())
            .collect();
        competing.push(own);
        competing.sort_by(f64::total_cmp);
        // Among the first few only the best goes on.
        let going_on = (competing.len() / self.reduction.max(2)).max(1);
        own > competing[going_on - 1]
    }

    fn is_rung(&self, steps: usize) -> bool {
        let mut rung = self.min_resource.max(1);
        while rung < steps {
            rung = rung.saturating_mul(self.reduction.max(2));
        }
        rung == steps
    }
}
