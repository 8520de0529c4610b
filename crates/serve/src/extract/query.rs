//! Parameters of a query, with problems that name them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tripline_store::records::PageRequest;
use utoipa::IntoParams;

use super::message;
use crate::problem::Problem;

/// Longest query in bytes: filters and a cursor take some hundred.
const MAX_BYTES: usize = 4096;

/// The query as a type whose unknown parameters are errors (`#[serde(deny_unknown_fields)]`).
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = parts.uri.query().unwrap_or_default();
        if text.len() > MAX_BYTES {
            return Err(Problem::invalid("query", format!("has more than {MAX_BYTES} bytes")));
        }
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
        serde_path_to_error::deserialize(pairs).map(Query).map_err(|error| {
            let path = error.path().to_string();
            message::problem(&path, &error.into_inner().to_string(), "query")
        })
    }
}

/// A part of a list: the whole query of a route without filters. One with filters has these two
/// among its own parameters, and calls [`page`].
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// At most so many items, 1 to 1,000; 50 if left out.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    pub after: Option<String>,
}

impl PageQuery {
    /// Checked.
    pub fn request(&self) -> Result<PageRequest, Problem> {
        page(self.limit, self.after.as_deref())
    }
}

/// A page from its two parameters.
pub fn page(limit: Option<u32>, after: Option<&str>) -> Result<PageRequest, Problem> {
    if limit.is_some_and(|limit| !(1..=1000).contains(&limit)) {
        return Err(Problem::invalid("limit", "must be from 1 to 1000"));
    }
    if after.is_some_and(|after| after.len() > 256 || !after.bytes().all(|b| b.is_ascii_graphic()))
    {
        return Err(Problem::invalid("after", "must be `next` of the page before"));
    }
    Ok(PageRequest { limit: limit.unwrap_or(0), after: after.map(str::to_owned) })
}
