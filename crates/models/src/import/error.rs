//! Why a file does not become a model.

use tripline_core::{FrameError, StateError};

/// Why a file does not become a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// More bytes than are read.
    #[error("the model has {got} bytes, at most {max} are read")]
    TooLarge {
        /// Size given.
        got: usize,
        /// Largest size.
        max: usize,
    },
    /// Bytes of another format.
    #[error("this is no {format} model: {reason}")]
    Format {
        /// The format tried.
        format: &'static str,
        /// What is wrong, with the way out where there is one.
        reason: String,
    },
    /// A field that is not there.
    #[error("{place}: `{field}` is missing")]
    Missing {
        /// Line or path.
        place: String,
        /// The field.
        field: String,
    },
    /// A field whose value makes no sense.
    #[error("{place}: `{field}` must be {expected}")]
    Field {
        /// Line or path.
        place: String,
        /// The field.
        field: String,
        /// What would.
        expected: String,
    },
    /// A kind of model that is not read.
    #[error("{what} cannot be imported: {reason}")]
    Unsupported {
        /// The kind.
        what: String,
        /// Why, with the way out where there is one.
        reason: String,
    },
    /// The trees do not make a forest.
    #[error(transparent)]
    Forest(#[from] StateError),
    /// The columns do not make a schema.
    #[error(transparent)]
    Schema(#[from] FrameError),
}

impl ImportError {
    pub(super) fn field(place: impl ToString, field: &str, expected: impl ToString) -> Self {
        Self::Field {
            place: place.to_string(),
            field: field.to_owned(),
            expected: expected.to_string(),
        }
    }

    pub(super) fn missing(place: impl ToString, field: &str) -> Self {
        Self::Missing { place: place.to_string(), field: field.to_owned() }
    }

    pub(super) fn unsupported(what: impl ToString, reason: &str) -> Self {
        Self::Unsupported { what: what.to_string(), reason: reason.to_owned() }
    }
}
