//! Files that killed processes and forgotten runs have left among the blobs.

use std::collections::BTreeMap;

use tripline_store::records::VersionFilter;

use crate::service::{Service, ServiceError};

/// Removes what was being written when a process was killed, and files of jobs that need them no
/// more. To be called before anything is written. Files of models that no version has are told
/// alone: they may be what a backup of the database is missing.
pub(super) async fn sweep(service: &Service) -> Result<(), ServiceError> {
    let (files, bytes) = service.blobs().sweep().await?;
    if files > 0 {
        tracing::info!(files, bytes, "what was half written is removed");
    }
    // One that ended: nothing goes on from its files. One that is retried begins anew.
    for (id, keys) in by_id(service, "jobs").await? {
        if service.store().job(&id).await?.is_none_or(|job| job.state.is_final()) {
            remove(service, &id, keys).await?;
        }
    }
    let versions = service.store().versions(&VersionFilter::default()).await?;
    for prefix in ["models", "canaries"] {
        let mut unknown = service.blobs().list(prefix).await?;
        unknown.retain(|(key, _)| {
            versions.iter().all(|version| {
                version.what.blob != *key && version.what.canaries.as_ref() != Some(key)
            })
        });
        let (files, bytes) = (unknown.len(), unknown.iter().map(|(_, bytes)| bytes).sum::<u64>());
        if files > 0 {
            tracing::warn!(folder = prefix, files, bytes, "files that no version has");
        }
    }
    Ok(())
}

/// Removes reports of runs that are forgotten.
pub(crate) async fn sweep_runs(service: &Service) -> Result<(), ServiceError> {
    for (id, keys) in by_id(service, "runs").await? {
        if service.store().run(&id).await?.is_none() {
            remove(service, &id, keys).await?;
        }
    }
    Ok(())
}

/// All files `PREFIX/ID/…` by their id.
async fn by_id(
    service: &Service,
    prefix: &str,
) -> Result<BTreeMap<String, Vec<String>>, ServiceError> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, _) in service.blobs().list(prefix).await? {
        let mut parts = key.splitn(3, '/').skip(1);
        if let (Some(id), Some(_)) = (parts.next(), parts.next()) {
            found.entry(id.to_owned()).or_default().push(key.clone());
        }
    }
    Ok(found)
}

async fn remove(service: &Service, id: &str, keys: Vec<String>) -> Result<(), ServiceError> {
    tracing::info!(of = id, files = keys.len(), "files that nobody needs are removed");
    for key in keys {
        service.blobs().delete(&key).await?;
    }
    Ok(())
}
