//! Which problem an error of the layers below becomes.

use std::time::Duration;

use tripline_engine::service::jobs::JobError;
use tripline_engine::service::{Refusal, ServiceError};
use tripline_store::{BlobError, MetadataError};

use super::{Kind, Problem, shown};

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let text = shown_words(&error.to_string());
        match error {
            ServiceError::Metadata(error) => error.into(),
            ServiceError::Blob(error) => error.into(),
            ServiceError::Field { field, expected, got } => {
                Self::invalid(shown(&field), format!("must be {expected}, got {}", shown(&got)))
            }
            ServiceError::Argument { field, expected, got } => {
                Self::invalid(field, format!("must be {expected}, got `{}`", shown(&got)))
            }
            ServiceError::MissingColumns { model, columns, similar } => {
                Self::missing_columns("the record", &model, &columns, &similar)
            }
            ServiceError::NoTask { known, .. } => {
                Self::new(Kind::Invalid, text.clone()).with("task", text).known(known)
            }
            ServiceError::OtherTask { .. } => {
                Self::new(Kind::Invalid, text.clone()).with("task", text)
            }
            ServiceError::NotServed { known, .. } => {
                Self::new(Kind::Invalid, text.clone()).with("model", text).known(known)
            }
            ServiceError::Refused { reason: Refusal::TooLarge { .. }, .. } => {
                Self::new(Kind::TooLarge, text)
            }
            // What is stored was changed behind the service: no fault of the request.
            ServiceError::Refused {
                reason: Refusal::Digest { .. } | Refusal::Canary { .. } | Refusal::Canaries { .. },
                ..
            } => Self::new(Kind::Conflict, text),
            ServiceError::Refused { .. } => {
                Self::new(Kind::Invalid, text.clone()).with("model", text)
            }
            ServiceError::Job(error) => error.into(),
            ServiceError::Busy { .. } => Self::unavailable(text, Duration::from_secs(1)),
            ServiceError::ShuttingDown => Self::unavailable(text, Duration::from_secs(5)),
            other => Self::internal(other),
        }
    }
}

/// Columns that a message names; a record of another kind lacks them all.
const NAMED: usize = 20;

impl Problem {
    /// What `place` lacks of a model's columns; `similar` has fields that may be meant.
    pub(crate) fn missing_columns(
        place: &str,
        model: &str,
        columns: &[String],
        similar: &[(String, String)],
    ) -> Self {
        let more = match columns.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!("; `errors` names {NAMED} of them, there are {more} more"),
        };
        let count = columns.len();
        let (model, word) = (shown(model), if count == 1 { "column" } else { "columns" });
        let detail = format!("{place} lacks {count} {word} of `{model}`{more}");
        let mut problem = Self::new(Kind::Invalid, detail);
        for column in columns.iter().take(NAMED) {
            let hint = match similar.iter().find(|(of, _)| of == column) {
                Some((_, field)) => format!("is missing; is `{}` meant?", shown(field)),
                None => "is missing".to_owned(),
            };
            problem = problem.with(column.clone(), hint);
        }
        problem
    }
}

/// A message that may repeat a client's names: without control characters, bounded.
fn shown_words(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(2000).collect()
}

impl From<MetadataError> for Problem {
    fn from(error: MetadataError) -> Self {
        match error {
            MetadataError::NotFound { what, id } => Self::not_found(what, &id),
            MetadataError::Conflict { what, id, reason } => {
                Self::new(Kind::Conflict, format!("{what} `{}`: {reason}", shown(&id)))
            }
            MetadataError::Invalid { field, expected, got } => {
                Self::invalid(field, format!("must be {expected}, got `{}`", shown(&got)))
            }
            other => Self::internal(other),
        }
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        if error.missing { Self::not_found("file", &error.key) } else { Self::internal(error) }
    }
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Self {
        let text = shown_words(&error.to_string());
        match error {
            JobError::Field { field, message, known } => {
                let mut problem = Self::new(Kind::Invalid, text);
                problem = problem.with(shown(&field), shown_words(&message));
                problem.known(known)
            }
            JobError::Full { .. } => Self::unavailable(text, Duration::from_secs(30)),
            JobError::TooLarge { .. } => Self::new(Kind::TooLarge, text),
            other => Self::internal(other),
        }
    }
}
