//! A run: one training with its parameters, figures and artefacts.

use std::collections::BTreeMap;

use crate::time::Timestamp;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunState {
    /// Under way.
    Running,
    /// Ended well.
    Finished,
    /// Ended otherwise.
    Failed,
}

impl RunState {
    /// All of them.
    pub const ALL: [RunState; 3] = [Self::Running, Self::Finished, Self::Failed];

    /// The name in the store and in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
        }
    }

    /// From its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A run to be begun.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// What it is for, such as a model name.
    pub experiment: String,
    /// The job that does it.
    pub job: Option<String>,
    /// The detector's card.
    pub detector: String,
    /// Parameters by name, as text.
    pub params: BTreeMap<String, String>,
    /// Data by role (`training`, `test`): name, SHA-256, rows as JSON.
    pub data: BTreeMap<String, String>,
}

/// Something that a run left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artefact {
    /// Its name in the run, such as `report.html`.
    pub name: String,
    /// Where it is among the blobs.
    pub blob: String,
    /// SHA-256, in hexadecimal.
    pub digest: String,
    /// Bytes.
    pub bytes: u64,
}

/// A run.
#[derive(Debug, Clone)]
pub struct Run {
    /// `run-…`.
    pub id: String,
    /// What it was begun with.
    pub what: NewRun,
    /// Where it stands.
    pub state: RunState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Last value of each figure.
    pub metrics: BTreeMap<String, f64>,
    /// What it left behind.
    pub artefacts: Vec<Artefact>,
    /// The model that it registered.
    pub model_id: Option<String>,
}

/// Which runs.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Of this purpose alone.
    pub experiment: Option<String>,
    /// Of this detector alone.
    pub detector: Option<String>,
}
