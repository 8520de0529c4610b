//! Runs with their figures and artefacts.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;

use super::check::{conflict, label, not_found};
use super::read::Builder;
use super::row::{column, count, json, maybe_time, named, number, signed, time, to_json};
use super::write::Write;
use super::{Sqlite, cursor};
use crate::id;
use crate::metadata::{Result, Runs};
use crate::records::{Artefact, NewRun, Page, PageRequest, Run, RunFilter, RunState};
use crate::time::Timestamp;

const RUN: &str = "run";

/// The last values of the figures of some runs. They are read as numbers: SQLite's JSON has fifteen
/// digits, and neither `NaN` nor infinities.
const LAST: &str = "SELECT run, metric, value FROM run_metrics AS m
    WHERE run IN (SELECT value FROM json_each(?)) AND step =
        (SELECT max(step) FROM run_metrics AS l WHERE l.run = m.run AND l.metric = m.metric)";

const ARTEFACTS: &str = "SELECT run, name, blob, digest, bytes FROM artefacts
    WHERE run IN (SELECT value FROM json_each(?)) ORDER BY run, name";

#[async_trait]
impl Runs for Sqlite {
    async fn begin_run(&self, run: &NewRun, at: Timestamp) -> Result<Run> {
        label("experiment", &run.experiment)?;
        label("detector", &run.detector)?;
        let mut write = self.write().await?;
        for table in [
            "DELETE FROM run_metrics WHERE run = (SELECT number FROM runs WHERE job = ?)",
            "DELETE FROM artefacts WHERE run = (SELECT number FROM runs WHERE job = ?)",
        ] {
            write.run(sqlx::query(table).bind(&run.job)).await?;
        }
        let id = id::fresh("run", at);
        let put = sqlx::query(
            "INSERT INTO runs (id, experiment, job, detector, params, data, state, started_at)
             VALUES (?, ?, ?, ?, ?, ?, 'running', ?)
             ON CONFLICT (job) DO UPDATE SET
             experiment = excluded.experiment, detector = excluded.detector,
             params = excluded.params, data = excluded.data, state = excluded.state,
             started_at = excluded.started_at, ended_at = NULL, model_id = NULL
             RETURNING id",
        )
        .bind(&id)
        .bind(&run.experiment)
        .bind(&run.job)
        .bind(&run.detector)
        .bind(to_json(&run.params))
        .bind(to_json(&run.data))
        .bind(at.0);
        let id = match write.one(put).await? {
            Some(row) => column::<String>(&row, "id")?,
            None => id,
        };
        write.commit().await?;
        match self.run(&id).await? {
            Some(run) => Ok(run),
            None => not_found(RUN, &id),
        }
    }

    async fn log_metrics(&self, run: &str, step: u64, metrics: &[(String, f64)]) -> Result<()> {
        let mut write = self.write().await?;
        let number = running(&mut write, run).await?;
        for (metric, value) in metrics {
            label("metrics", metric)?;
            let put = sqlx::query(
                "INSERT OR REPLACE INTO run_metrics (run, metric, step, value) VALUES (?, ?, ?, ?)",
            )
            .bind(number)
            .bind(metric)
            .bind(signed(step))
            .bind(value);
            write.run(put).await?;
        }
        write.commit().await
    }

    async fn end_run(
        &self,
        run: &str,
        state: RunState,
        artefacts: &[Artefact],
        model_id: Option<&str>,
        at: Timestamp,
    ) -> Result<()> {
        let mut write = self.write().await?;
        let number = running(&mut write, run).await?;
        let end =
            sqlx::query("UPDATE runs SET state = ?, ended_at = ?, model_id = ? WHERE number = ?")
                .bind(state.name())
                .bind(at.0)
                .bind(model_id)
                .bind(number);
        write.run(end).await?;
        for artefact in artefacts {
            label("name", &artefact.name)?;
            let put = sqlx::query(
                "INSERT OR REPLACE INTO artefacts (run, name, blob, digest, bytes)
                 VALUES (?, ?, ?, ?, ?)",
            )
            .bind(number)
            .bind(&artefact.name)
            .bind(&artefact.blob)
            .bind(&artefact.digest)
            .bind(signed(artefact.bytes));
            write.run(put).await?;
        }
        write.commit().await
    }

