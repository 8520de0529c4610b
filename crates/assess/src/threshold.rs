//! Where alerting starts, chosen on rows that were held out of training.

use serde::Serialize;

use crate::metrics::{MetricError, Ranking};

/// How a threshold is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "rule", content = "value")]
pub enum ThresholdRule {
    /// The largest false-positive rate that is wanted.
    Fpr(f64),
    /// The largest F1 on the validation part.
    BestF1,
    /// This raw score.
    Fixed(f64),
}

/// A threshold with how it was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Threshold {
    /// A row alerts when its raw score is at least this.
    pub value: f64,
    /// The rule that gave it.
    pub rule: ThresholdRule,
    /// Benign rows that it rests on.
    pub benign: usize,
    /// Attacks that it rests on.
    pub attacks: usize,
    /// Share of those benign rows that alert.
    pub fpr: Option<f64>,
    /// Share of those attacks that alert.
    pub recall: Option<f64>,
    /// The rate asked for lies beyond what so few benign rows can tell.
    pub extrapolated: bool,
    /// One sentence for a person, where there is something to say.
    pub note: Option<String>,
}

/// Why there is no threshold.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ThresholdError {
    /// Text that names no rule.
    #[error("threshold rule {got:?} is unknown, valid are: fpr:0.001, f1, fixed:0.5")]
    Rule {
        /// Given.
        got: String,
    },
    /// A rate outside (0, 1).
    #[error("a false-positive rate must lie between 0 and 1, got {got}")]
    Rate {
        /// Given.
        got: f64,
    },
    /// Rows that the rule needs are not there.
    #[error("the rule `{rule}` needs {what} in the validation part")]
    Needs {
        /// The rule.
        rule: &'static str,
        /// What is missing.
        what: &'static str,
    },
    /// Scores with labels that do not go together.
    #[error(transparent)]
    Metric(#[from] MetricError),
}

/// The expected number of false alarms on the validation part below which a rate is extrapolated:
/// with 10 the rate is known to about a third of itself (Poisson, 1 / √10).
const LEAST_FALSE_ALARMS: f64 = 10.0;

impl ThresholdRule {
    /// From `fpr:0.001`, `f1` (or `best-f1`), `fixed:0.5`.
    pub fn parse(text: &str) -> Result<Self, ThresholdError> {
        let unknown = || ThresholdError::Rule { got: text.to_owned() };
        let trimmed = text.trim().to_lowercase();
        let (name, value) = match trimmed.split_once([':', '=']) {
            Some((name, value)) => (name, Some(value.parse::<f64>().map_err(|_| unknown())?)),
            None => (trimmed.as_str(), None),
        };
        match (name, value) {
            ("fpr", Some(rate)) => Self::fpr(rate),
            ("f1" | "best-f1" | "best_f1", None) => Ok(Self::BestF1),
            ("fixed", Some(value)) if !value.is_nan() => Ok(Self::Fixed(value)),
            _ => Err(unknown()),
        }
    }

    /// A false-positive budget; errors outside (0, 1).
    pub fn fpr(rate: f64) -> Result<Self, ThresholdError> {
        if rate > 0.0 && rate < 1.0 {
            Ok(Self::Fpr(rate))
        } else {
            Err(ThresholdError::Rate { got: rate })
        }
    }

    /// Chooses on validation rows: raw scores with whether each is an attack.
    pub fn choose(&self, scores: &[f64], attacks: &[bool]) -> Result<Threshold, ThresholdError> {
        let ranking = Ranking::new(scores, attacks, None)?;
        let curve = ranking.curve();
        let benign = ranking.benign_rows;
        let (value, extrapolated, note) = match *self {
            Self::Fixed(value) => (value, false, None),
            Self::BestF1 => {
                if curve.attacks() == 0.0 {
                    return Err(ThresholdError::Needs { rule: "f1", what: "attacks" });
                }
                (best_f1(&curve.scores, &curve.tp, &curve.fp), false, None)
            }
            Self::Fpr(rate) => {
                if benign == 0 {
                    return Err(ThresholdError::Needs { rule: "fpr", what: "benign rows" });
                }
                budget(scores, attacks, rate)
            }
        };
        let reached = curve.scores.partition_point(|&score| score >= value);
        let share = |counts: &[f64], whole: f64| {
            let hits = if reached == 0 { 0.0 } else { counts[reached - 1] };
            if whole > 0.0 { Some(hits / whole) } else { None }
        };
        Ok(Threshold {
            value,
            rule: *self,
            benign,
            attacks: attacks.len() - benign,
            fpr: share(&curve.fp, curve.benign()),
            recall: share(&curve.tp, curve.attacks()),
            extrapolated,
            note,
        })
    }
}

