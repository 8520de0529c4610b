//! Who changes something: every write carries it, and it stands in the audit trail.

use crate::time::Timestamp;

/// Who changes something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When it was asked for.
    pub at: Timestamp,
    /// `key:ID`, `user:NAME`, `local`, or `system` for the service itself.
    pub actor: String,
    /// The request's id, so that logs and trail can be read side by side.
    pub request: Option<String>,
    /// Why, where someone or a rule gave a reason.
    pub reason: Option<String>,
}

impl Change {
    /// A change by the service itself, for that reason.
    pub fn system(at: Timestamp, reason: &str) -> Self {
        Self { at, actor: "system".to_owned(), request: None, reason: Some(reason.to_owned()) }
    }
}
