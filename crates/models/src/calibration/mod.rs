//! Raw scores to probabilities, by a monotone map fitted to rows that the model was not.

mod empirical;
mod isotonic;
mod pareto;
mod pareto_tail;
mod pareto_test;
mod platt;
mod tail;
mod temperature;

pub use empirical::EmpiricalCdf;
pub use isotonic::Isotonic;
pub use pareto::GeneralizedPareto;
pub use pareto_tail::{LEAST_EXCEEDANCES, ParetoTail, TailError};
pub use pareto_test::{anderson_darling, p_value};
pub use platt::Platt;
pub use tail::Tail;
pub use temperature::Temperature;

use tripline_core::{Link, State, StateError, math};

/// How raw scores become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalibratorKind {
    /// What the link itself says: the sigmoid of log-odds, a probability as it is.
    Identity,
    /// A sigmoid with slope and offset (Platt 1999).
    Platt,
    /// The non-decreasing step function of least squares (Zadrozny & Elkan 2002).
    Isotonic,
    /// Log-odds divided by one number (Guo et al. 2017).
    Temperature,
    /// The share of benign rows that score lower: no probability, yet comparable between
    /// detectors; needs no attacks.
    EmpiricalCdf,
    /// The same with a generalised Pareto tail above a high score (Pickands 1975), which tells
    /// small rates; refuses scores that have no such tail.
    Tail,
}

impl CalibratorKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Identity,
        Self::Platt,
        Self::Isotonic,
        Self::Temperature,
        Self::EmpiricalCdf,
        Self::Tail,
    ];

    /// Lower-case name with underscores.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Platt => "platt",
            Self::Isotonic => "isotonic",
            Self::Temperature => "temperature",
            Self::EmpiricalCdf => "empirical_cdf",
            Self::Tail => "tail",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind used if none is asked for: one that keeps distinct scores distinct, so that
    /// calibrating changes no ranking. Ranks are those of anomaly detectors, for which attacks may
    /// be unknown; for a supervised model of this link Platt's is the better choice. Where the
    /// scores have no tail, [`CalibratorKind::EmpiricalCdf`] takes its place.
    pub fn default_for(link: Link) -> Self {
        match link {
            Link::Logit | Link::Probability => Self::Platt,
            Link::Rank => Self::Tail,
        }
    }
}

/// A fitted map from raw scores to [0, 1] that never decreases.
#[derive(Debug, Clone, PartialEq)]
pub enum Calibrator {
    /// The sigmoid of log-odds, or a probability as it is if `odds` is set.
    Identity {
        /// Raw scores are probabilities.
        probability: bool,
    },
    /// A sigmoid with slope and offset.
    Platt(Platt),
    /// A non-decreasing broken line.
    Isotonic(Isotonic),
    /// Log-odds times a factor.
    Temperature(Temperature),
    /// The share of benign rows that score lower.
    EmpiricalCdf(EmpiricalCdf),
    /// The same with a tail; boxed, since it is larger than all others.
    Tail(Box<Tail>),
}

impl Calibrator {
    /// Fits to n raw scores of rows that the model was not fitted to. `attacks` tells the attacks;
    /// `weights`, n numbers, are 1 if there are none.
    ///
    /// Errors if lengths differ, a score is not finite, a class that the kind needs is not there,
    /// or the kind does not go with the link.
    pub fn fit(
        kind: CalibratorKind,
        link: Link,
        scores: &[f64],
        attacks: &[bool],
        weights: Option<&[f64]>,
    ) -> Result<Self, CalibrationError> {
        let scaleless = link == Link::Rank;
        if scaleless && matches!(kind, CalibratorKind::Identity | CalibratorKind::Temperature) {
            return Err(CalibrationError::NoScale { kind: kind.name() });
        }
        let probability = link == Link::Probability;
        if kind == CalibratorKind::Identity {
            return Ok(Self::Identity { probability });
        }
        let points = points(scores, attacks, weights)?;
        let benign: f64 = points.iter().filter(|point| !point.attack).map(|p| p.weight).sum();
        let attack: f64 = points.iter().filter(|point| point.attack).map(|p| p.weight).sum();
        if benign == 0.0 {
            return Err(CalibrationError::NoRows { class: "benign" });
        }
        if kind == CalibratorKind::EmpiricalCdf {
            return Ok(Self::EmpiricalCdf(EmpiricalCdf::fit(&points)));
        }
        if kind == CalibratorKind::Tail {
            return Ok(Self::Tail(Box::new(Tail::fit(&points)?)));
        }
        if attack == 0.0 {
            return Err(CalibrationError::NoRows { class: "attack" });
        }
        Ok(match kind {
            CalibratorKind::Platt => Self::Platt(Platt::fit(&points, probability)),
            CalibratorKind::Isotonic => Self::Isotonic(Isotonic::fit(&points)),
            _ => Self::Temperature(Temperature::fit(&points, probability)),
        })
    }

