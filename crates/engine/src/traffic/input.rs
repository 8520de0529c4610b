//! Where traffic comes from, told by what a path holds.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tripline_ingest::{capture, sensors};

use crate::error::EngineError;

/// Where traffic comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrafficInput {
    /// Captures one after the other, or logs of a sensor: files and folders.
    Files(Vec<PathBuf>),
    /// A capture or a log from standard input.
    Stdin,
    /// Packets of a network interface.
    Interface(String),
    /// NetFlow or IPFIX datagrams sent to this address.
    NetFlow(SocketAddr),
}

impl TrafficInput {
    /// What a path given by the user means; `-` is standard input.
    pub fn of(paths: &[PathBuf]) -> Self {
        match paths {
            [path] if path.as_os_str() == "-" => Self::Stdin,
            paths => Self::Files(paths.to_vec()),
        }
    }

    /// Whether it goes on until somebody ends it.
    pub fn is_endless(&self) -> bool {
        matches!(self, Self::Interface(_) | Self::NetFlow(_))
    }
}

impl fmt::Display for TrafficInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(paths) => match paths.as_slice() {
                [path] => write!(f, "{}", path.display()),
                [first, rest @ ..] => write!(f, "{} and {} more", first.display(), rest.len()),
                [] => f.write_str("nothing"),
            },
            Self::Stdin => f.write_str("standard input"),
            Self::Interface(name) => write!(f, "interface {name}"),
            Self::NetFlow(address) => write!(f, "NetFlow at {address}"),
        }
    }
}

/// What a path holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// pcap or pcapng.
    Capture,
    /// Logs of Zeek or Suricata.
    Logs,
    /// Neither: a table, if anything.
    Other,
}

/// Tells what a path holds by its first bytes, also behind gzip and Zstandard. A pipe is not looked
/// into, since what is read of it is gone: it holds [`Content::Other`].
pub fn recognise(path: &Path) -> Result<Content, EngineError> {
    if path.is_dir() {
        return folder(path);
    }
    if is_pipe(path) {
        return Ok(Content::Other);
    }
    Ok(content(&tripline_ingest::head(path, HEAD_BYTES)?))
}

/// Whether a path can be read only once: a named pipe, a process substitution, a device.
pub(super) fn is_pipe(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// A folder holds logs if one of its files is one, or of those in the folders in it. A file that
/// cannot be read is none.
fn folder(path: &Path) -> Result<Content, EngineError> {
    let is_log = |file: &PathBuf| {
        tripline_ingest::head(file, HEAD_BYTES).is_ok_and(|head| content(&head) == Content::Logs)
    };
    let logs = sensors::files_of(path)?.iter().any(is_log);
    Ok(if logs { Content::Logs } else { Content::Other })
}

/// The same for the first bytes of something.
pub(super) fn content(head: &[u8]) -> Content {
    if capture::is_capture(head) {
        Content::Capture
    } else if sensors::recognise(head).is_some() {
        Content::Logs
    } else {
        Content::Other
    }
}

/// Bytes looked at: the longest block of zstd, with room for headers.
pub(super) const HEAD_BYTES: u64 = (128 << 10) + 4096;
