//! A point in time as the service keeps it.

/// Microseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From nanoseconds since 1970-01-01 UTC, rounded down.
    pub fn from_ns(ns: i64) -> Self {
        Self(ns.div_euclid(1000))
    }

    /// Later by that many microseconds.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}
