//! The cookie of the dashboard's session.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue, header};

use super::key::{Secret, is_secret};
use crate::settings::{Settings, Tls};

/// How its name begins over plain HTTP on loopback; the port follows, since a browser sends the
/// cookies of a host to all its ports (RFC 6265, section 8.5) and other services may listen there.
pub const COOKIE: &str = "tripline_session_";

/// Its name over TLS: a browser takes it only if it is `Secure` and of this host alone
/// (RFC 6265bis, section 4.1.3.2).
pub const SECURE_COOKIE: &str = "__Host-tripline_session";

/// Whether the client sees TLS, and the port that it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Whether the client sees TLS.
    pub secure: bool,
    /// The port that is listened on.
    pub port: u16,
}

impl Place {
    /// Of a service.
    pub fn of(settings: &Settings) -> Self {
        Self { secure: settings.tls != Tls::Off, port: settings.port }
    }

    fn name(self) -> Cow<'static, str> {
        match self.secure {
            true => SECURE_COOKIE.into(),
            false => format!("{COOKIE}{}", self.port).into(),
        }
    }
}

/// The session's token that a request carries; one that is none of ours is as good as none.
pub fn cookie_of(headers: &HeaderMap, place: Place) -> Option<&str> {
    if !headers.contains_key(header::COOKIE) {
        return None;
    }
    let name = place.name();
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(given, _)| *given == name)
        .map(|(_, token)| token)
        .filter(|token| is_secret(token))
}

/// `Set-Cookie` that begins a session, or ends it.
pub(super) fn set(token: Option<&Secret>, place: Place, seconds: u64) -> HeaderValue {
    let (token, seconds) = match token {
        Some(token) => (token.reveal(), seconds),
        None => ("", 0),
    };
    let tail = if place.secure { "; Secure" } else { "" };
    let text = format!(
        "{}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{tail}",
        place.name()
    );
    // Letters of a token and of this line are all visible ASCII.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_this_service_gave_is_looked_up() {
        let token = Secret::random("").expect("randomness");
        let token = token.reveal();
        let of = |line: &str, secure: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, line.parse().expect("a header"));
            cookie_of(&headers, Place { secure, port: 5003 }).map(str::to_owned)
        };
        let found = Some(token.to_owned());
        assert_eq!(of(&format!("a=b; tripline_session_5003={token}"), false), found);
        assert_eq!(of(&format!("{SECURE_COOKIE}={token}"), true), found);
        // That of another service on this machine, and that of plain HTTP over TLS.
        assert_eq!(of(&format!("tripline_session_5004={token}"), false), None);
        assert_eq!(of(&format!("tripline_session_5003={token}"), true), None);
        for bad in ["", "x", &token[..42], &format!("{token}A"), &token.replace(&token[..1], "=")] {
            assert_eq!(of(&format!("tripline_session_5003={bad}"), false), None, "{bad}");
        }
    }
}
