//! The embedded database: all metadata of a service in one SQLite file.
//!
//! One connection writes, a few read. What a write changes and its audit entry are one transaction;
//! it is on disk (`synchronous=FULL`, write-ahead log) when the write's future is ready. A future
//! that is dropped midway leaves all or nothing.

mod access;
mod audit;
mod backup;
mod check;
mod cursor;
mod deploy;
mod detection_query;
mod detections;
mod experiments;
mod features;
mod feedback;
mod idempotency;
mod jobs;
mod lock;
mod many;
mod measured;
mod models;
mod open;
mod read;
mod retention;
mod row;
mod runs;
mod schema;
mod trail;
mod version_row;
mod write;

pub use trail::verify_trail;

use std::path::PathBuf;
use std::sync::Arc;

use sqlx::SqlitePool;
use tokio::sync::{Mutex, watch};

use crate::audit::{Finding, HeadLog};
use crate::key::SecretKey;
use crate::metadata::Metadata;
use crate::records::AuditHead;
use crate::time::Timestamp;

/// How the database is opened.
#[derive(Debug)]
pub struct SqliteOptions {
    /// Signs the heads of the audit trail; to be kept outside the database.
    pub audit_key: SecretKey,
    /// The time at which it is opened.
    pub at: Timestamp,
    /// Where heads are logged, outside the database; none logs them nowhere.
    pub head_log: Option<PathBuf>,
    /// Connections that read, at least 1.
    pub readers: u32,
    /// Memory for pages of each connection, in KiB.
    pub cache_kib: u32,
    /// How long an idempotency key is known, in microseconds.
    pub idempotency_micros: i64,
}

/// A day in microseconds.
const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;

impl SqliteOptions {
    /// With a key, without a log of heads; four readers, 2 MiB for each connection, idempotency keys
    /// for a day.
    pub fn new(audit_key: SecretKey, at: Timestamp) -> Self {
        let idempotency_micros = DAY_MICROS;
        Self { audit_key, at, head_log: None, readers: 4, cache_kib: 2048, idempotency_micros }
    }
}

/// All metadata in one SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    path: String,
    key: SecretKey,
    writer: Mutex<write::Writer>,
    readers: SqlitePool,
    heads: watch::Sender<Option<AuditHead>>,
    log: Option<Arc<Mutex<HeadLog>>>,
    broken: Option<Finding>,
    idempotency_micros: i64,
    /// Held while the database is open.
    _lock: std::fs::File,
}

impl Sqlite {
    /// The signed end of the audit trail, as it moves on: for the service's own log.
    pub fn heads(&self) -> watch::Receiver<Option<AuditHead>> {
        self.heads.subscribe()
    }

    /// What did not hold of the audit trail's end when the database was opened. It stands in the
    /// trail as `audit.broken`, and checking finds it from then on.
    pub fn broken_trail(&self) -> Option<&Finding> {
        self.broken.as_ref()
    }

    /// Lets readers and writer end, so that the database is one file again.
    pub async fn close(&self) {
        self.readers.close().await;
        let mut writer = self.writer.lock().await;
        writer.checkpoint().await;
        writer.pool.close().await;
    }
}

impl Metadata for Sqlite {}
