//! The cards of detectors: what can be trained.

use serde::Serialize;
use tripline_core::{Card, Input, MissingPolicy, Supervision};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::extract::Json;
use crate::routes::{Routes, Rule};

pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::READ, routes!(list))
}

/// Detectors.
#[derive(Debug, Serialize, ToSchema)]
struct DetectorList {
    detectors: Vec<DetectorShape>,
}

/// A detector that can be trained.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Detector)]
struct DetectorShape {
    /// Its id.
    #[schema(example = "gradient_boosting")]
    id: &'static str,
    /// Its name for people.
    name: &'static str,
    /// `trees`, `linear`, `neighbours`, `kernels`, `density`, `ensembles`, `neural`.
    #[schema(example = "trees")]
    family: &'static str,
    /// One sentence.
    summary: &'static str,
    /// The paper or documentation that defines it.
    source: &'static str,
    /// Time and memory.
    cost: &'static str,
    /// `rows`, `sequences`, `byte strings`.
    #[schema(example = "rows")]
    shape: &'static str,
    /// `mixed`, `numeric`, `scaled`: the columns that it takes.
    #[schema(example = "mixed")]
    input: &'static str,
    /// `supervised`, `benign`, `optional`: what it is told.
    #[schema(example = "supervised")]
    supervision: &'static str,
    /// Whether it takes missing values.
    takes_missing: bool,
    /// What it can do beyond scoring.
    abilities: Vec<&'static str>,
    /// Its parameters.
    parameters: Vec<ParameterShape>,
}

/// A parameter of a detector.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DetectorParameter)]
struct ParameterShape {
    /// Its name.
    #[schema(example = "learning_rate")]
    name: &'static str,
    /// What it does.
    summary: &'static str,
    /// Its default, as text.
    #[schema(example = "0.1")]
    default: String,
}

/// List detectors
///
/// What `POST /api/v1/training/start` takes as `detector`.
#[utoipa::path(
    get, path = "/detectors", tag = "models",
    responses((status = 200, description = "Cards.", body = DetectorList)),
)]
async fn list() -> Json<DetectorList> {
    let detectors = tripline_engine::trainable().iter().map(|card| shape(card)).collect();
    Json(DetectorList { detectors })
}

fn shape(card: &'static Card) -> DetectorShape {
    DetectorShape {
        id: card.id,
        name: card.name,
        family: card.family.name(),
        summary: card.summary,
        source: card.source,
        cost: card.cost,
        shape: card.shape.name(),
        input: match card.input {
            Input::Mixed => "mixed",
            Input::Numeric => "numeric",
            Input::Scaled => "scaled",
        },
        supervision: match card.supervision {
            Supervision::Supervised => "supervised",
            Supervision::Benign => "benign",
            Supervision::Optional => "optional",
        },
        takes_missing: card.missing == MissingPolicy::Native,
        abilities: card.abilities.words(),
        parameters: card
            .params
            .iter()
            .map(|spec| ParameterShape {
                name: spec.name,
                summary: spec.doc,
                default: spec.default.to_string(),
            })
            .collect(),
    }
}
