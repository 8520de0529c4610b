//! A blob written part by part, so that a large one never stands in memory.

use bytes::{Bytes, BytesMut};
use object_store::MultipartUpload;

use crate::blobs::{BlobError, Blobs};

/// Bytes of a part: the least that buckets take (S3, "Multipart upload limits").
const PART: usize = 5 << 20;

/// A blob under way: nothing has its key before [`BlobWriter::finish`].
#[derive(Debug)]
pub struct BlobWriter {
    blobs: Blobs,
    key: String,
    upload: Box<dyn MultipartUpload>,
    pending: BytesMut,
}

impl BlobWriter {
    pub(crate) fn new(blobs: Blobs, key: &str, upload: Box<dyn MultipartUpload>) -> Self {
        Self { blobs, key: key.to_owned(), upload, pending: BytesMut::new() }
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
        self.upload.complete().await.map_err(|error| self.error(&error))?;
        self.blobs.sync(&self.key).await
    }

    /// Leaves nothing.
    pub async fn abort(mut self) {
        // What cannot be removed now is not listed, and has no key.
        let _ = self.upload.abort().await;
    }

    async fn send(&mut self) -> Result<(), BlobError> {
        let part = self.pending.split().freeze();
        if part.is_empty() {
            return Ok(());
        }
        self.upload.put_part(part.into()).await.map_err(|error| self.error(&error))
    }

    fn error(&self, error: &object_store::Error) -> BlobError {
        BlobError { key: self.key.clone(), reason: error.to_string(), missing: false }
    }
}
