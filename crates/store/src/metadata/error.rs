//! Why metadata could not be read or written.

/// Why metadata could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// There is no such thing.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// The id asked for.
        id: String,
    },
    /// It is not in a state that allows that.
    #[error("{what} `{id}`: {reason}")]
    Conflict {
        /// What kind of thing.
        what: &'static str,
        /// Its id.
        id: String,
        /// Why not.
        reason: String,
    },
    /// A value that cannot be.
    #[error("`{field}` must be {expected}, got {got:?}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it was.
        got: String,
    },
    /// What is stored is not what this version writes.
    #[error("{what} is damaged: {reason}")]
    Damaged {
        /// What.
        what: String,
        /// How.
        reason: String,
    },
    /// Another service uses the data folder.
    #[error(
        "{path}: the data folder is used by {by}; stop that service, or name another folder with `--data-dir`"
    )]
    Locked {
        /// The lock file.
        path: String,
        /// `process 1234 (tripline)`, or `another process` where it is not known.
        by: String,
    },
    /// Written by a later version of the program.
    #[error(
        "{path}: schema version {version} is newer than version {known}, the newest that this program knows; use a newer tripline"
    )]
    Newer {
        /// The database.
        path: String,
        /// Its version.
        version: i64,
        /// Ours.
        known: i64,
    },
    /// The file is no database, or that of another program.
    #[error("{path}: not a database of Tripline: {reason}; name another folder with `--data-dir`")]
    NotADatabase {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The database refused.
    #[error("{path}: {reason}")]
    Database {
        /// Its file or address, without secrets.
        path: String,
        /// What it said.
        reason: String,
    },
}
