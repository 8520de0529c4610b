//! The values of one parameter that a search tries.

use tripline_core::{ParamValue, Range, Rng, math};

/// The values of one parameter that a search tries.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    /// Whole numbers from `low` to `high`, both included.
    Int {
        /// Least.
        low: i64,
        /// Largest.
        high: i64,
        /// Searched by its logarithm.
        log: bool,
    },
    /// Numbers from `low` to `high`, both included.
    Float {
        /// Least.
        low: f64,
        /// Largest.
        high: f64,
        /// Searched by its logarithm.
        log: bool,
    },
    /// One of these.
    Choice(Vec<ParamValue>),
}

impl Domain {
    /// From a parameter's range; none for free text.
    pub fn of(range: &Range) -> Option<Self> {
        Some(match *range {
            Range::Int { min, max, log } => Self::Int { low: min, high: max, log },
            Range::Float { min, max, log } => Self::Float { low: min, high: max, log },
            Range::Bool => Self::Choice(vec![ParamValue::Bool(false), ParamValue::Bool(true)]),
            Range::Choice(choices) => {
                Self::Choice(choices.iter().map(|text| ParamValue::Text((*text).into())).collect())
            }
            Range::Text => return None,
        })
    }

    /// Whether there is nothing to choose.
    pub fn is_single(&self) -> bool {
        match self {
            Self::Int { low, high, .. } => low == high,
            Self::Float { low, high, .. } => low == high,
            Self::Choice(choices) => choices.len() == 1,
        }
    }

    /// The value at a coordinate.
    pub fn value(&self, at: f64) -> ParamValue {
        match self {
            Self::Int { low, high, .. } => ParamValue::Int((at.round() as i64).clamp(*low, *high)),
            Self::Float { low, high, .. } => ParamValue::Float(at.clamp(*low, *high)),
            Self::Choice(choices) => choices[(at.max(0.0) as usize).min(choices.len() - 1)].clone(),
        }
    }

    /// The coordinate of a value; none if the domain does not hold it.
    pub fn coordinate(&self, value: &ParamValue) -> Option<f64> {
        match (self, value) {
            (Self::Int { low, high, .. }, ParamValue::Int(value)) => {
                (low..=high).contains(&value).then_some(*value as f64)
            }
            (Self::Float { low, high, .. }, ParamValue::Float(value)) => {
                (low..=high).contains(&value).then_some(*value)
            }
            (Self::Float { .. }, ParamValue::Int(value)) => {
                self.coordinate(&ParamValue::Float(*value as f64))
            }
            (Self::Choice(choices), value) => {
                let text = value.to_string();
                let found = choices.iter().position(|choice| choice.to_string() == text);
                found.map(|position| position as f64)
            }
            _ => None,
        }
    }

    /// The coordinate nearest to a value of any size; the first choice where none is like it.
    pub(super) fn nearest(&self, value: &ParamValue) -> f64 {
        match (self, value) {
            (Self::Int { low, high, .. }, ParamValue::Int(value)) => {
                (*value).clamp(*low, *high) as f64
            }
            (Self::Float { low, high, .. }, ParamValue::Float(value)) => value.clamp(*low, *high),
            (domain, value) => domain.coordinate(value).unwrap_or(0.0),
        }
    }

    /// A coordinate drawn evenly, by the logarithm where the domain says so.
    pub fn draw(&self, rng: &mut Rng) -> f64 {
        let (low, high) = self.bounds();
        match self {
            Self::Choice(choices) => rng.index(choices.len()) as f64,
            _ => self.back(low + (high - low) * rng.unit()),
        }
    }

    /// The interval in which kernels stand: by the logarithm where the domain says so, with half a
    /// step on either side for whole numbers.
    pub(super) fn bounds(&self) -> (f64, f64) {
        let (low, high, log) = match *self {
            Self::Int { low, high, log } => (low as f64 - 0.5, high as f64 + 0.5, log),
            Self::Float { low, high, log } => (low, high, log),
            Self::Choice(ref choices) => (0.0, choices.len() as f64, false),
        };
        if log { (math::ln(low), math::ln(high)) } else { (low, high) }
    }

    /// A coordinate on the scale of [`Domain::bounds`].
    pub(super) fn forth(&self, at: f64) -> f64 {
        if self.is_log() { math::ln(at) } else { at }
    }

    /// A coordinate from the scale of [`Domain::bounds`].
    pub(super) fn back(&self, at: f64) -> f64 {
        let at = if self.is_log() { math::exp(at) } else { at };
        match *self {
            // Ties go to the even number, as NumPy rounds.
            Self::Int { low, high, .. } => at.round_ties_even().clamp(low as f64, high as f64),
            Self::Float { low, high, .. } => at.clamp(low, high),
            Self::Choice(_) => at,
        }
    }

    pub(super) fn is_log(&self) -> bool {
        matches!(self, Self::Int { log: true, .. } | Self::Float { log: true, .. })
    }
}

impl std::fmt::Display for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let suffix = if self.is_log() { ":log" } else { "" };
        match self {
            Self::Int { low, high, .. } => write!(f, "{low}..{high}{suffix}"),
            // Small numbers with an exponent.
            Self::Float { low, high, .. } => write!(f, "{low:?}..{high:?}{suffix}"),
            Self::Choice(choices) => {
                let choices: Vec<String> = choices.iter().map(ToString::to_string).collect();
                f.write_str(&choices.join("|"))
            }
        }
    }
}

/// What keeps a domain from being searched.
pub(super) fn fault(domain: &Domain) -> Option<&'static str> {
    match *domain {
        Domain::Int { low, high, .. } if low > high => Some("the low end is above the high one"),
        Domain::Int { low, log: true, .. } if low < 1 => {
            Some("a logarithm needs a low end of at least 1")
        }
        Domain::Int { low, high, .. } if low.unsigned_abs().max(high.unsigned_abs()) > 1 << 52 => {
            Some("the ends must lie below 2^52")
        }
        Domain::Float { low, high, .. } if !(low.is_finite() && high.is_finite()) => {
            Some("the ends must be finite")
        }
        Domain::Float { low, high, .. } if low > high => Some("the low end is above the high one"),
        Domain::Float { low, log: true, .. } if low <= 0.0 => {
            Some("a logarithm needs a low end above 0")
        }
        Domain::Float { low, high, .. } if !(high - low).is_finite() => {
            Some("the ends lie too far apart")
        }
        Domain::Choice(ref choices) if choices.is_empty() => Some("there is no choice"),
        _ => None,
    }
}