impl std::fmt::Display for ThresholdRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fpr(rate) => write!(f, "fpr:{rate}"),
            Self::BestF1 => write!(f, "f1"),
            Self::Fixed(value) => write!(f, "fixed:{value}"),
        }
    }
}

/// The conformal threshold (Vovk et al. 2005): a further benign row alerts with a chance of at
/// most `rate`, because at most ⌊rate · (n + 1)⌋ − 1 of the n benign rows do.
fn budget(scores: &[f64], attacks: &[bool], rate: f64) -> (f64, bool, Option<String>) {
    let mut benign: Vec<f64> = scores
        .iter()
        .zip(attacks)
        .filter(|(_, attack)| !**attack)
        .map(|(&score, _)| score)
        .collect();
    benign.sort_unstable_by(|a, b| b.total_cmp(a));
    let n = benign.len();
    // Room for the rounding of `rate` itself, as in the curve's own rule.
    let allowed = (rate * (n as f64 + 1.0) * (1.0 + 1e-12)).floor() as usize;
    let highest_quiet = benign[allowed.saturating_sub(1).min(n - 1)];
    let value = highest_quiet.next_up();
    let expected = rate * n as f64;
    if expected >= LEAST_FALSE_ALARMS {
        return (value, false, None);
    }
    let needed = (LEAST_FALSE_ALARMS / rate).ceil();
    let note = format!(
        "a false-positive rate of {rate} is extrapolated: {n} benign validation rows hold \
         {expected:.1} expected false alarms, {needed:.0} rows would hold 10"
    );
    (value, true, Some(note))
}

fn best_f1(scores: &[f64], tp: &[f64], fp: &[f64]) -> f64 {
    let attacks = tp.last().copied().unwrap_or(0.0);
    let mut best = (f64::NEG_INFINITY, f64::INFINITY);
    for ((&score, &tp), &fp) in scores.iter().zip(tp).zip(fp) {
        let f1 = 2.0 * tp / (tp + fp + attacks);
        // Of equals the first has the higher score, so the fewer alerts.
        if f1 > best.0 {
            best = (f1, score);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_kept_with_ties_at_the_edge() {
        // 100 benign rows, five of them at the top score: 3 % may alert, so none of the five may.
        let mut scores: Vec<f64> = (0..95).map(f64::from).collect();
        scores.extend([200.0; 5]);
        let attacks = vec![false; 100];
        let threshold = ThresholdRule::fpr(0.03).unwrap().choose(&scores, &attacks).unwrap();
        assert_eq!(threshold.fpr, Some(0.0));
        assert_eq!(threshold.value, 200.0_f64.next_up());
        assert!(threshold.extrapolated);
        // ⌊0.1 · 101⌋ − 1 = 9 rows may: the five at the top, four more.
        let threshold = ThresholdRule::fpr(0.1).unwrap().choose(&scores, &attacks).unwrap();
        assert_eq!(threshold.fpr, Some(0.09));
        assert!(!threshold.extrapolated);
    }

    #[test]
    fn rules_are_read_from_text() {
        for text in ["fpr:0.001", "f1", "fixed:-2.5"] {
            assert_eq!(ThresholdRule::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(ThresholdRule::parse("best-f1").unwrap(), ThresholdRule::BestF1);
        let error = |text| ThresholdRule::parse(text).unwrap_err().to_string();
        assert_eq!(error("fpr:2"), "a false-positive rate must lie between 0 and 1, got 2");
        assert!(error("youden").starts_with("threshold rule \"youden\" is unknown, valid are"));
        assert!(error("fpr").starts_with("threshold rule \"fpr\" is unknown"));
    }
}
