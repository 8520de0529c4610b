//! Which version of a name answers: deploy, rollback, aliases.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::model::DeployedShape;
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Answered, Json, Once, Path};
use crate::problem::{Problem, ProblemDocument};
use crate::routes::{Routes, Rule};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Rule::DEPLOY, routes!(deploy))
        .add(Rule::DEPLOY, routes!(rollback))
        .add(Rule::DEPLOY, routes!(set_alias))
        .add(Rule::DEPLOY, routes!(remove_alias))
}

/// Deploy a model
///
/// Makes a version the active one of its name: its file, its signature and its columns are checked,
/// its canary rows replayed; no request fails meanwhile.
#[utoipa::path(
    post, path = "/models/{id}/deploy", tag = "models",
    params(("id" = String, Path, description = "An id or an alias.", example = "flow_detector_v1.1.0")),
    responses(
        (status = 200, description = "It answers.", body = DeployedShape),
        (status = 404, description = "There is no such version.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 422, description = "It is refused.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn deploy(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    once: Once,
) -> Result<Response, Problem> {
    let service = app.service().clone();
    once.run(&app, async move {
        let deployed = service.deploy(&id, &caller.change()).await?;
        Answered::json(StatusCode::OK, &DeployedShape::from(deployed))
    })
    .await
}

/// Roll a model back
///
/// Makes the version that was active before the active one of the name answer again.
#[utoipa::path(
    post, path = "/models/{id}/rollback", tag = "models",
    params(("id" = String, Path, description = "A version's id, an alias or a name.", example = "flow_detector")),
    responses(
        (status = 200, description = "The version before answers.", body = DeployedShape),
        (status = 404, description = "There is no such version.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 409, description = "No version was active before.",
         body = ProblemDocument<'static>, content_type = "application/problem+json"),
    ),
)]
async fn rollback(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    once: Once,
) -> Result<Response, Problem> {
    let service = app.service().clone();
    once.run(&app, async move {
        let deployed = service.roll_back(&id, &caller.change()).await?;
        Answered::json(StatusCode::OK, &DeployedShape::from(deployed))
    })
    .await
}

/// Where an alias shall point.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AliasBody {
    /// The version.
    #[schema(example = "flow_detector_v1.0.0")]
    model_id: String,
}

/// An alias.
#[derive(Debug, Serialize, ToSchema)]
struct AliasShape {
    /// The alias.
    #[schema(example = "champion")]
    alias: String,
    /// The version that it points to.
    #[schema(example = "flow_detector_v1.0.0")]
    model_id: String,
}

/// Point an alias to a model
#[utoipa::path(
    put, path = "/aliases/{alias}", tag = "models", request_body = AliasBody,
    params(("alias" = String, Path, description = "The alias.", example = "champion")),
    responses(
        (status = 200, description = "It points there.", body = AliasShape),
        (status = 404, description = "There is no such version.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 422, description = "That cannot be an alias.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn set_alias(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(alias): Path<String>,
    Json(body): Json<AliasBody>,
) -> Result<Json<AliasShape>, Problem> {
    app.service().set_alias(&alias, Some(&body.model_id), &caller.change()).await?;
    Ok(Json(AliasShape { alias, model_id: body.model_id }))
}

/// Remove an alias
#[utoipa::path(
    delete, path = "/aliases/{alias}", tag = "models",
    params(("alias" = String, Path, description = "The alias.", example = "champion")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no such alias.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
        (status = 422, description = "That cannot be an alias.", body = ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
)]
async fn remove_alias(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(alias): Path<String>,
) -> Result<StatusCode, Problem> {
    app.service().set_alias(&alias, None, &caller.change()).await?;
    Ok(StatusCode::NO_CONTENT)
}
