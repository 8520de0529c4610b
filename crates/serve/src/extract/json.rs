//! A JSON body: bounded, typed, with problems that name the field.

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::error::Error;

use super::message;
use crate::body::{Paused, TooLong};
use crate::guard::too_large;
use crate::problem::{Kind, Problem};

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 32;

/// A JSON body, or a JSON answer.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        right_type(request.headers())?;
        let bytes = read_body(request.into_body()).await?;
        read_json(&bytes).map(Json)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut bytes = Vec::with_capacity(256);
        match serde_json::to_writer(&mut bytes, &self.0) {
            Ok(()) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

/// Refuses a body that does not say it is JSON.
pub(crate) fn right_type(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes());
    let plain = kind.is_some_and(|kind| {
        let end = kind.iter().position(|b| *b == b';').unwrap_or(kind.len());
        let kind = kind[..end].trim_ascii();
        kind.eq_ignore_ascii_case(b"application/json")
            || (kind.len() > 5 && kind[kind.len() - 5..].eq_ignore_ascii_case(b"+json"))
    });
    if plain {
        return Ok(());
    }
    Err(Problem::new(Kind::UnsupportedMedia, "send `Content-Type: application/json`"))
}

/// Reads a whole body, which its route has bounded.
pub async fn read_body(body: Body) -> Result<Bytes, Problem> {
    body.collect().await.map(|whole| whole.to_bytes()).map_err(|error| body_problem(&error))
}

/// Reads a whole body of at most so many bytes, fewer than its route takes.
pub(crate) async fn read_at_most(body: Body, most: u64) -> Result<Bytes, Problem> {
    if body.size_hint().lower() > most {
        return Err(too_large(most));
    }
    let most_here = usize::try_from(most).unwrap_or(usize::MAX);
    let bytes = read_body(Body::new(Limited::new(body, most_here))).await;
    bytes.map_err(|problem| if problem.kind == Kind::TooLarge { too_large(most) } else { problem })
}

/// Why a body could not be read.
pub fn body_problem(error: &(dyn Error + 'static)) -> Problem {
    let mut cause = Some(error);
    while let Some(at) = cause {
        if at.is::<TooLong>() || at.is::<LengthLimitError>() {
            return Problem::new(Kind::TooLarge, "the body is larger than this route takes");
        }
        if at.is::<Paused>() {
            return Problem::new(Kind::Timeout, "the body did not go on in time");
        }
        cause = at.source();
    }
    Problem::new(Kind::Malformed, "the body ended before its end")
}

/// Reads a value from JSON text.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if too_deep(bytes) {
        return Err(Problem::new(
            Kind::Malformed,
            format!("the body nests deeper than {MAX_DEPTH} levels"),
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let text = inner.to_string();
        if inner.is_syntax() || inner.is_eof() {
            let text = if bytes.is_empty() { "is empty" } else { text.as_str() };
            return Problem::new(Kind::Malformed, format!("the body is no JSON: {text}"));
        }
        // The place at the end is that of the field, which is named.
        let text = text.rfind(" at line ").map_or(text.as_str(), |end| &text[..end]);
        message::problem(&path, text, "body")
    })?;
    reader
        .end()
        .map_err(|error| Problem::new(Kind::Malformed, format!("the body is no JSON: {error}")))?;
    Ok(value)
}

/// Whether brackets nest deeper than any body of this API.
fn too_deep(bytes: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        name: String,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Outer {
        rate: f64,
        inner: Option<Inner>,
    }

    fn of(text: &str) -> (Kind, String) {
        let problem = read_json::<Outer>(text.as_bytes()).expect_err("a problem");
        (problem.kind, problem.detail)
    }

    #[test]
    fn problems_name_the_field() {
        assert!(read_json::<Outer>(br#"{"rate": 1}"#).is_ok());
        assert_eq!(
            of(r#"{"rate": "fast"}"#).1,
            "`rate`: invalid type: string \"fast\", expected f64"
        );
        assert_eq!(of(r#"{"rat": 1}"#).1, "`rat`: is unknown; is `rate` meant?");
        assert_eq!(of(r#"{"rate": 1, "inner": {}}"#).1, "`inner.name`: is missing in the body");
        let inner = of(r#"{"rate": 1, "inner": {"name": "a", "nmae": "b"}}"#).1;
        assert_eq!(inner, "`inner.nmae`: is unknown; is `name` meant?");
        assert_eq!(of("{").0, Kind::Malformed);
        assert_eq!(of("").1, "the body is no JSON: is empty");
        assert_eq!(of(r#"{"rate": 1} x"#).0, Kind::Malformed);
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(of(&"[".repeat(100_000)).0, Kind::Malformed);
        assert!(too_deep(format!("{}1", "[".repeat(33)).as_bytes()));
        assert!(!too_deep(br#"{"a": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"[[[["}"#));
    }
}
