//! Forgetting what is old.

use async_trait::async_trait;

use super::Result;
use crate::records::{Kept, Old};

/// Forgetting what is old, in parts, so that others write in between.
#[async_trait]
pub trait Retention {
    /// How much of that is old.
    async fn count_old(&self, what: Kept, old: Old) -> Result<u64>;
    /// Forgets at most `limit` rows of what is old, the oldest first, in one transaction; gives how
    /// many. Fewer than `limit` mean that nothing old is left. The audit trail is not written: who
    /// calls this says there what will go, before the first part goes.
    async fn forget_old(&self, what: Kept, old: Old, limit: u32) -> Result<u64>;
    /// Bytes of the database that are in use: without those that wait to be used again.
    async fn bytes_in_use(&self) -> Result<u64>;
    /// Gives a part of the space that is not in use back to the system, beyond the `keep` bytes
    /// that are kept for what comes; tells whether more can be given.
    async fn give_back(&self, keep: u64) -> Result<bool>;
}
