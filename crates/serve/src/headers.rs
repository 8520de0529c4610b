//! Headers of every answer: what browsers may do with it, and under which id it is logged.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;

use crate::caller::Caller;
use crate::request_id;

/// Headers of every answer.
pub(crate) fn finish(response: &mut Response, caller: &Caller, secure: bool) {
    let page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let headers = response.headers_mut();
    // A client's id was checked to be a plain token, ours is one.
    if let Ok(id) = HeaderValue::try_from(caller.request()) {
        headers.insert(HeaderName::from_static(request_id::HEADER), id);
    }
    let set = |headers: &mut HeaderMap, name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::CACHE_CONTROL, "no-store");
    // Under `no-referrer` browsers send `Origin: null` with a form, which no other page could be told by.
    set(headers, header::REFERRER_POLICY, "same-origin");
    set(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if page {
        set(
            headers,
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
             connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        );
        set(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
        set(headers, header::X_FRAME_OPTIONS, "DENY");
        set(
            headers,
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        );
    } else {
        set(headers, header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    }
    if secure {
        set(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}