    async fn run(&self, id: &str) -> Result<Option<Run>> {
        let query = sqlx::query("SELECT * FROM runs WHERE id = ?").bind(id);
        let row = self.one(query).await?;
        Ok(self.whole(row.as_slice()).await?.pop())
    }

    async fn runs(&self, filter: &RunFilter, page: &PageRequest) -> Result<Page<Run>> {
        let mut query = Builder::new("SELECT * FROM runs WHERE number < ");
        query.push_bind(cursor::number(page)?);
        if let Some(experiment) = &filter.experiment {
            query.push(" AND experiment = ").push_bind(experiment);
        }
        if let Some(detector) = &filter.detector {
            query.push(" AND detector = ").push_bind(detector);
        }
        query.push(" ORDER BY number DESC LIMIT ").push_bind(cursor::rows(page));
        let rows = self.all(query.build()).await?;
        let number = |row: &SqliteRow| Ok(column::<i64>(row, "number")?.to_string());
        let (rows, next) = cursor::cut(page, rows, number)?;
        Ok(Page { items: self.whole(&rows).await?, next })
    }

    async fn metric_history(&self, run: &str, metric: &str) -> Result<Vec<(u64, f64)>> {
        let query = sqlx::query(
            "SELECT step, value FROM run_metrics
             WHERE run = (SELECT number FROM runs WHERE id = ?) AND metric = ? ORDER BY step",
        )
        .bind(run)
        .bind(metric);
        let rows = self.all(query).await?;
        rows.iter().map(|row| Ok((count(row, "step")?, number(row, "value")?))).collect()
    }
}

/// The number of a run that is under way.
async fn running(write: &mut Write<'_>, id: &str) -> Result<i64> {
    let query = sqlx::query("SELECT number, state FROM runs WHERE id = ?").bind(id);
    let Some(row) = write.one(query).await? else { return not_found(RUN, id) };
    match column::<String>(&row, "state")?.as_str() {
        "running" => column(&row, "number"),
        state => conflict(RUN, id, format!("it is {state} already")),
    }
}

impl Sqlite {
    /// Runs from their rows, with figures and artefacts.
    async fn whole(&self, rows: &[SqliteRow]) -> Result<Vec<Run>> {
        let numbers = rows.iter().map(|row| column(row, "number")).collect::<Result<Vec<i64>>>()?;
        let numbers = to_json(&numbers);
        let mut metrics: BTreeMap<i64, BTreeMap<String, f64>> = BTreeMap::new();
        for row in self.all(sqlx::query(LAST).bind(&numbers)).await? {
            let of = metrics.entry(column(&row, "run")?).or_default();
            of.insert(column(&row, "metric")?, number(&row, "value")?);
        }
        let mut artefacts: BTreeMap<i64, Vec<Artefact>> = BTreeMap::new();
        for row in self.all(sqlx::query(ARTEFACTS).bind(&numbers)).await? {
            artefacts.entry(column(&row, "run")?).or_default().push(Artefact {
                name: column(&row, "name")?,
                blob: column(&row, "blob")?,
                digest: column(&row, "digest")?,
                bytes: count(&row, "bytes")?,
            });
        }
        rows.iter()
            .map(|row| {
                let number = column(row, "number")?;
                let metrics = metrics.remove(&number).unwrap_or_default();
                read_run(row, metrics, artefacts.remove(&number).unwrap_or_default())
            })
            .collect()
    }
}

fn read_run(
    row: &SqliteRow,
    metrics: BTreeMap<String, f64>,
    artefacts: Vec<Artefact>,
) -> Result<Run> {
    Ok(Run {
        id: column(row, "id")?,
        what: NewRun {
            experiment: column(row, "experiment")?,
            job: column(row, "job")?,
            detector: column(row, "detector")?,
            params: json(row, "params")?,
            data: json(row, "data")?,
        },
        state: named(row, "state", RunState::parse)?,
        started_at: time(row, "started_at")?,
        ended_at: maybe_time(row, "ended_at")?,
        metrics,
        artefacts,
        model_id: column(row, "model_id")?,
    })
}
