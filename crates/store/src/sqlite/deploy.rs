//! Which version of a name answers, and which one a rollback goes back to.
//!
//! Deployments form a chain by their `previous`. A deploy goes on from the one that holds; a
//! rollback repeats an earlier one together with what that one came from. So a second rollback goes
//! further back, and never returns to what was left.

use serde_json::json;

use super::check::conflict;
use super::models::MODEL;
use super::read::Statement;
use super::row::column;
use super::write::Write;
use crate::metadata::Result;
use crate::records::{Change, Deployed, ModelVersion, Status};

/// Makes a version the active one.
pub(super) async fn deploy(
    write: &mut Write<'_>,
    version: &ModelVersion,
    change: &Change,
) -> Result<Deployed> {
    let name = &version.what.name;
    let before = active(write, name).await?;
    if version.status == Status::Active {
        return Ok(Deployed { name: name.clone(), active: version.id.clone(), previous: before });
    }
    let newest = newest(write, name).await?;
    switch(write, name, before.as_deref(), &version.id, newest, change).await?;
    let detail = json!({ "previous": before });
    write.note(change, "model.deploy", &version.id, detail).await?;
    Ok(Deployed { name: name.clone(), active: version.id.clone(), previous: before })
}

/// Makes the version before active again.
pub(super) async fn roll_back(
    write: &mut Write<'_>,
    name: &str,
    change: &Change,
) -> Result<Deployed> {
    let Some(before) = active(write, name).await? else {
        return conflict(MODEL, name, "no version of it is active");
    };
    let Some(row) = write.one(self::before(name, &before)).await? else {
        return conflict(MODEL, &before, "no version was active before it");
    };
    let target: String = column(&row, "model")?;
    switch(write, name, Some(&before), &target, column(&row, "previous")?, change).await?;
    write.note(change, "model.rollback", &target, json!({ "previous": before })).await?;
    Ok(Deployed { name: name.to_owned(), active: target, previous: Some(before) })
}

/// The step of the chain before the one that holds: its version with what that one came from.
pub(super) fn before<'q>(name: &'q str, active: &'q str) -> Statement<'q> {
    // A version that was deleted since is passed over.
    sqlx::query(
        "WITH RECURSIVE chain (number, model, previous, depth) AS (
             SELECT * FROM (SELECT number, model, previous, 0 FROM deployments
                            WHERE name = ?1 ORDER BY number DESC LIMIT 1)
             UNION ALL
             SELECT d.number, d.model, d.previous, chain.depth + 1
             FROM deployments d JOIN chain ON d.number = chain.previous
             WHERE chain.depth < 10000)
         SELECT chain.model AS model, chain.previous AS previous FROM chain
         JOIN versions ON versions.id = chain.model
         WHERE versions.deleted_at IS NULL AND chain.model <> ?2
         ORDER BY chain.depth LIMIT 1",
    )
    .bind(name)
    .bind(active)
}

/// The id of the version that answers.
pub(super) async fn active(write: &mut Write<'_>, name: &str) -> Result<Option<String>> {
    let query = sqlx::query("SELECT id FROM versions WHERE name = ? AND status = 'active'");
    let row = write.one(query.bind(name)).await?;
    row.as_ref().map(|row| column(row, "id")).transpose()
}

async fn newest(write: &mut Write<'_>, name: &str) -> Result<Option<i64>> {
    let query = sqlx::query("SELECT max(number) AS number FROM deployments WHERE name = ?");
    match write.one(query.bind(name)).await? {
        Some(row) => column(&row, "number"),
        None => Ok(None),
    }
}

/// Takes one out, puts the other in; an experiment of the name ends.
async fn switch(
    write: &mut Write<'_>,
    name: &str,
    from: Option<&str>,
    to: &str,
    previous: Option<i64>,
    change: &Change,
) -> Result<()> {
    let leave = sqlx::query("UPDATE versions SET status = 'archived' WHERE id = ?").bind(from);
    write.run(leave).await?;
    let enter = sqlx::query("UPDATE versions SET status = 'active', deployed_at = ? WHERE id = ?")
        .bind(change.at.0)
        .bind(to);
    write.run(enter).await?;
    let put =
        sqlx::query("INSERT INTO deployments (name, model, at, previous) VALUES (?, ?, ?, ?)")
            .bind(name)
            .bind(to)
            .bind(change.at.0)
            .bind(previous);
    write.run(put).await?;
    let end = sqlx::query("DELETE FROM experiments WHERE name = ?").bind(name);
    if write.run(end).await? > 0 {
        write.note(change, "experiment.end", name, json!({ "active": to })).await?;
    }
    Ok(())
}
