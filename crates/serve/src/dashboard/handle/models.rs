//! Models: the list, a version, a comparison; deploys, rollbacks, statuses, rules.

use axum::extract::Path;
use tripline_store::records::{
    ModelVersion, PageRequest, RollbackRule, Scope, Status, TallyFilter, VersionFilter,
};
use tripline_store::time::Timestamp;

use super::super::chart::{Series, X};
use super::super::fields::encode;
use super::super::page::{page, page_with_charts};
use super::super::stored;
use super::super::text::{DAY, HOUR};
use super::super::view::{compare, model, models};
use super::super::visit::{Answer, Posted, Visit, show};
use crate::app::App;
use crate::problem::Problem;

/// The list.
pub(crate) async fn list(visit: Visit) -> Answer {
    let versions = visit.app.store().versions(&VersionFilter::default()).await?;
    let live = visit.app.service().live();
    let body = models::page(&visit.viewer, &models::grouped(&versions), live.unloaded());
    Ok(show(page(&visit.viewer, "/ui/models", "Models", &body)))
}

/// Versions side by side.
pub(crate) async fn compare(visit: Visit) -> Answer {
    let mut versions: Vec<(ModelVersion, model::Curves)> = Vec::new();
    for id in visit.fields.all("id").take(models::MOST_COMPARED) {
        if versions.iter().all(|(known, _)| known.id != id) {
            let version = version(&visit.app, id).await?;
            let curves = stored::curves(&version.what.card);
            versions.push((version, curves));
        }
    }
    let body = compare::page(&versions);
    Ok(show(page(&visit.viewer, "/ui/models", "Versions compared", &body)))
}

async fn version(app: &App, id: &str) -> Result<ModelVersion, Problem> {
    app.store().version(id).await?.ok_or_else(|| Problem::not_found("model", id))
}

/// One version.
pub(crate) async fn one(Path(id): Path<String>, visit: Visit) -> Answer {
    let (app, store) = (&visit.app, visit.app.store());
    let version = version(app, &id).await?;
    let name = version.what.name.clone();
    let filter = VersionFilter { name: Some(name.clone()), ..Default::default() };
    let of_name = store.versions(&filter).await?;
    let active = of_name.iter().find(|other| other.status == Status::Active);
    let active = active.filter(|other| other.id != version.id);
    let others: Vec<_> = of_name.iter().filter(|other| other.id != version.id).cloned().collect();
    let history = store.history(&name).await?;
    let previous = store.roll_back_target(&name).await?;
    let now = visit.caller.at();
    let mut shadow = store.shadow_comparisons(Timestamp(now.0 - 7 * DAY)).await?;
    shadow.retain(|one| one.model_id == version.id || one.active_id == version.id);
    let experiment = match app.service().experiment_result(&name).await? {
        Some(result)
            if [&result.experiment.control, &result.experiment.treatment]
                .contains(&&version.id) =>
        {
            Some(result)
        }
        _ => None,
    };
    let rules = store.rollback_rules().await?;
    let few = PageRequest { limit: 8, after: None };
    let entries = store.entries(Some(&version.id), &few).await?.items;
    let card = stored::card(&version.what.card);
    let curves = stored::curves(&version.what.card);
    let findings = stored::findings(&version.what.card);
    let threshold = stored::threshold(&version);
    let shown = model::Shown {
        version: &version,
        threshold: threshold.as_ref(),
        card: &card,
        curves: &curves,
        findings: &findings,
        active,
        others: &others,
        previous: previous.as_deref(),
        history: &history,
        shadow: &shadow,
        experiment: experiment.as_ref(),
        rule: rules.iter().find(|rule| rule.name == name),
        answers: answers(app, &version.id, now).await?,
        audit: &entries,
    };
    let body = model::page(&visit.viewer, &shown);
    Ok(show(page_with_charts(&visit.viewer, "/ui/models", &version.id, &body)))
}

