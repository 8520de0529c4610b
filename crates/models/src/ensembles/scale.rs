//! Members' raw scores brought to one scale, learnt from scores of rows that they were not fitted
//! to.

use tripline_core::{FitError, Link, State, StateError, math};

use crate::calibration::{CalibrationError, Calibrator, CalibratorKind};

/// What stands for a share of rows that is too small for a number.
const LEAST_SHARE: f64 = 1e-300;

/// Largest absolute standardised score: beyond a million deviations only the order counts, and
/// what is fitted to such numbers must not run out of range.
const FARTHEST: f64 = 1e6;

/// How raw scores are brought to one scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Normalise {
    /// The member's own probability; as [`Normalise::Probability`] if its scores have no scale.
    Link,
    /// Probability of an attack by Platt's sigmoid; the rank where no attack is known.
    Probability,
    /// Share of benign rows that score lower.
    Rank,
    /// Distance from the mean of benign rows in their standard deviations.
    ZScore,
    /// Surprisal of the tail: −ln of the share of benign rows that score at least as high.
    Tail,
}

impl Normalise {
    pub(crate) const NAMES: &'static [&'static str] =
        &["probability", "link", "rank", "z_score", "tail"];

    /// By its name among [`Normalise::NAMES`].
    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "link" => Self::Link,
            "rank" => Self::Rank,
            "z_score" => Self::ZScore,
            "tail" => Self::Tail,
            _ => Self::Probability,
        }
    }
}

/// A fitted map from raw scores to one scale; it never decreases, and is finite.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scale {
    /// A probability, or a share of benign rows.
    Calibrated(Calibrator),
    /// Standard deviations from a mean.
    Standard(Standard),
    /// −ln(1 − share).
    Tail(Calibrator),
}

/// Mean with standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Standard {
    mean: f64,
    /// Above 0; 1 of equal scores.
    deviation: f64,
}

impl Scale {
    /// Fits to held-out scores; without `attacks` all rows are taken as benign.
    pub(crate) fn fit(
        normalise: Normalise,
        link: Link,
        scores: &[f64],
        attacks: Option<&[bool]>,
        weights: Option<&[f64]>,
    ) -> Result<Self, FitError> {
        let none = vec![false; scores.len()];
        let marks = attacks.unwrap_or(&none);
        let calibrated = |kind: CalibratorKind| {
            Calibrator::fit(kind, link, scores, marks, weights).map_err(unscaled)
        };
        Ok(match normalise {
            Normalise::Link if link != Link::Rank => {
                Self::Calibrated(calibrated(CalibratorKind::Identity)?)
            }
            Normalise::Link | Normalise::Probability if attacks.is_some() => {
                let sigmoid = calibrated(CalibratorKind::Platt)?;
                // A sigmoid without slope would silence the member: its rank still counts.
                let flat = sigmoid.is_flat();
                Self::Calibrated(if flat {
                    calibrated(CalibratorKind::EmpiricalCdf)?
                } else {
                    sigmoid
                })
            }
            Normalise::Link | Normalise::Probability | Normalise::Rank => {
                Self::Calibrated(calibrated(CalibratorKind::EmpiricalCdf)?)
            }
            Normalise::Tail => Self::Tail(calibrated(CalibratorKind::EmpiricalCdf)?),
            Normalise::ZScore => {
                let benign = |row: &usize| !marks[*row];
                let rows: Vec<usize> = (0..scores.len()).filter(benign).collect();
                let pick = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<_>>();
                Self::Standard(Standard::fit(&pick(scores), weights.map(pick).as_deref()))
            }
        })
    }

    pub(crate) fn apply(&self, raw: f64) -> f64 {
        match self {
            Self::Calibrated(calibrator) => calibrator.apply(raw),
            Self::Standard(standard) => standard.apply(raw),
            Self::Tail(calibrator) => -math::ln(above(calibrator, raw).max(LEAST_SHARE)),
        }
    }

    /// Whether what it gives lies in [0, 1].
    pub(crate) fn is_probability(&self) -> bool {
        matches!(self, Self::Calibrated(_))
    }

