//! How far a figure could be off for the rows that happened to be there.
//!
//! Percentile intervals (Efron 1979) of stratified resampling: attacks are drawn among attacks,
//! benign rows among benign rows. Replicate `b` draws the same rows for every model judged on the
//! same rows with the same seed, so differences of replicates are paired.
//!
//! On small parts percentile intervals are a little narrow: in 600 simulations the 95 % interval
//! of the recall held the truth in 91.5 % at 100 attacks, in 93.0 % at 300; that of the ROC AUC in
//! 94.2 % at 300.

mod draw;
mod newcombe;
mod wilson;

pub use newcombe::newcombe;
pub use wilson::wilson;

use rayon::prelude::*;
use serde::Serialize;

use crate::metrics::{METRICS, MetricError, Sample};
use draw::Units;

/// How to resample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bootstrap {
    /// Number of replicates; 0 gives no intervals.
    pub replicates: usize,
    /// Share of replicates inside an interval.
    pub level: f64,
    /// The only source of randomness.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        // 1000 replicates put 25 outside each end of a 95 % interval: enough for its first two
        // digits (Efron & Tibshirani 1993, section 13).
        Self { replicates: 1000, level: 0.95, seed: 0 }
    }
}

/// A range for a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Share of such intervals that hold the true value.
    pub level: f64,
}

/// The value of every metric in every replicate.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicates {
    /// Replicates × metrics in the order of [`METRICS`]; `NaN` where a metric has no value.
    values: Vec<f64>,
    options: Bootstrap,
    /// What was drawn from: equal for two models exactly if their replicates are paired.
    population: u64,
}

/// How much one model is above another on the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// First model's value less the second's.
    pub value: f64,
    /// Where that difference could lie; none without replicates.
    pub interval: Option<Interval>,
    /// Share of replicates in which the first model's value is the larger, ties counting half.
    pub share_above: Option<f64>,
}

/// Why replicates give no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BootstrapError {
    /// The metric is not registered.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// Labels or groups of another size than the sample.
    #[error("{what} has length {got}, expected {expected}")]
    Length {
        /// `labels` or `groups`.
        what: &'static str,
        /// Rows of the sample.
        expected: usize,
        /// Length given.
        got: usize,
    },
    /// Two models judged on other rows, or resampled otherwise.
    #[error(
        "the two results are not of the same rows with the same seed; evaluate both again together"
    )]
    NotPaired,
}

impl Replicates {
    /// Resamples rows.
    pub fn rows(
        sample: &Sample,
        attacks: &[bool],
        options: Bootstrap,
    ) -> Result<Self, BootstrapError> {
        check("labels", sample, attacks.len())?;
        Ok(Self::draw(sample, &Units::rows(attacks), options))
    }

    /// Resamples whole groups, such as duplicates, so that rows which repeat each other do not
    /// count as further evidence. A group is an attack if its first row is one.
    pub fn groups(
        sample: &Sample,
        attacks: &[bool],
        group_of: &[u32],
        options: Bootstrap,
    ) -> Result<Self, BootstrapError> {
        check("labels", sample, attacks.len())?;
        check("groups", sample, group_of.len())?;
        Ok(Self::draw(sample, &Units::groups(attacks, group_of), options))
    }

    fn draw(sample: &Sample, units: &Units, options: Bootstrap) -> Self {
        let values: Vec<f64> = (0..options.replicates as u64)
            .into_par_iter()
            .map_init(
                || (sample.scratch(), vec![0u32; sample.len()]),
                |(tally, times), replicate| {
                    units.draw(options.seed, replicate, times);
                    sample.recount(times, tally);
                    METRICS
                        .iter()
                        .map(|card| (card.compute)(tally).unwrap_or(f64::NAN))
                        .collect::<Vec<f64>>()
                },
            )
            .flatten_iter()
            .collect();
        Self { values, options, population: units.fingerprint() }
    }

    /// Number of replicates.
    pub fn len(&self) -> usize {
        self.options.replicates
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Share of replicates inside an interval.
    pub fn level(&self) -> f64 {
        self.options.level
    }

    /// Whether replicate `b` drew the same rows for both.
    pub fn is_paired_with(&self, other: &Self) -> bool {
        self.population == other.population && self.options == other.options
    }

    /// The metric of that id in each replicate, `NaN` where it has no value; empty for an id that
    /// is not registered.
    pub fn values(&self, id: &str) -> Vec<f64> {
        let position = METRICS.iter().position(|card| card.id == id);
        position.map_or(Vec::new(), |position| self.column(position).collect())
    }

    /// The replicates of the mean over parts; none for no part, or parts resampled otherwise.
    ///
    /// A metric without a value in one part is left out of the mean there.
    pub fn mean(parts: &[Self]) -> Option<Self> {
        let first = parts.first()?;
        if parts.iter().any(|part| part.options != first.options) {
            return None;
        }
        let values = (0..first.values.len())
            .map(|at| {
                let there = parts.iter().map(|part| part.values[at]).filter(|v| !v.is_nan());
                let (sum, count) = there.fold((0.0, 0), |(sum, n), value| (sum + value, n + 1));
                if count == 0 { f64::NAN } else { sum / f64::from(count) }
            })
            .collect();
        let population = parts.iter().fold(0u64, |all, part| draw::mix(all ^ part.population));
        Some(Self { values, options: first.options, population })
    }

    /// The percentile interval of the metric at `position` of [`METRICS`]; none if it lacks a
    /// value in a replicate.
    pub fn interval(&self, position: usize) -> Option<Interval> {
        percentile(self.column(position), self.options.level)
    }

    /// How the metric of the first model stands above that of the second, row for row. `values`
    /// are the two models' own.
    pub fn difference(
        &self,
        other: &Self,
        metric: &str,
        values: (f64, f64),
    ) -> Result<Difference, BootstrapError> {
        let card = crate::metrics::resolve(metric)?;
        let position = METRICS.iter().position(|other| other.id == card.id).unwrap_or(0);
        if !self.is_paired_with(other) {
            return Err(BootstrapError::NotPaired);
        }
        let differences: Vec<f64> =
            self.column(position).zip(other.column(position)).map(|(a, b)| a - b).collect();
        let interval = percentile(differences.iter().copied(), self.options.level);
        let share_above = interval.map(|_| {
            let above: f64 = differences
                .iter()
                .map(|&d| {
                    if d > 0.0 {
                        1.0
                    } else if d == 0.0 {
                        0.5
                    } else {
                        0.0
                    }
                })
                .sum();
            above / differences.len() as f64
        });
        Ok(Difference { value: values.0 - values.1, interval, share_above })
    }

    fn column(&self, position: usize) -> impl Iterator<Item = f64> + '_ {
        self.values.iter().skip(position).step_by(METRICS.len()).copied()
    }
}

fn check(what: &'static str, sample: &Sample, got: usize) -> Result<(), BootstrapError> {
    let expected = sample.len();
    if got == expected { Ok(()) } else { Err(BootstrapError::Length { what, expected, got }) }
}

/// The range between the quantiles that leave equal shares outside, linearly interpolated.
pub(crate) fn percentile(values: impl Iterator<Item = f64>, level: f64) -> Option<Interval> {
    let mut sorted: Vec<f64> = values.collect();
    if sorted.is_empty() || sorted.iter().any(|value| value.is_nan()) {
        return None;
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        let position = share * (sorted.len() - 1) as f64;
        let below = position.floor() as usize;
        let above = (below + 1).min(sorted.len() - 1);
        sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
    };
    let tail = (1.0 - level) / 2.0;
    Some(Interval { low: at(tail), high: at(1.0 - tail), level })
}
