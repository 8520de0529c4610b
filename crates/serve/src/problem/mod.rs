//! Every error of the API as a problem document (RFC 9457).

mod from;
mod kind;

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::kind::Kind;

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field: its path in the body, or the name of a query parameter or header.
    pub field: String,
    /// What is wrong, with the way out.
    pub message: String,
    /// What there is instead, where that is a list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<String>,
}

/// A problem, to be returned by a handler as its error.
///
/// The body is written by the outermost layer, which knows the request's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind.
    pub kind: Kind,
    /// What is wrong with this request, with the way out.
    pub detail: String,
    /// The fields that are wrong.
    pub errors: Vec<FieldError>,
    /// After how long to try again.
    pub retry_after: Option<Duration>,
    /// What happened, for the log alone.
    pub cause: Option<String>,
}

impl Problem {
    /// A problem of a kind.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), retry_after: None, cause: None }
    }

    /// A field has a value that cannot be.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        let (field, message) = (field.into(), message.into());
        Self::new(Kind::Invalid, format!("`{field}`: {message}")).with(field, message)
    }

    /// There is no such thing.
    pub fn not_found(what: &str, id: &str) -> Self {
        Self::new(Kind::NotFound, format!("there is no {what} `{}`", shown(id)))
    }

    /// A defect or a failing disk: the cause goes to the log, not to the client.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let mut problem = Self::new(
            Kind::Internal,
            "the service could not do this; its log tells why under the request's id",
        );
        problem.cause = Some(cause.to_string());
        problem
    }

    /// The service is at a limit.
    pub fn unavailable(detail: impl Into<String>, retry_after: Duration) -> Self {
        let mut problem = Self::new(Kind::Unavailable, detail);
        problem.retry_after = Some(retry_after);
        problem
    }

    /// Adds a field that is wrong.
    #[must_use]
    pub fn with(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(FieldError {
            field: field.into(),
            message: message.into(),
            known: Vec::new(),
        });
        self
    }

    /// Lists what there is, beside the field added last.
    #[must_use]
    pub fn known(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        if let Some(last) = self.errors.last_mut() {
            last.known = names.into_iter().map(Into::into).collect();
        }
        self
    }

    /// As [`Problem::response`], with a page instead of the document.
    pub(crate) fn page(&self, page: &Drawn) -> Response {
        let mut response = self.response("");
        *response.body_mut() = axum::body::Body::from(page.0.as_bytes().to_vec());
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, html);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response
    }

    /// Writes the document for a request.
    pub fn response(&self, request: &str) -> Response {
        let status = self.kind.status();
        self.answer(status, "application/problem+json", &self.document(status, request))
    }

    /// The same as the Open Inference Protocol has it: an object with `error` in words, beside
    /// which stands what a problem document has. It tells what cannot be by 400.
    pub(crate) fn inference(&self, request: &str) -> Response {
        let status = match self.kind {
            Kind::Invalid => StatusCode::BAD_REQUEST,
            kind => kind.status(),
        };
        let body =
            InferenceErrorBody { error: &self.detail, problem: self.document(status, request) };
        self.answer(status, "application/json", &body)
    }

    fn document(&self, status: StatusCode, request: &str) -> ProblemDocument<'_> {
        ProblemDocument {
            kind: format!("/docs#problem-{}", self.kind.name()),
            title: self.kind.title(),
            status: status.as_u16(),
            detail: &self.detail,
            instance: format!("urn:tripline:request:{request}"),
            errors: &self.errors,
        }
    }

    fn answer(&self, status: StatusCode, kind: &'static str, body: &impl Serialize) -> Response {
        // Strings and numbers alone: nothing here can fail to be written.
        let body = serde_json::to_vec(body).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if self.kind == Kind::Unauthorized {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"tripline\""),
            );
        }
        response
    }
}

/// A problem drawn as a page, which stands beside it in an answer for a browser.
#[derive(Debug, Clone)]
pub(crate) struct Drawn(pub(crate) std::sync::Arc<str>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The document as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument<'a> {
    /// Where the kind of problem is documented.
    #[serde(rename = "type")]
    #[schema(example = "/docs#problem-invalid")]
    pub kind: String,
    /// The kind in words.
    #[schema(example = "Invalid value")]
    pub title: &'a str,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// What is wrong with this request, with the way out.
    #[schema(example = "`model`: there is no model `x`; there are `flow_detector`")]
    pub detail: &'a str,
    /// The request.
    #[schema(example = "urn:tripline:request:01k7x3m2q8")]
    pub instance: String,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub errors: &'a [FieldError],
}

/// An error of the Open Inference Protocol: `error` is the protocol's, the rest says it in detail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InferenceErrorBody<'a> {
    /// Why.
    #[schema(example = "there is no model `unknown` loaded; `flow_detector`")]
    pub(crate) error: &'a str,
    /// The same as a problem document.
    #[serde(flatten)]
    pub(crate) problem: ProblemDocument<'a>,
}

/// A client's text as it may be repeated in a message: short, without control characters.
pub fn shown(text: &str) -> String {
    let mut shown: String =
        text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(80).is_some() {
        shown.push('…');
    }
    shown
}
