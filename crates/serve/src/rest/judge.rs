//! One record to one answer.

use std::sync::Arc;

use bytes::Bytes;
use tripline_engine::service::{Answer, Ask, Event, Live, Row, Service, ServiceError, Slot, Value};
use tripline_store::Timestamp;

use super::ask::Asked;
use super::record::{self, Scalar, TakeValues};
use crate::problem::{Kind, Problem, shown};
use crate::time;

/// Fields that tell whom a flow is about, where the envelope does not: the first that is there.
pub(crate) const ENTITIES: [&str; 5] = ["srcip", "src_ip", "source_ip", "initiator", "flow_src"];

/// Longest name of an entity.
const MAX_ENTITY: usize = 256;

/// A record that was read, with what stands beside it.
#[derive(Debug)]
pub(crate) struct Read {
    /// Its values.
    pub(crate) row: Row,
    /// Whom or what it is about.
    pub(crate) entity: Option<String>,
    /// When it happened.
    pub(crate) at: Option<Timestamp>,
    /// Whether the body is the record itself.
    pub(crate) flat: bool,
}

/// Reads a record of a task from JSON.
pub(crate) fn read(live: &Arc<Live>, task: &str, body: &[u8]) -> Result<Read, Problem> {
    let mut into = Into { row: live.row(task)?, entity: None, error: None };
    let envelope = record::read(body, &mut into).map_err(|error| not_json(&error))?;
    if let Some((field, task)) = envelope.other_task {
        return Err(other_task(live, field, task));
    }
    if let Some(error) = into.error {
        return Err(error.into());
    }
    if envelope.twice {
        return Err(Problem::invalid("record", "stands twice"));
    }
    if let Some(field) = &envelope.unknown {
        let message = "is none of `record`, `entity`, `timestamp`: values stand in `record`";
        return Err(Problem::invalid(shown(field), message));
    }
    if let Some(field) = envelope.no_text {
        return Err(Problem::invalid(field, "must be a text"));
    }
    let entity = envelope.entity.or(into.entity);
    if entity.as_ref().is_some_and(|entity| entity.len() > MAX_ENTITY) {
        let message = format!("has more than {MAX_ENTITY} bytes");
        return Err(Problem::invalid("entity", message));
    }
    let at = match &envelope.timestamp {
        None => None,
        Some(text) => match time::parse(text) {
            Some(at) => Some(at),
            // A flat record may have a time in its own format.
            None if !envelope.wrapped => None,
            None => {
                let message =
                    format!("must be a time such as 2025-10-08T14:30:00Z, got `{}`", shown(text));
                return Err(Problem::invalid("timestamp", message));
            }
        },
    };
    Ok(Read { row: into.row, entity, at, flat: !envelope.wrapped })
}

/// Judges a record of a task.
pub(crate) fn judge(
    service: &Service,
    live: &Arc<Live>,
    task: &str,
    body: &[u8],
    ask: &Ask<'_>,
    request: &str,
) -> Result<Answer, Problem> {
    let read = read(live, task, body)?;
    Ok(predict(service, &read, body, ask, request)?)
}

/// As [`judge`], on a thread that may be kept where a thread of the runtime should not be.
pub(crate) async fn judge_kept(
    service: &Arc<Service>,
    live: &Arc<Live>,
    task: &str,
    body: Bytes,
    asked: &Asked,
    request: &str,
) -> Result<Answer, Problem> {
    let read = read(live, task, &body)?;
    if !read.row.takes_long(&asked.ask()) {
        return Ok(predict(service, &read, &body, &asked.ask(), request)?);
    }
    let (service, asked, request) = (service.clone(), asked.clone(), request.to_owned());
    let judged = tokio::task::spawn_blocking(move || {
        predict(&service, &read, &body, &asked.ask(), &request)
    });
    Ok(judged.await.map_err(Problem::internal)??)
}

fn predict(
    service: &Service,
    read: &Read,
    body: &[u8],
    ask: &Ask<'_>,
    request: &str,
) -> Result<Answer, ServiceError> {
    let text = if read.flat { std::str::from_utf8(body).ok() } else { None };
    let event = Event {
        row: &read.row,
        entity: read.entity.as_deref(),
        at: read.at,
        text,
        request: Some(request),
    };
    service.predict(&event, ask)
}

/// What stands in that field is an event of another task: where to send it, if a model takes it.
pub(crate) fn other_task(live: &Live, field: &str, task: &str) -> Problem {
    let takes = live.active().find(|served| served.task() == task);
    let Some(served) = takes else { return no_detector(live, field, task) };
    let name = served.name();
    let message = format!(
        "is an event of the kind `{task}`, which model `{name}` takes: POST /v2/models/{name}/infer"
    );
    Problem::invalid(field, message)
}

/// No active model takes what stands in that field.
pub(crate) fn no_detector(live: &Live, field: &str, task: &str) -> Problem {
    let models: Vec<String> = live
        .active()
        .map(|served| format!("`{}` ({})", served.version.what.name, served.task()))
        .collect();
    let there = match models.as_slice() {
        [] => "no model is active".to_owned(),
        models => format!("active models: {}", models.join(", ")),
    };
    let message = format!("no detector takes events of the kind `{task}` here; {there}");
    Problem::invalid(field, message)
}

/// A body that is no record.
pub(crate) fn not_json(error: &serde_json::Error) -> Problem {
    let detail = format!("the body is no record: {}", shown_error(error));
    if !error.is_data() {
        return Problem::new(Kind::Malformed, detail);
    }
    // What is said of a field names it; the rest is about the body as a whole.
    let field = if detail.contains("`record`") { "record" } else { "body" };
    Problem::new(Kind::Invalid, detail.clone()).with(field, detail)
}

/// What the JSON reader says, without a client's text beyond what `shown` lets through.
fn shown_error(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.chars().take(200).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Puts values into a row, and looks for whom it is about.
struct Into {
    row: Row,
    entity: Option<String>,
    error: Option<ServiceError>,
}

impl TakeValues for Into {
    fn take(&mut self, name: &str, value: Scalar<'_>) {
        if self.error.is_some() {
            return;
        }
        let value = match value {
            Scalar::Number(number) => Value::Number(number),
            Scalar::Text(text) => {
                if self.entity.is_none() && ENTITIES.contains(&name) {
                    self.entity = Some(text.to_owned());
                }
                Value::Text(text)
            }
            Scalar::Boolean(yes) => Value::Bool(yes),
            Scalar::Missing => Value::Missing,
            Scalar::Nested => match self.row.fields().slot(name) {
                Slot::Known(_) => {
                    self.error = Some(ServiceError::Field {
                        field: name.to_owned(),
                        expected: "a number, a text, a boolean or null",
                        got: "an array or an object".to_owned(),
                    });
                    return;
                }
                _ => Value::Missing,
            },
        };
        if let Err(error) = self.row.set(name, value) {
            self.error = Some(error);
        }
    }
}
