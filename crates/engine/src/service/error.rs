//! Why the service did not do what it was asked.

use tripline_store::{BlobError, MetadataError};

use super::jobs::JobError;
use crate::error::EngineError;

/// Every text names the field or the model, with the way out where it is not plain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Metadata could not be read or written.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// A blob could not be read or written.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A job was not taken.
    #[error(transparent)]
    Job(#[from] JobError),
    /// A use case failed.
    #[error(transparent)]
    Engine(#[from] Box<EngineError>),
    /// A field of a record is not what the model takes.
    #[error("`{field}` must be {expected}, got {got}")]
    Field {
        /// The field.
        field: String,
        /// What it must be.
        expected: &'static str,
        /// What it was, shortened.
        got: String,
    },
    /// The record lacks columns of the model.
    #[error("the record lacks {}{}", list(columns), hint(similar))]
    MissingColumns {
        /// The version asked.
        model: String,
        /// All that are missing.
        columns: Vec<String>,
        /// Of these, those that the record may have under another name, with that name.
        similar: Vec<(String, String)>,
    },
    /// No model answers that.
    #[error("no active model takes `{task}`; there are: {}", list(known))]
    NoTask {
        /// What was to be judged.
        task: String,
        /// What active models take.
        known: Vec<String>,
    },
    /// No active or shadow version of that id, name or alias.
    #[error("no version `{model}` is active or in the shadow; there are: {}", list(known))]
    NotServed {
        /// What was asked for.
        model: String,
        /// Active versions.
        known: Vec<String>,
    },
    /// The version takes something else.
    #[error("model `{model}` takes `{takes}`, the record is of `{task}`")]
    OtherTask {
        /// The version.
        model: String,
        /// What it takes.
        takes: String,
        /// What the record is.
        task: String,
    },
    /// A model was not registered or deployed.
    #[error("model `{model}` is refused: {reason}")]
    Refused {
        /// Its id, or the name that it was to have.
        model: String,
        /// Why.
        reason: Refusal,
    },
    /// An argument of a use case.
    #[error("`{field}` must be {expected}, got {got:?}")]
    Argument {
        /// The argument.
        field: &'static str,
        /// What it must be.
        expected: String,
        /// What it was.
        got: String,
    },
    /// Too much waits to be written; try again later.
    #[error("{waiting} detections wait to be written; try again later")]
    Busy {
        /// So many.
        waiting: usize,
    },
    /// A detection that was answered could not be written.
    #[error("the detection was not stored: {reason}")]
    NotStored {
        /// Why.
        reason: String,
    },
    /// The service is about to end.
    #[error("the service is shutting down")]
    ShuttingDown,
    /// A file or folder of the service.
    #[error("{path}: {reason}")]
    File {
        /// Its path.
        path: String,
        /// Why.
        reason: String,
    },
    /// A thread of the service ended unexpectedly.
    #[error("the service is damaged: {reason}; start it again")]
    Internal {
        /// What happened.
        reason: String,
    },
}

/// Why a model is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// More bytes than allowed.
    #[error("it has {bytes} bytes, more than {limit}")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// Most allowed.
        limit: u64,
    },
    /// The blob is not what was registered.
    #[error("its SHA-256 is {got}, registered was {expected}")]
    Digest {
        /// As registered.
        expected: String,
        /// As found.
        got: String,
    },
    /// Signed by nobody who is trusted.
    #[error("{}", match signer {
        Some(signer) => format!("it is signed by {signer}, which is no trusted key"),
        None => "it is not signed; sign it with `tripline train --sign` or trust unsigned models".to_owned(),
    })]
    Signature {
        /// Who signed it.
        signer: Option<String>,
    },
    /// It cannot be loaded.
    #[error("{reason}")]
    Load {
        /// Why.
        reason: String,
    },
    /// Its columns are not those of what it is registered for.
    #[error("{reason}")]
    Columns {
        /// What is wrong.
        reason: String,
    },
    /// It does not score its stored rows as it did when it was registered.
    #[error("canary row {row} scores {got}, at registration it scored {expected}")]
    Canary {
        /// The row, from 0.
        row: usize,
        /// The score at registration.
        expected: f64,
        /// The score now.
        got: f64,
    },
    /// Its stored rows cannot be read or scored.
    #[error("its canary rows cannot be replayed: {reason}")]
    Canaries {
        /// Why.
        reason: String,
    },
}

impl From<EngineError> for ServiceError {
    fn from(source: EngineError) -> Self {
        Self::Engine(Box::new(source))
    }
}

impl ServiceError {
    /// Whether the record or the question is at fault, not the model or the service.
    pub fn is_of_the_record(&self) -> bool {
        matches!(
            self,
            Self::Field { .. }
                | Self::MissingColumns { .. }
                | Self::NoTask { .. }
                | Self::NotServed { .. }
                | Self::OtherTask { .. }
                | Self::Argument { .. }
        )
    }

    /// A refusal of a model.
    pub(crate) fn refused(model: &str, reason: Refusal) -> Self {
        Self::Refused { model: model.to_owned(), reason }
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn hint(similar: &[(String, String)]) -> String {
    similar.iter().map(|(column, field)| format!("; is `{field}` meant as `{column}`?")).collect()
}
