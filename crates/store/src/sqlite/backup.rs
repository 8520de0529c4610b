//! Copies, and what keeps the file small and its plans good.

use std::path::Path;

use super::Sqlite;
use super::read::refused;
use crate::metadata::{MetadataError, Result};

impl Sqlite {
    /// Writes a copy as it is now to a file that is not there yet; others may write meanwhile.
    pub async fn backup_to(&self, path: &Path) -> Result<()> {
        let name = path.display().to_string();
        let Some(text) = path.to_str() else {
            let reason = "the path is no UTF-8".to_owned();
            return Err(MetadataError::Database { path: name, reason });
        };
        if path.exists() {
            let reason = "it is there already; name a file that is not".to_owned();
            return Err(MetadataError::Database { path: name, reason });
        }
        let copy = sqlx::query("VACUUM INTO ?").bind(text);
        copy.execute(&self.readers).await.map_err(|e| refused(&name, &e))?;
        crate::atomic::sync_folder(path);
        Ok(())
    }

    /// Gives free pages back to the system, and lets the database look at its indices again.
    pub(super) async fn tidy(&self) -> Result<()> {
        let mut writer = self.writer.lock().await;
        for statement in ["PRAGMA incremental_vacuum(4096)", "PRAGMA optimize"] {
            let done = sqlx::query(statement).execute(&mut writer.connection).await;
            done.map_err(|e| refused(&self.path, &e))?;
        }
        writer.checkpoint().await;
        Ok(())
    }
}
