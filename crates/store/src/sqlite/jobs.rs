//! The queue of jobs: each step is a condition on the job's row.

use async_trait::async_trait;
use serde_json::json;
use sqlx::sqlite::SqliteRow;

use super::check::{conflict, invalid, label, not_found, text};
use super::read::Builder;
use super::row::{column, count, maybe_time, named, number, time};
use super::write::Write;
use super::{Sqlite, cursor};
use crate::id;
use crate::metadata::{Jobs, Result};
use crate::records::{Change, Job, JobFilter, JobState, NewJob, Outcome, Page, PageRequest};
use crate::time::Timestamp;

const JOB: &str = "job";

#[async_trait]
impl Jobs for Sqlite {
    async fn submit(&self, job: &NewJob, change: &Change) -> Result<Job> {
        label("kind", &job.kind)?;
        text("spec", &job.spec)?;
        if job.max_attempts == 0 {
            return invalid("max_attempts", "at least 1", "0");
        }
        let id = id::fresh("job", change.at);
        let mut write = self.write().await?;
        let insert = sqlx::query(
            "INSERT INTO jobs (id, kind, priority, spec, max_attempts, state, actor, submitted_at)
             VALUES (?, ?, ?, ?, ?, 'queued', ?, ?) RETURNING *",
        )
        .bind(&id)
        .bind(&job.kind)
        .bind(job.priority)
        .bind(&job.spec)
        .bind(i64::from(job.max_attempts))
        .bind(&change.actor)
        .bind(change.at.0);
        let queued = changed(&mut write, insert, &id, "").await?;
        let detail = json!({ "kind": job.kind, "priority": job.priority });
        write.note(change, "job.submit", &id, detail).await?;
        write.commit().await?;
        Ok(queued)
    }

    async fn job(&self, id: &str) -> Result<Option<Job>> {
        let row = self.one(sqlx::query("SELECT * FROM jobs WHERE id = ?").bind(id)).await?;
        row.as_ref().map(job).transpose()
    }

    async fn jobs(&self, filter: &JobFilter, page: &PageRequest) -> Result<Page<Job>> {
        let mut query = Builder::new("SELECT * FROM jobs WHERE number < ");
        query.push_bind(cursor::number(page)?);
        if let Some(state) = filter.state {
            query.push(" AND state = ").push_bind(state.name());
        }
        if let Some(kind) = &filter.kind {
            query.push(" AND kind = ").push_bind(kind);
        }
        query.push(" ORDER BY number DESC LIMIT ").push_bind(cursor::rows(page));
        let rows = self.all(query.build()).await?;
        cursor::page(page, rows, job, |row| Ok(column::<i64>(row, "number")?.to_string()))
    }

    async fn count_jobs(&self, kind: &str) -> Result<Vec<(JobState, u64)>> {
        let query =
            sqlx::query("SELECT state, count(*) AS number FROM jobs WHERE kind = ? GROUP BY state")
                .bind(kind);
        let rows = self.all(query).await?;
        rows.iter()
            .map(|row| Ok((named(row, "state", JobState::parse)?, count(row, "number")?)))
            .collect()
    }

    async fn claim(&self, now: Timestamp) -> Result<Option<Job>> {
        let mut write = self.write().await?;
        let claim = sqlx::query(
            "UPDATE jobs SET state = 'running', attempt = attempt + 1, started_at = ?,
             progress = 0, step = '', metrics = '{}', error = NULL
             WHERE number = (SELECT number FROM jobs WHERE state = 'queued'
                             ORDER BY priority DESC, number LIMIT 1)
             RETURNING *",
        )
        .bind(now.0);
        let row = write.one(claim).await?;
        write.commit().await?;
        row.as_ref().map(job).transpose()
    }

