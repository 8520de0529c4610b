//! API keys: made, listed, revoked.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use tripline_store::Timestamp;
use tripline_store::records::{ApiKey, Scopes};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::access::KeyRequest;
use crate::app::App;
use crate::caller::Caller;
use crate::extract::{Json, NoKey, Path};
use crate::problem::{Problem, ProblemDocument, shown};
use crate::routes::{Routes, Rule};
use crate::time;

/// The routes of this file.
pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::ADMIN, routes!(list, create)).add(Rule::ADMIN, routes!(revoke))
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
struct KeyShape {
    /// The visible part.
    #[schema(example = "4k9x2m7c0q")]
    id: String,
    /// What it is for.
    #[schema(example = "sensor in the branch office")]
    name: String,
    /// What it may do.
    #[schema(example = json!(["predict"]))]
    scopes: Vec<&'static str>,
    /// Requests a second; null takes the service's limit.
    rate_limit: Option<f64>,
    /// When it was made.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends.
    #[serde(serialize_with = "time::serialize_optional")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[serde(serialize_with = "time::serialize_optional")]
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[serde(serialize_with = "time::serialize_optional")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

impl From<ApiKey> for KeyShape {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            scopes: key.scopes.names(),
            rate_limit: key.rate_limit,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
        }
    }
}

/// All keys.
#[derive(Debug, Serialize, ToSchema)]
struct KeyList {
    keys: Vec<KeyShape>,
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewKey {
    /// What it is for.
    #[schema(example = "sensor in the branch office", min_length = 1, max_length = 100)]
    name: String,
    /// `read`, `predict`, `train`, `deploy`, `admin`.
    #[schema(example = json!(["predict"]), min_items = 1)]
    scopes: Vec<String>,
    /// Requests a second; left out takes the service's limit.
    #[serde(default)]
    #[schema(exclusive_minimum = 0)]
    rate_limit: Option<f64>,
    /// When it ends, RFC 3339; left out never.
    #[serde(default)]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// A new key with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
struct CreatedKey {
    /// The whole key: keep it, it is not shown again.
    #[schema(example = "tl_4k9x2m7c0q_…")]
    key: String,
    #[serde(flatten)]
    shape: KeyShape,
}

/// Lists all keys, revoked ones too.
#[utoipa::path(get, path = "/keys", tag = "access", responses((status = 200, body = KeyList)))]
async fn list(State(app): State<Arc<App>>) -> Result<Json<KeyList>, Problem> {
    let keys = app.store().keys().await?.into_iter().map(KeyShape::from).collect();
    Ok(Json(KeyList { keys }))
}

/// Makes a key. An `Idempotency-Key` is not taken here: a kept answer would keep the secret.
#[utoipa::path(
    post,
    path = "/keys",
    tag = "access",
    request_body = NewKey,
    responses((status = 201, body = CreatedKey), (status = 422, description = "A field cannot be.", body = ProblemDocument<'static>, content_type = "application/problem+json"))
)]
async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    _: NoKey,
    Json(new): Json<NewKey>,
) -> Result<Response, Problem> {
    let scopes = scopes(&new.scopes)?;
    let expires_at = match new.expires_at.as_deref() {
        Some(text) => Some(time::parse(text).ok_or_else(|| {
            Problem::invalid("expires_at", "must be a time such as `2027-01-01T00:00:00Z`")
        })?),
        None => None,
    };
    let request = KeyRequest { name: new.name, scopes, rate_limit: new.rate_limit, expires_at };
    let (issued, key) = app.gate().create_key(&request, &caller.change()).await?;
    let created = CreatedKey { key: issued.secret.reveal().to_owned(), shape: key.into() };
    Ok((StatusCode::CREATED, Json(created)).into_response())
}

/// Takes a key back: from now on it is refused.
#[utoipa::path(
    delete,
    path = "/keys/{id}",
    tag = "access",
    params(("id" = String, Path, description = "The visible part of the key")),
    responses((status = 204, description = "Revoked."), (status = 404, description = "There is no such key.", body = ProblemDocument<'static>, content_type = "application/problem+json"))
)]
async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.gate().revoke_key(&id, &caller.change()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A set of scopes from their names.
pub(super) fn scopes(names: &[String]) -> Result<Scopes, Problem> {
    Scopes::parse(names.iter().map(String::as_str)).map_err(|unknown| {
        let message = format!("holds `{}`, which is no scope", shown(unknown));
        Problem::invalid("scopes", message)
            .known(tripline_store::records::Scope::ALL.map(tripline_store::records::Scope::name))
    })
}
