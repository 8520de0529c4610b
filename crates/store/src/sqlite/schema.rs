//! The tables, as numbered steps from an empty file to the newest version.

use sqlx::sqlite::SqliteConnection;
use sqlx::{Row as _, raw_sql};

use super::read::refused;
use crate::metadata::{MetadataError, Result};

/// Step `n` makes version `n + 1`. A step that was published is never changed.
const STEPS: &[&str] =
    &[include_str!("schema/0001_first.sql"), include_str!("schema/0002_forgetting.sql")];

/// In the file's header (https://www.sqlite.org/fileformat.html, offset 68): `TRIP`.
const APPLICATION: i64 = 0x5452_4950;

/// Refuses the database of another program, and of a later version of this one. It changes nothing.
pub(super) async fn recognise(path: &str, connection: &mut SqliteConnection) -> Result<()> {
    let known = STEPS.len() as i64;
    let application = number(path, connection, "PRAGMA application_id").await?;
    let version = number(path, connection, "PRAGMA user_version").await?;
    let tables = number(path, connection, "SELECT count(*) FROM sqlite_schema").await?;
    let empty = application == 0 && version == 0 && tables == 0;
    if application != APPLICATION && !empty {
        let reason = "it belongs to another program".to_owned();
        return Err(MetadataError::NotADatabase { path: path.to_owned(), reason });
    }
    if version > known {
        return Err(MetadataError::Newer { path: path.to_owned(), version, known });
    }
    Ok(())
}

/// Brings a database to the newest version, in one transaction.
pub(super) async fn migrate(path: &str, connection: &mut SqliteConnection) -> Result<()> {
    let refused = |e: sqlx::Error| refused(path, &e);
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut *connection).await.map_err(refused)?;
    let version = number(path, connection, "PRAGMA user_version").await?;
    for (step, to) in STEPS.iter().zip(1_i64..).skip(usize::try_from(version).unwrap_or(0)) {
        raw_sql(*step).execute(&mut *connection).await.map_err(refused)?;
        // A pragma takes no bound value; these are numbers of ours.
        let stamp = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {to}");
        raw_sql(sqlx::AssertSqlSafe(stamp)).execute(&mut *connection).await.map_err(refused)?;
    }
    sqlx::query("COMMIT").execute(connection).await.map(drop).map_err(refused)
}

async fn number(
    path: &str,
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<i64> {
    let row = sqlx::query(statement).fetch_one(connection).await;
    row.and_then(|row| row.try_get(0)).map_err(|e| refused(path, &e))
}
