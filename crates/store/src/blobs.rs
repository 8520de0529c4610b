//! Blobs: model files, uploads, reports, by key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::blob_file::{self, BlobFile};
use crate::blob_writer::{BlobWriter, Target};

/// Why a blob could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("blob `{key}`: {reason}")]
pub struct BlobError {
    /// Its key.
    pub key: String,
    /// Why.
    pub reason: String,
    /// Whether it is simply not there.
    pub missing: bool,
}

/// Where blobs are: a folder now; a bucket is another `ObjectStore`.
///
/// Keys are names parted by `/`, such as `models/flow_detector/v1.0.0.trip`.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// Of a folder: `object_store` does not wait for the disk, so files are written here.
    folder: Option<Folder>,
}

#[derive(Debug, Clone)]
struct Folder {
    root: PathBuf,
    files: Arc<LocalFileSystem>,
}

impl Blobs {
    /// In a folder, which is made if it is not there; nobody else may look into it.
    pub fn folder(folder: &Path) -> Result<Self, BlobError> {
        let error = |reason: String| BlobError {
            key: folder.display().to_string(),
            reason,
            missing: false,
        };
        blob_file::make_folder(folder)
            .and_then(|()| blob_file::close_to_others(folder))
            .map_err(|e| error(e.to_string()))?;
        let files = LocalFileSystem::new_with_prefix(folder).map_err(|e| error(e.to_string()))?;
        let root = folder.canonicalize().map_err(|e| error(e.to_string()))?;
        let files = Arc::new(files);
        Ok(Self { store: files.clone(), folder: Some(Folder { root, files }) })
    }

    /// Writes a blob; it is on disk when this is ready. One that is there is replaced.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), BlobError> {
        let at = parse(key)?;
        let Some((root, target)) = self.place(key)? else {
            let put = self.store.put(&at, bytes.into()).await;
            return put.map(drop).map_err(|e| error(key, e));
        };
        blocking(key, move || {
            let mut file = BlobFile::create(&root, target)?;
            file.write(&bytes)?;
            file.finish()
        })
        .await
    }

    /// Begins a blob that is written part by part.
    pub async fn writer(&self, key: &str) -> Result<BlobWriter, BlobError> {
        let at = parse(key)?;
        let target = match self.place(key)? {
            Some((root, target)) => {
                let file = blocking(key, move || BlobFile::create(&root, target)).await?;
                Target::File(Some(file))
            }
            None => Target::Upload(self.store.put_multipart(&at).await.map_err(|e| error(key, e))?),
        };
        Ok(BlobWriter::new(key, target))
    }

    /// Removes what was being written when a process before this one was killed; to be called
    /// before anything is written. Gives how many files, and their bytes.
    pub async fn sweep(&self) -> Result<(u64, u64), BlobError> {
        let Some(Folder { root, .. }) = self.folder.clone() else { return Ok((0, 0)) };
        blocking("", move || blob_file::sweep(&root)).await
    }

    /// Root and file of a blob in a folder.
    fn place(&self, key: &str) -> Result<Option<(PathBuf, PathBuf)>, BlobError> {
        let Some(target) = self.path(key)? else { return Ok(None) };
        Ok(self.folder.as_ref().map(|folder| (folder.root.clone(), target)))
    }

    /// Reads a whole blob, unless it has more than `limit` bytes.
    pub async fn get(&self, key: &str, limit: u64) -> Result<Bytes, BlobError> {
        let at = parse(key)?;
        let found = self.store.get(&at).await.map_err(|e| error(key, e))?;
        if found.meta.size > limit {
            let reason = format!("it has {} bytes, more than {limit}", found.meta.size);
            return Err(BlobError { key: key.to_owned(), reason, missing: false });
        }
        found.bytes().await.map_err(|e| error(key, e))
    }

    /// The size of a blob, and its bytes part by part.
    pub async fn reader(
        &self,
        key: &str,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, BlobError>>), BlobError> {
        let found = self.store.get(&parse(key)?).await.map_err(|e| error(key, e))?;
        let (size, key) = (found.meta.size, key.to_owned());
        Ok((size, found.into_stream().map_err(move |e| error(&key, e)).boxed()))
    }

    /// Removes a blob; one that is not there is no error.
    pub async fn delete(&self, key: &str) -> Result<(), BlobError> {
        match self.store.delete(&parse(key)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(error(key, e)),
        }
    }

    /// Keys with their sizes under a prefix, in order.
    pub async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, BlobError> {
        let at = parse(prefix)?;
        let mut found: Vec<(String, u64)> = self
            .store
            .list(Some(&at))
            .map_ok(|meta| (meta.location.to_string(), meta.size))
            .try_collect()
            .await
            .map_err(|e| error(prefix, e))?;
        found.sort();
        Ok(found)
    }

    /// The file that holds a blob, for readers that need one; none where blobs are no files.
    pub fn path(&self, key: &str) -> Result<Option<PathBuf>, BlobError> {
        let Some(folder) = &self.folder else { return Ok(None) };
        folder.files.path_to_filesystem(&parse(key)?).map(Some).map_err(|e| error(key, e))
    }
}

/// Work on files, off the runtime's threads.
pub(crate) async fn blocking<T: Send + 'static>(
    key: &str,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| e.to_string())
        .and_then(|done| done.map_err(|e| e.to_string()))
        .map_err(|reason| BlobError { key: key.to_owned(), reason, missing: false })
}

/// A key without `..`, without an absolute path, without control characters.
fn parse(key: &str) -> Result<Key, BlobError> {
    Key::parse(key).map_err(|e| error(key, e.into()))
}

fn error(key: &str, e: object_store::Error) -> BlobError {
    let missing = matches!(e, object_store::Error::NotFound { .. });
    let reason = if missing { "it is not there".to_owned() } else { e.to_string() };
    BlobError { key: key.to_owned(), reason, missing }
}
