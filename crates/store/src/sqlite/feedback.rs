//! Judgements of detections.

use serde_json::json;
use sqlx::sqlite::SqliteRow;

use super::check::{conflict, label, not_found, text};
use super::row::{column, named, time};
use super::write::Write;
use crate::metadata::Result;
use crate::records::{Change, Feedback, Judgement};

/// Stores a judgement; it is the detection's from now on.
pub(super) async fn add(write: &mut Write<'_>, new: &Feedback, change: &Change) -> Result<()> {
    label("id", &new.id)?;
    if let Some(class) = &new.label {
        label("label", class)?;
    }
    text("comment", new.comment.as_deref().unwrap_or_default())?;
    let judge = sqlx::query("UPDATE detections SET judgement = ? WHERE id = ?")
        .bind(new.judgement.name())
        .bind(&new.detection);
    if write.run(judge).await? == 0 {
        return not_found("detection", &new.detection);
    }
    let insert = sqlx::query(
        "INSERT INTO feedback (id, detection, judgement, label, comment, actor, at)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
    )
    .bind(&new.id)
    .bind(&new.detection)
    .bind(new.judgement.name())
    .bind(&new.label)
    .bind(&new.comment)
    .bind(&new.actor)
    .bind(new.at.0);
    if write.run(insert).await? == 0 {
        return conflict("feedback", &new.id, "it is there already");
    }
    let detail = json!({ "detection": new.detection, "judgement": new.judgement.name(),
                         "label": new.label });
    write.note(change, "feedback.add", &new.id, detail).await
}

/// A judgement from its row.
pub(super) fn feedback(row: &SqliteRow) -> Result<Feedback> {
    Ok(Feedback {
        id: column(row, "id")?,
        detection: column(row, "detection")?,
        judgement: named(row, "judgement", Judgement::parse)?,
        label: column(row, "label")?,
        comment: column(row, "comment")?,
        actor: column(row, "actor")?,
        at: time(row, "at")?,
    })
}
