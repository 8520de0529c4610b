//! The lock of a data folder: two services never share one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::Path;

use crate::metadata::{MetadataError, Result};

/// The lock file beside the database.
const NAME: &str = "tripline.lock";

/// Takes the lock; it is given back when the file is dropped, by the system after a crash.
pub(super) fn take(database: &Path) -> Result<File> {
    let path = database.with_file_name(NAME);
    let name = path.display().to_string();
    let failed = |action: &str, e: std::io::Error| MetadataError::Database {
        path: name.clone(),
        reason: format!("cannot {action}: {e}; the service needs a folder that it can write to"),
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).map_err(|e| failed("open it for writing", e))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let read = (&mut file).take(32).read_to_string(&mut text);
            let by = read
                .ok()
                .and_then(|_| text.trim().parse().ok())
                .map_or_else(|| "another process".to_owned(), process);
            return Err(MetadataError::Locked { path: name, by });
        }
        Err(TryLockError::Error(e)) => return Err(failed("lock it", e)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(|e| failed("write to it", e))?;
    Ok(file)
}

/// A process in words, with its name where the system tells it.
fn process(id: u32) -> String {
    match std::fs::read_to_string(format!("/proc/{id}/comm")) {
        Ok(name) => format!("process {id} ({})", name.trim()),
        Err(_) => format!("process {id}"),
    }
}