    async fn progress(&self, id: &str, progress: f64, step: &str, metrics: &str) -> Result<bool> {
        text("metrics", metrics)?;
        let mut write = self.write().await?;
        let note = sqlx::query(
            "UPDATE jobs SET progress = ?, step = ?, metrics = ?
             WHERE id = ? AND state = 'running' RETURNING *",
        )
        .bind(if progress.is_finite() { progress.clamp(0.0, 1.0) } else { 0.0 })
        .bind(step)
        .bind(metrics)
        .bind(id);
        let job = changed(&mut write, note, id, "it is not running").await?;
        write.commit().await?;
        Ok(job.cancel_requested)
    }

    async fn checkpoint(&self, id: &str, checkpoint: &str) -> Result<()> {
        text("checkpoint", checkpoint)?;
        let mut write = self.write().await?;
        let keep = sqlx::query(
            "UPDATE jobs SET checkpoint = ? WHERE id = ? AND state = 'running' RETURNING *",
        )
        .bind(checkpoint)
        .bind(id);
        changed(&mut write, keep, id, "it is not running").await?;
        write.commit().await
    }

    async fn finish(&self, id: &str, outcome: &Outcome, change: &Change) -> Result<Job> {
        let mut write = self.write().await?;
        // Of an attempt that is not done: what somebody asked to stop does not begin again.
        let (action, finish) = match outcome {
            Outcome::Completed { metrics, result } => {
                text("metrics", metrics)?;
                let finish = sqlx::query(
                    "UPDATE jobs SET state = 'completed', finished_at = ?1, progress = 1,
                     metrics = ?3, result = ?4, error = NULL, checkpoint = NULL
                     WHERE id = ?2 AND state = 'running' RETURNING *",
                );
                ("job.complete", finish.bind(change.at.0).bind(id).bind(metrics).bind(result))
            }
            Outcome::Failed { error, retry } => {
                text("error", error)?;
                let finish = sqlx::query(
                    "UPDATE jobs SET error = ?3,
                     state = CASE WHEN ?4 AND attempt < max_attempts
                                  THEN iif(cancel_requested, 'cancelled', 'queued')
                                  ELSE 'failed' END,
                     finished_at = iif(?4 AND attempt < max_attempts AND NOT cancel_requested,
                                       NULL, ?1)
                     WHERE id = ?2 AND state = 'running' RETURNING *",
                );
                ("job.fail", finish.bind(change.at.0).bind(id).bind(error).bind(*retry))
            }
            Outcome::Cancelled => {
                let finish = sqlx::query(
                    "UPDATE jobs SET state = 'cancelled', finished_at = ?1
                     WHERE id = ?2 AND state = 'running' RETURNING *",
                );
                ("job.cancelled", finish.bind(change.at.0).bind(id))
            }
            Outcome::Parked => {
                let finish = sqlx::query(
                    "UPDATE jobs SET state = iif(cancel_requested, 'cancelled', 'queued'),
                     finished_at = iif(cancel_requested, ?1, NULL), attempt = attempt - 1
                     WHERE id = ?2 AND state = 'running' RETURNING *",
                );
                ("job.park", finish.bind(change.at.0).bind(id))
            }
        };
        let job = changed(&mut write, finish, id, "it is not running").await?;
        end_run(&mut write, &job, change).await?;
        let detail = json!({ "state": job.state.name(), "attempt": job.attempt,
                             "result": job.result });
        write.note(change, action, id, detail).await?;
        write.commit().await?;
        Ok(job)
    }

    async fn cancel(&self, id: &str, change: &Change) -> Result<Job> {
        let mut write = self.write().await?;
        // What is cancelled makes no model: once there is one, it is too late.
        let made =
            sqlx::query("SELECT 1 FROM versions WHERE job = ? AND deleted_at IS NULL LIMIT 1");
        if write.one(made.bind(id)).await?.is_some() {
            return conflict(JOB, id, "it has registered its model: delete that instead");
        }
        let cancel = sqlx::query(
            "UPDATE jobs SET cancel_requested = 1,
             finished_at = iif(state = 'queued', ?1, NULL),
             state = iif(state = 'queued', 'cancelled', state)
             WHERE id = ?2 AND state IN ('queued', 'running') RETURNING *",
        )
        .bind(change.at.0)
        .bind(id);
        let job = changed(&mut write, cancel, id, "it has ended already").await?;
        end_run(&mut write, &job, change).await?;
        write.note(change, "job.cancel", id, json!({ "state": job.state.name() })).await?;
        write.commit().await?;
        Ok(job)
    }

