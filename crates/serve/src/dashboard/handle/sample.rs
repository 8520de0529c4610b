//! A sample that is judged at the press of a button, so that a fresh installation has something to
//! show.

use std::sync::Arc;

use serde_json::Value as Json;
use tripline_engine::service::{Answer as Judged, Ask, Event, Live, Reasons, Row, Value};
use tripline_features::MissingColumns;
use tripline_store::records::DetectionFilter;

use super::super::fields::encode;
use super::super::visit::{Answer, Posted};
use crate::app::App;
use crate::problem::Problem;

/// Records by task: a line each. A task that comes later adds a file here.
const SAMPLES: &[(&str, &str)] = &[("flow", include_str!("../../../assets/samples/flow.ndjson"))];

/// Reasons that are stored with a sample.
const REASONS: usize = 64;
/// Fields that name whom a record is about.
const ENTITIES: [&str; 5] = ["srcip", "src_ip", "source_ip", "flow_src", "entity"];

/// Judges the next sample of the first task that has both samples and an active model.
pub(crate) async fn send(posted: Posted) -> Answer {
    let app = &posted.app;
    let number = app.store().count_detections(&DetectionFilter::default()).await?;
    let live = app.service().live();
    let tasks: Vec<&str> = live.active().map(|served| served.task()).collect();
    let known = SAMPLES.iter().find(|(task, _)| tasks.contains(task));
    let &(task, lines) = known.ok_or_else(|| {
        Problem::invalid("task", "no active model takes one of our samples; deploy one first")
    })?;
    let lines: Vec<&str> = lines.lines().collect();
    let line = lines[number as usize % lines.len()];
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
