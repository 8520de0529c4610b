//! What comes in masses: detections, counts, shadow scores, many rows in one statement.

use std::sync::LazyLock;

use sqlx::sqlite::SqliteRow;

use super::detection_query::rank;
use super::many::{ROWS, insert};
use super::read::Statement;
use super::row::{column, count, number, signed, time, to_json};
use super::write::Write;
use crate::metadata::Result;
use crate::records::{NewDetection, ShadowScore, Tally};

/// A statement for [`ROWS`] rows and one for a single row.
type Inserts = LazyLock<[String; 2]>;

fn both(head: &str, columns: usize, tail: &str) -> [String; 2] {
    [insert(head, columns, ROWS, tail), insert(head, columns, 1, tail)]
}

static DETECTIONS: Inserts = LazyLock::new(|| {
    let head = "INSERT INTO detections (id, at, task, entity, model_id, arm, kind, severity,
        probability, score, threshold, risk, action, techniques, reasons, event, request)";
    both(head, 17, "ON CONFLICT (id) DO NOTHING")
});

static TALLIES: Inserts = LazyLock::new(|| {
    let head = "INSERT INTO tallies (hour, model_id, arm, predictions, alerts, errors, seconds)";
    let tail = "ON CONFLICT (hour, model_id, arm) DO UPDATE SET
        predictions = predictions + excluded.predictions, alerts = alerts + excluded.alerts,
        errors = errors + excluded.errors, seconds = seconds + excluded.seconds";
    both(head, 7, tail)
});

static SHADOW: Inserts = LazyLock::new(|| {
    let head = "INSERT INTO shadow_scores (at, prediction, model_id, probability, alert,
        active_id, active_probability, active_alert)";
    both(head, 8, "ON CONFLICT (at, prediction, model_id) DO NOTHING")
});

static FEATURES: Inserts =
    LazyLock::new(|| both("INSERT OR REPLACE INTO feature_rows (view, entity, at, packed)", 4, ""));

/// Inserts all rows, in as few statements as they fill.
async fn add<'q, T>(
    write: &mut Write<'_>,
    inserts: &'static Inserts,
    rows: &'q [T],
    bind: impl Fn(Statement<'q>, &'q T) -> Statement<'q>,
) -> Result<()> {
    let chunks = rows.chunks_exact(ROWS);
    let rest = chunks.remainder().chunks(1);
    for chunk in chunks.chain(rest) {
        let text = &inserts[usize::from(chunk.len() != ROWS)];
        let statement = chunk.iter().fold(sqlx::query(text.as_str()), &bind);
        write.run(statement).await?;
    }
    Ok(())
}

/// Stores detections; an id that is there is left as it is.
pub(super) async fn add_detections(write: &mut Write<'_>, rows: &[NewDetection]) -> Result<()> {
    add(write, &DETECTIONS, rows, |statement, row| {
        statement
            .bind(&row.id)
            .bind(row.at.0)
            .bind(&row.task)
            .bind(&row.entity)
            .bind(&row.model_id)
            .bind(&row.arm)
            .bind(&row.kind)
            .bind(rank(row.severity))
            .bind(row.probability)
            .bind(row.score)
            .bind(row.threshold)
            .bind(i64::from(row.risk))
            .bind(&row.action)
            .bind(to_json(&row.techniques))
            .bind(&row.reasons)
            .bind(&row.event)
            .bind(&row.request)
    })
    .await
}

/// Adds counts to those of their hour.
pub(super) async fn add_tallies(write: &mut Write<'_>, rows: &[Tally]) -> Result<()> {
    add(write, &TALLIES, rows, |statement, row| {
        statement
            .bind(row.hour.0)
            .bind(&row.model_id)
            .bind(&row.arm)
            .bind(signed(row.predictions))
            .bind(signed(row.alerts))
            .bind(signed(row.errors))
            .bind(if row.seconds.is_finite() { row.seconds } else { 0.0 })
    })
    .await
}

/// Stores shadow scores.
pub(super) async fn add_shadow_scores(write: &mut Write<'_>, rows: &[ShadowScore]) -> Result<()> {
    add(write, &SHADOW, rows, |statement, row| {
        statement
            .bind(row.at.0)
            .bind(&row.prediction)
            .bind(&row.model_id)
            .bind(row.probability)
            .bind(row.alert)
            .bind(&row.active_id)
            .bind(row.active_probability)
            .bind(row.active_alert)
    })
    .await
}

/// Stores rows of features: view, entity, time, packed values. One that is there is replaced.
pub(super) async fn add_features(
    write: &mut Write<'_>,
    rows: &[(i64, &str, i64, Vec<u8>)],
) -> Result<()> {
    add(write, &FEATURES, rows, |statement, (view, entity, at, packed)| {
        statement.bind(view).bind(entity).bind(at).bind(packed)
    })
    .await
}

/// Counts from their row.
pub(super) fn tally(row: &SqliteRow) -> Result<Tally> {
    Ok(Tally {
        model_id: column(row, "model_id")?,
        arm: column(row, "arm")?,
        hour: time(row, "hour")?,
        predictions: count(row, "predictions")?,
        alerts: count(row, "alerts")?,
        errors: count(row, "errors")?,
        seconds: number(row, "seconds")?,
    })
}