    pub(crate) fn save(&self) -> State {
        let mut state = State::new();
        let (kind, fitted) = match self {
            Self::Calibrated(calibrator) => ("calibrated", calibrator.save()),
            Self::Standard(standard) => ("standard", standard.save()),
            Self::Tail(calibrator) => ("tail", calibrator.save()),
        };
        state.put_text("kind", kind);
        state.put_state("fitted", fitted);
        state
    }

    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let fitted = state.state("fitted")?;
        Ok(match state.text("kind")? {
            "calibrated" => Self::Calibrated(Calibrator::load(fitted)?),
            "standard" => Self::Standard(Standard::load(fitted)?),
            "tail" => match Calibrator::load(fitted)? {
                cdf @ Calibrator::EmpiricalCdf(_) => Self::Tail(cdf),
                _ => return Err(StateError::invalid("fitted", "a share of benign rows")),
            },
            _ => return Err(StateError::invalid("kind", "the name of a scale")),
        })
    }
}

impl Standard {
    /// Mean with deviation by weights; huge scores stay finite, since they are divided first.
    pub(crate) fn fit(scores: &[f64], weights: Option<&[f64]>) -> Self {
        let largest = scores.iter().fold(0.0_f64, |largest, score| largest.max(score.abs()));
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        let total: f64 = (0..scores.len()).map(weight).sum();
        if largest == 0.0 || total == 0.0 {
            return Self { mean: 0.0, deviation: 1.0 };
        }
        let part = |row: usize| scores[row] / largest;
        let mean = (0..scores.len()).map(|row| weight(row) * part(row)).sum::<f64>() / total;
        let squares: f64 = (0..scores.len())
            .map(|row| weight(row) * (part(row) - mean) * (part(row) - mean))
            .sum();
        let deviation = (squares / total).sqrt() * largest;
        // Below this the differences are rounding, as of scores that are all equal.
        let floor = largest * 1e-14;
        Self { mean: mean * largest, deviation: if deviation > floor { deviation } else { 1.0 } }
    }

    pub(crate) fn apply(&self, raw: f64) -> f64 {
        ((raw - self.mean) / self.deviation).clamp(-FARTHEST, FARTHEST)
    }

    pub(crate) fn save(&self) -> State {
        let mut state = State::new();
        state.put_f64("mean", self.mean);
        state.put_f64("deviation", self.deviation);
        state
    }

    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let (mean, deviation) = (state.f64("mean")?, state.f64("deviation")?);
        if !(mean.is_finite() && deviation.is_finite() && deviation > 0.0) {
            return Err(StateError::invalid("deviation", "finite and above 0"));
        }
        Ok(Self { mean, deviation })
    }
}

/// The share of benign rows that score at least as high.
fn above(calibrator: &Calibrator, raw: f64) -> f64 {
    match calibrator {
        Calibrator::EmpiricalCdf(cdf) => cdf.above(raw),
        other => 1.0 - other.apply(raw),
    }
}

fn unscaled(error: CalibrationError) -> FitError {
    FitError::Diverged { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 60.0];
    const ATTACKS: [bool; 6] = [false, false, false, false, false, true];

    fn fit(normalise: Normalise) -> Scale {
        Scale::fit(normalise, Link::Rank, &SCORES, Some(&ATTACKS), None).unwrap()
    }

    #[test]
    fn scales_are_learnt_from_benign_rows() {
        // By hand: mean 3, deviation √2 of 1 to 5.
        assert!((fit(Normalise::ZScore).apply(5.0) - 2.0_f64.sqrt()).abs() < 1e-12);
        // Mid-ranks: 2.5 of 5 rows below 3.
        assert!((fit(Normalise::Rank).apply(3.0) - 0.5).abs() < 1e-12);
        assert!((fit(Normalise::Tail).apply(3.0) - std::f64::consts::LN_2).abs() < 1e-12);
    }

    #[test]
    fn every_scale_rises_and_stays_finite_and_survives_saving() {
        for name in Normalise::NAMES {
            let scale = fit(Normalise::from_name(name));
            assert_eq!(Scale::load(&scale.save()).unwrap(), scale);
            let at: Vec<f64> = [f64::MIN, -1e9, 0.0, 2.5, 3.0, 5.0, 5.5, 60.0, 1e9, f64::MAX]
                .iter()
                .map(|&raw| scale.apply(raw))
                .collect();
            assert!(at.windows(2).all(|pair| pair[0] <= pair[1]), "{name}: {at:?}");
            assert!(at.iter().all(|value| value.is_finite()), "{name}: {at:?}");
        }
    }

    #[test]
    fn scores_of_any_size_have_a_deviation() {
        for scores in [vec![f64::MAX, f64::MIN, f64::MAX], vec![3.0; 4], vec![0.1; 7], vec![]] {
            let standard = Standard::fit(&scores, None);
            assert!(standard.deviation > 0.0 && standard.deviation.is_finite());
            assert!(scores.iter().all(|&score| standard.apply(score).is_finite()));
        }
    }
}
