//! The kinds of problems: each has its status, its title, its place in the documentation.

use axum::http::StatusCode;

/// What kind of problem: each has its status, its title, its place in the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The request is not what HTTP or JSON allow.
    Malformed,
    /// A field has a value that cannot be, or names what does not exist.
    Invalid,
    /// No credentials, or unknown ones.
    Unauthorized,
    /// Credentials that do not allow this.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The path has no such method.
    MethodNotAllowed,
    /// Nothing of what the client accepts can be answered.
    NotAcceptable,
    /// It is not in a state that allows this.
    Conflict,
    /// The body, or a part of it, is too large.
    TooLarge,
    /// The body is of a type that is not taken here.
    UnsupportedMedia,
    /// The request came for another host than this one.
    Misdirected,
    /// Too many requests of one key.
    RateLimited,
    /// The client was too slow.
    Timeout,
    /// The service is at its limit, or stops.
    Unavailable,
    /// A defect or a failing disk: what it was is in the log, not in the answer.
    Internal,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 15] = [
        Self::Malformed,
        Self::Invalid,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMedia,
        Self::Misdirected,
        Self::RateLimited,
        Self::Timeout,
        Self::Unavailable,
        Self::Internal,
    ];

    /// Its name in `type`.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Its title.
    pub fn title(self) -> &'static str {
        self.row().1
    }

    /// Its status.
    pub fn status(self) -> StatusCode {
        self.row().2
    }

    fn row(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::Malformed => ("malformed", "Malformed request", StatusCode::BAD_REQUEST),
            Self::Invalid => ("invalid", "Invalid value", StatusCode::UNPROCESSABLE_ENTITY),
            Self::Unauthorized => ("unauthorized", "Credentials needed", StatusCode::UNAUTHORIZED),
            Self::Forbidden => ("forbidden", "Not allowed", StatusCode::FORBIDDEN),
            Self::NotFound => ("not-found", "Not found", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => {
                ("method-not-allowed", "Method not allowed", StatusCode::METHOD_NOT_ALLOWED)
            }
            Self::NotAcceptable => ("not-acceptable", "Not acceptable", StatusCode::NOT_ACCEPTABLE),
            Self::Conflict => ("conflict", "Conflict", StatusCode::CONFLICT),
            Self::TooLarge => ("too-large", "Too large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnsupportedMedia => {
                ("unsupported-media", "Type not taken", StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            Self::Misdirected => ("misdirected", "Another host", StatusCode::MISDIRECTED_REQUEST),
            Self::RateLimited => {
                ("rate-limited", "Too many requests", StatusCode::TOO_MANY_REQUESTS)
            }
            Self::Timeout => ("timeout", "Too slow", StatusCode::REQUEST_TIMEOUT),
            Self::Unavailable => ("unavailable", "Busy", StatusCode::SERVICE_UNAVAILABLE),
            Self::Internal => ("internal", "Internal error", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}
