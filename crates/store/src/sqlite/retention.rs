//! Forgetting what is old: each part is one short transaction.

use async_trait::async_trait;

use super::Sqlite;
use super::check::invalid;
use super::read::refused;
use super::row::{column, count, signed, to_json};
use super::write::Write;
use crate::metadata::{Result, Retention};
use crate::records::{Kept, Old};

/// Pages that are given back at once: some milliseconds.
const PAGES: u64 = 1000;

/// How much there is of something, and how a part of it is forgotten: `?1` is the time, `?2` the
/// number of rows.
struct Statements {
    count: &'static str,
    choose: &'static str,
    forget: &'static str,
}

macro_rules! statements {
    ($table:literal, $key:literal, $old:literal, $order:literal) => {
        Statements {
            count: concat!("SELECT count(*) AS number FROM ", $table, " WHERE ", $old),
            choose: concat!(
                "SELECT ",
                $key,
                " FROM ",
                $table,
                " WHERE ",
                $old,
                " ORDER BY ",
                $order,
                " LIMIT ?2"
            ),
            forget: concat!(
                "DELETE FROM ",
                $table,
                " WHERE (",
                $key,
                ") IN (SELECT ",
                $key,
                " FROM ",
                $table,
                " WHERE ",
                $old,
                " ORDER BY ",
                $order,
                " LIMIT ?2)"
            ),
        }
    };
}

fn statements(what: Kept, old: Old) -> Option<Statements> {
    Some(match (what, old) {
        (Kept::Detections, Old::Before(_)) => {
            statements!("detections", "number", "at < ?1 AND judgement IS NULL", "at, id")
        }
        // Numbers grow by one with each row that is stored.
        (Kept::Detections, Old::AllBut(_)) => statements!(
            "detections",
            "number",
            "number <= (SELECT max(number) FROM detections) - ?1 AND judgement IS NULL",
            "number"
        ),
        (_, Old::AllBut(_)) => return None,
        (Kept::Judged, _) => {
            statements!("detections", "number", "at < ?1 AND judgement IS NOT NULL", "at, id")
        }
        (Kept::ShadowScores, _) => {
            statements!(
                "shadow_scores",
                "at, prediction, model_id",
                "at < ?1",
                "at, prediction, model_id"
            )
        }
        (Kept::Tallies, _) => {
            statements!("tallies", "hour, model_id, arm", "hour < ?1", "hour, model_id, arm")
        }
        (Kept::FeatureRows, _) => {
            statements!("feature_rows", "view, entity, at", "at < ?1", "at, view, entity")
        }
        (Kept::Jobs, _) => statements!(
            "jobs",
            "number",
            "state IN ('completed', 'failed', 'cancelled') AND finished_at < ?1",
            "number"
        ),
        (Kept::Runs, _) => statements!(
            "runs",
            "number",
            "state <> 'running' AND ended_at < ?1 AND NOT EXISTS (SELECT 1 FROM versions
             WHERE versions.run = runs.id AND versions.deleted_at IS NULL)",
            "number"
        ),
        (Kept::Sessions, _) => statements!("sessions", "hash", "expires_at < ?1", "expires_at"),
        (Kept::IdempotencyKeys, _) => {
            statements!("idempotency", "actor, name", "begun_at < ?1", "begun_at")
        }
    })
}

fn of(what: Kept, old: Old) -> Result<(Statements, i64)> {
    let value = match old {
        Old::Before(time) => time.0,
        Old::AllBut(rows) => signed(rows),
    };
    match statements(what, old) {
        Some(statements) => Ok((statements, value)),
        None => invalid("old", "a time, but for detections", what.name()),
    }
}

#[async_trait]
impl Retention for Sqlite {
    async fn count_old(&self, what: Kept, old: Old) -> Result<u64> {
        let (statements, value) = of(what, old)?;
        match self.one(sqlx::query(statements.count).bind(value)).await? {
            Some(row) => count(&row, "number"),
            None => Ok(0),
        }
    }

    async fn forget_old(&self, what: Kept, old: Old, limit: u32) -> Result<u64> {
        let (statements, value) = of(what, old)?;
        let mut write = self.write().await?;
        let gone = match what {
            Kept::Runs => runs(&mut write, &statements, value, limit).await?,
            _ => write.run(sqlx::query(statements.forget).bind(value).bind(limit)).await?,
        };
        write.commit().await?;
        Ok(gone)
    }

    async fn bytes_in_use(&self) -> Result<u64> {
        let query = sqlx::query(
            "SELECT (p.page_count - f.freelist_count) * s.page_size AS bytes
             FROM pragma_page_count AS p, pragma_freelist_count AS f, pragma_page_size AS s",
        );
        match self.one(query).await? {
            Some(row) => count(&row, "bytes"),
            None => Ok(0),
        }
    }

    async fn give_back(&self, keep: u64) -> Result<bool> {
        let writer = self.writer.lock().await;
        let failed = |e: sqlx::Error| refused(&self.path, &e);
        let free = sqlx::query(
            "SELECT f.freelist_count AS pages, s.page_size AS size
             FROM pragma_freelist_count AS f, pragma_page_size AS s",
        );
        let row = free.fetch_one(&writer.pool).await.map_err(failed)?;
        let (pages, size): (u64, u64) = (count(&row, "pages")?, count(&row, "size")?);
        let beyond = pages.saturating_sub(keep / size.max(1));
        if beyond > 0 {
            // A pragma takes no bound value; this is a number of ours.
            let part = format!("PRAGMA incremental_vacuum({})", beyond.min(PAGES));
            let part = sqlx::query(sqlx::AssertSqlSafe(part));
            part.execute(&writer.pool).await.map_err(failed)?;
        }
        if beyond <= PAGES {
            // `PASSIVE` waits for nobody.
            for last in ["PRAGMA optimize", "PRAGMA wal_checkpoint(PASSIVE)"] {
                sqlx::query(last).execute(&writer.pool).await.map_err(failed)?;
            }
        }
        Ok(beyond > PAGES)
    }
}

/// Forgets runs with what hangs on them.
async fn runs(write: &mut Write<'_>, old: &Statements, value: i64, limit: u32) -> Result<u64> {
    let rows = write.all(sqlx::query(old.choose).bind(value).bind(limit)).await?;
    let numbers = rows.iter().map(|row| column(row, "number")).collect::<Result<Vec<i64>>>()?;
    let numbers = to_json(&numbers);
    let mut gone = 0;
    for table in [
        "DELETE FROM run_metrics WHERE run IN (SELECT value FROM json_each(?))",
        "DELETE FROM artefacts WHERE run IN (SELECT value FROM json_each(?))",
        "DELETE FROM runs WHERE number IN (SELECT value FROM json_each(?))",
    ] {
        gone = write.run(sqlx::query(table).bind(&numbers)).await?;
    }
    Ok(gone)
}