    /// Its kind.
    pub fn kind(&self) -> CalibratorKind {
        match self {
            Self::Identity { .. } => CalibratorKind::Identity,
            Self::Platt(_) => CalibratorKind::Platt,
            Self::Isotonic(_) => CalibratorKind::Isotonic,
            Self::Temperature(_) => CalibratorKind::Temperature,
            Self::EmpiricalCdf(_) => CalibratorKind::EmpiricalCdf,
            Self::Tail(_) => CalibratorKind::Tail,
        }
    }

    /// A raw score as a number in [0, 1]; larger scores never give smaller numbers. `NaN`, which no
    /// detector gives, becomes 1: what cannot be judged is not let through.
    pub fn apply(&self, raw: f64) -> f64 {
        if raw.is_nan() {
            return 1.0;
        }
        let probability = match self {
            Self::Identity { probability: true } => raw,
            Self::Identity { probability: false } => math::sigmoid(raw),
            Self::Platt(platt) => platt.apply(raw),
            Self::Isotonic(isotonic) => isotonic.apply(raw),
            Self::Temperature(temperature) => temperature.apply(raw),
            Self::EmpiricalCdf(cdf) => cdf.apply(raw),
            Self::Tail(tail) => tail.apply(raw),
        };
        probability.clamp(0.0, 1.0)
    }

    /// Whether it gives every score the same number: no higher score went with more attacks.
    pub fn is_flat(&self) -> bool {
        matches!(self, Self::Platt(platt) if platt.slope == 0.0)
    }

    /// [`Calibrator::apply`] of each score.
    pub fn apply_all(&self, raw: &[f64]) -> Vec<f64> {
        raw.iter().map(|&raw| self.apply(raw)).collect()
    }

    /// As data for a model file.
    pub fn save(&self) -> State {
        let mut state = match self {
            Self::Identity { probability } => {
                let mut state = State::new();
                state.put_bool("probability", *probability);
                state
            }
            Self::Platt(platt) => platt.save(),
            Self::Isotonic(isotonic) => isotonic.save(),
            Self::Temperature(temperature) => temperature.save(),
            Self::EmpiricalCdf(cdf) => cdf.save(),
            Self::Tail(tail) => tail.save(),
        };
        state.put_text("kind", self.kind().name());
        state
    }

    /// From a model file; errors if the numbers would not give a map that never decreases.
    pub fn load(state: &State) -> Result<Self, StateError> {
        let kind = CalibratorKind::from_name(state.text("kind")?)
            .ok_or_else(|| StateError::invalid("kind", "the name of a calibration"))?;
        Ok(match kind {
            CalibratorKind::Identity => Self::Identity { probability: state.bool("probability")? },
            CalibratorKind::Platt => Self::Platt(Platt::load(state)?),
            CalibratorKind::Isotonic => Self::Isotonic(Isotonic::load(state)?),
            CalibratorKind::Temperature => Self::Temperature(Temperature::load(state)?),
            CalibratorKind::EmpiricalCdf => Self::EmpiricalCdf(EmpiricalCdf::load(state)?),
            CalibratorKind::Tail => Self::Tail(Box::new(Tail::load(state)?)),
        })
    }
}

