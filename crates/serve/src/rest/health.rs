//! Whether the service lives and is ready.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::Json;
use crate::problem::Problem;
use crate::routes::{Routes, Rule};

/// The routes of this file.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Rule::OPEN, routes!(health))
        .add(Rule::OPEN, routes!(live))
        .add(Rule::OPEN, routes!(ready))
}

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// The program's version.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Tells that the service answers.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Tells that the process lives, also when it is busy.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, body = Health)))]
async fn live() -> Json<Health> {
    health().await
}

/// Tells whether requests are answered: not while the service stops, nor without its database.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, body = Health)))]
async fn ready(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let wait = std::time::Duration::from_secs(5);
    if app.stopping().is_cancelled() {
        return Err(Problem::unavailable("the service stops", wait));
    }
    app.store().setting("ready").await.map_err(|error| {
        let mut problem = Problem::unavailable("the database does not answer", wait);
        problem.cause = Some(error.to_string());
        problem
    })?;
    Ok(health().await.into_response())
}
