//! Copies of the database.

use std::path::Path;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::Sqlite;
use super::open::make;
use super::read::refused;
use super::write::connect;
use crate::metadata::{MetadataError, Result};

impl Sqlite {
    /// Writes a copy as it is now to a file that is not there yet; others may write meanwhile.
    pub async fn backup_to(&self, path: &Path) -> Result<()> {
        let name = path.display().to_string();
        let Some(text) = path.to_str() else {
            let reason = "the path is no UTF-8".to_owned();
            return Err(MetadataError::Database { path: name, reason });
        };
        make(path, true).map_err(|e| MetadataError::Database {
            path: name.clone(),
            reason: format!("cannot make it: {e}; name a file that is not there yet"),
        })?;
        let options = SqliteConnectOptions::new().filename(&self.path).disable_statement_logging();
        let mut connection = connect(&self.path, &options).await?;
        let copy = sqlx::query("VACUUM INTO ?").bind(text).execute(&mut connection).await;
        if copy.is_err() {
            // What is there is no copy.
            let _ = std::fs::remove_file(path);
        }
        copy.map_err(|e| refused(&name, &e))?;
        crate::atomic::sync_folder(path);
        Ok(())
    }
}
