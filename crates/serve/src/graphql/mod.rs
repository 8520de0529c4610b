//! GraphQL: detections, models and jobs in one query.
//!
//! A field asks for the scope that its REST route asks for. A query is bounded in bytes, depth,
//! cost, directives and aliases; introspection needs the scope `read`.

mod detection;
mod error;
mod experiment;
mod job;
mod limits;
mod model;
mod mutation;
mod query;
mod scalar;

use std::sync::{Arc, OnceLock};

use async_graphql::{EmptySubscription, Schema};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tripline_store::records::Scope;
use utoipa::ToSchema;
use utoipa_axum::routes;

use self::mutation::Mutation;
use self::query::Query;
use crate::app::App;
use crate::caller::Caller;
use crate::extract::Json;
use crate::problem::Problem;
use crate::routes::{Routes, Rule};

type Api = Schema<Query, Mutation, EmptySubscription>;

/// The schema holds nothing of a service: that and the caller come with each query.
static API: OnceLock<Api> = OnceLock::new();

fn api() -> &'static Api {
    API.get_or_init(|| {
        Schema::build(Query, Mutation, EmptySubscription)
            .limit_depth(limits::DEPTH)
            .limit_recursive_depth(limits::RECURSION)
            .limit_complexity(limits::COST)
            .limit_directives(limits::DIRECTIVES)
            .finish()
    })
}

/// The schema in its own language, as `docs/schema.graphql` has it.
pub fn schema() -> String {
    api().sdl()
}

pub(crate) fn routes() -> Routes {
    // Each field asks for its own scope.
    Routes::new().add(Rule::OPEN, routes!(graphql))
}

/// A query with its variables.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GraphqlRequest {
    /// The document.
    #[schema(example = "{ models(status: ACTIVE) { id metrics } }")]
    query: String,
    /// Which operation of the document.
    #[serde(default, rename = "operationName")]
    operation_name: Option<String>,
    /// Values of its variables.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    variables: Option<serde_json::Map<String, serde_json::Value>>,
    /// Extensions of the protocol; none is known.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    #[allow(dead_code, reason = "clients send it; it has no effect here")]
    extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

/// What is answered.
#[derive(Debug, serde::Serialize, ToSchema)]
#[allow(dead_code, reason = "it documents what the library writes")]
struct GraphqlResponse {
    /// What was asked for; null where it failed as a whole.
    #[schema(value_type = Option<Object>)]
    data: Option<serde_json::Value>,
    /// What failed: `message`, `path`, `extensions` with `code` and `field`.
    #[schema(value_type = Option<Vec<Object>>)]
    errors: Option<Vec<serde_json::Value>>,
}

/// Ask by GraphQL
///
/// Detections, models, experiments and jobs; mutations for feedback, deploys and jobs. The schema
/// is in `docs/schema.graphql`, or by introspection.
#[utoipa::path(
    post, path = "/graphql", tag = "graphql", request_body = GraphqlRequest,
    responses(
        (status = 200, description = "Data, or errors beside it.", body = GraphqlResponse),
        (status = 401, description = "Credentials are needed: who may do nothing learns nothing.",
         body = crate::problem::ProblemDocument<'static>,
         content_type = "application/problem+json"),
    ),
    // Any scope opens the route; each field asks for its own.
    security(("bearer" = []), ("key" = [])),
)]
async fn graphql(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(body): Json<GraphqlRequest>,
) -> Result<Response, Problem> {
    if body.query.len() > limits::BYTES {
        let message = format!("has more than {} bytes", limits::BYTES);
        return Err(Problem::invalid("query", message));
    }
    // Who may do nothing learns nothing of the schema either.
    if Scope::ALL.iter().all(|&scope| !caller.allows(scope)) {
        caller.require(Scope::Read)?;
    }
    let variables = body.variables.unwrap_or_default();
    let mut request = async_graphql::Request::new(body.query)
        .variables(async_graphql::Variables::from_json(variables.into()))
        .data(app)
        .data(caller.clone());
    if let Some(name) = body.operation_name {
        request = request.operation_name(name);
    }
    if !caller.allows(Scope::Read) {
        request = request.disable_introspection();
    }
    // Before anything walks through it: fragments can multiply without end.
    if let Ok(document) = request.parsed_query() {
        let refused = |detail: String| Err(Problem::invalid("query", detail));
        match limits::size(document) {
            None => return refused("a fragment spreads itself".to_owned()),
            Some(size) if size.selections > limits::SELECTIONS => {
                return refused(format!("selects more than {} fields", limits::SELECTIONS));
            }
            Some(size) if size.aliases > limits::ALIASES => {
                return refused(format!("has more than {} aliases", limits::ALIASES));
            }
            Some(_) => {}
        }
    }
    let answer = api().execute(request).await;
    Ok(Json(answer).into_response())
}
