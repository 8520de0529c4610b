//! A blob written part by part, so that a large one never stands in memory.

use bytes::{Bytes, BytesMut};
use object_store::MultipartUpload;

use crate::blob_file::BlobFile;
use crate::blobs::{BlobError, blocking};

/// Bytes of a part: the least that buckets take (S3, "Multipart upload limits").
const PART: usize = 5 << 20;

/// A blob under way: nothing has its key before [`BlobWriter::finish`].
#[derive(Debug)]
pub struct BlobWriter {
    key: String,
    target: Target,
    pending: BytesMut,
}

/// Where its parts go.
#[derive(Debug)]
pub(crate) enum Target {
    /// A file; none after an error.
    File(Option<BlobFile>),
    /// A bucket.
    Upload(Box<dyn MultipartUpload>),
}

impl BlobWriter {
    pub(crate) fn new(key: &str, target: Target) -> Self {
        Self { key: key.to_owned(), target, pending: BytesMut::new() }
    }

    /// Takes further bytes.
    ///
    /// # Errors
    /// The disk or the bucket refuses.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.pending.extend_from_slice(&bytes);
        if self.pending.len() >= PART { self.send().await } else { Ok(()) }
    }

    /// The blob is there, and on disk; one of that key before it is replaced.
    ///
    /// # Errors
    /// The disk or the bucket refuses; then nothing is there.
    pub async fn finish(mut self) -> Result<(), BlobError> {
        self.send().await?;
        match self.target {
            Target::Upload(mut upload) => {
                upload.complete().await.map(drop).map_err(|e| error(&self.key, &e))
            }
            Target::File(file) => {
                blocking(&self.key, move || file.map_or_else(gone, BlobFile::finish)).await
            }
        }
    }

    /// Leaves nothing.
    pub async fn abort(mut self) {
        match &mut self.target {
            // What cannot be removed now is not listed, and has no key.
            Target::Upload(upload) => drop(upload.abort().await),
            Target::File(file) => drop(file.take()),
        }
    }

    async fn send(&mut self) -> Result<(), BlobError> {
        let part = self.pending.split().freeze();
        if part.is_empty() {
            return Ok(());
        }
        let file = match &mut self.target {
            Target::Upload(upload) => {
                return upload.put_part(part.into()).await.map_err(|e| error(&self.key, &e));
            }
            Target::File(file) => file.take(),
        };
        let written = blocking(&self.key, move || {
            let mut file = file.map_or_else(gone, Ok)?;
            file.write(&part).map(|()| file)
        });
        let written = written.await?;
        self.target = Target::File(Some(written));
        Ok(())
    }
}

fn gone<T>() -> std::io::Result<T> {
    Err(std::io::Error::other("writing it has failed before"))
}

fn error(key: &str, error: &dyn std::error::Error) -> BlobError {
    BlobError { key: key.to_owned(), reason: error.to_string(), missing: false }
}
