//! A detector's parameters: their specification on the card, their values from the user.

use std::collections::BTreeMap;

use crate::state::{State, StateError};

/// One parameter as the card declares it.
#[derive(Debug)]
pub struct ParamSpec {
    /// Name, as scikit-learn or LightGBM has it where they have it.
    pub name: &'static str,
    /// One sentence: meaning, unit.
    pub doc: &'static str,
    /// Value if none is given.
    pub default: ParamValue,
    /// Values that are valid.
    pub range: Range,
    /// Values that tuning tries; `None` is not tuned.
    pub search: Option<Range>,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// Whole number.
    Int(i64),
    /// Number.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// One of a list, or free text, in code.
    Static(&'static str),
    /// One of a list, or free text, from the user.
    Text(String),
}

/// The values that are valid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// Whole numbers from `min` to `max`, both included.
    Int {
        /// Least.
        min: i64,
        /// Largest.
        max: i64,
        /// Searched by its logarithm.
        log: bool,
    },
    /// Finite numbers from `min` to `max`, both included.
    Float {
        /// Least.
        min: f64,
        /// Largest.
        max: f64,
        /// Searched by its logarithm.
        log: bool,
    },
    /// `true` or `false`.
    Bool,
    /// One of these.
    Choice(&'static [&'static str]),
    /// Any text; the estimator checks it.
    Text,
}

/// Values by name, each valid for the specifications they were built from.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    values: BTreeMap<String, ParamValue>,
}

impl Params {
    /// The defaults.
    pub fn defaults(specs: &[ParamSpec]) -> Self {
        let values =
            specs.iter().map(|spec| (spec.name.to_owned(), spec.default.owned())).collect();
        Self { values }
    }

    /// Defaults with these values in place of some. Errors name the parameter, what is valid and
    /// what was given.
    pub fn new(specs: &[ParamSpec], given: &[(String, ParamValue)]) -> Result<Self, ParamError> {
        let mut params = Self::defaults(specs);
        for (name, value) in given {
            let spec = find(specs, name)?;
            params.values.insert(name.clone(), spec.range.check(name, value)?);
        }
        Ok(params)
    }

    /// Defaults with values from text, such as `("learning_rate", "0.1")`.
    pub fn parse(specs: &[ParamSpec], given: &[(String, String)]) -> Result<Self, ParamError> {
        let mut typed = Vec::with_capacity(given.len());
        for (name, text) in given {
            let spec = find(specs, name)?;
            typed.push((name.clone(), spec.range.parse(name, text)?));
        }
        Self::new(specs, &typed)
    }

    /// All values, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParamValue)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// A whole number.
    ///
    /// # Panics
    /// If the card declares no such whole number: a mistake in the detector's own file.
    pub fn int(&self, name: &str) -> i64 {
        match self.values.get(name) {
            Some(ParamValue::Int(value)) => *value,
            other => panic!("the card declares no whole number `{name}`: {other:?}"),
        }
    }

    /// A whole number that is not negative.
    ///
    /// # Panics
    /// As [`Params::int`], or if the range allows a negative number.
    pub fn count(&self, name: &str) -> usize {
        usize::try_from(self.int(name)).unwrap_or_else(|_| panic!("`{name}` may be negative"))
    }

    /// A number.
    ///
    /// # Panics
    /// If the card declares no such number.
    pub fn float(&self, name: &str) -> f64 {
        match self.values.get(name) {
            Some(ParamValue::Float(value)) => *value,
            other => panic!("the card declares no number `{name}`: {other:?}"),
        }
    }

    /// Yes or no.
    ///
    /// # Panics
    /// If the card declares no such switch.
    pub fn bool(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(ParamValue::Bool(value)) => *value,
            other => panic!("the card declares no switch `{name}`: {other:?}"),
        }
    }

    /// Text.
    ///
    /// # Panics
    /// If the card declares no such text.
    pub fn text(&self, name: &str) -> &str {
        match self.values.get(name) {
            Some(ParamValue::Static(value)) => value,
            Some(ParamValue::Text(value)) => value,
            other => panic!("the card declares no text `{name}`: {other:?}"),
        }
    }

    /// As data for a model file.
    pub fn save(&self) -> State {
        let mut state = State::new();
        for (name, value) in &self.values {
            match value {
                ParamValue::Int(value) => state.put_i64(name, *value),
                ParamValue::Float(value) => state.put_f64(name, *value),
                ParamValue::Bool(value) => state.put_bool(name, *value),
                ParamValue::Static(value) => state.put_text(name, value),
                ParamValue::Text(value) => state.put_text(name, value),
            }
        }
        state
    }

    /// From a model file; a parameter that is not there has its default, one that the card no
    /// longer declares is left out.
    pub fn load(specs: &[ParamSpec], state: &State) -> Result<Self, StateError> {
        let mut params = Self::defaults(specs);
        for spec in specs.iter().filter(|spec| state.has(spec.name)) {
            let value = match spec.range {
                Range::Int { .. } => ParamValue::Int(state.i64(spec.name)?),
                Range::Float { .. } => ParamValue::Float(state.f64(spec.name)?),
                Range::Bool => ParamValue::Bool(state.bool(spec.name)?),
                Range::Choice(_) | Range::Text => {
                    ParamValue::Text(state.text(spec.name)?.to_owned())
                }
            };
            let value = spec
                .range
                .check(spec.name, &value)
                .map_err(|_| StateError::invalid(spec.name, "a value in the card's range"))?;
            params.values.insert(spec.name.to_owned(), value);
        }
        Ok(params)
    }
}

