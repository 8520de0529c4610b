//! Detections, judgements of them, counts of answers, shadow scores.

use async_trait::async_trait;
use tripline_core::verdict::Severity;

use super::check::invalid;
use super::detection_query::{conditions, detection, severity};
use super::read::Builder;
use super::row::{column, count, number, time};
use super::{Sqlite, cursor, feedback, measured};
use crate::metadata::{Detections, Result};
use crate::records::{
    Change, Detection, DetectionFilter, Feedback, NewDetection, Page, PageRequest,
    ShadowComparison, ShadowScore, Tally, TallyFilter,
};
use crate::time::Timestamp;

/// Buckets with their classes and severities that one answer holds at most.
const MAX_BUCKETS: i64 = 100_000;

#[async_trait]
impl Detections for Sqlite {
    async fn add_detections(&self, detections: &[NewDetection]) -> Result<()> {
        let mut write = self.write().await?;
        measured::add_detections(&mut write, detections).await?;
        write.commit().await
    }

    async fn detection(&self, id: &str) -> Result<Option<Detection>> {
        let row = self.one(sqlx::query("SELECT * FROM detections WHERE id = ?").bind(id)).await?;
        row.as_ref().map(detection).transpose()
    }

    async fn detections(
        &self,
        filter: &DetectionFilter,
        page: &PageRequest,
    ) -> Result<Page<Detection>> {
        listed(self, Builder::new("SELECT * FROM detections WHERE true"), filter, page).await
    }

    async fn detection_heads(
        &self,
        filter: &DetectionFilter,
        page: &PageRequest,
    ) -> Result<Page<Detection>> {
        let query = Builder::new(
            "SELECT id, at, task, entity, model_id, arm, kind, severity, probability, score,
                    threshold, risk, action, techniques, '' AS reasons, '' AS event, request,
                    judgement
             FROM detections WHERE true",
        );
        listed(self, query, filter, page).await
    }

    async fn count_detections(&self, filter: &DetectionFilter) -> Result<u64> {
        let mut query = Builder::new("SELECT count(*) AS number FROM detections WHERE true");
        conditions(&mut query, filter);
        match self.one(query.build()).await? {
            Some(row) => count(&row, "number"),
            None => Ok(0),
        }
    }

    async fn detections_over_time(
        &self,
        filter: &DetectionFilter,
        bucket_micros: i64,
    ) -> Result<Vec<(Timestamp, String, Severity, u64)>> {
        if bucket_micros <= 0 {
            return invalid("bucket", "a time above 0", &bucket_micros.to_string());
        }
        // The remainder has the sign of the time, which may lie before 1970.
        let mut query = Builder::new("SELECT at - (at % ");
        query.push_bind(bucket_micros).push(" + ").push_bind(bucket_micros).push(") % ");
        query.push_bind(bucket_micros);
        query.push(" AS start, kind, severity, count(*) AS number FROM detections WHERE true");
        conditions(&mut query, filter);
        query.push(" GROUP BY start, kind, severity ORDER BY start, kind, severity LIMIT ");
        query.push_bind(MAX_BUCKETS);
        let rows = self.all(query.build()).await?;
        rows.iter()
            .map(|row| {
                let kind = column(row, "kind")?;
                Ok((time(row, "start")?, kind, severity(row)?, count(row, "number")?))
            })
            .collect()
    }

    async fn add_feedback(&self, new: &Feedback, change: &Change) -> Result<()> {
        let mut write = self.write().await?;
        feedback::add(&mut write, new, change).await?;
        write.commit().await
    }

    async fn feedback(&self, detection: &str) -> Result<Vec<Feedback>> {
        let query = sqlx::query(
            "SELECT * FROM feedback WHERE detection = ? ORDER BY number DESC LIMIT 1000",
        )
        .bind(detection);
        self.all(query).await?.iter().map(feedback::feedback).collect()
    }

    async fn add_tallies(&self, tallies: &[Tally]) -> Result<()> {
        let mut write = self.write().await?;
        measured::add_tallies(&mut write, tallies).await?;
        write.commit().await
    }

    async fn tallies(&self, filter: &TallyFilter) -> Result<Vec<Tally>> {
        let mut query = Builder::new("SELECT * FROM tallies WHERE true");
        if let Some(since) = filter.since {
            query.push(" AND hour >= ").push_bind(since.0);
        }
        if let Some(model) = &filter.model_id {
            query.push(" AND model_id = ").push_bind(model);
        }
        query.push(" ORDER BY hour, model_id, arm");
        self.all(query.build()).await?.iter().map(measured::tally).collect()
    }

    async fn add_shadow_scores(&self, scores: &[ShadowScore]) -> Result<()> {
        let mut write = self.write().await?;
        measured::add_shadow_scores(&mut write, scores).await?;
        write.commit().await
    }

    async fn shadow_comparisons(&self, since: Timestamp) -> Result<Vec<ShadowComparison>> {
        let query = sqlx::query(
            "SELECT model_id, active_id, count(*) AS events,
                    sum(alert AND active_alert) AS both_alert,
                    sum(alert AND NOT active_alert) AS shadow_only,
                    sum(active_alert AND NOT alert) AS active_only,
                    avg(abs(probability - active_probability)) AS mean_difference
             FROM shadow_scores WHERE at >= ?
             GROUP BY model_id, active_id ORDER BY model_id, active_id",
        )
        .bind(since.0);
        let rows = self.all(query).await?;
        rows.iter()
            .map(|row| {
                Ok(ShadowComparison {
                    model_id: column(row, "model_id")?,
                    active_id: column(row, "active_id")?,
                    events: count(row, "events")?,
                    both: count(row, "both_alert")?,
                    shadow_only: count(row, "shadow_only")?,
                    active_only: count(row, "active_only")?,
                    mean_difference: number(row, "mean_difference")?,
                })
            })
            .collect()
    }

    async fn judged_by_arm(&self, since: Timestamp) -> Result<Vec<(String, String, u64, u64)>> {
        let query = sqlx::query(
            "SELECT model_id, coalesce(arm, '') AS in_arm,
                    sum(judgement = 'true_positive') AS hits,
                    sum(judgement = 'false_positive') AS misses
             FROM detections WHERE judgement IS NOT NULL AND at >= ?
             GROUP BY model_id, in_arm ORDER BY model_id, in_arm",
        )
        .bind(since.0);
        let rows = self.all(query).await?;
        rows.iter()
            .map(|row| {
                let arm = column(row, "in_arm")?;
                Ok((column(row, "model_id")?, arm, count(row, "hits")?, count(row, "misses")?))
            })
            .collect()
    }
}

/// A page of what a statement selects, the newest first.
async fn listed(
    store: &Sqlite,
    mut query: Builder,
    filter: &DetectionFilter,
    page: &PageRequest,
) -> Result<Page<Detection>> {
    conditions(&mut query, filter);
    if let Some((at, id)) = cursor::time(page)? {
        query.push(" AND (at, id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(cursor::rows(page));
    let rows = store.all(query.build()).await?;
    cursor::page(page, rows, detection, |row| {
        let id: String = column(row, "id")?;
        Ok(format!("{}.{id}", column::<i64>(row, "at")?))
    })
}
