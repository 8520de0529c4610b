//! Versions of models, aliases, the choice of what answers.

use async_trait::async_trait;
use serde_json::json;

use super::check::{conflict, invalid, label, name, not_found, text};
use super::read::Builder;
use super::row::{column, signed, time, to_json};
use super::version_row::{SELECT, numbers, version};
use super::write::Write;
use super::{Sqlite, deploy, experiments};
use crate::metadata::{Models, Result};
use crate::records::{
    Change, Deployed, Experiment, ModelVersion, NewVersion, RollbackRule, Status, VersionFilter,
};
use crate::time::Timestamp;

/// What the errors call it.
pub(super) const MODEL: &str = "model";

#[async_trait]
impl Models for Sqlite {
    async fn add_version(&self, new: &NewVersion, change: &Change) -> Result<ModelVersion> {
        check(new)?;
        let mut write = self.write().await?;
        // A job that is done again after a crash finds what it registered before.
        if let Some(job) = &new.job {
            let there = sqlx::query(
                "SELECT id FROM versions WHERE job = ? AND name = ?
                 AND deleted_at IS NULL LIMIT 1",
            )
            .bind(job)
            .bind(&new.name);
            if let Some(row) = write.one(there).await? {
                return live(&mut write, &column::<String>(&row, "id")?).await;
            }
            let stopped = sqlx::query("SELECT 1 FROM jobs WHERE id = ? AND cancel_requested");
            if write.one(stopped.bind(job)).await?.is_some() {
                return conflict("job", job, "it was asked to stop before it registered its model");
            }
        }
        let number = next(&mut write, new).await?;
        let version = format!("v{}.{}.{}", number.0, number.1, number.2);
        let id = format!("{}_{version}", new.name);
        let taken = sqlx::query("SELECT 1 FROM versions WHERE id = ?").bind(&id);
        if write.one(taken).await?.is_some() {
            return conflict(
                MODEL,
                &id,
                "it is there already, or was deleted: a version is never changed",
            );
        }
        let alias = sqlx::query("SELECT 1 FROM aliases WHERE alias = ?").bind(&id);
        if write.one(alias).await?.is_some() {
            return conflict(MODEL, &id, "an alias has that name");
        }
        let insert = sqlx::query(
            "INSERT INTO versions (id, name, version, major, minor, patch, status, created_at,
             detector, task, metrics, card, digest, blob, bytes, report, signer, canaries, parent,
             job, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&id)
        .bind(&new.name)
        .bind(&version)
        .bind(number.0)
        .bind(number.1)
        .bind(number.2)
        .bind(Status::Candidate.name())
        .bind(change.at.0)
        .bind(&new.detector)
        .bind(&new.task)
        .bind(to_json(&new.metrics))
        .bind(&new.card)
        .bind(&new.digest)
        .bind(&new.blob)
        .bind(signed(new.bytes))
        .bind(&new.report)
        .bind(&new.signer)
        .bind(&new.canaries)
        .bind(&new.parent)
        .bind(&new.job)
        .bind(&new.run);
        write.run(insert).await?;
        let detail = json!({ "digest": new.digest, "job": new.job, "parent": new.parent });
        write.note(change, "model.register", &id, detail).await?;
        let added = live(&mut write, &id).await?;
        write.commit().await?;
        Ok(added)
    }

    async fn version(&self, id: &str) -> Result<Option<ModelVersion>> {
        let mut query = Builder::new(SELECT);
        query.push(" AND id = coalesce((SELECT model FROM aliases WHERE alias = ").push_bind(id);
        query.push("), ").push_bind(id).push(")");
        self.one(query.build()).await?.as_ref().map(version).transpose()
    }

    async fn versions(&self, filter: &VersionFilter) -> Result<Vec<ModelVersion>> {
        let mut query = Builder::new(SELECT);
        if let Some(status) = filter.status {
            query.push(" AND status = ").push_bind(status.name());
        }
        if let Some(name) = &filter.name {
            query.push(" AND name = ").push_bind(name);
        }
        if let Some(task) = &filter.task {
            query.push(" AND task = ").push_bind(task);
        }
        query.push(" ORDER BY number DESC");
        self.all(query.build()).await?.iter().map(version).collect()
    }

