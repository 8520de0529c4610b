//! The cookie of the dashboard's session.

use axum::http::{HeaderMap, HeaderValue, header};

use super::key::Secret;

/// Its name over plain HTTP on loopback.
pub const COOKIE: &str = "tripline_session";

/// Its name over TLS: a browser takes it only if it is `Secure` and of this host alone
/// (RFC 6265bis, section 4.1.3.2).
pub const SECURE_COOKIE: &str = "__Host-tripline_session";

fn name(secure: bool) -> &'static str {
    if secure { SECURE_COOKIE } else { COOKIE }
}

/// The session's token that a request carries.
pub fn cookie_of(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let name = name(secure);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(given, _)| *given == name)
        .map(|(_, token)| token)
        .filter(|token| token.len() <= 128)
}

/// `Set-Cookie` that begins a session, or ends it.
pub(super) fn set(token: Option<&Secret>, secure: bool, seconds: u64) -> HeaderValue {
    let (token, seconds) = match token {
        Some(token) => (token.reveal(), seconds),
        None => ("", 0),
    };
    let tail = if secure { "; Secure" } else { "" };
    let text = format!(
        "{}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{tail}",
        name(secure)
    );
    // Letters of a token and of this line are all visible ASCII.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}
