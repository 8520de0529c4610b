//! Why a job was not taken.

use crate::service::nearest::nearest;

/// Every text names the field, with what there is instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// A field of what was asked for.
    #[error("`{field}`: {message}{}", listed(known))]
    Field {
        /// Its name; members of an object are parted by `.`.
        field: String,
        /// What is wrong.
        message: String,
        /// What there is; empty where that is no list.
        known: Vec<String>,
    },
    /// Too many jobs wait.
    #[error("{limit} jobs wait already; cancel some, or try again later")]
    Full {
        /// Most that may wait.
        limit: u32,
    },
    /// An upload with more bytes than allowed.
    #[error("the upload has more than {limit} bytes, the most that is left for uploads")]
    TooLarge {
        /// Most allowed.
        limit: u64,
    },
}

impl JobError {
    /// A field that cannot be used.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Field { field: field.to_owned(), message: message.into(), known: Vec::new() }
    }

    /// A name that is not among those that there are.
    pub fn unknown(field: &str, what: &str, name: &str, known: Vec<String>) -> Self {
        let hint = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        };
        let message = format!("there is no {what} `{}`{hint}", shortened(name));
        Self::Field { field: field.to_owned(), message, known }
    }
}

/// A text of a request as a message repeats it.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn listed(known: &[String]) -> String {
    match known {
        [] => String::new(),
        known => format!("; there are: {}", known.join(", ")),
    }
}
