//! Thresholds for rates that the rows hold too few false alarms of.

use rayon::prelude::*;
use serde::Serialize;
use tripline_core::Rng;
use tripline_models::calibration::{ParetoTail, TailError};

use crate::bootstrap::Interval;

/// The expected number of false alarms below which a rate is refused: ten times as many rows would
/// not be expected to hold a single one, so nothing would ever show that the rate is wrong.
pub(super) const LEAST_EXPECTED: f64 = 0.1;

/// Tails drawn anew for the intervals: five of them lie beyond each end of 95 %.
const REPLICATES: u64 = 200;

/// The intervals of the same scores are the same wherever they are asked for.
const SEED: u64 = 0x7461_696c;

/// How far a threshold from a tail can be trusted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Extrapolation {
    /// Of the threshold: tails fitted to as many rows drawn from the fitted tail.
    pub threshold: Interval,
    /// Of the rate that so found thresholds have in the fitted tail.
    pub rate: Interval,
    /// The raw score above which the tail was fitted.
    pub above: f64,
    /// Benign rows above it.
    pub exceedances: usize,
    /// Of the generalised Pareto distribution.
    pub shape: f64,
    /// Of its test of Anderson & Darling.
    pub p_value: f64,
}

/// Why a rate is not supported.
pub(super) struct Unsupported {
    pub(super) reason: String,
    /// The smallest rate that is, and whether a tail tells it.
    pub(super) supported: f64,
    pub(super) by_tail: bool,
}

/// The score that a benign row passes with the chance `rate`, from the tail of benign scores.
pub(super) fn extrapolate(
    benign: &[f64],
    rate: f64,
    measured: f64,
) -> Result<(f64, Extrapolation), Unsupported> {
    let rows = benign.len() as f64;
    let tail = ParetoTail::fit(benign, None).map_err(|error: TailError| Unsupported {
        reason: error.to_string(),
        supported: rounded_up(measured / rows).min(0.5),
        by_tail: false,
    })?;
    if rate * rows < LEAST_EXPECTED {
        return Err(Unsupported {
            reason: format!("a tail tells no rate below {LEAST_EXPECTED} expected false alarms"),
            supported: rounded_up(LEAST_EXPECTED / rows),
            by_tail: true,
        });
    }
    let redrawn: Vec<Option<(f64, f64)>> = (0..REPLICATES)
        .into_par_iter()
        .map(|replicate| {
            let redrawn = tail.redrawn(&mut Rng::for_part(SEED, replicate))?;
            let score = redrawn.score(rate);
            Some((score, tail.survival(score)))
        })
        .collect();
    let (scores, rates): (Vec<f64>, Vec<f64>) = redrawn.into_iter().flatten().unzip();
    let extrapolation = Extrapolation {
        threshold: middle(scores),
        rate: middle(rates),
        above: tail.threshold,
        exceedances: tail.exceedances,
        shape: tail.excess.shape,
        p_value: tail.p_value,
    };
    Ok((tail.score(rate), extrapolation))
}

/// The score of the tail alone, without what it takes to know how far it can be trusted.
pub(super) fn tail_score(benign: &[f64], rate: f64) -> Option<f64> {
    ParetoTail::fit(benign, None).ok().map(|tail| tail.score(rate))
}

/// The middle 95 % of some numbers.
fn middle(mut values: Vec<f64>) -> Interval {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let out = values.len() / 40;
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    Interval { low: at(out), high: at(last.saturating_sub(out)), level: 0.95 }
}

/// The next number with two digits.
fn rounded_up(rate: f64) -> f64 {
    let text = format!("{rate:e}");
    let Some((_, exponent)) = text.split_once('e') else { return rate };
    let Ok(exponent) = exponent.parse::<i32>() else { return rate };
    // Room for the rounding of the quotient.
    let digits = (rate / 10.0_f64.powi(exponent - 1) - 1e-9).ceil();
    format!("{digits}e{}", exponent - 1).parse().unwrap_or(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_rounded_up_to_two_digits() {
        for (rate, expected) in
            [(0.0625, 0.063), (0.001, 0.001), (10.0 / 9600.0, 0.0011), (0.1 / 960.0, 0.00011)]
        {
            assert_eq!(rounded_up(rate), expected);
        }
    }
}
