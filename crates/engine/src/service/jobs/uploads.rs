//! Data sets that were uploaded: blobs with a line about each.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tripline_core::text::hexadecimal;
use tripline_store::records::{Change, JobFilter, JobState, PageRequest};
use tripline_store::{BlobWriter, Timestamp};

use super::error::JobError;
use super::room::Place;
use super::spec::Accepted;
use crate::service::{Service, ServiceError};

/// Where uploads are among the blobs.
const PREFIX: &str = "uploads";
/// Bytes of the line about an upload at most.
const ABOUT_BYTES: u64 = 64 << 10;
/// Longest label in characters.
const LABEL: usize = 200;

/// Something that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// `upl-…`.
    pub id: String,
    /// What its sender called it: never a path.
    pub label: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// Bytes.
    pub bytes: u64,
    /// When it was there.
    pub created_at: Timestamp,
    /// Who sent it.
    pub actor: String,
}

/// As it is kept beside the bytes, which are there before it is.
#[derive(Serialize, Deserialize)]
struct About {
    label: String,
    digest: String,
    bytes: u64,
    created_at: i64,
    actor: String,
}

/// An upload under way; dropped before its end, it leaves nothing.
#[derive(Debug)]
pub struct UploadWriter {
    service: Arc<Service>,
    id: String,
    label: String,
    digest: Sha256,
    bytes: u64,
    limit: u64,
    writer: BlobWriter,
    place: Place,
}

impl UploadWriter {
    /// Takes further bytes.
    ///
    /// # Errors
    /// [`JobError::TooLarge`] beyond the room that is left, of which other uploads under way take
    /// their part; the disk refuses.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), ServiceError> {
        let more = bytes.len() as u64;
        self.bytes += more;
        if self.bytes > self.limit {
            return Err(JobError::TooLarge { limit: self.limit }.into());
        }
        if let Err(left) = self.place.take(more) {
            return Err(JobError::TooLarge { limit: left }.into());
        }
        self.digest.update(&bytes);
        Ok(self.writer.write(bytes).await?)
    }

    /// SHA-256 of what has come so far.
    pub fn digest(&self) -> [u8; 32] {
        self.digest.clone().finalize().into()
    }

    /// The upload is whole: on disk, and in the audit trail.
    pub async fn finish(self, change: &Change) -> Result<Upload, ServiceError> {
        if self.bytes == 0 {
            self.writer.abort().await;
            return Err(JobError::field("body", "the upload is empty").into());
        }
        let Self { service, id, label, digest, bytes, writer, place, .. } = self;
        writer.finish().await?;
        let upload = Upload {
            digest: hexadecimal(digest.finalize()),
            id,
            label,
            bytes,
            created_at: change.at,
            actor: change.actor.clone(),
        };
        let about = About {
            label: upload.label.clone(),
            digest: upload.digest.clone(),
            bytes,
            created_at: change.at.0,
            actor: upload.actor.clone(),
        };
        let text = serde_json::to_vec(&about)
            .map_err(|error| ServiceError::Internal { reason: error.to_string() })?;
        // Told before it is there: a change without its entry must not be.
        let detail = serde_json::json!({ "digest": upload.digest, "bytes": upload.bytes });
        let (store, blobs, detail) = (service.store(), service.blobs(), detail.to_string());
        let told = store.record("upload.create", &upload.id, &detail, change).await;
        let kept = match told {
            Ok(()) => blobs.put(&about_key(&upload.id), text.into()).await.map_err(Into::into),
            Err(error) => Err(ServiceError::from(error)),
        };
        if let Err(error) = kept {
            // Bytes that nobody knows of take room until the next start.
            if let Err(error) = blobs.delete(&data_key(&upload.id)).await {
                tracing::warn!(upload = upload.id, %error, "bytes of an upload stay");
            }
            return Err(error);
        }
        place.keep();
        Ok(upload)
    }

    /// Leaves nothing.
    pub async fn abort(self) {
        self.writer.abort().await;
    }
}

impl Service {
    /// Begins an upload; `label` is what people will see, and nothing else.
    ///
    /// # Errors
    /// There are too many uploads, or no room is left for another.
    pub async fn begin_upload(self: &Arc<Self>, label: &str) -> Result<UploadWriter, ServiceError> {
        let settings = &self.settings.jobs;
        let place = Place::new(self.jobs.shared.room.clone(), settings)?;
        let id = tripline_store::id::fresh("upl", self.clock().now());
        let label: String = label.chars().filter(|c| !c.is_control()).take(LABEL).collect();
        Ok(UploadWriter {
            writer: self.blobs().writer(&data_key(&id)).await?,
            service: self.clone(),
            label: if label.trim().is_empty() { id.clone() } else { label },
            id,
            digest: Sha256::new(),
            bytes: 0,
            limit: settings.max_data_bytes,
            place,
        })
    }

