//! Idempotency keys with the answers that were given.
//!
//! A change carries the id of its request into the audit trail by its own transaction. So the trail
//! tells of a request that was cut off whether it had changed anything.

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::Sqlite;
use super::check::{invalid, label};
use super::read::{Statement, refused};
use super::row::{column, count, hash, json, signed, to_json};
use crate::metadata::{Begun, Idempotency, Result, StoredAnswer};
use crate::time::Timestamp;

/// Longest answer that is kept.
const MAX_BODY_BYTES: usize = 1 << 20;

/// What the trail knows of a request from a number on: a refusal changes nothing.
const DONE: &str = "SELECT action, object FROM audit
    WHERE sequence > ? AND request = ? AND action NOT LIKE '%refused' ORDER BY sequence LIMIT 20";

#[async_trait]
impl Idempotency for Sqlite {
    async fn begin(
        &self,
        actor: &str,
        key: &str,
        fingerprint: &[u8; 32],
        request: Option<&str>,
        now: Timestamp,
    ) -> Result<Begun> {
        label("actor", actor)?;
        label("idempotency_key", key)?;
        let mut write = self.write().await?;
        let old = sqlx::query("DELETE FROM idempotency WHERE begun_at < ?");
        write.run(old.bind(now.0.saturating_sub(self.idempotency_micros))).await?;
        let there = sqlx::query("SELECT * FROM idempotency WHERE actor = ? AND name = ?");
        let begun = match write.one(there.bind(actor).bind(key)).await? {
            None => {
                let insert = sqlx::query(
                    "INSERT INTO idempotency (actor, name, fingerprint, begun_at, request, after)
                     VALUES (?, ?, ?, ?, ?, ?)",
                )
                .bind(actor)
                .bind(key)
                .bind(fingerprint.to_vec())
                .bind(now.0)
                .bind(request)
                .bind(signed(write.last_entry()));
                write.run(insert).await?;
                Begun::New
            }
            Some(row) => known(&row, fingerprint)?,
        };
        write.commit().await?;
        Ok(begun)
    }

    async fn complete(&self, actor: &str, key: &str, answer: &StoredAnswer) -> Result<()> {
        if answer.body.len() > MAX_BODY_BYTES {
            let got = format!("{} bytes", answer.body.len());
            return invalid("body", "at most 1 MiB", &got);
        }
        let mut write = self.write().await?;
        let keep =
            sqlx::query("UPDATE idempotency SET status = ?, body = ? WHERE actor = ? AND name = ?")
                .bind(i64::from(answer.status))
                .bind(&answer.body)
                .bind(actor)
                .bind(key);
        write.run(keep).await?;
        write.commit().await
    }

    async fn abandon(&self, actor: &str, key: &str) -> Result<()> {
        let mut write = self.write().await?;
        let there = sqlx::query(
            "SELECT * FROM idempotency WHERE actor = ? AND name = ? AND status IS NULL",
        );
        let Some(row) = write.one(there.bind(actor).bind(key)).await? else { return Ok(()) };
        let done = match asked(&row)? {
            Some(query) => write.all(query).await?,
            None => Vec::new(),
        };
        write.run(settled(&row, &done)?).await?;
        write.commit().await
    }
}

/// What is known of a key that is there.
fn known(row: &SqliteRow, fingerprint: &[u8; 32]) -> Result<Begun> {
    if hash(row, "fingerprint")? != *fingerprint {
        return Ok(Begun::Other);
    }
    if column::<Option<String>>(row, "done")?.is_some() {
        return Ok(Begun::Interrupted(json(row, "done")?));
    }
    if column::<Option<i64>>(row, "status")?.is_none() {
        return Ok(Begun::UnderWay);
    }
    let body: Option<Vec<u8>> = column(row, "body")?;
    let body = body.unwrap_or_default();
    Ok(Begun::Answered(StoredAnswer { status: count(row, "status")?, body }))
}

/// Asks the trail what a request has done; none where the request is not known.
fn asked(row: &SqliteRow) -> Result<Option<Statement<'static>>> {
    let request: Option<String> = column(row, "request")?;
    let after: i64 = column(row, "after")?;
    Ok(request.map(|request| sqlx::query(DONE).bind(after).bind(request)))
}

/// Keeps what a request has done that was cut off; forgets a key whose request has done nothing.
fn settled(row: &SqliteRow, done: &[SqliteRow]) -> Result<Statement<'static>> {
    let (actor, key): (String, String) = (column(row, "actor")?, column(row, "name")?);
    if done.is_empty() {
        let forget = sqlx::query("DELETE FROM idempotency WHERE actor = ? AND name = ?");
        return Ok(forget.bind(actor).bind(key));
    }
    let done = done
        .iter()
        .map(|row| Ok((column(row, "action")?, column(row, "object")?)))
        .collect::<Result<Vec<(String, String)>>>()?;
    let keep = sqlx::query("UPDATE idempotency SET done = ? WHERE actor = ? AND name = ?");
    Ok(keep.bind(to_json(&done)).bind(actor).bind(key))
}

/// Settles what was under way when the service before this one ended.
pub(super) async fn at_start(path: &str, connection: &mut SqliteConnection) -> Result<()> {
    let failed = |e: sqlx::Error| refused(path, &e);
    let query = "SELECT * FROM idempotency WHERE status IS NULL AND done IS NULL";
    let rows = sqlx::query(query).fetch_all(&mut *connection).await.map_err(failed)?;
    for row in &rows {
        let done = match asked(row)? {
            Some(query) => query.fetch_all(&mut *connection).await.map_err(failed)?,
            None => Vec::new(),
        };
        settled(row, &done)?.execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}
