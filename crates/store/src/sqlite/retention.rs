//! Forgetting what is old, in parts: what is found meanwhile is stored between two of them.

use serde_json::json;

use super::Sqlite;
use super::row::column;
use crate::metadata::Result;
use crate::records::Change;
use crate::time::Timestamp;

/// Rows that one transaction forgets: some tens of milliseconds.
const PART: u64 = 5000;

/// How much there is to forget, and how a part of it is forgotten.
const COUNT: &str = "SELECT (SELECT count(*) FROM detections WHERE at < ?1) AS detections,
    (SELECT count(*) FROM shadow_scores WHERE at < ?1) AS scores,
    (SELECT count(*) FROM tallies WHERE hour < ?1) AS tallies";
const PARTS: [&str; 3] = [
    "DELETE FROM detections WHERE number IN
         (SELECT number FROM detections WHERE at < ? ORDER BY at LIMIT 5000)",
    "DELETE FROM shadow_scores WHERE (at, prediction, model_id) IN
         (SELECT at, prediction, model_id FROM shadow_scores WHERE at < ? LIMIT 5000)",
    "DELETE FROM tallies WHERE (hour, model_id, arm) IN
         (SELECT hour, model_id, arm FROM tallies WHERE hour < ? LIMIT 5000)",
];

/// Forgets detections with their judgements, shadow scores, counts. The trail says so before the
/// first of them goes; what a crash leaves of them goes the next time.
pub(super) async fn forget(store: &Sqlite, time: Timestamp, change: &Change) -> Result<u64> {
    let mut write = store.write().await?;
    let Some(row) = write.one(sqlx::query(COUNT).bind(time.0)).await? else { return Ok(0) };
    let detections: i64 = column(&row, "detections")?;
    let (scores, tallies): (i64, i64) = (column(&row, "scores")?, column(&row, "tallies")?);
    if detections + scores + tallies == 0 {
        return Ok(0);
    }
    let detail = json!({ "before_micros": time.0, "detections": detections,
                         "shadow_scores": scores, "tallies": tallies });
    write.note(change, "data.forget", "detections", detail).await?;
    write.commit().await?;
    let mut forgotten = 0;
    for (number, part) in PARTS.into_iter().enumerate() {
        loop {
            let mut write = store.write().await?;
            let gone = write.run(sqlx::query(part).bind(time.0)).await?;
            write.commit().await?;
            if number == 0 {
                forgotten += gone;
            }
            if gone < PART {
                break;
            }
        }
    }
    store.tidy().await?;
    Ok(forgotten)
}
