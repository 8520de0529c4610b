//! Where alerting starts, chosen on rows that were held out of training.

mod extrapolate;
mod realised;

pub use extrapolate::Extrapolation;
pub use realised::Realised;

use serde::Serialize;

use crate::metrics::{MetricError, Ranking};
use crate::plot::{percent, short};

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
    /// The rate lies beyond what so few benign rows hold false alarms of.
    pub extrapolated: bool,
    /// How far a threshold from the tail of the scores can be trusted.
    pub extrapolation: Option<Extrapolation>,
    /// False alarms on benign rows that did not choose.
    pub realised: Option<Realised>,
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
    /// A rate that so few benign rows say nothing of.
    #[error(
        "a false-positive rate of {rate} is not supported by {benign} benign validation rows: they hold {expected:.2} expected false alarms, and {reason}; ask for {supported} or more, or give more rows: {needed} benign ones would measure it"
    )]
    Unsupported {
        /// Asked for.
        rate: f64,
        /// Benign rows.
        benign: usize,
        /// `rate` times `benign`.
        expected: f64,
        /// What stands against going beyond the rows.
        reason: String,
        /// The smallest rate that is supported.
        supported: f64,
        /// Whether a tail of the scores tells that rate; else the rows hold 10 false alarms of it.
        by_tail: bool,
        /// Benign rows that would hold 10 expected false alarms.
        needed: u64,
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
    ///
    /// A false-positive rate of which the benign rows hold 10 expected false alarms is measured by
    /// them. A smaller one is extrapolated by the tail of their scores, with intervals; it is
    /// refused where the rows hold less than 0.1 of a false alarm, or have no tail that passes its
    /// test.
    pub fn choose(&self, scores: &[f64], attacks: &[bool]) -> Result<Threshold, ThresholdError> {
        let (value, extrapolation) = match *self {
            Self::Fixed(value) => (value, None),
            Self::BestF1 => {
                Ranking::new(scores, attacks, None)?;
                let best = best_f1_of(scores, attacks);
                (best.ok_or(ThresholdError::Needs { rule: "f1", what: "attacks" })?, None)
            }
            Self::Fpr(rate) => {
                Ranking::new(scores, attacks, None)?;
                let benign = benign_of(scores, attacks);
                if benign.is_empty() {
                    return Err(ThresholdError::Needs { rule: "fpr", what: "benign rows" });
                }
                let expected = rate * benign.len() as f64;
                if expected >= LEAST_FALSE_ALARMS {
                    (budget(benign, rate), None)
                } else {
                    let (value, found) =
                        extrapolate::extrapolate(&benign, rate, LEAST_FALSE_ALARMS).map_err(
                            |refused| ThresholdError::Unsupported {
                                rate,
                                benign: benign.len(),
                                expected,
                                reason: refused.reason,
                                supported: refused.supported,
                                by_tail: refused.by_tail,
                                needed: needed(rate),
                            },
                        )?;
                    (value, Some(found))
                }
            }
        };
        self.threshold(value, extrapolation, scores, attacks)
    }

    /// As [`ThresholdRule::choose`], where the rate was not asked for by anybody: instead of
    /// refusing, the smallest supported rate is taken, and the note says so.
    pub fn choose_supported(
        &self,
        scores: &[f64],
        attacks: &[bool],
    ) -> Result<Threshold, ThresholdError> {
        let refused = match self.choose(scores, attacks) {
            Err(refused @ ThresholdError::Unsupported { .. }) => refused,
            chosen => return chosen,
        };
        let ThresholdError::Unsupported { rate, benign, reason, supported, by_tail, .. } = &refused
        else {
            return Err(refused);
        };
        let rule = Self::Fpr(*supported);
        let mut chosen = if *by_tail {
            rule.choose(scores, attacks)?
        } else {
            let value = budget(benign_of(scores, attacks), *supported);
            rule.threshold(value, None, scores, attacks)?
        };
        let smallest = format!(
            "a false-positive rate of {rate} is not supported by {benign} benign validation rows \
             ({reason}): the threshold is set for {supported}, the smallest rate that they support; \
             {} benign ones would measure {rate}",
            needed(*rate)
        );
        chosen.note = Some(match chosen.note.take().filter(|_| *by_tail) {
            Some(note) => format!("{smallest}; {note}"),
            None => smallest,
        });
        Ok(chosen)
    }

    /// A threshold with what it does on the rows that chose it.
    fn threshold(
        &self,
        value: f64,
        extrapolation: Option<Extrapolation>,
        scores: &[f64],
        attacks: &[bool],
    ) -> Result<Threshold, ThresholdError> {
        let ranking = Ranking::new(scores, attacks, None)?;
        let curve = ranking.curve();
        let benign = ranking.benign_rows;
        let reached = curve.scores.partition_point(|&score| score >= value);
        let share = |counts: &[f64], whole: f64| {
            let hits = if reached == 0 { 0.0 } else { counts[reached - 1] };
            if whole > 0.0 { Some(hits / whole) } else { None }
        };
        let extrapolated = match *self {
            Self::Fpr(rate) => rate * (benign as f64) < LEAST_FALSE_ALARMS,
            _ => false,
        };
        let note = match (self, &extrapolation) {
            (Self::Fpr(rate), Some(found)) => Some(extrapolation_note(*rate, benign, found)),
            _ => None,
        };
        Ok(Threshold {
            value,
            rule: *self,
            benign,
            attacks: attacks.len() - benign,
            fpr: share(&curve.fp, curve.benign()),
            recall: share(&curve.tp, curve.attacks()),
            realised: realised::realised(*self, scores, attacks, extrapolation.is_some()),
            extrapolated,
            extrapolation,
            note,
        })
    }
}

