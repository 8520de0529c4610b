//! Idempotency keys: a request that is sent again is not done again.

use async_trait::async_trait;

use super::Result;
use crate::time::Timestamp;

/// What was answered to a request that came with an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// What is known of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: do the work, then [`Idempotency::complete`] or [`Idempotency::abandon`].
    New,
    /// The same request is being worked on.
    UnderWay,
    /// It was answered.
    Answered(StoredAnswer),
    /// Another request used this key.
    Other,
    /// The work was cut off after a part of it, or its answer was lost: by the end of the service,
    /// or by an error. What the audit trail says was done: action, object.
    Interrupted(Vec<(String, String)>),
}

/// Idempotency keys.
#[async_trait]
pub trait Idempotency {
    /// Notes that a request begins. `fingerprint` is a hash of route and body, `request` what all
    /// its changes carry as [`Change::request`](crate::records::Change::request). An old key is forgotten. One that was under way
    /// when the service before this one ended counts as new if the audit trail knows of no change
    /// by its request; otherwise the work must not be done twice.
    async fn begin(
        &self,
        actor: &str,
        key: &str,
        fingerprint: &[u8; 32],
        request: Option<&str>,
        now: Timestamp,
    ) -> Result<Begun>;
    /// Keeps its answer.
    async fn complete(&self, actor: &str, key: &str, answer: &StoredAnswer) -> Result<()>;
    /// The work has failed: forgets the key, so that it may be tried again, unless the audit trail
    /// knows of a change by its request.
    async fn abandon(&self, actor: &str, key: &str) -> Result<()>;
}
