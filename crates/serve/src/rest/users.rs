//! Users of the dashboard.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tripline_store::Timestamp;
use tripline_store::records::User;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::keys::scopes;
use crate::access::hash_in_turn;
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Json, NoKey, Path};
use crate::problem::{Problem, ProblemDocument};
use crate::routes::{Routes, Rule};
use crate::time;

/// The routes of this file.
pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::ADMIN, routes!(list)).add(Rule::ADMIN, routes!(put, remove))
}

/// A user, without the password.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
struct UserShape {
    /// Log-in name.
    #[schema(example = "ada")]
    name: String,
    /// What the user may do.
    scopes: Vec<&'static str>,
    /// When the user was made.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// All users.
#[derive(Debug, Serialize, ToSchema)]
struct UserList {
    users: Vec<UserShape>,
}

/// A user to be made, or changed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    /// At least 15 letters.
    #[schema(min_length = 15, max_length = 256)]
    password: String,
    /// `read`, `predict`, `train`, `deploy`, `admin`.
    #[schema(example = json!(["read", "predict"]), min_items = 1)]
    scopes: Vec<String>,
}

/// Lists all users.
#[utoipa::path(get, path = "/users", tag = "access", responses((status = 200, body = UserList)))]
async fn list(State(app): State<Arc<App>>) -> Result<Json<UserList>, Problem> {
    let shape = |user: User| UserShape {
        name: user.name,
        scopes: user.scopes.names(),
        created_at: user.created_at,
    };
    Ok(Json(UserList { users: app.store().users().await?.into_iter().map(shape).collect() }))
}

/// Makes a user, or gives one another password and other scopes, which ends its sessions.
#[utoipa::path(
    put,
    path = "/users/{name}",
    tag = "access",
    params(("name" = String, Path, description = "Log-in name")),
    request_body = NewUser,
    responses((status = 204, description = "Stored."), (status = 422, description = "A field cannot be.", body = ProblemDocument<'static>, content_type = "application/problem+json"))
)]
async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    _: NoKey,
    Json(new): Json<NewUser>,
) -> Result<StatusCode, Problem> {
    let scopes = scopes(&new.scopes)?;
    let password = hash_in_turn(new.password).await?;
    app.gate().put_user(&name, password, scopes, &caller.change()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets a user, and ends its sessions.
#[utoipa::path(
    delete,
    path = "/users/{name}",
    tag = "access",
    params(("name" = String, Path, description = "Log-in name")),
    responses((status = 204, description = "Forgotten."), (status = 404, description = "There is no such user.", body = ProblemDocument<'static>, content_type = "application/problem+json"))
)]
async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    app.store().remove_user(&name, &caller.change()).await?;
    Ok(StatusCode::NO_CONTENT)
}
