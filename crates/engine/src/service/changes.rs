//! How a change of the registry is carried out: to its end, one after the other.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::MutexGuard;
use tracing::Instrument as _;
use tripline_store::MetadataError;
use tripline_store::records::{Change, ModelVersion};

use super::error::ServiceError;
use super::record::cut;
use super::served::Served;
use super::state::Service;

/// Attempts to read the database again after a change that it has taken.
const REFRESHES: usize = 3;
/// Most bytes of a reason in the audit trail.
const MAX_REASON: usize = 4 << 10;

/// Does work in a task of its own, so that it comes to its end though nobody waits any more: a
/// client that leaves must not leave the database with one version and the answers with another.
pub(crate) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, ServiceError>> + Send + 'static,
) -> Result<T, ServiceError> {
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => done,
        Err(error) => Err(ServiceError::Internal { reason: error.to_string() }),
    }
}

impl Service {
    /// Waits for the changes before this one. What takes long is done before it is called: a
    /// rollback must not wait for a model that somebody else loads.
    pub(crate) async fn in_order(&self) -> Result<MutexGuard<'_, ()>, ServiceError> {
        let order = self.changes.lock().await;
        match self.is_ending() {
            true => Err(ServiceError::ShuttingDown),
            false => Ok(order),
        }
    }

    /// The snapshot follows what the database said to a change. An error of the database may come
    /// after its commit, so that only one which tells that nothing was changed is left at that.
    pub(crate) async fn follow<T>(
        &self,
        done: Result<T, MetadataError>,
        loaded: &[Arc<Served>],
    ) -> Result<T, ServiceError> {
        if let Err(
            MetadataError::NotFound { .. }
            | MetadataError::Conflict { .. }
            | MetadataError::Invalid { .. },
        ) = done
        {
            return Ok(done?);
        }
        let followed = self.refresh_surely(loaded).await;
        let done = done?;
        followed?;
        Ok(done)
    }

    /// The database has taken the change, so the snapshot must follow: now, else with the next tick.
    pub(crate) async fn refresh_surely(&self, loaded: &[Arc<Served>]) -> Result<(), ServiceError> {
        self.stale.store(true, Ordering::Release);
        let mut left = REFRESHES;
        loop {
            left -= 1;
            match self.refresh(loaded).await {
                Ok(()) => {
                    self.stale.store(false, Ordering::Release);
                    return Ok(());
                }
                Err(error) if left > 0 => {
                    tracing::warn!(%error, "reading the registry again");
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Follows a change of the database that could not be followed when it was made.
    pub(crate) async fn catch_up(&self) {
        if !self.stale.load(Ordering::Acquire) {
            return;
        }
        let Ok(_order) = self.in_order().await else { return };
        if self.stale.load(Ordering::Acquire)
            && let Err(error) = self.refresh_surely(&[]).await
        {
            tracing::error!(%error, "what answers is not what the registry says");
        }
    }

    /// The version of that id or alias.
    pub(crate) async fn version(&self, id: &str) -> Result<ModelVersion, ServiceError> {
        let found = self.store.version(id).await?;
        found.ok_or_else(|| MetadataError::NotFound { what: "model", id: id.to_owned() }.into())
    }

    /// The record of a version that was loaded before it was its turn, as it is now.
    pub(crate) async fn still(&self, loaded: &ModelVersion) -> Result<ModelVersion, ServiceError> {
        let now = self.version(&loaded.id).await?;
        if now.what.digest == loaded.what.digest && now.what.canaries == loaded.what.canaries {
            return Ok(now);
        }
        let reason = "it was replaced while it was loaded".to_owned();
        Err(MetadataError::Conflict { what: "model", id: now.id, reason }.into())
    }

    /// Tells the audit trail of a model that was refused.
    pub(crate) async fn note_refusal<T>(
        &self,
        action: &str,
        object: &str,
        done: Result<T, ServiceError>,
        change: &Change,
    ) -> Result<T, ServiceError> {
        if let Err(error @ (ServiceError::Refused { .. } | ServiceError::Blob(_))) = &done {
            let reason = error.to_string();
            let detail = serde_json::json!({ "reason": cut(&reason, MAX_REASON) }).to_string();
            tracing::warn!(model = object, %error, action, "refused");
            self.store.record(action, object, &detail, change).await?;
        }
        done
    }
}
