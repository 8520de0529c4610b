//! Statements joined by `and`, `or`, `not`, whatever they state.

/// How a statement joins what stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
}

/// Statements joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Logic<T> {
    /// One statement.
    Is(T),
    /// It does not hold.
    Not(Box<Logic<T>>),
    /// From left to right: `a or b and c` is `(a or b) and c`, as pcap-filter(7) has it.
    ///
    /// A list and no nesting, so that a filter of a thousand hosts needs no deep stack.
    Chain(Box<Logic<T>>, Vec<(Join, Logic<T>)>),
}

impl<T> Logic<T> {
    /// All of them hold.
    pub(super) fn all(first: Self, rest: impl IntoIterator<Item = Self>) -> Self {
        Self::chain(Join::And, first, rest)
    }

    /// One of them holds.
    pub(super) fn any(first: Self, rest: impl IntoIterator<Item = Self>) -> Self {
        Self::chain(Join::Or, first, rest)
    }

    fn chain(join: Join, first: Self, rest: impl IntoIterator<Item = Self>) -> Self {
        Self::Chain(Box::new(first), rest.into_iter().map(|part| (join, part)).collect())
    }

    /// Each statement replaced, from left to right.
    pub(super) fn replace<U, E>(
        &self,
        by: &mut impl FnMut(&T) -> Result<Logic<U>, E>,
    ) -> Result<Logic<U>, E> {
        Ok(match self {
            Self::Is(statement) => by(statement)?,
            Self::Not(inner) => Logic::Not(Box::new(inner.replace(by)?)),
            Self::Chain(first, rest) => {
                let first = Box::new(first.replace(by)?);
                let rest = rest
                    .iter()
                    .map(|(join, part)| Ok((*join, part.replace(by)?)))
                    .collect::<Result<_, E>>()?;
                Logic::Chain(first, rest)
            }
        })
    }
}
