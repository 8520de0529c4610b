//! An HTML form of the dashboard, checked to come from the session's own page.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::header;
use serde::de::DeserializeOwned;

use super::json::read_body;
use super::message;
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Kind, Problem};

/// A form with a field `csrf`.
pub trait CsrfField {
    /// What was sent in the field `csrf`.
    fn csrf(&self) -> &str;
}

/// A form whose `csrf` was checked; its route is declared with [`crate::routes::Rule::form`].
#[derive(Debug, Clone, Copy)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + CsrfField> FromRequest<Arc<App>> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, app).await?;
        let kind = parts.headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes());
        let form = b"application/x-www-form-urlencoded";
        if !kind.is_some_and(|kind| {
            kind.len() >= form.len() && kind[..form.len()].eq_ignore_ascii_case(form)
        }) {
            return Err(Problem::new(
                Kind::UnsupportedMedia,
                "send `Content-Type: application/x-www-form-urlencoded`",
            ));
        }
        let bytes = read_body(body).await?;
        let fields = serde_urlencoded::Deserializer::new(form_urlencoded::parse(&bytes));
        let form: T = serde_path_to_error::deserialize(fields).map_err(|error| {
            let path = error.path().to_string();
            message::problem(&path, &error.into_inner().to_string(), "form")
        })?;
        app.gate().check_csrf(&caller, form.csrf())?;
        Ok(Self(form))
    }
}
