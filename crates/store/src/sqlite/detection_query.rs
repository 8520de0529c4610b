//! Detections as rows, and the conditions by which they are looked for.

use sqlx::sqlite::SqliteRow;
use tripline_core::verdict::Severity;

use super::read::Builder;
use super::row::{column, count, damaged, json, number, time};
use crate::metadata::Result;
use crate::records::{Detection, DetectionFilter, Judgement, NewDetection};

/// Adds the conditions of a filter to a statement that has one already.
pub(super) fn conditions(query: &mut Builder, filter: &DetectionFilter) {
    if let Some(since) = filter.since {
        query.push(" AND at >= ").push_bind(since.0);
    }
    if let Some(until) = filter.until {
        query.push(" AND at < ").push_bind(until.0);
    }
    if let Some(severity) = filter.severity {
        query.push(" AND severity >= ").push_bind(rank(severity));
    }
    if let Some(kind) = &filter.kind {
        query.push(" AND kind = ").push_bind(kind);
    }
    if let Some(task) = &filter.task {
        query.push(" AND task = ").push_bind(task);
    }
    if let Some(entity) = &filter.entity {
        query.push(" AND entity = ").push_bind(entity);
    }
    if let Some(model) = &filter.model_id {
        query.push(" AND model_id = ").push_bind(model);
    }
    match filter.judged {
        Some(true) => query.push(" AND judgement IS NOT NULL"),
        Some(false) => query.push(" AND judgement IS NULL"),
        None => query,
    };
}

/// A severity as it is stored: its place among [`Severity::ALL`].
pub(super) fn rank(severity: Severity) -> i64 {
    Severity::ALL.iter().position(|other| *other == severity).unwrap_or(0) as i64
}

/// A severity from its row.
pub(super) fn severity(row: &SqliteRow) -> Result<Severity> {
    let rank: usize = count(row, "severity")?;
    Severity::ALL.get(rank).copied().ok_or_else(|| damaged("severity", rank))
}

/// A detection from its row.
pub(super) fn detection(row: &SqliteRow) -> Result<Detection> {
    let judgement: Option<String> = column(row, "judgement")?;
    let judgement = judgement
        .map(|name| Judgement::parse(&name).ok_or_else(|| damaged("judgement", &name)))
        .transpose()?;
    Ok(Detection {
        what: NewDetection {
            id: column(row, "id")?,
            at: time(row, "at")?,
            task: column(row, "task")?,
            entity: column(row, "entity")?,
            model_id: column(row, "model_id")?,
            arm: column(row, "arm")?,
            kind: column(row, "kind")?,
            severity: severity(row)?,
            probability: number(row, "probability")?,
            score: number(row, "score")?,
            threshold: number(row, "threshold")?,
            risk: count(row, "risk")?,
            action: column(row, "action")?,
            techniques: json(row, "techniques")?,
            reasons: column(row, "reasons")?,
            event: column(row, "event")?,
            request: column(row, "request")?,
        },
        judgement,
    })
}
