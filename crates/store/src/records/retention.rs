//! What a service forgets when it is old.

use crate::time::Timestamp;

/// What a service forgets when it is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kept {
    /// Detections that nobody has judged; their time is that of the event.
    Detections,
    /// Detections that somebody has judged, with all that was said of them.
    Judged,
    /// What shadow versions said.
    ShadowScores,
    /// Counts of answers; their time is the start of the hour.
    Tallies,
    /// Rows of the feature store.
    FeatureRows,
    /// Jobs that have ended, by the time of their end.
    Jobs,
    /// Runs that have ended, with figures and artefacts, unless a version is left of them.
    Runs,
    /// Sessions, by the time until which they hold.
    Sessions,
    /// Idempotency keys.
    IdempotencyKeys,
}

impl Kept {
    /// All of them.
    pub const ALL: [Kept; 9] = [
        Self::Detections,
        Self::Judged,
        Self::ShadowScores,
        Self::Tallies,
        Self::FeatureRows,
        Self::Jobs,
        Self::Runs,
        Self::Sessions,
        Self::IdempotencyKeys,
    ];

    /// The name in the audit trail, the log and every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detections => "detections",
            Self::Judged => "judged_detections",
            Self::ShadowScores => "shadow_scores",
            Self::Tallies => "tallies",
            Self::FeatureRows => "feature_rows",
            Self::Jobs => "jobs",
            Self::Runs => "runs",
            Self::Sessions => "sessions",
            Self::IdempotencyKeys => "idempotency_keys",
        }
    }
}

/// Which of it is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Old {
    /// What is from before this time.
    Before(Timestamp),
    /// All but so many that were stored last; of [`Kept::Detections`] alone.
    AllBut(u64),
}
