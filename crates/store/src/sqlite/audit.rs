//! Reading the audit trail, adding to it.

use async_trait::async_trait;

use super::check::{invalid, label};
use super::read::Builder;
use super::row::{column, signed};
use super::{Sqlite, cursor, trail};
use crate::metadata::{Audit, Result};
use crate::records::{AuditEntry, AuditHead, Change, Page, PageRequest};

#[async_trait]
impl Audit for Sqlite {
    async fn record(
        &self,
        action: &str,
        object: &str,
        detail: &str,
        change: &Change,
    ) -> Result<()> {
        label("action", action)?;
        label("object", object)?;
        let Ok(detail) = serde_json::from_str(detail) else {
            return invalid("detail", "JSON", detail);
        };
        let mut write = self.write().await?;
        write.note(change, action, object, detail).await?;
        write.commit().await
    }

    async fn entries(&self, object: Option<&str>, page: &PageRequest) -> Result<Page<AuditEntry>> {
        let mut query = Builder::new("SELECT * FROM audit WHERE sequence < ");
        query.push_bind(cursor::number(page)?);
        if let Some(object) = object {
            query.push(" AND object = ").push_bind(object);
        }
        query.push(" ORDER BY sequence DESC LIMIT ").push_bind(cursor::rows(page));
        let rows = self.all(query.build()).await?;
        cursor::page(
            page,
            rows,
            trail::entry,
            |row| Ok(column::<i64>(row, "sequence")?.to_string()),
        )
    }

    async fn head(&self) -> Result<Option<AuditHead>> {
        let row = self.one(sqlx::query("SELECT sequence, hash, signature FROM audit_head")).await?;
        row.as_ref().map(trail::head).transpose()
    }

    async fn entries_from(&self, sequence: u64, limit: u32) -> Result<Vec<AuditEntry>> {
        let query =
            sqlx::query("SELECT * FROM audit WHERE sequence >= ? ORDER BY sequence LIMIT ?")
                .bind(signed(sequence))
                .bind(i64::from(limit));
        self.all(query).await?.iter().map(trail::entry).collect()
    }
}
