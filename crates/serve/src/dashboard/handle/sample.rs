//! A sample that is judged at the press of a button, so that a fresh installation has something to
//! show.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse as _;
use serde_json::Value as Json;
use tripline_engine::service::{Answer as Judged, Ask, Event, Live, Reasons, Row, Value};
use tripline_features::MissingColumns;

use super::super::fields::encode;
use super::super::visit::{Answer, Posted};
use crate::app::App;
use crate::problem::Problem;
use crate::rest::judge::ENTITIES;

/// Records by task: a line each. A task that comes later adds a file here.
const SAMPLES: &[(&str, &str)] = &[("flow", include_str!("../../../assets/samples/flow.ndjson"))];

/// Reasons that are stored with a sample.
const REASONS: usize = 64;

/// The next sample of a task as JSON: anybody may read it, it is the same in every installation.
pub(crate) async fn get(State(app): State<Arc<App>>, Path(task): Path<String>) -> Answer {
    let known = SAMPLES.iter().find(|(known, _)| *known == task);
    let (_, lines) = known.ok_or_else(|| Problem::not_found("sample", &task))?;
    let line = next(&app, lines);
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((kind, format!("{line}\n")).into_response())
}

/// The sample whose turn it is: the number of detections since the start decides, so that each
/// differs from the one before.
fn next<'a>(app: &App, lines: &'a str) -> &'a str {
    let number = app.service().counts().written as usize;
    let lines: Vec<&str> = lines.lines().collect();
    lines.get(number % lines.len().max(1)).copied().unwrap_or_default()
}

/// Judges the next sample of the first task that has both samples and an active model.
pub(crate) async fn send(posted: Posted) -> Answer {
    let app = &posted.app;
    let live = app.service().live();
    let tasks: Vec<&str> = live.active().map(|served| served.task()).collect();
    let known = SAMPLES.iter().find(|(task, _)| tasks.contains(task));
    let &(task, lines) = known.ok_or_else(|| {
        Problem::invalid("task", "no active model takes one of our samples; deploy one first")
    })?;
    let line = next(app, lines);
    let judged = judge(app, &live, task, line, posted.caller.request())?;
    app.service().stored(&judged).await?;
    match &judged.detection {
        Some(id) => {
            let place = format!("/ui/detections/{}", encode(id));
            Ok(posted.done(&place, "sampled"))
        }
        None => Ok(posted.done("/ui/", "sampled")),
    }
}

fn judge(
    app: &App,
    live: &Arc<Live>,
    task: &str,
    line: &str,
    request: &str,
) -> Result<Judged, Problem> {
    let record: serde_json::Map<String, Json> =
        serde_json::from_str(line).map_err(Problem::internal)?;
    let mut row = Row::new(live.clone(), task)?;
    for (name, value) in &record {
        let value = match value {
            Json::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Value::Text(text),
            Json::Bool(value) => Value::Bool(*value),
            _ => Value::Missing,
        };
        row.set(name, value)?;
    }
    let entity = ENTITIES.iter().find_map(|name| record.get(*name)?.as_str());
    let event = Event { entity, text: Some(line), request: Some(request), ..Event::of(&row) };
    let ask = Ask {
        reasons: Reasons::All(REASONS),
        missing_columns: MissingColumns::Fill,
        ..Ask::default()
    };
    Ok(app.service().predict(&event, &ask)?)
}
