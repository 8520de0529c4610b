//! What must last: the model file, journals, the atomic writing of any output; the metadata and the
//! blobs of a service, behind traits.
//!
//! A model file is data: reading it executes nothing. Its size is bounded before it is read, its
//! checksum is verified before anything else is believed, every length in it is checked before
//! memory is taken. What a section means is not known here.

pub mod atomic;
pub mod audit;
mod blob_file;
pub mod blob_writer;
pub mod blobs;
pub mod cache;
pub mod error;
pub mod format;
pub mod id;
pub mod journal;
pub mod key;
pub mod limits;
pub mod metadata;
pub mod model_file;
pub mod queue;
pub mod records;
pub mod sqlite;
pub mod time;

pub use atomic::{AtomicFile, discard_unfinished, write_atomic};
pub use blob_writer::BlobWriter;
pub use blobs::{BlobError, Blobs};
pub use cache::{Cache, CacheCounts, MemoryCache};
pub use error::StoreError;
pub use journal::{Journal, Lines};
pub use key::{KeyError, PublicKey, SecretKey};
pub use limits::Limits;
pub use metadata::{Metadata, MetadataError};
pub use model_file::{ModelFile, SectionError, is_model_file, read_bounded};
pub use queue::{MemoryQueue, Queue};
pub use sqlite::{Sqlite, SqliteOptions};
pub use time::Timestamp;
