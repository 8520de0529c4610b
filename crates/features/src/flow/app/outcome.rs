//! What a parser answers to bytes.

/// What a parser answers to bytes of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Bytes used from the front.
    pub(super) used: usize,
    /// Bytes behind those, present or to come, that the parser does not want to see.
    pub(super) skip: u64,
    /// How it goes on.
    pub(super) then: Then,
}

/// How a direction goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// With more bytes.
    More,
    /// The parser wants no more of this direction.
    Done,
    /// The bytes are not of this protocol.
    Fail,
    /// The parser wants no more of either direction.
    Finish,
    /// Another protocol follows in both directions, to be told by its first bytes.
    Switch,
    /// The other direction, which was held, may go on.
    Release,
}

impl Outcome {
    /// More bytes are needed.
    pub(super) fn more(used: usize) -> Self {
        Self { used, skip: 0, then: Then::More }
    }

    /// The next bytes are to be left out.
    pub(super) fn skip(used: usize, skip: u64) -> Self {
        Self { used, skip, then: Then::More }
    }

    /// No more of this direction.
    pub(super) fn done(used: usize) -> Self {
        Self::then(used, Then::Done)
    }

    /// Not of this protocol.
    pub(super) fn fail(used: usize) -> Self {
        Self::then(used, Then::Fail)
    }

    /// Any other way to go on.
    pub(super) fn then(used: usize, then: Then) -> Self {
        Self { used, skip: 0, then }
    }
}
