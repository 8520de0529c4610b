//! Rows of the feature store: stored, read by entity now and as of a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tripline_store::Timestamp;
use tripline_store::records::FeatureRow;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::features::find;
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemDocument, shown};
use crate::routes::{Routes, Rule};
use crate::time;

/// Rows, entities or points of a request.
const MOST: usize = 10_000;
/// Longest name of an entity in bytes.
const ENTITY: usize = 256;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Rule::TRAIN, routes!(put))
        .add(Rule::READ, routes!(online))
        .add(Rule::READ, routes!(historical))
}

/// What was known of an entity from a time on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FeatureRow)]
struct RowShape {
    /// The entity.
    #[schema(example = "10.0.0.7", max_length = 256)]
    entity: String,
    /// From when it holds.
    #[schema(format = DateTime, example = "2025-10-08T14:30:00Z")]
    at: String,
    /// Values by feature; null is unknown.
    #[schema(example = json!({"logins_1h": 4.0, "bytes_out_24h": 1048576.0}))]
    values: BTreeMap<String, Option<f64>>,
}

impl RowShape {
    fn of(row: FeatureRow) -> Self {
        let number = |value: f64| value.is_finite().then_some(value);
        let values = row.values.into_iter().map(|(name, value)| (name, number(value))).collect();
        Self { entity: row.entity, at: time::rfc3339(row.at), values }
    }
}

/// Rows to store.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rows {
    /// At most 10,000 rows; all are stored or none.
    rows: Vec<RowShape>,
}

/// How many rows were stored.
#[derive(Debug, Serialize, ToSchema)]
struct Stored {
    /// So many.
    #[schema(example = 1)]
    stored: usize,
}

/// Store feature rows
///
/// A row of the same entity and time takes the place of the one there.
#[utoipa::path(
    post, path = "/features/{view}/rows", tag = "features",
    params(("view" = String, Path, example = "host_activity")),
    request_body = Rows,
    responses(
        (status = 200, description = "All rows are on disk.", body = Stored),
        (status = 404, description = "There is no such view.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 422, description = "A row cannot be.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<Rows>,
) -> Result<Json<Stored>, Problem> {
    let view = find(&app, &name).await?;
    bounded("rows", body.rows.len())?;
    let mut rows = Vec::with_capacity(body.rows.len());
    for (number, row) in body.rows.into_iter().enumerate() {
        let field = |part: &str| format!("rows[{number}].{part}");
        for feature in row.values.keys() {
            if !view.features.contains(feature) {
                let known = view.features.join(", ");
                let text = format!("the view has no such feature; it has {known}");
                return Err(Problem::invalid(field(&format!("values.{}", shown(feature))), text));
            }
        }
        rows.push(FeatureRow {
            at: instant(&field("at"), &row.at)?,
            entity: entity(&field("entity"), row.entity)?,
            values: row.values.into_iter().map(|(n, v)| (n, v.unwrap_or(f64::NAN))).collect(),
        });
    }
    let stored = rows.len();
    app.store().put_features(&view.name, &rows, &caller.change()).await?;
    Ok(Json(Stored { stored }))
}

/// Whose features.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Entities {
    /// At most 10,000.
    #[schema(example = json!(["10.0.0.7"]))]
    entities: Vec<String>,
}

/// Rows in the order asked for.
#[derive(Debug, Serialize, ToSchema)]
struct Found {
    /// Null where nothing is known.
    rows: Vec<Option<RowShape>>,
}

/// Read features now
///
/// The newest row of each entity; null where nothing is known, or only what is too old.
#[utoipa::path(
    post, path = "/features/{view}/online", tag = "features",
    params(("view" = String, Path, example = "host_activity")),
    request_body = Entities,
    responses(
        (status = 200, description = "Rows in the order asked for.", body = Found),
        (status = 404, description = "There is no such view.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn online(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<Entities>,
) -> Result<Json<Found>, Problem> {
    let view = find(&app, &name).await?;
    bounded("entities", body.entities.len())?;
    let entities: Vec<String> = body
        .entities
        .into_iter()
        .enumerate()
        .map(|(at, name)| entity(&format!("entities[{at}]"), name))
        .collect::<Result<_, _>>()?;
    let rows = app.store().latest_features(&view.name, &entities, caller.at()).await?;
    Ok(Json(Found { rows: rows.into_iter().map(|row| row.map(RowShape::of)).collect() }))
}

/// An entity at a time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Point {
    /// The entity.
    #[schema(example = "10.0.0.7")]
    entity: String,
    /// What was known then.
    #[schema(format = DateTime, example = "2025-10-08T14:30:00Z")]
    as_of: String,
}

/// Entities at times.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Points {
    /// At most 10,000.
    points: Vec<Point>,
}

/// Read features as of a time
///
/// For each point the newest row that is not younger: what came later is never seen.
#[utoipa::path(
    post, path = "/features/{view}/historical", tag = "features",
    params(("view" = String, Path, example = "host_activity")),
    request_body = Points,
    responses(
        (status = 200, description = "Rows in the order asked for.", body = Found),
        (status = 404, description = "There is no such view.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn historical(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Json(body): Json<Points>,
) -> Result<Json<Found>, Problem> {
    let view = find(&app, &name).await?;
    bounded("points", body.points.len())?;
    let mut points = Vec::with_capacity(body.points.len());
    for (at, point) in body.points.into_iter().enumerate() {
        let time = instant(&format!("points[{at}].as_of"), &point.as_of)?;
        points.push((entity(&format!("points[{at}].entity"), point.entity)?, time));
    }
    let rows = app.store().features_as_of(&view.name, &points).await?;
    Ok(Json(Found { rows: rows.into_iter().map(|row| row.map(RowShape::of)).collect() }))
}

fn bounded(field: &str, count: usize) -> Result<(), Problem> {
    if (1..=MOST).contains(&count) {
        return Ok(());
    }
    Err(Problem::invalid(field, format!("must have 1 to {MOST} items, got {count}")))
}

fn entity(field: &str, name: String) -> Result<String, Problem> {
    if name.is_empty() || name.len() > ENTITY || name.chars().any(char::is_control) {
        let text = format!("must have 1 to {ENTITY} bytes, none a control character");
        return Err(Problem::invalid(field, text));
    }
    Ok(name)
}

fn instant(field: &str, text: &str) -> Result<Timestamp, Problem> {
    time::parse(text)
        .ok_or_else(|| Problem::invalid(field, "must be a time such as 2025-10-08T14:30:00Z"))
}
