//! Idempotency keys with the answers that were given.

use async_trait::async_trait;

use super::Sqlite;
use super::check::{invalid, label};
use super::row::{column, count, hash};
use crate::metadata::{Begun, Idempotency, Result, StoredAnswer};
use crate::time::Timestamp;

/// How long a key is known.
const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;

/// Longest answer that is kept.
const MAX_BODY_BYTES: usize = 1 << 20;

#[async_trait]
impl Idempotency for Sqlite {
    async fn begin(
        &self,
        actor: &str,
        key: &str,
        fingerprint: &[u8; 32],
        now: Timestamp,
    ) -> Result<Begun> {
        label("actor", actor)?;
        label("idempotency_key", key)?;
        let mut write = self.write().await?;
        let old = sqlx::query("DELETE FROM idempotency WHERE begun_at < ?");
        write.run(old.bind(now.0.saturating_sub(DAY_MICROS))).await?;
        let there = sqlx::query("SELECT * FROM idempotency WHERE actor = ? AND name = ?");
        let begun = match write.one(there.bind(actor).bind(key)).await? {
            None => {
                let insert = sqlx::query(
                    "INSERT INTO idempotency (actor, name, fingerprint, begun_at)
                     VALUES (?, ?, ?, ?)",
                )
                .bind(actor)
                .bind(key)
                .bind(fingerprint.to_vec())
                .bind(now.0);
                write.run(insert).await?;
                Begun::New
            }
            Some(row) if hash(&row, "fingerprint")? != *fingerprint => Begun::Other,
            Some(row) if column::<Option<i64>>(&row, "status")?.is_none() => Begun::UnderWay,
            Some(row) => {
                let body: Option<Vec<u8>> = column(&row, "body")?;
                let body = body.unwrap_or_default();
                Begun::Answered(StoredAnswer { status: count(&row, "status")?, body })
            }
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
        let forget =
            sqlx::query("DELETE FROM idempotency WHERE actor = ? AND name = ? AND status IS NULL");
        write.run(forget.bind(actor).bind(key)).await?;
        write.commit().await
    }
}
