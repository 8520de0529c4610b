//! How the child is started: the same program with a hidden argument.

use std::path::PathBuf;
use std::sync::OnceLock;

/// The first argument of a program that is started as a child.
pub const WORKER: &str = "onnx-worker";

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Takes another program than the one that runs for the child: for programs that do not answer
/// [`WORKER`] themselves. The first call counts.
pub fn set_worker(program: PathBuf) {
    let _ = PROGRAM.set(program);
}

/// The program to start.
pub(crate) fn program() -> std::io::Result<PathBuf> {
    match PROGRAM.get() {
        Some(program) => Ok(program.clone()),
        None => std::env::current_exe(),
    }
}