    /// All uploads, newest first.
    pub async fn uploads(&self) -> Result<Vec<Upload>, ServiceError> {
        let mut uploads = Vec::new();
        for (key, _) in self.blobs().list(PREFIX).await? {
            let id = key.strip_prefix("uploads/").and_then(|key| key.strip_suffix(".json"));
            if let Some(id) = id {
                uploads.extend(self.upload(id).await?);
            }
        }
        uploads.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
        Ok(uploads)
    }

    /// The upload of that id.
    pub async fn upload(&self, id: &str) -> Result<Option<Upload>, ServiceError> {
        if !is_id(id) {
            return Ok(None);
        }
        let text = match self.blobs().get(&about_key(id), ABOUT_BYTES).await {
            Ok(text) => text,
            Err(error) if error.missing => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let about: About = serde_json::from_slice(&text).map_err(|error| {
            ServiceError::Internal { reason: format!("upload `{id}` is damaged: {error}") }
        })?;
        Ok(Some(Upload {
            id: id.to_owned(),
            label: about.label,
            digest: about.digest,
            bytes: about.bytes,
            created_at: Timestamp(about.created_at),
            actor: about.actor,
        }))
    }

    /// Forgets an upload; gives it for the last time.
    ///
    /// # Errors
    /// A job that waits or runs needs it.
    pub async fn delete_upload(
        &self,
        id: &str,
        change: &Change,
    ) -> Result<Option<Upload>, ServiceError> {
        let Some(upload) = self.upload(id).await? else { return Ok(None) };
        for state in [JobState::Queued, JobState::Running] {
            let filter = JobFilter { state: Some(state), kind: Some(super::TRAINING.to_owned()) };
            let page = PageRequest { limit: 1000, after: None };
            for job in self.store().jobs(&filter, &page).await?.items {
                let Ok(accepted) = Accepted::parse(&job.what.spec) else { continue };
                let asked = accepted.asked;
                let uses = format!("upload:{id}");
                if asked.source.contains(&uses) || asked.test_source.as_ref() == Some(&uses) {
                    let message = format!("`{}` is to be trained on it: cancel that first", job.id);
                    return Err(JobError::field("upload_id", message).into());
                }
            }
        }
        self.store().record("upload.delete", id, "{}", change).await?;
        // The line about it goes first: what is left then is swept at the next start.
        self.blobs().delete(&about_key(id)).await?;
        self.blobs().delete(&data_key(id)).await?;
        self.jobs.shared.room.give(upload.bytes, 1);
        Ok(Some(upload))
    }
}

/// The upload that a field names.
pub(super) async fn find(service: &Service, field: &str, id: &str) -> Result<Upload, ServiceError> {
    match service.upload(id).await? {
        Some(upload) => Ok(upload),
        None => {
            let known = service.uploads().await?;
            let known = known.into_iter().take(20).map(|upload| upload.id).collect();
            Err(JobError::unknown(field, "upload", id, known).into())
        }
    }
}

/// Removes what uploads left that came to no end, counts the others. To be called before the first
/// upload begins.
pub(super) async fn sweep(service: &Service) -> Result<(), ServiceError> {
    let stored = service.blobs().list(PREFIX).await?;
    let (mut room, mut uploads) = (0, 0);
    for (key, bytes) in &stored {
        let Some(name) = key.strip_suffix(".data") else { continue };
        let about = format!("{name}.json");
        if stored.iter().any(|(key, _)| *key == about) {
            room += bytes;
            uploads += 1;
        } else {
            service.blobs().delete(key).await?;
        }
    }
    service.jobs.shared.room.set(room, uploads);
    Ok(())
}

/// Where the bytes of an upload are.
pub(super) fn data_key(id: &str) -> String {
    format!("{PREFIX}/{id}.data")
}

fn about_key(id: &str) -> String {
    format!("{PREFIX}/{id}.json")
}

/// An id becomes part of a key, so it is looked at first.
fn is_id(id: &str) -> bool {
    let letter = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    id.starts_with("upl-") && id.len() <= 64 && id.bytes().all(letter)
}
