//! What happens when the service starts: the folder, shipped models, active versions.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tripline_core::text::hexadecimal;
use tripline_store::records::{Change, Status, VersionFilter};
use tripline_store::{Metadata, SecretKey, Sqlite, SqliteOptions, Timestamp};

use super::error::ServiceError;
use super::loading::digest;
use super::registration::Registration;
use super::served::Served;
use super::settings::Shipped;
use super::state::{Service, locked};
use crate::error::EngineError;

/// The database, in the folder of the service.
pub const DATABASE: &str = "tripline.db";
/// The key that signs the audit trail.
pub const AUDIT_KEY: &str = "audit.key";
/// The log of the audit trail's heads.
pub const AUDIT_HEADS: &str = "audit-heads.log";
/// Versions that are tried before a name is given up at start.
const FALLBACKS: usize = 16;

/// The embedded database of a folder. The key of its audit trail and the log of its heads stand
/// beside it, so that neither can be changed through the database.
///
/// A folder that is made is for nobody else to look into. Idempotency keys are known for
/// `keys_kept`.
pub async fn open_store(
    folder: &Path,
    at: Timestamp,
    keys_kept: Duration,
) -> Result<Arc<dyn Metadata>, ServiceError> {
    let failed = |path: &Path, reason: String| ServiceError::File {
        path: path.display().to_string(),
        reason,
    };
    let mut made = std::fs::DirBuilder::new();
    made.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut made, 0o700);
    made.create(folder).map_err(|error| failed(folder, error.to_string()))?;
    let first = !folder.join(DATABASE).exists();
    let key = audit_key(&folder.join(AUDIT_KEY), first)?;
    let mut options = SqliteOptions::new(key, at);
    options.head_log = Some(folder.join(AUDIT_HEADS));
    options.idempotency_micros = i64::try_from(keys_kept.as_micros()).unwrap_or(i64::MAX);
    let database = Sqlite::open(&folder.join(DATABASE), options).await?;
    if let Some(finding) = database.broken_trail() {
        tracing::error!(%finding, "the audit trail does not hold; `tripline audit verify` tells more");
    }
    let mut heads = database.heads();
    tokio::spawn(async move {
        while heads.changed().await.is_ok() {
            let head = heads.borrow_and_update().clone();
            if let Some(head) = head {
                let hash = hexadecimal(head.hash);
                tracing::info!(sequence = head.sequence, hash, "audit head");
            }
        }
    });
    Ok(Arc::new(database))
}

/// The key that signs the audit trail; made at the first start, readable by its owner alone. It
/// takes its place whole, so that a start that is killed leaves a key or none.
fn audit_key(path: &Path, first: bool) -> Result<SecretKey, ServiceError> {
    // Nothing was signed yet by a key that an interrupted start left empty.
    let empty = || std::fs::metadata(path).is_ok_and(|file| file.len() == 0);
    if path.exists() && !(first && empty()) {
        return Ok(SecretKey::read(path).map_err(EngineError::from)?);
    }
    let failed = |reason: String| ServiceError::File { path: path.display().to_string(), reason };
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| failed(error.to_string()))?;
    let key = SecretKey::from_bytes(bytes);
    let fresh = path.with_extension("key.new");
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    let written = file.open(&fresh).and_then(|mut file| {
        file.write_all(key.to_hex().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)?;
        // The key must outlast what it has signed.
        match path.parent() {
            Some(folder) => std::fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    });
    written.map_err(|error| failed(error.to_string()))?;
    Ok(key)
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
            let setting = format!("shipped.{}", shipped.name);
            let registered = self.store.setting(&setting).await?.is_some_and(|last| last == sum);
            if version.is_none() && registered {
                // Somebody has deleted it: it does not come again.
                continue;
            }
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
            if never
                && !registered
                && let Some(version) = version
            {
                self.deploy(&version.id, &change).await?;
            }
            if !registered {
                self.store.set_setting(&setting, Some(&sum), &change).await?;
            }
        }
        Ok(())
    }

    /// Loads all active versions. One whose files are missing or wrong gives way to the one that was
    /// active before it; if there is none, its name does not answer, and the service starts all the
    /// same. Where the reason may pass, such as a key that is not trusted, the registry stays as it
    /// is, and an earlier version answers until the right one can be loaded.
    pub(crate) async fn start_models(self: &Arc<Self>) -> Result<(), ServiceError> {
        let _order = self.in_order().await?;
        self.refresh_surely(&[]).await?;
        for _ in 0..FALLBACKS {
            let mut changed = false;
            let live = self.live();
            for (id, reason) in live.unloaded() {
                let Some(version) = self.store.version(id).await? else { continue };
                if version.status != Status::Active || locked(&self.substitutes).contains_key(id) {
                    continue;
                }
                let name = &version.what.name;
                if live.may_pass.contains(id) {
                    let Some(served) = self.earlier(name, id).await? else { continue };
                    tracing::warn!(model = %id, answers = %served.id, "an earlier version answers");
                    locked(&self.substitutes).insert(id.clone(), served);
                    changed = true;
                    continue;
                }
                let reason = format!("`{id}` cannot be loaded: {reason}");
                let change = Change::system(self.clock().now(), &reason);
                match self.store.roll_back(name, &change).await {
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

    /// The newest version but that one that was active under a name and can be loaded.
    async fn earlier(&self, name: &str, but: &str) -> Result<Option<Arc<Served>>, ServiceError> {
        let mut seen = BTreeSet::from([but.to_owned()]);
        for (id, _) in self.store.history(name).await? {
            if seen.len() > FALLBACKS || !seen.insert(id.clone()) {
                continue;
            }
            let Some(version) = self.store.version(&id).await? else { continue };
            match self.load_version(&version).await {
                Ok(served) => return Ok(Some(served)),
                Err(error) => tracing::warn!(model = id, %error, "cannot be loaded either"),
            }
        }
        Ok(None)
    }
}
