//! Reading, with errors that name the file.

use sqlx::sqlite::{SqliteArguments, SqliteRow};

use super::Sqlite;
use crate::metadata::{MetadataError, Result};

/// A statement with its values.
pub(super) type Statement<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

/// Statements that filters are added to.
pub(super) type Builder = sqlx::QueryBuilder<sqlx::Sqlite>;

impl Sqlite {
    /// The first row.
    pub(super) async fn one(&self, statement: Statement<'_>) -> Result<Option<SqliteRow>> {
        statement.fetch_optional(&self.readers).await.map_err(|e| refused(&self.path, &e))
    }

    /// All rows.
    pub(super) async fn all(&self, statement: Statement<'_>) -> Result<Vec<SqliteRow>> {
        statement.fetch_all(&self.readers).await.map_err(|e| refused(&self.path, &e))
    }
}

/// What the database said, with the way out where there is one.
pub(super) fn refused(path: &str, error: &sqlx::Error) -> MetadataError {
    let path = path.to_owned();
    // https://www.sqlite.org/rescode.html: the low byte is the primary code.
    let code = error
        .as_database_error()
        .and_then(|e| e.code())
        .and_then(|code| code.parse::<i32>().ok())
        .map(|code| code & 0xff);
    match code {
        Some(11) => MetadataError::Damaged {
            what: path,
            reason: "the database file is malformed; put a backup in its place".to_owned(),
        },
        Some(26) => MetadataError::NotADatabase {
            path,
            reason: "the file is no SQLite database".to_owned(),
        },
        Some(8) => MetadataError::Database {
            path,
            reason: "the file or its disk is read-only; make it writable, or name another folder"
                .to_owned(),
        },
        Some(13) => MetadataError::Database { path, reason: "the disk is full".to_owned() },
        _ => MetadataError::Database { path, reason: error.to_string() },
    }
}
