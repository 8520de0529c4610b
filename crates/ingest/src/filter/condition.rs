//! What a program asks of a frame: a value loaded, masked, compared.

use super::logic::Logic;

/// What a filter means for frames of one link type.
pub(super) type Condition = Logic<Ask>;

/// One question, or its answer where it is known beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Known(bool),
    Test(Test),
}

/// A comparison of a value with a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Test {
    pub(super) value: Value,
    pub(super) compare: Compare,
    pub(super) with: u32,
}

/// A number that is loaded from a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Value {
    pub(super) load: Load,
    /// Bits that count.
    pub(super) mask: u32,
}

/// Where a number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Load {
    /// Length on the wire.
    Length,
    /// Big-endian, this many bytes into the frame.
    At(Width, u32),
    /// The same, for a field that tells what follows: what is known of it is kept in mind.
    Kind(Width, u32),
    /// Big-endian 16 bits, `more` bytes behind an IPv4 header that begins at `header`.
    BehindIpv4 { header: u32, more: u32 },
    /// What the kernel tells beside the frame: offset from `SKF_AD_OFF` of `linux/filter.h`.
    Beside(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Width {
    Byte,
    Half,
    Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Compare {
    Equal,
    Greater,
    AtLeast,
    /// A bit of the constant is set in the value.
    AnySet,
}

/// The value, masked, equals a constant.
pub(super) fn equal(load: Load, mask: u32, with: u32) -> Condition {
    test(load, mask, Compare::Equal, with)
}

/// The value, masked, compared with a constant.
pub(super) fn test(load: Load, mask: u32, compare: Compare, with: u32) -> Condition {
    Logic::Is(Ask::Test(Test { value: Value { load, mask }, compare, with }))
}

/// Answered beforehand.
pub(super) fn known(answer: bool) -> Condition {
    Logic::Is(Ask::Known(answer))
}

impl Test {
    /// The answer for a value.
    fn of(&self, value: u32) -> bool {
        match self.compare {
            Compare::Equal => value == self.with,
            Compare::Greater => value > self.with,
            Compare::AtLeast => value >= self.with,
            Compare::AnySet => value & self.with != 0,
        }
    }

    /// The answer, if that of another test settles it.
    pub(super) fn given(&self, other: &Self, answer: bool) -> Option<bool> {
        if self.value != other.value {
            return None;
        }
        match (other.compare, answer) {
            (Compare::Equal, true) => Some(self.of(other.with)),
            _ if self == other => Some(answer),
            _ => None,
        }
    }
}
