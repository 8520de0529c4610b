//! What a request carries to say who asks.

use axum::http::{HeaderMap, header};

use crate::problem::{Kind, Problem};

/// The key or token that a request carries; one that cannot be read is refused.
pub(super) fn credentials(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let scheme = || {
        Problem::new(
            Kind::Unauthorized,
            "`Authorization` must be `Bearer tl_…`; a key may come as `X-API-Key` instead",
        )
    };
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let value = value.to_str().map_err(|_| scheme())?;
        return match value.split_once(' ') {
            Some((name, key)) if name.eq_ignore_ascii_case("bearer") => Ok(Some(key.trim())),
            _ => Err(scheme()),
        };
    }
    for name in ["x-api-key", "x-tripline-token"] {
        if let Some(value) = headers.get(name) {
            return value.to_str().map(|key| Some(key.trim())).map_err(|_| scheme());
        }
    }
    Ok(None)
}

/// Whether a browser asks for a page of its own accord. Behind a link of another site it keeps the
/// session's cookie (`SameSite=Strict`) to itself, and a fresh one would take that one's place.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
    let own = !matches!(site, Some(b"cross-site" | b"same-site"));
    own && headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}
