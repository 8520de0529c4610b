//! A registered version's file becomes a model, if it is what was registered.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tripline_core::text::hexadecimal;
use tripline_features::flow::SETS;
use tripline_ingest::LAYOUTS;
use tripline_store::records::ModelVersion;

use super::canaries::{self, Canaries, bounded};
use super::error::{Refusal, ServiceError};
use super::live::Live;
use super::served::Served;
use super::settings::ServiceSettings;
use super::state::Service;
use crate::model::Model;

/// Most columns of a model that is served: a record would need as many fields.
const MAX_COLUMNS: usize = 10_000;

/// A file that was found good.
#[derive(Debug)]
pub(crate) struct Examined {
    /// The model.
    pub(crate) model: Model,
    /// Its canary rows as they are stored.
    pub(crate) canaries: Bytes,
    /// SHA-256 of the file.
    pub(crate) digest: String,
}

/// Whether a version that cannot be loaded may be loaded another time, or under other settings:
/// its files are not known to be missing or wrong.
pub(crate) fn may_pass(error: &ServiceError) -> bool {
    match error {
        ServiceError::Blob(error) => !error.missing,
        ServiceError::Refused { reason, .. } => {
            matches!(reason, Refusal::Signature { .. } | Refusal::TooLarge { .. })
        }
        _ => true,
    }
}

/// A file as a model, after every check that needs nothing else.
pub(crate) fn load(
    file: &[u8],
    settings: &ServiceSettings,
    shipped: &HashSet<String>,
) -> Result<Model, Refusal> {
    bounded(&settings.limits, file.len())?;
    let model = Model::from_bytes(Path::new("the model"), file, &settings.limits)
        .map_err(|error| Refusal::Load { reason: error.to_string() })?;
    let trusted = &settings.trusted_keys;
    let signer = model.signer();
    if !trusted.is_empty()
        && !signer.is_some_and(|signer| trusted.contains(&signer))
        // What the program brings along is as trusted as the program.
        && !shipped.contains(&digest(file))
    {
        return Err(Refusal::Signature { signer: signer.map(|key| key.to_hex()) });
    }
    let columns = model.input().len();
    if columns == 0 || columns > MAX_COLUMNS {
        let reason = format!("it takes {columns} columns; from 1 to {MAX_COLUMNS} can be served");
        return Err(Refusal::Columns { reason });
    }
    Ok(model)
}

/// Whether records that the active version of the name takes can be judged by another version: it
/// may need columns of that one, and of every published layout or feature set that has all of them.
pub(crate) fn fits(model: &Model, active: &Model) -> Result<(), Refusal> {
    let has = |names: &[&str]| active.input().names().all(|name| names.contains(&name));
    let mut known: HashSet<&str> = active.input().names().collect();
    for layout in LAYOUTS {
        if has(layout.columns) {
            known.extend(layout.columns);
        }
    }
    let sets: Vec<Vec<&str>> =
        SETS.iter().map(|set| (set.columns)().iter().map(|column| column.name).collect()).collect();
    for set in &sets {
        if has(set) {
            known.extend(set);
        }
    }
    let further: Vec<&str> = model.input().names().filter(|name| !known.contains(name)).collect();
    if !further.is_empty() {
        let named = further.iter().take(5).copied().collect::<Vec<_>>().join("`, `");
        let more = if further.len() > 5 { ", …" } else { "" };
        return Err(Refusal::Columns {
            reason: format!(
                "it needs `{named}`{more}, which records of the active version need not have; \
                 register it under another name"
            ),
        });
    }
    for field in model.input().fields() {
        let Some(at) = active.input().position(&field.name) else { continue };
        let own = active.input().fields()[at].kind.name();
        if own != field.kind.name() {
            return Err(Refusal::Columns {
                reason: format!(
                    "its column `{}` is {}, in the active version it is {own}",
                    field.name,
                    field.kind.name()
                ),
            });
        }
    }
    Ok(())
}

/// SHA-256 in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hexadecimal(Sha256::digest(bytes))
}

impl Service {
    /// Reads the version's file and canary rows, checks them, replays the rows.
    pub(crate) async fn load_version(
        &self,
        version: &ModelVersion,
    ) -> Result<Arc<Served>, ServiceError> {
        let refused = |reason| ServiceError::refused(&version.id, reason);
        let file = self.blobs.get(&version.what.blob, self.settings.limits.max_file_bytes).await?;
        let canaries = match &version.what.canaries {
            Some(key) => Some(self.blobs.get(key, canaries::MAX_BYTES).await?),
            None => None,
        };
        let (settings, shipped) = (self.settings.clone(), self.shipped.clone());
        let expected = version.what.digest.clone();
        let canary_key = version.what.canaries.clone();
        let checked = blocking(move || {
            let got = digest(&file);
            if got != expected {
                return Err(Refusal::Digest { expected, got });
            }
            let model = load(&file, &settings, &shipped)?;
            if let (Some(bytes), Some(key)) = (canaries, canary_key) {
                // The blob is named by its own hash.
                if !key.contains(&digest(&bytes)) {
                    let reason = "the blob is not what was registered".to_owned();
                    return Err(Refusal::Canaries { reason });
                }
                Canaries::from_bytes(&bytes)?.replay(&model)?;
            }
            let pace = Canaries::of(&model)?.warm_up(&model)?;
            Ok((model, pace))
        });
        let (model, pace) = checked.await?.map_err(refused)?;
        Ok(Arc::new(Served::new(version.clone(), Arc::new(model), pace)))
    }

    /// The version if it is in the snapshot or stands by for a rollback, else loaded now.
    pub(crate) async fn loaded(
        &self,
        live: &Live,
        version: &ModelVersion,
    ) -> Result<Arc<Served>, ServiceError> {
        match self.at_hand(live, version) {
            Some(served) => Ok(served),
            None => self.load_version(version).await,
        }
    }

    /// The version if it is in the snapshot or stands by for a rollback.
    pub(crate) fn at_hand(&self, live: &Live, version: &ModelVersion) -> Option<Arc<Served>> {
        let known = live.served.get(&version.id).cloned();
        let known = known.or_else(|| self.standing_by(&version.id));
        // An id that was deleted may have come again with another file.
        known.filter(|served| served.version.what.digest == version.what.digest)
    }

    /// A file as a model with its canary rows.
    pub(crate) async fn examine(&self, name: &str, file: Bytes) -> Result<Examined, ServiceError> {
        let (settings, shipped) = (self.settings.clone(), self.shipped.clone());
        let examined = blocking(move || {
            let model = load(&file, &settings, &shipped)?;
            let canaries = Canaries::of(&model)?;
            canaries.replay(&model)?;
            let canaries = Bytes::from(canaries.to_bytes());
            Ok(Examined { model, canaries, digest: digest(&file) })
        });
        examined.await?.map_err(|reason| ServiceError::refused(name, reason))
    }
}

/// Work for the processor, off the runtime's threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ServiceError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ServiceError::Internal { reason: error.to_string() })
}
