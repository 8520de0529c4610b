//! What a search may try: a domain for each parameter.

use tripline_core::{ParamSpec, ParamValue, Range, Rng, math};

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

/// A parameter with its domain.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    /// The parameter's name.
    pub name: String,
    /// What is tried.
    pub domain: Domain,
}

/// The parameters that are searched, in order of name.
///
/// A point holds one number for each: the value itself, or the position of a choice.
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    dimensions: Vec<Dimension>,
}

/// Why there is no such space.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// No such parameter.
    #[error("there is no parameter `{name}`, known are: {known}")]
    Unknown {
        /// Given.
        name: String,
        /// All names.
        known: String,
    },
    /// A range that cannot be read, or that lies outside what the parameter takes.
    #[error("`{name}={given}`: {reason}; a range is `low..high`, `low..high:log` or `a|b`")]
    Range {
        /// The parameter.
        name: String,
        /// The range as it was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A parameter that is held at one value and searched.
    #[error("parameter `{name}` is given a value and a range; give one of them")]
    Fixed {
        /// The parameter.
        name: String,
    },
    /// A parameter named twice.
    #[error("parameter `{name}` is given two ranges; give one")]
    Twice {
        /// The parameter.
        name: String,
    },
    /// Nothing to search.
    #[error("no parameter has a range to search; name some with --space NAME=RANGE")]
    Empty,
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
    fn nearest(&self, value: &ParamValue) -> f64 {
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

impl Space {
    /// A space of these dimensions, put in order of name; domains must hold at least one value.
    pub fn new(mut dimensions: Vec<Dimension>) -> Result<Self, SpaceError> {
        dimensions.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(pair) = dimensions.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(SpaceError::Twice { name: pair[0].name.clone() });
        }
        for dimension in &dimensions {
            if let Some(reason) = fault(&dimension.domain) {
                return Err(SpaceError::Range {
                    name: dimension.name.clone(),
                    given: dimension.domain.to_string(),
                    reason: reason.to_owned(),
                });
            }
        }
        if dimensions.iter().all(|dimension| dimension.domain.is_single()) {
            return Err(SpaceError::Empty);
        }
        Ok(Self { dimensions })
    }

    /// The ranges that a card's parameters are searched in with those of an ensemble's members
    /// (`label.name`), with `ranges` (name, text) in place of some or beside them; parameters of
    /// `fixed` are left out.
    pub fn of(
        specs: &[ParamSpec],
        members: &[(String, Range)],
        ranges: &[(String, String)],
        fixed: &[String],
    ) -> Result<Self, SpaceError> {
        // What is valid for a member is told by its own card, when it is built.
        let members = members.iter().map(|(name, range)| (name.as_str(), None, Some(range)));
        let own = specs.iter().map(|spec| (spec.name, Some(&spec.range), spec.search.as_ref()));
        let all: Vec<(&str, Option<&Range>, Option<&Range>)> = own.chain(members).collect();
        let mut dimensions = Vec::new();
        for (name, text) in ranges {
            let Some((_, valid, search)) = all.iter().find(|(known, ..)| known == name) else {
                let known = all.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ");
                return Err(SpaceError::Unknown { name: name.clone(), known });
            };
            if fixed.contains(name) {
                return Err(SpaceError::Fixed { name: name.clone() });
            }
            let kind = valid.or(*search).unwrap_or(&Range::Text);
            let domain =
                super::space_text::parse(kind, valid.is_some(), text).map_err(|reason| {
                    SpaceError::Range { name: name.clone(), given: text.clone(), reason }
                })?;
            dimensions.push(Dimension { name: name.clone(), domain });
        }
        for (name, _, search) in all {
            let given = ranges.iter().any(|(known, _)| known == name);
            let held = fixed.iter().any(|known| known == name);
            if !given
                && !held
                && let Some(domain) = search.and_then(Domain::of)
            {
                dimensions.push(Dimension { name: name.to_owned(), domain });
            }
        }
        Self::new(dimensions)
    }

    /// The dimensions, in order of name.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The values at a point, by name.
    pub fn values(&self, point: &[f64]) -> Vec<(String, ParamValue)> {
        self.dimensions
            .iter()
            .zip(point)
            .map(|(dimension, &at)| (dimension.name.clone(), dimension.domain.value(at)))
            .collect()
    }

    /// The point nearest to these values; a parameter that is not among them has the first or
    /// least value.
    pub fn nearest(&self, values: &[(String, ParamValue)]) -> Vec<f64> {
        self.dimensions
            .iter()
            .map(|dimension| match values.iter().find(|(name, _)| *name == dimension.name) {
                Some((_, value)) => dimension.domain.nearest(value),
                None => match dimension.domain {
                    Domain::Int { low, .. } => low as f64,
                    Domain::Float { low, .. } => low,
                    Domain::Choice(_) => 0.0,
                },
            })
            .collect()
    }

    /// Whether every coordinate lies in its domain.
    pub fn holds(&self, point: &[f64]) -> bool {
        point.len() == self.dimensions.len()
            && self.dimensions.iter().zip(point).all(|(dimension, &at)| {
                let value = dimension.domain.value(at);
                dimension.domain.coordinate(&value) == Some(at)
            })
    }

    /// A point drawn evenly.
    pub fn draw(&self, rng: &mut Rng) -> Vec<f64> {
        self.dimensions.iter().map(|dimension| dimension.domain.draw(rng)).collect()
    }
}

/// What keeps a domain from being searched.
fn fault(domain: &Domain) -> Option<&'static str> {
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
