//! Experiments between versions of a name, and the rules that end a deploy.

use serde_json::json;
use sqlx::sqlite::SqliteRow;

use super::check::{conflict, invalid, label, name, not_found};
use super::models::{MODEL, live};
use super::row::{column, count, number, signed, time};
use super::write::Write;
use crate::metadata::Result;
use crate::records::{Change, Experiment, RollbackRule, Status};

/// Begins an experiment in place of the last one, or ends it.
pub(super) async fn set(
    write: &mut Write<'_>,
    model: &str,
    experiment: Option<&Experiment>,
    change: &Change,
) -> Result<()> {
    let Some(new) = experiment else {
        let end = sqlx::query("DELETE FROM experiments WHERE name = ?").bind(model);
        if write.run(end).await? == 0 {
            return not_found("experiment", model);
        }
        return write.note(change, "experiment.end", model, json!({})).await;
    };
    if !(new.share > 0.0 && new.share < 1.0) {
        return invalid("share", "a part between 0 and 1", &new.share.to_string());
    }
    label("salt", &new.salt)?;
    if new.name != model {
        return invalid("name", "the model's name", &new.name);
    }
    let control = live(write, &new.control).await?;
    let treatment = live(write, &new.treatment).await?;
    if control.status != Status::Active {
        return conflict(MODEL, &control.id, "it is not active, so it cannot be the control");
    }
    if let Some(other) = [&control, &treatment].into_iter().find(|v| v.what.name != model) {
        return invalid("treatment", "another version of the same name", &other.id);
    }
    if treatment.id == control.id {
        return invalid("treatment", "another version than the control", &treatment.id);
    }
    let put = sqlx::query(
        "INSERT OR REPLACE INTO experiments (name, control, treatment, share, salt, started_at)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(model)
    .bind(&control.id)
    .bind(&treatment.id)
    .bind(new.share)
    .bind(&new.salt)
    .bind(new.started_at.0);
    write.run(put).await?;
    let detail = json!({ "control": control.id, "treatment": treatment.id, "share": new.share });
    write.note(change, "experiment.begin", model, detail).await
}

/// Sets a rule, or takes it away.
pub(super) async fn set_rule(
    write: &mut Write<'_>,
    model: &str,
    rule: Option<&RollbackRule>,
    change: &Change,
) -> Result<()> {
    let Some(rule) = rule else {
        let remove = sqlx::query("DELETE FROM rollback_rules WHERE name = ?").bind(model);
        if write.run(remove).await? == 0 {
            return not_found("rollback rule", model);
        }
        return write.note(change, "rule.remove", model, json!({})).await;
    };
    name("name", model)?;
    if let Some(rate) = rule.max_error_rate.filter(|rate| !(0.0..=1.0).contains(rate)) {
        return invalid("max_error_rate", "a part from 0 to 1", &rate.to_string());
    }
    if let Some(p99) = rule.max_p99_seconds.filter(|p99| !(p99.is_finite() && *p99 > 0.0)) {
        return invalid("max_p99_seconds", "a number of seconds above 0", &p99.to_string());
    }
    let put = sqlx::query(
        "INSERT OR REPLACE INTO rollback_rules
         (name, max_error_rate, max_p99_seconds, min_requests, window_seconds)
         VALUES (?, ?, ?, ?, ?)",
    )
    .bind(model)
    .bind(rule.max_error_rate)
    .bind(rule.max_p99_seconds)
    .bind(signed(rule.min_requests))
    .bind(i64::from(rule.window_seconds));
    write.run(put).await?;
    let detail = json!({
        "max_error_rate": rule.max_error_rate,
        "max_p99_seconds": rule.max_p99_seconds,
        "min_requests": rule.min_requests,
        "window_seconds": rule.window_seconds,
    });
    write.note(change, "rule.set", model, detail).await
}

/// An experiment from its row.
pub(super) fn experiment(row: &SqliteRow) -> Result<Experiment> {
    Ok(Experiment {
        name: column(row, "name")?,
        control: column(row, "control")?,
        treatment: column(row, "treatment")?,
        share: number(row, "share")?,
        salt: column(row, "salt")?,
        started_at: time(row, "started_at")?,
    })
}

/// A rule from its row.
pub(super) fn rule(row: &SqliteRow) -> Result<RollbackRule> {
    Ok(RollbackRule {
        name: column(row, "name")?,
        max_error_rate: column(row, "max_error_rate")?,
        max_p99_seconds: column(row, "max_p99_seconds")?,
        min_requests: count(row, "min_requests")?,
        window_seconds: count(row, "window_seconds")?,
    })
}
