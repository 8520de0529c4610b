//! Writing: one transaction at a time, with its audit entries.

use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, SqlitePool, Transaction};
use tokio::sync::MutexGuard;

use super::Sqlite;
use super::read::{Statement, refused};
use super::row::signed;
use super::trail;
use crate::metadata::{MetadataError, Result};
use crate::records::{AuditEntry, AuditHead, Change};

/// Longest detail of an audit entry in bytes.
const MAX_DETAIL_BYTES: usize = 64 << 10;

/// Longest text of a detail in bytes; a longer one is cut.
const MAX_TEXT_BYTES: usize = 4 << 10;

/// The connection that writes, with the end of the trail.
#[derive(Debug)]
pub(super) struct Writer {
    /// Of one connection: a transaction that is dropped is rolled back at once.
    pub(super) pool: SqlitePool,
    /// The end of the trail that the next entry is chained to. It is kept here, not read again for
    /// each entry, so that who changes the file meanwhile does not get the change signed.
    pub(super) head: Option<AuditHead>,
    /// The end of a commit was not seen: it failed, or its future was dropped.
    pub(super) unsure: bool,
}

impl Writer {
    /// Moves the write-ahead log into the database file, as far as that goes.
    pub(super) async fn checkpoint(&mut self) {
        // What stays in the log is found by the next one who opens.
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.pool).await;
    }
}

/// A transaction under way. Dropped without [`Write::commit`], it leaves nothing.
pub(super) struct Write<'a> {
    store: &'a Sqlite,
    // Dropped before the lock is given back.
    transaction: Transaction<'static, sqlx::Sqlite>,
    writer: MutexGuard<'a, Writer>,
    /// The end of the trail with the entries of this transaction.
    head: Option<([u8; 32], u64)>,
}

impl Sqlite {
    /// Begins a transaction; others wait until it has ended.
    pub(super) async fn write(&self) -> Result<Write<'_>> {
        let mut writer = self.writer.lock().await;
        let begun = writer.pool.begin_with("BEGIN IMMEDIATE").await;
        let mut transaction = begun.map_err(|e| refused(&self.path, &e))?;
        if writer.unsure {
            let head = trail::after_drop(self, &mut transaction, writer.head.as_ref()).await?;
            writer.head = head;
            writer.unsure = false;
        }
        Ok(Write { store: self, transaction, writer, head: None })
    }
}

impl Write<'_> {
    /// Runs a statement; gives the number of rows it changed.
    pub(super) async fn run(&mut self, statement: Statement<'_>) -> Result<u64> {
        let done = statement.execute(&mut *self.transaction).await;
        done.map(|done| done.rows_affected()).map_err(|e| refused(&self.store.path, &e))
    }

    /// The first row.
    pub(super) async fn one(&mut self, statement: Statement<'_>) -> Result<Option<SqliteRow>> {
        let row = statement.fetch_optional(&mut *self.transaction).await;
        row.map_err(|e| refused(&self.store.path, &e))
    }

    /// All rows.
    pub(super) async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<SqliteRow>> {
        let rows = statement.fetch_all(&mut *self.transaction).await;
        rows.map_err(|e| refused(&self.store.path, &e))
    }

    /// Number of the trail's last entry; 0 if it is empty.
    pub(super) fn last_entry(&self) -> u64 {
        let committed = self.writer.head.as_ref().map_or(0, |head| head.sequence);
        self.head.map_or(committed, |(_, sequence)| sequence)
    }

    /// Adds an audit entry. The change's reason goes into its detail.
    pub(super) async fn note(
        &mut self,
        change: &Change,
        action: &str,
        object: &str,
        detail: Value,
    ) -> Result<()> {
        let mut detail = match detail {
            Value::Null => json!({}),
            detail => detail,
        };
        if let (Some(reason), Some(fields)) = (&change.reason, detail.as_object_mut()) {
            fields.entry("reason").or_insert_with(|| json!(reason));
        }
        shorten(&mut detail);
        let detail = detail.to_string();
        if detail.len() > MAX_DETAIL_BYTES {
            return Err(MetadataError::Invalid {
                field: "detail",
                expected: "JSON of at most 65536 bytes",
                got: format!("{} bytes", detail.len()),
            });
        }
        let committed = self.writer.head.as_ref().map(|head| (head.hash, head.sequence));
        let (previous, sequence) = self.head.or(committed).unwrap_or(([0; 32], 0));
        let mut entry = AuditEntry {
            sequence: sequence + 1,
            at: change.at,
            actor: change.actor.clone(),
            action: action.to_owned(),
            object: object.to_owned(),
            detail,
            request: change.request.clone(),
            previous,
            hash: [0; 32],
        };
        entry.hash = entry.digest();
        self.head = Some((entry.hash, entry.sequence));
        let insert = sqlx::query(
            "INSERT INTO audit
             (sequence, at, actor, action, object, detail, request, previous, hash)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(signed(entry.sequence))
        .bind(entry.at.0)
        .bind(entry.actor)
        .bind(entry.action)
        .bind(entry.object)
        .bind(entry.detail)
        .bind(entry.request)
        .bind(entry.previous.to_vec())
        .bind(entry.hash.to_vec());
        self.run(insert).await.map(drop)
    }

    /// Ends the transaction: all of it is on disk when this is ready, its head in the log of heads.
    pub(super) async fn commit(mut self) -> Result<()> {
        let head =
            self.head.map(|(hash, sequence)| AuditHead::sign(sequence, hash, &self.store.key));
        if let Some(head) = &head {
            let put = sqlx::query(
                "INSERT INTO audit_head (one, sequence, hash, signature) VALUES (1, ?, ?, ?)
                 ON CONFLICT (one) DO UPDATE SET
                 sequence = excluded.sequence, hash = excluded.hash, signature = excluded.signature",
            )
            .bind(signed(head.sequence))
            .bind(head.hash.to_vec())
            .bind(head.signature.clone());
            self.run(put).await?;
        }
        let Write { store, transaction, mut writer, .. } = self;
        writer.unsure = head.is_some();
        transaction.commit().await.map_err(|e| refused(&store.path, &e))?;
        writer.unsure = false;
        let Some(head) = head else { return Ok(()) };
        writer.head = Some(head.clone());
        store.heads.send_replace(Some(head.clone()));
        drop(writer);
        store.log_head(head).await
    }
}

impl Sqlite {
    /// Waits until the log covers a head. Those who wait at the same time share one line.
    pub(super) async fn log_head(&self, head: AuditHead) -> Result<()> {
        let Some(log) = &self.log else { return Ok(()) };
        let mut log = log.clone().lock_owned().await;
        let newest = self.heads.borrow().clone().unwrap_or(head);
        tokio::task::spawn_blocking(move || log.append(&newest))
            .await
            .map_err(|e| e.to_string())
            .and_then(|done| done.map_err(|e| e.to_string()))
            .map_err(|reason| MetadataError::Database { path: self.path.clone(), reason })
    }
}

/// Cuts long texts of a detail: an entry is written whatever reason or name somebody has sent.
fn shorten(detail: &mut Value) {
    let Some(fields) = detail.as_object_mut() else { return };
    for value in fields.values_mut() {
        if let Value::String(text) = value
            && text.len() > MAX_TEXT_BYTES
        {
            text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
            text.push('…');
        }
    }
}

/// Opens a connection that is not shared.
pub(super) async fn connect(
    path: &str,
    options: &sqlx::sqlite::SqliteConnectOptions,
) -> Result<SqliteConnection> {
    SqliteConnection::connect_with(options).await.map_err(|e| refused(path, &e))
}
