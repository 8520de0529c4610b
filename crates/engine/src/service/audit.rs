//! Whether the audit trail is as it was written.

use tripline_store::SecretKey;
use tripline_store::audit::AuditReport;
use tripline_store::sqlite::verify_trail;

use super::error::ServiceError;
use super::start::{AUDIT_HEADS, AUDIT_KEY, DATABASE};
use super::state::Service;
use crate::error::EngineError;

/// What a check of the trail found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCheck {
    /// What does not hold, and how much was read.
    pub report: AuditReport,
    /// Whether the log of heads is where the service writes it.
    pub log_there: bool,
}

impl AuditCheck {
    /// Whether all holds: without the log a cut tail cannot be told.
    pub fn is_intact(&self) -> bool {
        self.report.is_intact() && self.log_there
    }
}

impl Service {
    /// Checks the whole trail with the key and the log in the service's folder: entries, signed
    /// head, logged heads. Reads every entry.
    ///
    /// # Errors
    ///
    /// A key or a database that cannot be read.
    pub async fn verify_audit(&self) -> Result<AuditCheck, ServiceError> {
        let folder = self.settings.folder.clone();
        let key = SecretKey::read(&folder.join(AUDIT_KEY)).map_err(EngineError::from)?.public();
        let runtime = tokio::runtime::Handle::current();
        // The log is read and entries are hashed: work for a thread of its own.
        let done = tokio::task::spawn_blocking(move || {
            let heads = folder.join(AUDIT_HEADS);
            let log_there = heads.is_file();
            let log = log_there.then_some(heads.as_path());
            let report = runtime.block_on(verify_trail(&folder.join(DATABASE), &key, log))?;
            Ok(AuditCheck { report, log_there })
        });
        done.await.map_err(|error| ServiceError::Internal { reason: error.to_string() })?
    }
}