/// Why a calibrator could not be fitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationError {
    /// Labels or weights of another length than the scores.
    #[error("{what} has length {got}, expected {expected}")]
    Length {
        /// `attacks`, `weights`, `probabilities`.
        what: &'static str,
        /// Number of scores.
        expected: usize,
        /// Length given.
        got: usize,
    },
    /// A score that is not finite.
    #[error("the score of row {row} is not finite")]
    Score {
        /// From 0.
        row: usize,
    },
    /// A weight that is negative or not finite.
    #[error("the weight of row {row} must be finite and not negative")]
    Weight {
        /// From 0.
        row: usize,
    },
    /// A class without rows.
    #[error("calibrating needs {class} rows, there are none; use rows of both classes")]
    NoRows {
        /// `benign` or `attack`.
        class: &'static str,
    },
    /// A class code beyond the number of classes.
    #[error("row {row}: class code {code} is not below {classes}")]
    Class {
        /// From 0.
        row: usize,
        /// The code.
        code: u32,
        /// Number of classes.
        classes: usize,
    },
    /// A kind that needs log-odds or probabilities.
    #[error(
        "calibration `{kind}` needs log-odds or probabilities, use `platt`, `isotonic`, `tail` or `empirical_cdf`"
    )]
    NoScale {
        /// Its name.
        kind: &'static str,
    },
    /// Benign scores without a tail that could be trusted.
    #[error("{reason}; use `empirical_cdf`")]
    NoTail {
        /// What stands against it.
        reason: String,
    },
}

/// One row: its raw score, its class, its weight above 0.
#[derive(Debug, Clone, Copy)]
struct Point {
    score: f64,
    attack: bool,
    weight: f64,
}

fn points(
    scores: &[f64],
    attacks: &[bool],
    weights: Option<&[f64]>,
) -> Result<Vec<Point>, CalibrationError> {
    let expected = scores.len();
    if attacks.len() != expected {
        return Err(CalibrationError::Length { what: "attacks", expected, got: attacks.len() });
    }
    check_weights(expected, weights)?;
    let mut points = Vec::with_capacity(expected);
    for (row, (&score, &attack)) in scores.iter().zip(attacks).enumerate() {
        if !score.is_finite() {
            return Err(CalibrationError::Score { row });
        }
        let weight = weights.map_or(1.0, |weights| weights[row]);
        if weight > 0.0 {
            points.push(Point { score, attack, weight });
        }
    }
    Ok(points)
}

fn check_weights(expected: usize, weights: Option<&[f64]>) -> Result<(), CalibrationError> {
    let Some(weights) = weights else { return Ok(()) };
    if weights.len() != expected {
        return Err(CalibrationError::Length { what: "weights", expected, got: weights.len() });
    }
    match weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        Some(row) => Err(CalibrationError::Weight { row }),
        None => Ok(()),
    }
}

/// Log-odds of a raw score; probabilities of 0 or 1, which forests give, stay finite.
fn log_odds(raw: f64, probability: bool) -> f64 {
    if probability {
        // Beyond this 1 − p would lose its digits.
        math::logit(raw.clamp(1e-12, 1.0 - 1e-12))
    } else {
        raw.clamp(f64::MIN, f64::MAX)
    }
}

/// A finite number from a state.
fn finite(state: &State, name: &str) -> Result<f64, StateError> {
    let value = state.f64(name)?;
    if value.is_finite() { Ok(value) } else { Err(StateError::invalid(name, "finite")) }
}

/// The broken line through knots in ascending order, level beyond its ends.
fn interpolate(x: &[f64], y: &[f64], at: f64) -> f64 {
    let right = x.partition_point(|&knot| knot <= at);
    if right == 0 {
        return y.first().copied().unwrap_or(0.0);
    }
    let left = right - 1;
    if right == x.len() {
        return y[left];
    }
    let span = x[right] - x[left];
    let share = if span.is_finite() {
        (at - x[left]) / span
    } else {
        (at / 2.0 - x[left] / 2.0) / (x[right] / 2.0 - x[left] / 2.0)
    };
    // Rounding may not carry a value past the next knot: the line never decreases.
    (y[left] + share * (y[right] - y[left])).min(y[right])
}

/// Knots from a state: x strictly ascending, y in [0, 1] not descending, one at least.
fn knots(state: &State) -> Result<(Vec<f64>, Vec<f64>), StateError> {
    let (x, y) = (state.f64s("x")?.to_vec(), state.f64s("y")?.to_vec());
    let ascending = x.windows(2).all(|pair| pair[0] < pair[1]);
    if x.is_empty() || !ascending || x.iter().any(|knot| !knot.is_finite()) {
        return Err(StateError::invalid("x", "finite numbers in ascending order"));
    }
    let rising = y.windows(2).all(|pair| pair[0] <= pair[1]);
    if y.len() != x.len() || !rising || !y.iter().all(|value| (0.0..=1.0).contains(value)) {
        return Err(StateError::invalid("y", "numbers in [0, 1] that never decrease, one per x"));
    }
    Ok((x, y))
}
