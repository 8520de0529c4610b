//! The audit trail.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tripline_store::Timestamp;
use tripline_store::records::AuditEntry;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Json, Query, page};
use crate::problem::{Problem, ProblemDocument};
use crate::routes::{Routes, Rule};
use crate::time;

/// The routes of this file.
pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::ADMIN, routes!(entries)).add(Rule::ADMIN, routes!(head))
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Of this object alone, such as a model's id.
    object: Option<String>,
    /// At most so many, 1 to 1,000; 50 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    after: Option<String>,
}

/// One entry.
#[derive(Debug, Serialize, ToSchema)]
struct EntryShape {
    /// 1, 2, 3, …
    sequence: u64,
    /// When.
    #[serde(serialize_with = "time::serialize")]
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `key:ID`, `user:NAME`, `local` or `system`.
    #[schema(example = "key:4k9x2m7c0q")]
    actor: String,
    /// What was done.
    #[schema(example = "model.deploy")]
    action: String,
    /// To what.
    #[schema(example = "flow_detector_v1.1.0")]
    object: String,
    /// More, as JSON.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// The request.
    request_id: Option<String>,
    /// SHA-256 that binds it to all entries before, in hexadecimal.
    hash: String,
}

/// Entries, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct EntryList {
    entries: Vec<EntryShape>,
    /// Where the next page begins.
    next: Option<String>,
}

/// The signed end of the trail.
#[derive(Debug, Serialize, ToSchema)]
struct HeadShape {
    /// Number of the last entry.
    sequence: u64,
    /// Its hash, in hexadecimal.
    hash: String,
    /// Ed25519 signature of both, in hexadecimal.
    signature: String,
}

/// Lists what was changed, by whom.
#[utoipa::path(get, path = "/audit", tag = "access", params(Which), responses((status = 200, body = EntryList)))]
async fn entries(
    State(app): State<Arc<App>>,
    Query(which): Query<Which>,
) -> Result<Json<EntryList>, Problem> {
    let request = page(which.limit, which.after.as_deref())?;
    let found = app.store().entries(which.object.as_deref(), &request).await?;
    let entries = found.items.into_iter().map(EntryShape::from).collect();
    Ok(Json(EntryList { entries, next: found.next }))
}

/// The signed end of the trail, to be kept elsewhere: a trail that was cut later does not reach it.
#[utoipa::path(
    get,
    path = "/audit/head",
    tag = "access",
    responses((status = 200, body = HeadShape), (status = 404, description = "The trail is empty.", body = ProblemDocument<'static>, content_type = "application/problem+json"))
)]
async fn head(State(app): State<Arc<App>>) -> Result<Json<HeadShape>, Problem> {
    let head = app.store().head().await?.ok_or_else(|| Problem::not_found("entry in", "audit"))?;
    Ok(Json(HeadShape {
        sequence: head.sequence,
        hash: hex(&head.hash),
        signature: hex(&head.signature),
    }))
}

impl From<AuditEntry> for EntryShape {
    fn from(entry: AuditEntry) -> Self {
        let detail = serde_json::from_str(&entry.detail);
        Self {
            sequence: entry.sequence,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            object: entry.object,
            detail: detail.unwrap_or(serde_json::Value::String(entry.detail)),
            request_id: entry.request,
            hash: hex(&entry.hash),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
