//! What happens when the service starts: the folder, shipped models, active versions.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tripline_store::Metadata;
use tripline_store::records::{Change, Status, VersionFilter};

use super::error::ServiceError;
use super::loading::digest;
use super::registration::Registration;
use super::settings::Shipped;
use super::state::Service;

/// Versions that are tried before a name is given up at start.
const FALLBACKS: usize = 16;

/// The embedded database of a folder, with the key of its audit trail beside it.
pub(crate) async fn open_store(folder: &Path) -> Result<Arc<dyn Metadata>, ServiceError> {
    let _ = folder;
    Err(ServiceError::Internal { reason: "no embedded database".to_owned() })
}

impl Service {
    /// Registers models that the program brings along: at the first start of a name they are
    /// deployed too; a newer one of a name that is known is a candidate.
    pub(crate) async fn register_shipped(
        self: &Arc<Self>,
        shipped: &[Shipped],
    ) -> Result<(), ServiceError> {
        for shipped in shipped {
            let name = Some(shipped.name.to_owned());
            let filter = VersionFilter { name, ..VersionFilter::default() };
            let known = self.store.versions(&filter).await?;
            let sum = digest(shipped.bytes);
            let mut version = known.iter().find(|version| version.what.digest == sum).cloned();
            let change = Change::system(self.clock().now(), "comes with the program");
            if version.is_none() {
                let what = Registration {
                    name: shipped.name.to_owned(),
                    task: shipped.task.to_owned(),
                    ..Registration::default()
                };
                let file = Bytes::from_static(shipped.bytes);
                version = Some(self.register(file, what, &change).await?);
            }
            // A crash between the two leaves a candidate that never answered.
            let never = known.iter().all(|known| {
                known.what.digest == sum
                    && known.status == Status::Candidate
                    && known.deployed_at.is_none()
            });
            if never && let Some(version) = version {
                self.deploy(&version.id, &change).await?;
            }
        }
        Ok(())
    }

    /// Loads all active versions. One that cannot be loaded gives way to the one that was active
    /// before it; if there is none, its name does not answer, and the service starts all the same.
    pub(crate) async fn start_models(self: &Arc<Self>) -> Result<(), ServiceError> {
        let _order = self.changes.lock().await;
        self.refresh_surely(&[]).await?;
        for _ in 0..FALLBACKS {
            let mut changed = false;
            for (id, reason) in self.live().unloaded().to_vec() {
                let Some(version) = self.store.version(&id).await? else { continue };
                if version.status != Status::Active {
                    continue;
                }
                let reason = format!("`{id}` cannot be loaded: {reason}");
                let change = Change::system(self.clock().now(), &reason);
                match self.store.roll_back(&version.what.name, &change).await {
                    Ok(rolled) => {
                        tracing::warn!(from = %id, to = %rolled.active, "rolled back at start");
                        changed = true;
                    }
                    Err(error) => tracing::error!(model = %id, %error, "no version before it"),
                }
            }
            if !changed {
                break;
            }
            self.refresh_surely(&[]).await?;
        }
        Ok(())
    }
}
