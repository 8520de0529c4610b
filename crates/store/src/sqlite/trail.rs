//! The end of the stored audit trail, and the check of all of it.

use std::path::Path;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};

use super::Sqlite;
use super::read::refused;
use super::row::{column, count, hash, signed, time};
use crate::audit::{AuditReport, Finding, Verifier, read_heads};
use crate::key::{PublicKey, SecretKey};
use crate::metadata::{MetadataError, Result};
use crate::records::{AuditEntry, AuditHead};

/// Entries that are read at once while checking.
const BATCH: u32 = 1000;

/// An entry from its row.
pub(super) fn entry(row: &SqliteRow) -> Result<AuditEntry> {
    Ok(AuditEntry {
        sequence: count(row, "sequence")?,
        at: time(row, "at")?,
        actor: column(row, "actor")?,
        action: column(row, "action")?,
        object: column(row, "object")?,
        detail: column(row, "detail")?,
        request: column(row, "request")?,
        previous: hash(row, "previous")?,
        hash: hash(row, "hash")?,
    })
}

/// A head from its row.
pub(super) fn head(row: &SqliteRow) -> Result<AuditHead> {
    Ok(AuditHead {
        sequence: count(row, "sequence")?,
        hash: hash(row, "hash")?,
        signature: column(row, "signature")?,
    })
}

/// The stored head. One that cannot be read as one is a head that nobody signed.
async fn stored_head(path: &str, connection: &mut SqliteConnection) -> Result<Option<AuditHead>> {
    let row = sqlx::query("SELECT sequence, hash, signature FROM audit_head")
        .fetch_optional(connection)
        .await
        .map_err(|e| refused(path, &e))?;
    let nobody = || AuditHead { sequence: 0, hash: [0; 32], signature: Vec::new() };
    Ok(row.map(|row| head(&row).unwrap_or_else(|_| nobody())))
}

/// The last entry with its number; none if it cannot be read as one.
async fn last_entry(
    path: &str,
    connection: &mut SqliteConnection,
) -> Result<Option<(u64, Option<AuditEntry>)>> {
    let row = sqlx::query("SELECT * FROM audit ORDER BY sequence DESC LIMIT 1")
        .fetch_optional(connection)
        .await
        .map_err(|e| refused(path, &e))?;
    Ok(row.map(|row| (count(&row, "sequence").unwrap_or(0), entry(&row).ok())))
}

/// What the next entry is chained to, and what does not hold of the end.
///
/// Where it does not hold, the next entry is chained to what was signed, not to what stands there:
/// the chain then shows for ever that something was changed, and no signature covers the change.
pub(super) async fn at_start(
    path: &str,
    connection: &mut SqliteConnection,
    key: &SecretKey,
    logged: Option<&AuditHead>,
) -> Result<(Option<AuditHead>, Option<Finding>)> {
    let stored = stored_head(path, connection).await?;
    let last = last_entry(path, connection).await?;
    let last_number = last.as_ref().map_or(0, |(sequence, _)| *sequence);
    let public = key.public();
    let mut verifier = Verifier::new(public, stored.clone(), []);
    match &last {
        Some((_, Some(entry))) => verifier.only(entry),
        Some((sequence, None)) => verifier.unreadable(*sequence),
        None => {}
    }
    let mut found = verifier.finish().findings.into_iter().next();
    let signed_end = stored.filter(|head| head.is_signed_by(&public));
    if let Some(logged) = logged
        && found.is_none()
    {
        found = held_against_log(path, connection, logged, last_number).await?;
    }
    if found.is_none() {
        return Ok((signed_end, None));
    }
    // The log may know of a later end than the database.
    let known = [signed_end, logged.filter(|head| head.is_signed_by(&public)).cloned()];
    let newest = known.into_iter().flatten().max_by_key(|head| head.sequence);
    let sequence = newest.as_ref().map_or(0, |head| head.sequence).max(last_number);
    let hash = newest.map_or([0; 32], |head| head.hash);
    Ok((Some(AuditHead::sign(sequence, hash, key)), found))
}

/// Whether the entry of the last logged head is as it was logged.
async fn held_against_log(
    path: &str,
    connection: &mut SqliteConnection,
    logged: &AuditHead,
    last: u64,
) -> Result<Option<Finding>> {
    if logged.sequence > last {
        return Ok(Some(Finding::LoggedCut { line: 0, head: logged.sequence, last }));
    }
    let row = sqlx::query("SELECT hash FROM audit WHERE sequence = ?")
        .bind(signed(logged.sequence))
        .fetch_optional(connection)
        .await
        .map_err(|e| refused(path, &e))?;
    let there = row.and_then(|row| hash(&row, "hash").ok());
    let other = Finding::LoggedOther { line: 0, sequence: logged.sequence };
    Ok((there != Some(logged.hash)).then_some(other))
}

/// The end after a commit whose end was not seen: that of before, or its own.
pub(super) async fn after_drop(
    store: &Sqlite,
    connection: &mut SqliteConnection,
    before: Option<&AuditHead>,
) -> Result<Option<AuditHead>> {
    let stored = stored_head(&store.path, connection).await?;
    let known = before.map_or(0, |head| head.sequence);
    let public = store.key.public();
    Ok(stored
        .filter(|stored| stored.sequence > known && stored.is_signed_by(&public))
        .or_else(|| before.cloned()))
}

/// Checks the trail of a database, which a service may be using, with the heads that were logged
/// beside it.
pub async fn verify_trail(
    path: &Path,
    key: &PublicKey,
    head_log: Option<&Path>,
) -> Result<AuditReport> {
    let name = path.display().to_string();
    let failed = |reason: String| MetadataError::Database { path: name.clone(), reason };
    if !path.is_file() {
        return Err(failed("there is no such file".to_owned()));
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .pragma("query_only", "ON")
        .disable_statement_logging();
    let mut connection = super::write::connect(&name, &options).await?;
    // The log first: a head that is logged meanwhile is then not one without an entry.
    let mut logged = Vec::new();
    if let Some(log) = head_log {
        for line in read_heads(log).map_err(|e| failed(e.to_string()))? {
            logged.push(line.map_err(|e| failed(e.to_string()))?);
        }
    }
    // One snapshot for all that follows.
    let refused = |e: sqlx::Error| refused(&name, &e);
    sqlx::query("BEGIN").execute(&mut connection).await.map_err(refused)?;
    let stored = stored_head(&name, &mut connection).await?;
    let mut verifier = Verifier::new(*key, stored, logged);
    // From the least number there is: a row that was put before the first is found, too.
    let mut from = Some(i64::MIN);
    while let Some(first) = from {
        let rows = sqlx::query("SELECT * FROM audit WHERE sequence >= ? ORDER BY sequence LIMIT ?")
            .bind(first)
            .bind(BATCH)
            .fetch_all(&mut connection)
            .await
            .map_err(refused)?;
        for row in &rows {
            match entry(row) {
                Ok(entry) => verifier.entry(&entry),
                Err(_) => verifier.unreadable(count(row, "sequence").unwrap_or(0)),
            }
        }
        let Some(row) = rows.last() else { break };
        from = column::<i64>(row, "sequence")?.checked_add(1);
    }
    Ok(verifier.finish())
}
