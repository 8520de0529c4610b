//! Jobs: the queue, one job, the form that starts a training.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::Path;
use axum::response::Response;
use tripline_core::Card;
use tripline_engine::service::ServiceError;
use tripline_engine::service::jobs::{Accepted, JobError, TrainingSpec};
use tripline_engine::trainable;
use tripline_store::metadata::{Begun, StoredAnswer};
use tripline_store::records::{Job, JobFilter, JobState, PageRequest, Run, RunFilter, Scope};

use super::super::chart::{Series, X};
use super::super::fields::{Fields, encode};
use super::super::page::{Viewer, page, page_with_charts};
use super::super::view::{job, jobs, training};
use super::super::visit::{Answer, Posted, Visit, redirect, show};
use super::super::{random_id, stored};
use super::models::number;
use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;

/// The detector that the form begins with.
const USUAL: &str = "gradient_boosting";
/// Charts of one job.
const MOST_CHARTS: usize = 6;

/// The queue.
pub(crate) async fn list(visit: Visit) -> Answer {
    let state = visit.fields.get("state").and_then(JobState::parse);
    let filter = JobFilter { state, kind: None };
    let request = PageRequest { limit: 50, after: visit.fields.get("after").map(str::to_owned) };
    let found = visit.app.store().jobs(&filter, &request).await?;
    let body = jobs::page(&found.items, state, found.next.as_deref());
    // The pages of running jobs move by themselves.
    Ok(show(page(&visit.viewer, "/ui/jobs", "Jobs", &body)))
}

/// One job.
pub(crate) async fn one(Path(id): Path<String>, visit: Visit) -> Answer {
    let store = visit.app.store();
    let found = store.job(&id).await?.ok_or_else(|| Problem::not_found("job", &id))?;
    let run = run_of(&visit.app, &found).await?;
    let findings = match &found.result {
        Some(model) => match store.version(model).await? {
            Some(version) => stored::findings(&version.what.card),
            None => Vec::new(),
        },
        None => Vec::new(),
    };
    let spec = asked(&found.what.spec);
    let metrics = stored::figures(&found.metrics);
    let shown = job::Shown {
        job: &found,
        spec: &spec,
        deploys: deploys(&found),
        metrics: &metrics,
        findings: &findings,
        histories: match &run {
            Some(run) => histories(&visit.app, std::slice::from_ref(run)).await?,
            None => Vec::new(),
        },
        run: run.as_ref(),
    };
    let body = job::page(&visit.viewer, &shown);
    Ok(show(page_with_charts(&visit.viewer, "/ui/jobs", &id, &body)))
}

/// The run of a job, if it is among the last ones.
async fn run_of(app: &App, job: &Job) -> Result<Option<Run>, Problem> {
    let page = PageRequest { limit: 200, after: None };
    let runs = app.store().runs(&RunFilter::default(), &page).await?.items;
    Ok(runs.into_iter().find(|run| run.what.job.as_deref() == Some(job.id.as_str())))
}

/// A chart for each figure that has several values in one of the runs.
pub(crate) async fn histories(
    app: &App,
    runs: &[Run],
) -> Result<Vec<(String, X, Vec<Series>)>, Problem> {
    let mut names: Vec<&String> = runs.iter().flat_map(|run| run.metrics.keys()).collect();
    names.sort();
    names.dedup();
    let mut charts = Vec::new();
    for name in names {
        let mut steps: BTreeMap<u64, Vec<Option<f64>>> = BTreeMap::new();
        for (at, run) in runs.iter().enumerate() {
            for (step, value) in app.store().metric_history(&run.id, name).await? {
                let values = steps.entry(step).or_insert_with(|| vec![None; runs.len()]);
                values[at] = value.is_finite().then_some(value);
            }
        }
        if steps.len() < 2 || charts.len() == MOST_CHARTS {
            continue;
        }
        let x = X::Number("step", steps.keys().map(|&step| step as f64).collect());
        let series = runs
            .iter()
            .enumerate()
            .map(|(at, run)| Series {
                key: run.id.clone(),
                name: if runs.len() == 1 { name.replace('_', " ") } else { run.id.clone() },
                colour: format!("--c{}", at % 6),
                values: steps.values().map(|values| values[at]).collect(),
            })
            .collect();
        charts.push((name.clone(), x, series));
    }
    Ok(charts)
}

/// What a job was asked for, without what was left at nothing.
fn asked(spec: &str) -> Vec<(String, String)> {
    let lines = stored::card(spec).into_iter();
    let own = lines.filter_map(|(name, value)| {
        let name = name.strip_prefix("asked: ")?;
        let name = name.strip_prefix("hyperparameters: ").unwrap_or(name).to_owned();
        (!matches!(value.as_str(), "" | "false" | "0")).then_some((name, value))
    });
    own.collect()
}

/// Whether a job deploys what it trains.
fn deploys(job: &Job) -> bool {
    Accepted::parse(&job.what.spec).is_ok_and(|spec| spec.asked.deploy)
}

/// Asks a job to stop.
pub(crate) async fn cancel(Path(id): Path<String>, posted: Posted) -> Answer {
    posted.app.service().cancel_job(&id, &posted.change()).await?;
    Ok(posted.done(&format!("/ui/jobs/{}", encode(&id)), "cancelled"))
}

