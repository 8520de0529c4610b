//! What an analyst says of a detection or of an answer.

use crate::time::Timestamp;

/// The analyst's verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Judgement {
    /// An attack indeed.
    TruePositive,
    /// A false alarm.
    FalsePositive,
    /// Harmless, though what the model saw is there: a scan of one's own, for example.
    Benign,
}

impl Judgement {
    /// All of them.
    pub const ALL: [Judgement; 3] = [Self::TruePositive, Self::FalsePositive, Self::Benign];

    /// The name in the store and in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::TruePositive => "true_positive",
            Self::FalsePositive => "false_positive",
            Self::Benign => "benign",
        }
    }

    /// From its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|judgement| judgement.name() == name)
    }
}

/// One judgement; a later one of the same detection takes its place, and both stay in the trail.
#[derive(Debug, Clone)]
pub struct Feedback {
    /// `fbk-…`.
    pub id: String,
    /// The detection.
    pub detection: String,
    /// What was said.
    pub judgement: Judgement,
    /// The class that it should have had.
    pub label: Option<String>,
    /// A remark.
    pub comment: Option<String>,
    /// Who said it.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}
