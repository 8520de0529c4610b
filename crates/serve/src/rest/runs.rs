//! Runs: parameters, figures and artefacts of each training.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tripline_store::records::{Run, RunFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::download;
use super::run::RunShape;
use crate::app::App;
use crate::extract::{Json, Path, Query, page};
use crate::problem::{Problem, ProblemDocument};
use crate::routes::{Routes, Rule};

/// Runs that are compared at once.
const COMPARED: usize = 20;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Rule::READ, routes!(list))
        .add(Rule::READ, routes!(compare))
        .add(Rule::READ, routes!(detail))
        .add(Rule::READ, routes!(history))
        .add(Rule::READ, routes!(artefact))
}

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Of this purpose alone.
    #[param(example = "flow_detector")]
    experiment: Option<String>,
    /// Of this detector alone.
    #[param(example = "gradient_boosting")]
    detector: Option<String>,
    /// At most so many runs, 1 to 1,000; 50 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    after: Option<String>,
}

/// Runs, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct RunList {
    runs: Vec<RunShape>,
    /// Where the next page begins; null at the end.
    next: Option<String>,
}

/// List runs
#[utoipa::path(
    get, path = "/runs", tag = "runs", params(ListQuery),
    responses((status = 200, description = "Runs, the newest first.", body = RunList)),
)]
async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<RunList>, Problem> {
    let filter = RunFilter { experiment: query.experiment, detector: query.detector };
    let page = page(query.limit, query.after.as_deref())?;
    let found = app.store().runs(&filter, &page).await?;
    let runs = found.items.into_iter().map(RunShape::from).collect();
    Ok(Json(RunList { runs, next: found.next }))
}

/// Which runs are compared.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CompareQuery {
    /// Ids of 1 to 20 runs, parted by commas.
    #[param(example = "run-01k76p4qg8zxk3v5b7n9t2m4c6,run-01k76p4qg8zxk3v5b7n9t2m4c7")]
    ids: String,
}

/// Runs side by side.
#[derive(Debug, Serialize, ToSchema)]
struct RunComparison {
    /// The runs, in the order asked for.
    runs: Vec<RunShape>,
    /// Parameters that are not the same in all: for each the value of each run, null where it has
    /// none.
    differing_params: BTreeMap<String, Vec<Option<String>>>,
    /// Figures: for each the value of each run, null where it has none.
    metrics: BTreeMap<String, Vec<Option<f64>>>,
    /// Whether all runs were judged by the same data, by their fingerprints, and the same protocol;
    /// figures of different data cannot be set against each other.
    same_data: bool,
}

/// Compare runs
#[utoipa::path(
    get, path = "/runs/compare", tag = "runs", params(CompareQuery),
    responses(
        (status = 200, description = "The runs side by side.", body = RunComparison),
        (status = 404, description = "One of them is not there.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn compare(
    State(app): State<Arc<App>>,
    Query(query): Query<CompareQuery>,
) -> Result<Json<RunComparison>, Problem> {
    let ids: Vec<&str> = query.ids.split(',').filter(|id| !id.is_empty()).collect();
    if ids.is_empty() || ids.len() > COMPARED {
        return Err(Problem::invalid("ids", format!("must be 1 to {COMPARED} ids, parted by `,`")));
    }
    let mut runs = Vec::with_capacity(ids.len());
    for id in ids {
        runs.push(find(&app, id).await?);
    }
    Ok(Json(compared(runs)))
}

fn compared(runs: Vec<Run>) -> RunComparison {
    let names: BTreeSet<&String> = runs.iter().flat_map(|run| run.what.params.keys()).collect();
    let differing_params = names
        .into_iter()
        .map(|name| {
            let values: Vec<Option<String>> =
                runs.iter().map(|run| run.what.params.get(name).cloned()).collect();
            (name.clone(), values)
        })
        .filter(|(_, values)| values.windows(2).any(|pair| pair[0] != pair[1]))
        .collect();
    let names: BTreeSet<&String> = runs.iter().flat_map(|run| run.metrics.keys()).collect();
    let metrics = names
        .into_iter()
        .map(|name| {
            let value = |run: &Run| run.metrics.get(name).copied().filter(|v| v.is_finite());
            (name.clone(), runs.iter().map(value).collect())
        })
        .collect();
    let judged = |run: &Run| {
        let protocol = run.what.params.get("protocol").cloned();
        (run.what.data.clone(), protocol)
    };
    let same_data = runs.windows(2).all(|pair| judged(&pair[0]) == judged(&pair[1]));
    let runs = runs.into_iter().map(RunShape::from).collect();
    RunComparison { runs, differing_params, metrics, same_data }
}

/// A run
#[utoipa::path(
    get, path = "/runs/{run_id}", tag = "runs",
    params(("run_id" = String, Path)),
    responses(
        (status = 200, description = "The run.", body = RunShape),
        (status = 404, description = "There is no such run.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn detail(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<RunShape>, Problem> {
    Ok(Json(find(&app, &id).await?.into()))
}

/// All values of a figure.
#[derive(Debug, Serialize, ToSchema)]
struct History {
    /// The figure.
    #[schema(example = "split_roc_auc")]
    metric: String,
    /// Its values, by step.
    values: Vec<StepValue>,
}

/// A figure at a step.
#[derive(Debug, Serialize, ToSchema)]
struct StepValue {
    /// The step: of figures `split_…` the number of the split.
    step: u64,
    /// The value; null where it is no number.
    value: Option<f64>,
}

/// History of a figure
#[utoipa::path(
    get, path = "/runs/{run_id}/metrics/{metric}", tag = "runs",
    params(("run_id" = String, Path), ("metric" = String, Path, example = "split_roc_auc")),
    responses(
        (status = 200, description = "All values, by step.", body = History),
        (status = 404, description = "There is no such run or figure.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn history(
    State(app): State<Arc<App>>,
    Path((id, metric)): Path<(String, String)>,
) -> Result<Json<History>, Problem> {
    find(&app, &id).await?;
    let values = app.store().metric_history(&id, &metric).await?;
    if values.is_empty() {
        return Err(Problem::not_found("figure", &metric));
    }
    let values = values
        .into_iter()
        .map(|(step, value)| StepValue { step, value: value.is_finite().then_some(value) })
        .collect();
    Ok(Json(History { metric, values }))
}

/// Download an artefact
#[utoipa::path(
    get, path = "/runs/{run_id}/artefacts/{name}", tag = "runs",
    params(("run_id" = String, Path), ("name" = String, Path, example = "report.html")),
    responses(
        (status = 200, description = "Its bytes.", body = Vec<u8>,
         content_type = "application/octet-stream"),
        (status = 404, description = "There is no such run or artefact.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn artefact(
    State(app): State<Arc<App>>,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let run = find(&app, &id).await?;
    let artefact = run.artefacts.into_iter().find(|artefact| artefact.name == name);
    let artefact = artefact.ok_or_else(|| Problem::not_found("artefact", &name))?;
    let mut response = download::answer(&app, &artefact.blob).await?;
    let headers = response.headers_mut();
    // To be saved, never to be shown as a page of this service.
    let kind = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, kind);
    let disposition =
        format!("attachment; filename=\"{}\"", artefact.name.replace(['"', '\\'], "_"));
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

async fn find(app: &App, id: &str) -> Result<Run, Problem> {
    app.store().run(id).await?.ok_or_else(|| Problem::not_found("run", id))
}
