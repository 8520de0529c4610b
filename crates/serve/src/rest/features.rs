//! Views of the feature store: which features are known together.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tripline_store::records::FeatureView;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemDocument};
use crate::routes::{Routes, Rule};

/// Features of a view.
const MOST_FEATURES: usize = 1000;
/// A hundred years: a longer time to live is none.
const LONGEST_SECONDS: f64 = 3.2e9;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::READ, routes!(views)).add(Rule::TRAIN, routes!(define))
}

/// A group of features that are known together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeatureView)]
struct ViewShape {
    /// Its name.
    #[schema(example = "host_activity")]
    view: String,
    /// Names of its features.
    #[schema(example = json!(["logins_1h", "bytes_out_24h"]))]
    features: Vec<String>,
    /// Seconds after which a value counts as unknown; null never does.
    #[schema(example = 86400.0)]
    time_to_live_seconds: Option<f64>,
}

impl From<FeatureView> for ViewShape {
    fn from(view: FeatureView) -> Self {
        Self {
            view: view.name,
            features: view.features,
            time_to_live_seconds: view.time_to_live.map(|micros| micros as f64 / 1e6),
        }
    }
}

/// All views.
#[derive(Debug, Serialize, ToSchema)]
struct ViewList {
    views: Vec<ViewShape>,
}

/// List feature views
#[utoipa::path(
    get, path = "/features", tag = "features",
    responses((status = 200, description = "All views.", body = ViewList)),
)]
async fn views(State(app): State<Arc<App>>) -> Result<Json<ViewList>, Problem> {
    let views = app.store().views().await?;
    Ok(Json(ViewList { views: views.into_iter().map(ViewShape::from).collect() }))
}

/// What a view holds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ViewDefinition {
    /// Names of its features: lower-case letters, digits, `_`.
    #[schema(example = json!(["logins_1h", "bytes_out_24h"]))]
    features: Vec<String>,
    /// Seconds after which a value counts as unknown.
    #[schema(example = 86400.0)]
    time_to_live_seconds: Option<f64>,
}

/// Define a feature view
///
/// A view that is there gets further features; none is taken away.
#[utoipa::path(
    put, path = "/features/{view}", tag = "features",
    params(("view" = String, Path, example = "host_activity")),
    request_body = ViewDefinition,
    responses(
        (status = 200, description = "The view.", body = ViewShape),
        (status = 422, description = "A name or a time cannot be.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn define(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    Json(definition): Json<ViewDefinition>,
) -> Result<Json<ViewShape>, Problem> {
    if !is_name(&name) {
        return Err(Problem::invalid("view", NAME));
    }
    if definition.features.is_empty() || definition.features.len() > MOST_FEATURES {
        return Err(Problem::invalid("features", format!("must be 1 to {MOST_FEATURES} names")));
    }
    for (at, feature) in definition.features.iter().enumerate() {
        if !is_name(feature) {
            return Err(Problem::invalid(format!("features[{at}]"), NAME));
        }
    }
    let time_to_live = match definition.time_to_live_seconds {
        None => None,
        Some(seconds) if (1e-6..=LONGEST_SECONDS).contains(&seconds) => {
            Some((seconds * 1e6).round() as i64)
        }
        Some(_) => {
            let text = "must be more than 0 and less than a hundred years";
            return Err(Problem::invalid("time_to_live_seconds", text));
        }
    };
    let view = FeatureView { name: name.clone(), features: definition.features, time_to_live };
    app.store().define_view(&view, &caller.change()).await?;
    Ok(Json(find(&app, &name).await?.into()))
}

/// What a name must be.
const NAME: &str = "must be 1 to 64 lower-case letters, digits or `_`";

fn is_name(text: &str) -> bool {
    let letter = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(letter)
}

/// The view of that name.
pub(super) async fn find(app: &App, name: &str) -> Result<FeatureView, Problem> {
    let view = app.store().views().await?.into_iter().find(|view| view.name == name);
    view.ok_or_else(|| Problem::not_found("feature view", name))
}
