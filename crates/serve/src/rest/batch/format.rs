//! The formats of a batch, told by its media types.

use axum::http::{HeaderMap, header};

use crate::problem::{Kind, Problem};

/// A format of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON array.
    Json,
    /// One JSON object a line.
    Lines,
    /// An Arrow IPC stream.
    Arrow,
}

/// Media types with their formats; the first of a format is what is answered.
const TYPES: [(&str, Format); 5] = [
    ("application/json", Format::Json),
    ("application/x-ndjson", Format::Lines),
    ("application/ndjson", Format::Lines),
    ("application/jsonl", Format::Lines),
    ("application/vnd.apache.arrow.stream", Format::Arrow),
];

impl Format {
    /// What is answered.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Lines => "application/x-ndjson",
            Self::Arrow => "application/vnd.apache.arrow.stream",
        }
    }

    /// Of the body.
    pub(crate) fn of_body(headers: &HeaderMap) -> Result<Self, Problem> {
        let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        given.and_then(named).ok_or_else(|| {
            Problem::new(Kind::UnsupportedMedia, format!("`Content-Type` must be {}", names()))
                .with("Content-Type", format!("must be {}", names()))
        })
    }

    /// Of the answer: the first that the client accepts, in its order; that of the body where it
    /// takes anything.
    pub(crate) fn of_answer(headers: &HeaderMap, body: Self) -> Result<Self, Problem> {
        let mut accepted = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .peekable();
        if accepted.peek().is_none() {
            return Ok(body);
        }
        for part in accepted {
            let plain = part.split(';').next().unwrap_or_default().trim();
            if matches!(plain, "*/*" | "application/*") {
                return Ok(body);
            }
            if let Some(format) = named(part) {
                return Ok(format);
            }
        }
        Err(Problem::new(Kind::NotAcceptable, format!("`Accept` must take one of {}", names())))
    }
}

fn named(value: &str) -> Option<Format> {
    let plain = value.split(';').next().unwrap_or_default().trim();
    let known = TYPES.iter().find(|(name, _)| plain.eq_ignore_ascii_case(name));
    known.map(|(_, format)| *format)
}

fn names() -> String {
    let shown = [Format::Json, Format::Lines, Format::Arrow].map(Format::media_type);
    format!("`{}`", shown.join("`, `"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn answer(accept: &[&'static str]) -> Option<Format> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, HeaderValue::from_static(value));
        }
        Format::of_answer(&headers, Format::Arrow).ok()
    }

    #[test]
    fn the_client_chooses() {
        assert_eq!(answer(&[]), Some(Format::Arrow));
        assert_eq!(answer(&["*/*"]), Some(Format::Arrow));
        assert_eq!(answer(&["text/html, application/x-ndjson;q=0.9"]), Some(Format::Lines));
        assert_eq!(answer(&["text/html", "application/json"]), Some(Format::Json));
        assert_eq!(answer(&["text/html"]), None);
    }
}
