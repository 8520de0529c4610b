//! Features of an entity as they were at a time.

use std::collections::BTreeMap;

use crate::time::Timestamp;

/// A group of features that are known together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureView {
    /// Its name: lower-case letters, digits and `_`, at most 64.
    pub name: String,
    /// Names of its features.
    pub features: Vec<String>,
    /// Microseconds after which a value counts as unknown; none never does.
    pub time_to_live: Option<i64>,
}

/// What was known of an entity from a time on.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureRow {
    /// The entity, such as an address or a user.
    pub entity: String,
    /// From when it holds.
    pub at: Timestamp,
    /// Values by feature; `NaN` is unknown.
    pub values: BTreeMap<String, f64>,
}
