//! The audit trail: what was changed, by whom, each entry bound to the one before.

use crate::time::Timestamp;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// 1, 2, 3, …
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who: see [`Change::actor`](super::Change::actor).
    pub actor: String,
    /// What was done, such as `model.deploy`.
    pub action: String,
    /// To what, such as a model's id.
    pub object: String,
    /// More, as JSON.
    pub detail: String,
    /// The request.
    pub request: Option<String>,
    /// Hash of the entry before; zeros for the first.
    pub previous: [u8; 32],
    /// SHA-256 over all of the above.
    pub hash: [u8; 32],
}

/// The end of the trail, signed with a key that the database does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// Number of the last entry.
    pub sequence: u64,
    /// Its hash.
    pub hash: [u8; 32],
    /// Ed25519 signature of both.
    pub signature: Vec<u8>,
}
