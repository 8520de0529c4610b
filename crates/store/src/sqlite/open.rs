//! Opening the database.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use tokio::sync::{Mutex, watch};

use super::read::refused;
use super::write::{Writer, connect};
use super::{Sqlite, SqliteOptions, idempotency, lock, schema, trail};
use crate::atomic::sync_folder;
use crate::audit::HeadLog;
use crate::metadata::{MetadataError, Result};
use crate::records::Change;

/// A larger file is not read from end to end before the service starts.
const MAX_CHECKED_BYTES: u64 = 32 << 20;

/// Longest wait for a lock of SQLite, and for a reader.
const PATIENCE: Duration = Duration::from_secs(10);

impl Sqlite {
    /// Opens or makes the database, with its lock beside it; brings it to the newest version.
    ///
    /// Errors name the file: another service uses the folder, the file is no database or that of
    /// another program, was written by a later version, is damaged, cannot be written.
    pub async fn open(path: &Path, options: SqliteOptions) -> Result<Self> {
        let name = path.display().to_string();
        let failed = |reason: String| MetadataError::Database { path: name.clone(), reason };
        if path.is_dir() {
            return Err(failed("is a folder; name a file in it".to_owned()));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(failed(format!(
                "there is no folder `{}`; make it first",
                folder.display()
            )));
        }
        let lock = lock::take(path)?;
        make(path, false).map_err(|e| failed(format!("cannot open it for writing: {e}")))?;
        let connecting = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(PATIENCE)
            .foreign_keys(true)
            // Nothing in the file is taken for a function that may be called.
            .pragma("trusted_schema", "OFF")
            // In KiB where it is negative (https://www.sqlite.org/pragma.html#pragma_cache_size).
            .pragma("cache_size", format!("-{}", options.cache_kib.max(64)))
            .pragma("journal_size_limit", "67108864")
            .analysis_limit(400)
            .disable_statement_logging();
        // First without any change to a file that may not be ours.
        let plain = SqliteConnectOptions::new().filename(path).disable_statement_logging();
        let mut looking = connect(&name, &plain).await?;
        schema::recognise(&name, &mut looking).await?;
        looking.close().await.map_err(|e| refused(&name, &e))?;
        // A reader does not ask for these: they would have to wait for a transaction under way.
        let writing = connecting
            .clone()
            .auto_vacuum(SqliteAutoVacuum::Incremental)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let mut connection = connect(&name, &writing).await?;
        check(&name, path, &mut connection).await?;
        schema::migrate(&name, &mut connection).await?;
        // What was under way when the service before this one ended will not be answered.
        idempotency::at_start(&name, &mut connection).await?;
        let log = match &options.head_log {
            Some(log) => Some(HeadLog::open(log).map_err(|e| failed(e.to_string()))?),
            None => None,
        };
        let logged = log.as_ref().and_then(HeadLog::last);
        let (head, broken) =
            trail::at_start(&name, &mut connection, &options.audit_key, logged).await?;
        connection.close().await.map_err(|e| refused(&name, &e))?;
        let pool = |connections: u32| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .min_connections(0)
                .acquire_timeout(PATIENCE)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
        };
        let writer = pool(1).connect_lazy_with(writing);
        let readers = pool(options.readers.max(1));
        let readers = readers.connect_lazy_with(connecting.pragma("query_only", "ON"));
        let store = Self {
            path: name,
            key: options.audit_key,
            heads: watch::Sender::new(head.clone().filter(|_| broken.is_none())),
            writer: Mutex::new(Writer { pool: writer, head, unsure: false }),
            readers,
            log: log.map(|log| Arc::new(Mutex::new(log))),
            broken,
            idempotency_micros: options.idempotency_micros,
            _lock: lock,
        };
        store.note_opening(&options.at).await?;
        Ok(store)
    }

    /// Writes down that the trail did not hold; logs a head that a crash kept from the log.
    async fn note_opening(&self, at: &crate::time::Timestamp) -> Result<()> {
        if let Some(broken) = &self.broken {
            let mut write = self.write().await?;
            let change = Change::system(*at, "found at start");
            let detail = json!({ "finding": broken.to_string() });
            write.note(&change, "audit.broken", "audit", detail).await?;
            return write.commit().await;
        }
        let head = self.heads.borrow().clone();
        match head {
            Some(head) => self.log_head(head).await,
            None => Ok(()),
        }
    }
}

/// Makes the file, for nobody else to read, so that those beside it get the same rights.
pub(super) fn make(path: &Path, new: bool) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).create_new(new).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    sync_folder(path);
    Ok(())
}

/// Whether the file holds together, where reading it all is quick.
async fn check(name: &str, path: &Path, connection: &mut SqliteConnection) -> Result<()> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() > MAX_CHECKED_BYTES) {
        return Ok(());
    }
    let said: String = sqlx::query("PRAGMA quick_check(1)")
        .fetch_one(connection)
        .await
        .and_then(|row| row.try_get(0))
        .map_err(|e| refused(name, &e))?;
    if said == "ok" {
        return Ok(());
    }
    let reason = format!("{said}; put a backup in its place");
    Err(MetadataError::Damaged { what: name.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use sqlx::SqlitePool;

    use super::*;
    use crate::key::SecretKey;
    use crate::time::Timestamp;

    async fn pragma(pool: &SqlitePool, name: &'static str) -> String {
        let row = sqlx::query(name).fetch_one(pool).await.unwrap();
        row.try_get::<i64, _>(0).map_or_else(|_| row.get::<String, _>(0), |n| n.to_string())
    }

    #[test]
    fn the_writer_waits_for_the_disk_at_each_commit() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let options = SqliteOptions::new(SecretKey::from_bytes([7; 32]), Timestamp(0));
            let store = Sqlite::open(&folder.path().join("t.db"), options).await.unwrap();
            let writer = store.writer.lock().await;
            // https://www.sqlite.org/pragma.html#pragma_synchronous: 2 is FULL.
            assert_eq!(pragma(&writer.pool, "PRAGMA synchronous").await, "2");
            assert_eq!(pragma(&writer.pool, "PRAGMA journal_mode").await, "wal");
            assert_eq!(pragma(&writer.pool, "PRAGMA foreign_keys").await, "1");
            assert_eq!(pragma(&writer.pool, "PRAGMA auto_vacuum").await, "2");
            assert_eq!(pragma(&store.readers, "PRAGMA query_only").await, "1");
        });
    }
}