    async fn deploy(&self, id: &str, change: &Change) -> Result<Deployed> {
        let mut write = self.write().await?;
        let version = live(&mut write, id).await?;
        let deployed = deploy::deploy(&mut write, &version, change).await?;
        write.commit().await?;
        Ok(deployed)
    }

    async fn roll_back(&self, name: &str, change: &Change) -> Result<Deployed> {
        let mut write = self.write().await?;
        let deployed = deploy::roll_back(&mut write, name, change).await?;
        write.commit().await?;
        Ok(deployed)
    }

    async fn roll_back_target(&self, name: &str) -> Result<Option<String>> {
        let query = sqlx::query("SELECT id FROM versions WHERE name = ? AND status = 'active'");
        let Some(row) = self.one(query.bind(name)).await? else { return Ok(None) };
        let active: String = column(&row, "id")?;
        let row = self.one(deploy::before(name, &active)).await?;
        row.as_ref().map(|row| column(row, "model")).transpose()
    }

    async fn set_status(&self, id: &str, status: Status, change: &Change) -> Result<ModelVersion> {
        if status == Status::Active {
            return invalid(
                "status",
                "`candidate`, `shadow` or `archived`; deploy it to make it active",
                "active",
            );
        }
        let mut write = self.write().await?;
        let before = live(&mut write, id).await?;
        idle(&mut write, &before).await?;
        if status == Status::Candidate && before.deployed_at.is_some() {
            return conflict(MODEL, &before.id, "it has answered, so it is no candidate again");
        }
        if before.status == status {
            return Ok(before);
        }
        let set = sqlx::query("UPDATE versions SET status = ? WHERE id = ?")
            .bind(status.name())
            .bind(&before.id);
        write.run(set).await?;
        let detail = json!({ "status": status.name(), "before": before.status.name() });
        write.note(change, "model.status", &before.id, detail).await?;
        let after = live(&mut write, &before.id).await?;
        write.commit().await?;
        Ok(after)
    }

    async fn set_alias(&self, alias: &str, id: Option<&str>, change: &Change) -> Result<()> {
        let fits = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.@".contains(&byte)
        };
        if alias.is_empty() || alias.len() > 64 || !alias.bytes().all(fits) {
            return invalid(
                "alias",
                "1 to 64 lower-case letters, digits, `_`, `-`, `.` or `@`",
                alias,
            );
        }
        let mut write = self.write().await?;
        let Some(id) = id else {
            let remove = sqlx::query("DELETE FROM aliases WHERE alias = ?").bind(alias);
            if write.run(remove).await? == 0 {
                return not_found("alias", alias);
            }
            write.note(change, "alias.remove", alias, json!({})).await?;
            return write.commit().await;
        };
        let version = live(&mut write, id).await?;
        let named = sqlx::query("SELECT 1 FROM versions WHERE id = ?").bind(alias);
        if write.one(named).await?.is_some() {
            return conflict("alias", alias, "a version has that id");
        }
        let set = sqlx::query(
            "INSERT INTO aliases (alias, model) VALUES (?, ?)
             ON CONFLICT (alias) DO UPDATE SET model = excluded.model",
        )
        .bind(alias)
        .bind(&version.id);
        write.run(set).await?;
        write.note(change, "alias.set", alias, json!({ "model": version.id })).await?;
        write.commit().await
    }

    async fn delete_version(&self, id: &str, change: &Change) -> Result<ModelVersion> {
        let mut write = self.write().await?;
        let version = live(&mut write, id).await?;
        idle(&mut write, &version).await?;
        if let Some(alias) = version.aliases.first() {
            return conflict(
                MODEL,
                &version.id,
                format!("the alias `{alias}` points to it; move that first"),
            );
        }
        let delete = sqlx::query(
            "UPDATE versions SET deleted_at = ?, status = 'archived', card = '{}' WHERE id = ?",
        )
        .bind(change.at.0)
        .bind(&version.id);
        write.run(delete).await?;
        let detail = json!({ "digest": version.what.digest });
        write.note(change, "model.delete", &version.id, detail).await?;
        write.commit().await?;
        Ok(version)
    }

    async fn set_experiment(
        &self,
        name: &str,
        experiment: Option<&Experiment>,
        change: &Change,
    ) -> Result<()> {
        let mut write = self.write().await?;
        experiments::set(&mut write, name, experiment, change).await?;
        write.commit().await
    }

    async fn experiments(&self) -> Result<Vec<Experiment>> {
        let rows = self.all(sqlx::query("SELECT * FROM experiments ORDER BY name")).await?;
        rows.iter().map(experiments::experiment).collect()
    }

    async fn set_rollback_rule(
        &self,
        name: &str,
        rule: Option<&RollbackRule>,
        change: &Change,
    ) -> Result<()> {
        let mut write = self.write().await?;
        experiments::set_rule(&mut write, name, rule, change).await?;
        write.commit().await
    }

    async fn rollback_rules(&self) -> Result<Vec<RollbackRule>> {
        let rows = self.all(sqlx::query("SELECT * FROM rollback_rules ORDER BY name")).await?;
        rows.iter().map(experiments::rule).collect()
    }

    async fn history(&self, name: &str) -> Result<Vec<(String, Timestamp)>> {
        let query = sqlx::query(
            "SELECT model, at FROM deployments WHERE name = ? ORDER BY number DESC LIMIT 1000",
        )
        .bind(name);
        let rows = self.all(query).await?;
        rows.iter().map(|row| Ok((column(row, "model")?, time(row, "at")?))).collect()
    }
}

