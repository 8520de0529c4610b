//! What a model is registered with.

use std::collections::BTreeMap;

/// What a model is registered with, beside its file.
#[derive(Debug, Clone, Default)]
pub struct Registration {
    /// What the versions of one purpose share: lower-case letters, digits and `_`, at most 64.
    pub name: String,
    /// The version to take instead of the next, such as `v2.1.0`.
    pub version: Option<String>,
    /// What it takes: `flow`, …; empty takes that of the name's last version, else `flow`.
    pub task: String,
    /// Figures by name, each from held-out rows; those of the file's own provenance are added.
    pub metrics: BTreeMap<String, f64>,
    /// Further JSON members of the card, such as `curves`, `findings`, `comparison`: name, JSON.
    pub card: Vec<(String, String)>,
    /// Where its report is among the blobs.
    pub report: Option<String>,
    /// The version that it was made from.
    pub parent: Option<String>,
    /// The job that made it. A second registration by the same job gives the version of the first.
    pub job: Option<String>,
    /// The run that it belongs to.
    pub run: Option<String>,
}
