//! Which of Zeek's logs a record belongs to.

use super::column::Column;

/// A log that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Conn,
    Http,
    Dns,
    Ssl,
    Ssh,
    Files,
}

impl Kind {
    /// By the name of the log, as in `#path` or `_path`.
    pub(super) fn named(path: &str) -> Option<Self> {
        Some(match path {
            "conn" => Self::Conn,
            "http" => Self::Http,
            "dns" => Self::Dns,
            "ssl" => Self::Ssl,
            "ssh" => Self::Ssh,
            "files" => Self::Files,
            _ => return None,
        })
    }

    /// By columns that no other of Zeek's logs has in common.
    pub(super) fn with(has: impl Fn(Column) -> bool) -> Option<Self> {
        let all = |columns: &[Column]| columns.iter().all(|&column| has(column));
        if all(&[Column::FileId, Column::Source]) {
            Some(Self::Files)
        } else if all(&[Column::ConnState]) {
            Some(Self::Conn)
        } else if all(&[Column::TransDepth]) && (has(Column::Method) || has(Column::StatusCode)) {
            Some(Self::Http)
        } else if all(&[Column::TransId, Column::Proto]) {
            Some(Self::Dns)
        } else if has(Column::AuthAttempts) || has(Column::HostKeyAlgorithm) {
            Some(Self::Ssh)
        } else if has(Column::Established) && !has(Column::AuthSuccess) {
            Some(Self::Ssl)
        } else {
            None
        }
    }
}