/// Queues a job again. One that deploys what it trains needs what a deploy needs.
pub(crate) async fn retry(Path(id): Path<String>, mut posted: Posted) -> Answer {
    let job = posted.app.store().job(&id).await?.ok_or_else(|| Problem::not_found("job", &id))?;
    if deploys(&job) {
        posted.unlock(Scope::Deploy)?;
    }
    posted.app.service().retry_job(&id, &posted.change()).await?;
    Ok(posted.done(&format!("/ui/jobs/{}", encode(&id)), "queued"))
}

/// The form.
pub(crate) async fn form(visit: Visit) -> Answer {
    form_page(&visit.app, &visit.viewer, &visit.fields, &[]).await
}

async fn form_page(
    app: &Arc<App>,
    viewer: &Viewer,
    fields: &Fields,
    errors: &[(String, String)],
) -> Answer {
    let uploads = app.service().uploads().await?;
    let uploads: Vec<_> = uploads.into_iter().map(|upload| (upload.id, upload.label)).collect();
    let key = random_id("form-")?;
    let shown = training::Shown {
        cards: trainable(),
        card: card(fields.get("model").unwrap_or(USUAL)),
        fields,
        uploads: &uploads,
        errors,
        key: &key,
    };
    Ok(show(page(viewer, "/ui/jobs", "Train a model", &training::page(viewer, &shown))))
}

fn card(id: &str) -> Option<&'static Card> {
    let found = trainable().iter().copied().find(|card| card.id == id);
    found.or_else(|| trainable().first().copied())
}

/// Queues a training. The form's key makes a second press of the button start nothing twice.
pub(crate) async fn start(posted: Posted) -> Answer {
    let key = posted.fields.get("key").unwrap_or_default().to_owned();
    if !key.starts_with("form-") || key.len() > 64 {
        return Err(Problem::invalid("key", "is missing; load the page again"));
    }
    let actor = format!("form {}", posted.caller.actor());
    let work = once(posted.app.clone(), posted.caller.clone(), posted.fields.clone(), actor, key);
    // In a task of its own: a reader who leaves neither stops it midway nor keeps the form's key.
    match tokio::spawn(work).await.map_err(Problem::internal)? {
        Ok(place) => Ok(redirect(&place)),
        Err(problem) if problem.kind == crate::problem::Kind::Invalid => {
            refused(&posted, &problem).await
        }
        Err(problem) => Err(problem),
    }
}

/// Queues what a form asks for under the form's key; gives where to go.
async fn once(
    app: Arc<App>,
    caller: Caller,
    fields: Fields,
    actor: String,
    key: String,
) -> Result<String, Problem> {
    let store = app.store();
    let request = caller.change().request;
    match store.begin(&actor, &key, &[0; 32], request.as_deref(), caller.at()).await? {
        Begun::New => {}
        Begun::Answered(answer) => return Ok(String::from_utf8_lossy(&answer.body).into_owned()),
        _ => return Ok(Fields::default().with("done", "queueing").url("/ui/jobs")),
    }
    let inner = app.clone();
    let outcome = tokio::spawn(async move { submit(&inner, &caller, &fields).await }).await;
    let place = match outcome.map_err(Problem::internal).and_then(|done| done) {
        Ok(place) => place,
        Err(problem) => {
            store.abandon(&actor, &key).await?;
            return Err(problem);
        }
    };
    let answer = StoredAnswer { status: 303, body: place.clone().into_bytes() };
    if let Err(error) = store.complete(&actor, &key, &answer).await {
        // The job is queued: that counts, though a second press will not find it.
        tracing::error!(%error, "where a form led to was not kept");
    }
    Ok(place)
}

async fn submit(app: &App, caller: &Caller, fields: &Fields) -> Result<String, Problem> {
    let spec = spec(fields)?;
    let job = app.service().submit_training(spec, &caller.change()).await;
    let job = job.map_err(|error| match error {
        ServiceError::Job(JobError::Field { field, message, known }) => {
            Problem::invalid(field, message).known(known)
        }
        other => other.into(),
    })?;
    Ok(Fields::default().with("done", "queued").url(&format!("/ui/jobs/{}", encode(&job.id))))
}

/// The form again, with what was wrong.
async fn refused(posted: &Posted, problem: &Problem) -> Result<Response, Problem> {
    let told = problem.errors.iter().map(|error| {
        let known = match error.known.as_slice() {
            [] => String::new(),
            known => format!(" There are: {}.", known.join(", ")),
        };
        (error.field.clone(), format!("{}.{known}", error.message))
    });
    let mut errors: Vec<_> = told.collect();
    if errors.is_empty() {
        errors.push((String::new(), problem.detail.clone()));
    }
    let mut page = form_page(&posted.app, &posted.viewer, &posted.fields, &errors).await?;
    *page.status_mut() = problem.kind.status();
    Ok(page)
}

fn spec(fields: &Fields) -> Result<TrainingSpec, Problem> {
    let text = |name: &str| fields.get(name).map(str::to_owned);
    let upload = fields.get("upload").map(|id| format!("upload:{id}"));
    let source = upload.or_else(|| text("source")).ok_or_else(|| {
        Problem::invalid("training_data_source", "choose an upload, or name a source")
    })?;
    Ok(TrainingSpec {
        model_type: text("model").unwrap_or_else(|| USUAL.to_owned()),
        source,
        test_source: text("test"),
        hyperparameters: fields
            .with_prefix("p.")
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        name: text("name"),
        fpr: number(fields.get("fpr"), "fpr")?,
        seed: number(fields.get("seed"), "seed")?.unwrap_or_default(),
        priority: number(fields.get("priority"), "priority")?.unwrap_or_default(),
        ..TrainingSpec::default()
    })
}
