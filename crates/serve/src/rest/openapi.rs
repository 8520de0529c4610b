//! The description of the interface, in OpenAPI 3.1.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use utoipa::ToSchema as _;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi};
use utoipa_axum::routes;

use crate::app::App;
use crate::problem::{FieldError, ProblemDocument};
use crate::routes::{Routes, Rule};

/// The routes of this file.
pub(crate) fn routes() -> Routes {
    Routes::new().add(Rule::OPEN, routes!(openapi))
}

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "health",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = serde_json::Value))
)]
async fn openapi(State(app): State<Arc<App>>) -> Response {
    let bytes = app.openapi.get().cloned().unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}

/// The whole document as it is served.
pub(crate) fn document(mut api: OpenApi) -> Bytes {
    let mut license = LicenseBuilder::new().name("Apache-2.0").build();
    license.identifier = Some("Apache-2.0".to_owned());
    api.info = InfoBuilder::new()
        .title("Tripline")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Threat detection by machine learning. Errors are problem documents (RFC 9457) that \
             name the field; under `/v2` they have the shape of the Open Inference Protocol beside \
             it. A request that creates something takes an `Idempotency-Key`, unless a secret would \
             be kept by it: sent again with the same key it is not done again, but gets the answer \
             that it got, for a day. If the service was killed before it could answer, a repeat is \
             done if nothing had been changed; otherwise it is answered with 409 and says what was \
             done.",
        ))
        .license(Some(license))
        .build();
    let mut schemas = Vec::new();
    <ProblemDocument<'_> as utoipa::ToSchema>::schemas(&mut schemas);
    let own = ComponentsBuilder::new()
        .schema_from::<ProblemDocument<'_>>()
        .schema_from::<FieldError>()
        .schemas_from_iter(schemas)
        .security_scheme(
            "bearer",
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .description(Some("An API key, `tl_ID_SECRET`."))
                    .build(),
            ),
        )
        .security_scheme(
            "key",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key"))),
        )
        .build();
    let components = api.components.get_or_insert_default();
    components.schemas.extend(own.schemas);
    components.security_schemes.extend(own.security_schemes);
    let _ = ProblemDocument::name();
    api.to_json().map(Bytes::from).unwrap_or_default()
}
