//! What is SQLite's alone: the file, its lock, its schema, changes made behind its back.

mod backup;
mod open;
mod tamper;

use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};
use tripline_store::{Sqlite, SqliteOptions};

use crate::metadata::{at, audit_key};

fn database(folder: &Path) -> PathBuf {
    folder.join("metadata.db")
}

fn options(folder: &Path) -> SqliteOptions {
    let log = folder.join("audit-heads.log");
    SqliteOptions { head_log: Some(log), ..SqliteOptions::new(audit_key(), at(0)) }
}

async fn open(folder: &Path) -> Sqlite {
    Sqlite::open(&database(folder), options(folder)).await.unwrap()
}

/// Somebody else with the file in hand.
async fn intruder(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(database(folder)).create_if_missing(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn execute(connection: &mut SqliteConnection, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.unwrap();
}
