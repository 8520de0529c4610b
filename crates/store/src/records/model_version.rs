//! A version of a model: immutable but for its status.

use std::collections::BTreeMap;

use crate::time::Timestamp;

/// What a version is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Registered, never answered yet.
    Candidate,
    /// Scores beside the active version; its scores are stored, never answered.
    Shadow,
    /// Answers. One version of each name is active.
    Active,
    /// Was active, or was put away; can be deployed again.
    Archived,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 4] =
        [Status::Candidate, Status::Shadow, Status::Active, Status::Archived];

    /// The name in the store and in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Shadow => "shadow",
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }

    /// From its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// A version to be registered. Its number is given by the store: the next minor version of its
/// name, `v1.0.0` for the first.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// What the versions of one purpose share, such as `flow_detector`: lower-case letters, digits
    /// and `_`, at most 64.
    pub name: String,
    /// The version to take instead of the next, such as `v2.1.0`; refused if it is there already.
    pub version: Option<String>,
    /// The detector's card.
    pub detector: String,
    /// What it takes: `flow`, `http`, `event`, `behaviour`, `sequence`.
    pub task: String,
    /// Figures by name, each from held-out rows; empty where none were taken.
    pub metrics: BTreeMap<String, f64>,
    /// Card, provenance, lineage, comparison: JSON that the layers above write and read.
    pub card: String,
    /// SHA-256 of the model's file, in hexadecimal.
    pub digest: String,
    /// Where the file is among the blobs.
    pub blob: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Where its report is among the blobs.
    pub report: Option<String>,
    /// The public key that signed the file, in hexadecimal.
    pub signer: Option<String>,
    /// Rows with their scores, replayed before a deploy: where they are among the blobs.
    pub canaries: Option<String>,
    /// The version that it was made from.
    pub parent: Option<String>,
    /// The job that made it.
    pub job: Option<String>,
    /// The run that it belongs to.
    pub run: Option<String>,
}

/// A registered version.
#[derive(Debug, Clone)]
pub struct ModelVersion {
    /// `NAME_VERSION`, such as `flow_detector_v1.0.0`.
    pub id: String,
    /// The number, with its `v`.
    pub version: String,
    /// What it is used for now.
    pub status: Status,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last became active.
    pub deployed_at: Option<Timestamp>,
    /// Aliases that point to it.
    pub aliases: Vec<String>,
    /// What it was registered with; `version` in it is filled.
    pub what: NewVersion,
}

/// Which versions.
#[derive(Debug, Clone, Default)]
pub struct VersionFilter {
    /// Of this status alone.
    pub status: Option<Status>,
    /// Of this name alone.
    pub name: Option<String>,
    /// Of this task alone.
    pub task: Option<String>,
}

/// What a deploy or a rollback did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The name.
    pub name: String,
    /// The version that answers now.
    pub active: String,
    /// The one that answered before.
    pub previous: Option<String>,
}