    async fn retry(&self, id: &str, change: &Change) -> Result<Job> {
        let mut write = self.write().await?;
        let retry = sqlx::query(
            "UPDATE jobs SET state = 'queued', attempt = 0, progress = 0, step = '',
             error = NULL, finished_at = NULL, cancel_requested = 0
             WHERE id = ? AND state IN ('failed', 'cancelled') RETURNING *",
        )
        .bind(id);
        let reason = "only a failed or cancelled job is queued again";
        let job = changed(&mut write, retry, id, reason).await?;
        write.note(change, "job.retry", id, json!({})).await?;
        write.commit().await?;
        Ok(job)
    }

    async fn take_over(&self, change: &Change) -> Result<Vec<String>> {
        let mut write = self.write().await?;
        let take = sqlx::query(
            "UPDATE jobs SET
             state = CASE WHEN cancel_requested THEN 'cancelled'
                          WHEN attempt < max_attempts THEN 'queued' ELSE 'failed' END,
             finished_at = iif(NOT cancel_requested AND attempt < max_attempts, NULL, ?),
             error = iif(cancel_requested, error, 'the service ended while it was running')
             WHERE state = 'running' RETURNING *",
        )
        .bind(change.at.0);
        let rows = write.all(take).await?;
        let mut ids = Vec::with_capacity(rows.len());
        for row in &rows {
            let job = job(row)?;
            end_run(&mut write, &job, change).await?;
            let detail = json!({ "state": job.state.name(), "attempt": job.attempt });
            write.note(change, "job.take_over", &job.id, detail).await?;
            ids.push(job.id);
        }
        write.commit().await?;
        Ok(ids)
    }
}

/// Ends the run of a job that has come to its end without a result.
async fn end_run(write: &mut Write<'_>, job: &Job, change: &Change) -> Result<()> {
    if !matches!(job.state, JobState::Failed | JobState::Cancelled) {
        return Ok(());
    }
    let end = sqlx::query(
        "UPDATE runs SET state = 'failed', ended_at = ? WHERE job = ? AND state = 'running'",
    );
    write.run(end.bind(change.at.0).bind(&job.id)).await.map(drop)
}

/// The job that a statement changed; else it is not there, or is in no state for that.
async fn changed(
    write: &mut Write<'_>,
    statement: super::read::Statement<'_>,
    id: &str,
    reason: &str,
) -> Result<Job> {
    if let Some(row) = write.one(statement).await? {
        return job(&row);
    }
    let state = sqlx::query("SELECT state FROM jobs WHERE id = ?").bind(id);
    match write.one(state).await? {
        None => not_found(JOB, id),
        Some(row) => {
            let state: String = column(&row, "state")?;
            conflict(JOB, id, format!("it is {state}: {reason}"))
        }
    }
}

fn job(row: &SqliteRow) -> Result<Job> {
    Ok(Job {
        id: column(row, "id")?,
        what: NewJob {
            kind: column(row, "kind")?,
            priority: count(row, "priority")?,
            spec: column(row, "spec")?,
            max_attempts: count(row, "max_attempts")?,
        },
        state: named(row, "state", JobState::parse)?,
        actor: column(row, "actor")?,
        submitted_at: time(row, "submitted_at")?,
        started_at: maybe_time(row, "started_at")?,
        finished_at: maybe_time(row, "finished_at")?,
        attempt: count(row, "attempt")?,
        progress: number(row, "progress")?,
        step: column(row, "step")?,
        metrics: column(row, "metrics")?,
        checkpoint: column(row, "checkpoint")?,
        error: column(row, "error")?,
        result: column(row, "result")?,
        cancel_requested: column(row, "cancel_requested")?,
    })
}