impl ParamValue {
    fn owned(&self) -> Self {
        match self {
            Self::Static(text) => Self::Text((*text).to_owned()),
            other => other.clone(),
        }
    }
}

impl std::fmt::Display for ParamValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Static(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{value}"),
        }
    }
}

impl Range {
    fn check(&self, name: &str, value: &ParamValue) -> Result<ParamValue, ParamError> {
        let valid = match (self, value) {
            (Self::Int { min, max, .. }, ParamValue::Int(value)) => (min..=max).contains(&value),
            (Self::Float { min, max, .. }, ParamValue::Float(value)) => {
                (min..=max).contains(&value) && value.is_finite()
            }
            (Self::Float { .. }, ParamValue::Int(value)) => {
                return self.check(name, &ParamValue::Float(*value as f64));
            }
            (Self::Bool, ParamValue::Bool(_)) => true,
            (Self::Choice(choices), ParamValue::Static(_) | ParamValue::Text(_)) => {
                choices.contains(&value.to_string().as_str())
            }
            (Self::Text, ParamValue::Static(_) | ParamValue::Text(_)) => true,
            _ => false,
        };
        if valid { Ok(value.owned()) } else { Err(self.refuse(name, &value.to_string())) }
    }

    fn parse(&self, name: &str, text: &str) -> Result<ParamValue, ParamError> {
        let value = match self {
            Self::Int { .. } => text.parse().ok().map(ParamValue::Int),
            Self::Float { .. } => text.parse().ok().map(ParamValue::Float),
            Self::Bool => text.parse().ok().map(ParamValue::Bool),
            Self::Choice(_) | Self::Text => Some(ParamValue::Text(text.to_owned())),
        };
        value.ok_or_else(|| self.refuse(name, text))
    }

    fn refuse(&self, name: &str, got: &str) -> ParamError {
        ParamError::Value { name: name.to_owned(), expected: self.to_string(), got: got.to_owned() }
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int { min, max, .. } => {
                if *max == i64::MAX {
                    write!(f, "a whole number of at least {min}")
                } else {
                    write!(f, "a whole number from {min} to {max}")
                }
            }
            Self::Float { min, max, .. } => {
                if *max == f64::MAX {
                    write!(f, "a number of at least {min}")
                } else {
                    write!(f, "a number from {min} to {max}")
                }
            }
            Self::Bool => write!(f, "true or false"),
            Self::Choice(choices) => write!(f, "one of {}", choices.join(", ")),
            Self::Text => write!(f, "text"),
        }
    }
}

fn find<'a>(specs: &'a [ParamSpec], name: &str) -> Result<&'a ParamSpec, ParamError> {
    specs.iter().find(|spec| spec.name == name).ok_or_else(|| ParamError::Unknown {
        name: name.to_owned(),
        known: specs.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", "),
    })
}

/// Why a parameter was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamError {
    /// No such parameter.
    #[error("unknown parameter `{name}`, known are: {known}")]
    Unknown {
        /// Given.
        name: String,
        /// The card's own.
        known: String,
    },
    /// Outside the range.
    #[error("parameter `{name}` must be {expected}, got {got:?}")]
    Value {
        /// The parameter.
        name: String,
        /// The range in words.
        expected: String,
        /// Given.
        got: String,
    },
    /// Two parameters that do not go together.
    #[error("parameter `{name}`: {reason}")]
    Conflict {
        /// The parameter.
        name: String,
        /// Why.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECS: &[ParamSpec] = &[
        ParamSpec {
            name: "trees",
            doc: "",
            default: ParamValue::Int(100),
            range: Range::Int { min: 1, max: 1000, log: false },
            search: None,
        },
        ParamSpec {
            name: "loss",
            doc: "",
            default: ParamValue::Static("hinge"),
            range: Range::Choice(&["hinge", "log"]),
            search: None,
        },
    ];

    fn refusal(name: &str, text: &str) -> String {
        Params::parse(SPECS, &[(name.to_owned(), text.to_owned())]).unwrap_err().to_string()
    }

    #[test]
    fn a_refusal_names_what_is_valid() {
        assert_eq!(refusal("tree", "1"), "unknown parameter `tree`, known are: trees, loss");
        assert_eq!(
            refusal("trees", "0"),
            "parameter `trees` must be a whole number from 1 to 1000, got \"0\""
        );
        assert_eq!(refusal("loss", "l2"), "parameter `loss` must be one of hinge, log, got \"l2\"");
    }

    #[test]
    fn values_survive_saving() {
        let given = [("loss".to_owned(), "log".to_owned())];
        let params = Params::parse(SPECS, &given).unwrap();
        assert_eq!(params.text("loss"), "log");
        assert_eq!(Params::load(SPECS, &params.save()).unwrap(), params);
    }
}
