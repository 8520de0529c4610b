//! What a search may try: a domain for each parameter.

use tripline_core::{ParamSpec, ParamValue, Range, Rng};

use super::domain::{Domain, fault};

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