/// Answers of a version in the last seven days, by hour; none where there is none.
async fn answers(app: &App, id: &str, now: Timestamp) -> Result<Option<(X, Vec<Series>)>, Problem> {
    let last = now.0.div_euclid(HOUR) * HOUR;
    let first = last - 7 * DAY + HOUR;
    let filter = TallyFilter { since: Some(Timestamp(first)), model_id: Some(id.to_owned()) };
    let tallies = app.store().tallies(&filter).await?;
    if tallies.iter().all(|tally| tally.predictions == 0) {
        return Ok(None);
    }
    let hours: Vec<i64> = (0..7 * 24).map(|hour| first + hour * HOUR).collect();
    let (mut alerts, mut others) = (vec![0.0; hours.len()], vec![0.0; hours.len()]);
    for tally in &tallies {
        let place = usize::try_from((tally.hour.0 - first).div_euclid(HOUR)).unwrap_or(usize::MAX);
        if let (Some(alert), Some(other)) = (alerts.get_mut(place), others.get_mut(place)) {
            *alert += tally.alerts as f64;
            *other += tally.predictions.saturating_sub(tally.alerts) as f64;
        }
    }
    let series = |key: &str, colour: &str, values: Vec<f64>| Series {
        key: key.to_owned(),
        name: key.to_owned(),
        colour: colour.to_owned(),
        values: values.into_iter().map(Some).collect(),
    };
    let x = X::Time(hours.into_iter().map(Timestamp).collect());
    Ok(Some((x, vec![series("below threshold", "--k3", others), series("alerts", "--k1", alerts)])))
}

fn place(id: &str) -> String {
    format!("/ui/models/{}", encode(id))
}

/// Makes a version the active one.
pub(crate) async fn deploy(Path(id): Path<String>, mut posted: Posted) -> Answer {
    posted.unlock(Scope::Deploy)?;
    posted.app.service().deploy(&id, &posted.change()).await?;
    Ok(posted.done(&place(&id), "deployed"))
}

/// Makes the version before active again, and shows it.
pub(crate) async fn roll_back(Path(id): Path<String>, mut posted: Posted) -> Answer {
    posted.unlock(Scope::Deploy)?;
    let done = posted.app.service().roll_back(&id, &posted.change()).await?;
    Ok(posted.done(&place(&done.active), "rolled-back"))
}

/// Puts a version into the shadow.
pub(crate) async fn shadow(Path(id): Path<String>, mut posted: Posted) -> Answer {
    posted.unlock(Scope::Deploy)?;
    posted.app.service().set_status(&id, Status::Shadow, &posted.change()).await?;
    Ok(posted.done(&place(&id), "shadow"))
}

/// Puts a version away.
pub(crate) async fn archive(Path(id): Path<String>, mut posted: Posted) -> Answer {
    posted.unlock(Scope::Deploy)?;
    posted.app.service().set_status(&id, Status::Archived, &posted.change()).await?;
    Ok(posted.done(&place(&id), "archived"))
}

/// Forgets a version.
pub(crate) async fn delete(Path(id): Path<String>, mut posted: Posted) -> Answer {
    posted.unlock(Scope::Deploy)?;
    posted.app.service().delete(&id, &posted.change()).await?;
    Ok(posted.done("/ui/models", "deleted"))
}

/// Sets the rule of a version's name, or takes it away.
pub(crate) async fn rule(Path(id): Path<String>, mut posted: Posted) -> Answer {
    posted.unlock(Scope::Deploy)?;
    let name = version(&posted.app, &id).await?.what.name;
    let change = posted.change();
    if posted.fields.get("remove").is_some() {
        posted.app.service().set_rollback_rule(&name, None, &change).await?;
        return Ok(posted.done(&place(&id), "rule-removed"));
    }
    let fields = &posted.fields;
    let rule = RollbackRule {
        name: name.clone(),
        max_error_rate: number(fields.get("max_error_rate"), "max_error_rate")?,
        max_p99_seconds: number(fields.get("max_p99_seconds"), "max_p99_seconds")?,
        min_requests: number(fields.get("min_requests"), "min_requests")?.unwrap_or(100),
        window_seconds: number(fields.get("window_seconds"), "window_seconds")?.unwrap_or(60),
    };
    posted.app.service().set_rollback_rule(&name, Some(&rule), &change).await?;
    Ok(posted.done(&place(&id), "rule"))
}

/// A number of a form's field; none where it is empty.
pub(crate) fn number<T: std::str::FromStr>(
    text: Option<&str>,
    field: &str,
) -> Result<Option<T>, Problem> {
    let wrong = |_| Problem::invalid(field, "must be a number of the right kind");
    text.map(|text| text.replace(',', ".").parse().map_err(wrong)).transpose()
}