/// The version of that id or alias, as the transaction sees it.
pub(super) async fn live(write: &mut Write<'_>, id: &str) -> Result<ModelVersion> {
    let mut query = Builder::new(SELECT);
    query.push(" AND id = coalesce((SELECT model FROM aliases WHERE alias = ").push_bind(id);
    query.push("), ").push_bind(id).push(")");
    match write.one(query.build()).await? {
        Some(row) => version(&row),
        None => not_found(MODEL, id),
    }
}

/// Conflict for a version that answers.
async fn idle(write: &mut Write<'_>, version: &ModelVersion) -> Result<()> {
    if version.status == Status::Active {
        return conflict(MODEL, &version.id, "it is active; deploy another version first");
    }
    let query = sqlx::query("SELECT 1 FROM experiments WHERE control = ?1 OR treatment = ?1")
        .bind(&version.id);
    if write.one(query).await?.is_some() {
        return conflict(MODEL, &version.id, "it stands in an experiment; end that first");
    }
    Ok(())
}

/// The number that was asked for, or the next minor above the largest of the name; deleted ones
/// count.
async fn next(write: &mut Write<'_>, new: &NewVersion) -> Result<(i64, i64, i64)> {
    if let Some(asked) = &new.version {
        return match numbers(asked) {
            Some(numbers) => Ok(numbers),
            None => invalid("version", "`v` with three numbers, such as `v2.1.0`", asked),
        };
    }
    let largest = sqlx::query(
        "SELECT major, minor FROM versions WHERE name = ?
         ORDER BY major DESC, minor DESC LIMIT 1",
    )
    .bind(&new.name);
    match write.one(largest).await? {
        None => Ok((1, 0, 0)),
        Some(row) => Ok((column(&row, "major")?, column::<i64>(&row, "minor")? + 1, 0)),
    }
}

fn check(new: &NewVersion) -> Result<()> {
    name("name", &new.name)?;
    label("detector", &new.detector)?;
    label("task", &new.task)?;
    label("digest", &new.digest)?;
    label("blob", &new.blob)?;
    text("card", &new.card)?;
    match new.metrics.iter().find(|(_, value)| !value.is_finite()) {
        Some((metric, value)) => {
            invalid("metrics", "finite numbers", &format!("{metric}: {value}"))
        }
        None => Ok(()),
    }
}
