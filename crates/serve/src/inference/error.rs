//! Errors as the protocol has them: `{"error": …}`.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use tripline_engine::service::ServiceError;

use super::shapes::InferenceErrorBody;
use crate::extract::{Json, Path};
use crate::problem::{Kind, Problem};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct InferenceError {
    status: StatusCode,
    /// What is no fault of the request is told by the problem, whose cause goes to the log.
    problem: Option<Box<Problem>>,
    error: String,
}

impl InferenceError {
    /// The request is not what the model takes.
    pub(crate) fn invalid(error: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, problem: None, error }
    }

    /// There is no such model.
    pub(crate) fn not_found(error: String) -> Self {
        Self { status: StatusCode::NOT_FOUND, problem: None, error }
    }
}

impl From<Problem> for InferenceError {
    fn from(problem: Problem) -> Self {
        let status = match problem.kind {
            // The protocol knows no 422.
            Kind::Invalid => StatusCode::BAD_REQUEST,
            kind => kind.status(),
        };
        let error = problem.detail.clone();
        let ours = !status.is_client_error();
        Self { status, problem: ours.then(|| Box::new(problem)), error }
    }
}

impl From<ServiceError> for InferenceError {
    fn from(error: ServiceError) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for InferenceError {
    fn into_response(self) -> Response {
        match self.problem {
            Some(problem) => problem.into_response(),
            None => (self.status, Json(InferenceErrorBody { error: self.error })).into_response(),
        }
    }
}

/// Parts of the path, with the protocol's error.
#[derive(Debug)]
pub(crate) struct MaybePath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for MaybePath<T> {
    type Rejection = InferenceError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, InferenceError> {
        Ok(Self(Path::<T>::from_request_parts(parts, state).await?.0))
    }
}
