//! The rate of false alarms on benign rows that did not choose the threshold.

use serde::Serialize;
use tripline_core::Rng;

use super::extrapolate::tail_score;
use super::{ThresholdRule, best_f1_of, budget};
use crate::bootstrap::{Interval, wilson};

/// The parting of the same scores is the same wherever it is asked for.
const SEED: u64 = 0x6861_6c66;

/// False alarms on benign rows, each judged by a threshold that the other half of the rows chose.
///
/// The threshold in use comes from all rows; this is what its rule gives on half of them, so it
/// rather overstates how far a rate strays.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Realised {
    /// Benign rows that alert.
    pub alerts: usize,
    /// Benign rows.
    pub benign: usize,
    /// Their share.
    pub rate: f64,
    /// Of the share (Wilson 1927).
    pub interval: Interval,
}

impl Realised {
    /// So many alerts on so many benign rows, of which there is one at least.
    pub fn new(alerts: usize, benign: usize) -> Self {
        let (hits, whole) = (alerts as f64, benign as f64);
        Self { alerts, benign, rate: hits / whole, interval: wilson(hits, whole) }
    }
}

/// Chooses on each half of the rows, counts on the other. Rows of equal score go to the same half,
/// since most of them are copies. None where a half does not support the rule.
pub(super) fn realised(
    rule: ThresholdRule,
    scores: &[f64],
    attacks: &[bool],
    by_tail: bool,
) -> Option<Realised> {
    let mut distinct = scores.to_vec();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    let mut order: Vec<usize> = (0..distinct.len()).collect();
    Rng::new(SEED).shuffle(&mut order);
    let mut first = vec![false; distinct.len()];
    order[..distinct.len() / 2].iter().for_each(|&at| first[at] = true);
    let half_of = |score: f64| first[distinct.partition_point(|&known| known < score)];
    let (mut alerts, mut benign) = (0, 0);
    for half in [false, true] {
        let pick = |side: bool| {
            let rows = scores.iter().zip(attacks);
            rows.filter(move |(score, _)| (half_of(**score) == half) == side)
        };
        let (chosen_by, kinds): (Vec<f64>, Vec<bool>) = pick(true).map(|(&s, &a)| (s, a)).unzip();
        let quiet: Vec<f64> =
            chosen_by.iter().zip(&kinds).filter(|(_, attack)| !**attack).map(|(&s, _)| s).collect();
        let value = match rule {
            ThresholdRule::Fixed(value) => value,
            ThresholdRule::BestF1 => best_f1_of(&chosen_by, &kinds)?,
            ThresholdRule::Fpr(rate) if by_tail => tail_score(&quiet, rate)?,
            ThresholdRule::Fpr(_) if quiet.is_empty() => return None,
            ThresholdRule::Fpr(rate) => budget(quiet, rate),
        };
        for (&score, _) in pick(false).filter(|(_, attack)| !**attack) {
            benign += 1;
            alerts += usize::from(score >= value);
        }
    }
    (benign > 0).then(|| Realised::new(alerts, benign))
}
