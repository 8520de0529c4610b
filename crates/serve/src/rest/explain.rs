//! Why a record scores as it does.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use tripline_engine::service::{
    Answer, Ask, Event, Live, Reasons, Row, ServiceError, Value as Cell,
};
use tripline_features::MissingColumns;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::detections::detection;
use super::prediction::{ReasonShape, milliseconds, reasons, word};
use crate::app::App;
use crate::caller::Caller;
use crate::extract::Json;
use crate::problem::{Problem, ProblemDocument, shown};
use crate::routes::{Routes, Rule};

pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::PREDICT, routes!(explain))
}

/// What is to be explained: a record, or a detection that is stored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExplainBody {
    /// A flat record.
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"dur": 0.121478, "proto": "tcp"}))]
    record: Option<Map<String, Value>>,
    /// A detection, instead of a record. The version that found it explains it, or the active one of
    /// its name where that one is put away: `model_version` tells which.
    #[serde(default)]
    detection_id: Option<String>,
    /// A model's id, name or alias.
    #[serde(default)]
    #[schema(example = "unsw_nb15_detector")]
    model: Option<String>,
}

/// Why a record scores as it does. `base_value` and all `shap_values` sum to `output`.
#[derive(Debug, Serialize, ToSchema)]
struct Explanation<'a> {
    /// `attack` or `normal`.
    #[schema(example = "attack")]
    prediction: &'static str,
    /// Calibrated probability of an attack, 0 to 1.
    #[schema(example = 0.985)]
    probability: f64,
    /// What each column adds to the output, in the order of `feature_names`.
    #[schema(example = json!([1.8, -0.2]))]
    shap_values: Vec<f64>,
    /// Names of the columns, in the order of the model.
    #[schema(example = json!(["sttl", "dur"]))]
    feature_names: Vec<&'a str>,
    /// The output if no column were known.
    #[schema(example = -1.2)]
    base_value: f64,
    /// The model's output.
    #[schema(example = 0.4)]
    output: f64,
    /// The unit of all of these: `log-odds`, `probability`, `score points`.
    #[schema(example = "log-odds")]
    unit: &'static str,
    /// Absolute SHAP value by column, the largest first.
    #[schema(value_type = std::collections::BTreeMap<String, f64>, example = json!({"sttl": 1.8, "dur": 0.2}))]
    feature_importance: Importance<'a>,
    /// The columns in words, the largest effect first.
    reasons: Vec<ReasonShape<'a>>,
    /// `path-dependent`, `interventional`, `kernel`: how the values were found.
    #[schema(example = "path-dependent")]
    method: &'static str,
    /// The same in words.
    method_description: String,
    /// The raw score.
    score: f64,
    /// The raw score from which on it is an attack.
    threshold: f64,
    /// The version that explains.
    #[schema(example = "unsw_nb15_detector_v1.0.0")]
    model_version: &'a str,
    /// Milliseconds to score and explain.
    inference_time_ms: f64,
}

/// Numbers by name, in an order of its own.
#[derive(Debug)]
struct Importance<'a>(Vec<(&'a str, f64)>);

impl Serialize for Importance<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Explain a record
///
/// SHAP values of each column: exact where the model splits its score, else KernelSHAP. An
/// explanation counts nowhere and stores nothing.
#[utoipa::path(
    post, path = "/explain", tag = "predictions", request_body = ExplainBody,
    responses(
        (status = 200, description = "The explanation.", body = Explanation<'static>),
        (status = 404, description = "There is no such detection.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
        (status = 422, description = "The record is not what the model takes.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn explain(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(body): Json<ExplainBody>,
) -> Result<Response, Problem> {
    let ExplainBody { record, detection_id, mut model } = body;
    let (record, task) = match (record, detection_id) {
        (Some(record), None) => (record, "flow".to_owned()),
        (None, Some(id)) => {
            let found = detection(&app, &id).await?;
            let record = serde_json::from_str(&found.what.event).map_err(Problem::internal)?;
            if model.is_none() {
                model = Some(loaded(&app, found.what.model_id).await?);
            }
            (record, found.what.task)
        }
        _ => {
            let message = "or `detection_id`: one of them must be given";
            return Err(Problem::invalid("record", message));
        }
    };
    let live = app.service().live();
    let row = row(&live, &task, &record)?;
    let service = app.service().clone();
    let request = caller.request().to_owned();
    // KernelSHAP takes milliseconds.
    let answer = tokio::task::spawn_blocking(move || {
        let ask = Ask {
            model: model.as_deref(),
            reasons: Reasons::All(usize::MAX),
            missing_columns: MissingColumns::Refuse,
            record: false,
            cached: false,
            durable: false,
        };
        let event = Event { request: Some(&request), ..Event::of(&row) };
        service.predict(&event, &ask)
    })
    .await
    .map_err(Problem::internal)??;
    shape(&answer).map(|shape| Json(shape).into_response())
}

/// The version that found a detection if it is loaded, else the one that is active in its place.
async fn loaded(app: &App, id: String) -> Result<String, Problem> {
    if app.service().live().find(&id).is_ok() {
        return Ok(id);
    }
    let version = app.store().version(&id).await?;
    Ok(version.map_or(id, |version| version.what.name))
}

/// A record as a row.
fn row(live: &Arc<Live>, task: &str, record: &Map<String, Value>) -> Result<Row, Problem> {
    if record.len() > super::record::MAX_VALUES {
        let message = format!("has more than {} values", super::record::MAX_VALUES);
        return Err(Problem::invalid("record", message));
    }
    let mut row = live.row(task)?;
    for (name, value) in record {
        let cell = match value {
            Value::Null => Cell::Missing,
            Value::Bool(yes) => Cell::Bool(*yes),
            Value::Number(number) => Cell::Number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Cell::Text(text),
            Value::Array(_) | Value::Object(_) => {
                let field = format!("record.{}", shown(name));
                return Err(Problem::invalid(field, "must be a number, a text, a boolean or null"));
            }
        };
        row.set(name, cell)?;
    }
    Ok(row)
}

fn shape(answer: &Answer) -> Result<Explanation<'_>, Problem> {
    let (Some(explanation), Some(method)) = (answer.explanation.as_deref(), answer.method) else {
        return Err(ServiceError::Argument {
            field: "model",
            expected: "a model that can be explained: one with a background of benign rows"
                .to_owned(),
            got: answer.model.id.to_string(),
        }
        .into());
    };
    // Largest first, as the explanation has them; then in the order of the model's columns.
    let importance = explanation.reasons.iter().map(|r| (r.feature.as_str(), r.effect.abs()));
    let importance = Importance(importance.collect());
    let schema = answer.model.model.input();
    let mut ordered: Vec<_> = explanation.reasons.iter().collect();
    ordered.sort_by_key(|reason| schema.position(&reason.feature).unwrap_or(usize::MAX));
    Ok(Explanation {
        prediction: word(answer.attack),
        probability: answer.probability,
        shap_values: ordered.iter().map(|reason| reason.effect).collect(),
        feature_names: ordered.iter().map(|reason| reason.feature.as_str()).collect(),
        base_value: explanation.base,
        output: explanation.output,
        unit: explanation.unit,
        feature_importance: importance,
        reasons: reasons(explanation),
        method: method.id(),
        method_description: method.describe(),
        score: answer.score,
        threshold: answer.threshold,
        model_version: &answer.model.id,
        inference_time_ms: milliseconds(answer.inference),
    })
}