fn extrapolation_note(rate: f64, benign: usize, found: &Extrapolation) -> String {
    format!(
        "a false-positive rate of {rate} is extrapolated: {benign} benign validation rows hold \
         {:.1} expected false alarms, so the tail of their scores gives the threshold ({} rows \
         above {}, p = {:.2}); 95 % interval of the threshold {} to {}, of the realised rate {} to \
         {}; {} rows would hold 10",
        rate * benign as f64,
        found.exceedances,
        short(found.above),
        found.p_value,
        short(found.threshold.low),
        short(found.threshold.high),
        percent(found.rate.low),
        percent(found.rate.high),
        needed(rate)
    )
}

/// Rows that would hold 10 expected false alarms.
fn needed(rate: f64) -> u64 {
    (LEAST_FALSE_ALARMS / rate).ceil() as u64
}

fn benign_of(scores: &[f64], attacks: &[bool]) -> Vec<f64> {
    let rows = scores.iter().zip(attacks);
    rows.filter(|(_, attack)| !**attack).map(|(&score, _)| score).collect()
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
/// most `rate`, because at most ⌊rate · (n + 1)⌋ − 1 of the n benign rows do; n is at least 1.
fn budget(mut benign: Vec<f64>, rate: f64) -> f64 {
    benign.sort_unstable_by(|a, b| b.total_cmp(a));
    let n = benign.len();
    // Room for the rounding of `rate` itself, as in the curve's own rule.
    let allowed = (rate * (n as f64 + 1.0) * (1.0 + 1e-12)).floor() as usize;
    benign[allowed.saturating_sub(1).min(n - 1)].next_up()
}

/// The score of the largest F1; none without attacks.
fn best_f1_of(scores: &[f64], attacks: &[bool]) -> Option<f64> {
    let curve = Ranking::new(scores, attacks, None).ok()?.curve();
    (curve.attacks() > 0.0).then(|| best_f1(&curve.scores, &curve.tp, &curve.fp))
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
        // 1,000 benign rows, fifteen of them at the top score: 1 % may alert, so none of them may.
        let mut scores: Vec<f64> = (0..985).map(f64::from).collect();
        scores.extend([2000.0; 15]);
        let attacks = vec![false; 1000];
        let threshold = ThresholdRule::fpr(0.01).unwrap().choose(&scores, &attacks).unwrap();
        assert_eq!(threshold.fpr, Some(0.0));
        assert_eq!(threshold.value, 2000.0_f64.next_up());
        assert!(!threshold.extrapolated);
        // ⌊0.05 · 1001⌋ − 1 = 49 rows may: the fifteen at the top, 34 more.
        let threshold = ThresholdRule::fpr(0.05).unwrap().choose(&scores, &attacks).unwrap();
        assert_eq!(threshold.fpr, Some(0.049));
        assert_eq!(threshold.note, None);
    }

    /// Benign scores with the tail e^−x.
    fn exponential(rows: usize, seed: u64) -> Vec<f64> {
        let mut rng = tripline_core::Rng::new(seed);
        (0..rows).map(|_| rng.exponential()).collect()
    }

    #[test]
    fn a_small_rate_is_extrapolated_with_intervals() {
        let scores = exponential(2000, 1);
        let attacks = vec![false; scores.len()];
        let threshold = ThresholdRule::fpr(0.001).unwrap().choose(&scores, &attacks).unwrap();
        assert!(threshold.extrapolated);
        let found = threshold.extrapolation.as_ref().unwrap();
        // e^−6.908 is 0.001.
        assert!(found.threshold.low < 6.908 && 6.908 < found.threshold.high, "{found:?}");
        assert!(found.threshold.low < threshold.value && threshold.value < found.threshold.high);
        assert!(found.rate.low < 0.001 && 0.001 < found.rate.high, "{found:?}");
        assert!(threshold.note.as_ref().unwrap().contains("is extrapolated"), "{threshold:?}");
        let again = ThresholdRule::fpr(0.001).unwrap().choose(&scores, &attacks).unwrap();
        assert_eq!(again, threshold);
    }

    #[test]
    fn a_rate_beyond_the_rows_is_refused_with_a_way_out() {
        let attacks = vec![false; 2000];
        let refused = |scores: &[f64], rate: f64| match ThresholdRule::Fpr(rate)
            .choose(scores, &attacks[..scores.len()])
        {
            Err(error @ ThresholdError::Unsupported { supported, .. }) => {
                (error.to_string(), supported)
            }
            other => panic!("{other:?}"),
        };
        let scores = exponential(2000, 2);
        let (text, supported) = refused(&scores, 1e-5);
        assert_eq!(supported, 0.00005);
        assert!(text.contains("ask for 0.00005 or more"), "{text}");
        assert!(text.contains("1000000 benign ones"), "{text}");
        ThresholdRule::Fpr(supported).choose(&scores, &attacks).unwrap();
        // Whole numbers have no tail: 10 expected false alarms are needed.
        let discrete: Vec<f64> = scores.iter().map(|score| score.floor()).collect();
        let (text, supported) = refused(&discrete, 1e-3);
        assert_eq!(supported, 0.005);
        assert!(text.contains("distinct values"), "{text}");
        ThresholdRule::Fpr(supported).choose(&discrete, &attacks).unwrap();
        let (_, supported) = refused(&scores[..12], 1e-3);
        assert_eq!(supported, 0.5);
    }

    #[test]
    fn a_rate_that_nobody_asked_for_gives_way() {
        let scores: Vec<f64> = exponential(2000, 3).iter().map(|score| score.floor()).collect();
        let attacks = vec![false; 2000];
        let chosen = ThresholdRule::Fpr(1e-3).choose_supported(&scores, &attacks).unwrap();
        assert_eq!(chosen.rule, ThresholdRule::Fpr(0.005));
        assert!(chosen.fpr.unwrap() <= 0.005);
        assert!(chosen.note.unwrap().contains("set for 0.005"));
        let few = ThresholdRule::Fpr(1e-3).choose_supported(&scores[..5], &attacks[..5]).unwrap();
        assert!(few.extrapolated && few.value.is_finite(), "{few:?}");
        let deep = exponential(2000, 4);
        let chosen = ThresholdRule::Fpr(1e-6).choose_supported(&deep, &attacks).unwrap();
        assert_eq!(chosen.rule, ThresholdRule::Fpr(0.00005));
        assert!(chosen.extrapolation.is_some());
    }

    #[test]
    fn realised_rates_come_from_rows_that_did_not_choose() {
        let attacks = vec![false; 4000];
        let (mut alerts, mut benign) = (0, 0);
        for seed in 0..20 {
            let scores = exponential(4000, 100 + seed);
            let chosen = ThresholdRule::Fpr(0.01).choose(&scores, &attacks).unwrap();
            let realised = chosen.realised.unwrap();
            assert_eq!(realised.benign, 4000);
            (alerts, benign) = (alerts + realised.alerts, benign + realised.benign);
        }
        // 80,000 rows tell 1 % to 0.035 %; three of these, for the halves' own noise.
        let rate = alerts as f64 / benign as f64;
        assert!((rate - 0.01).abs() < 0.001, "{rate}");
        // Copies of a row are in one half: none of the rows beyond the threshold is a surprise
        // that its twin knew of.
        let twice: Vec<f64> = exponential(500, 9).repeat(2);
        let chosen = ThresholdRule::Fpr(0.02).choose(&twice, &attacks[..1000]).unwrap();
        assert!(chosen.realised.unwrap().alerts.is_multiple_of(2));
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
