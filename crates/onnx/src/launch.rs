//! How the child is started: the same program with a hidden argument.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};

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

/// A command to start, with the way back.
type Order = (Command, Sender<std::io::Result<Child>>);

static STARTER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();

/// Starts a child from a thread that lasts as long as the program: the kernel ends a child that asked
/// for it when the thread that started it ends.
pub(crate) fn start(command: Command) -> std::io::Result<Child> {
    let gone = || std::io::Error::other("the thread that starts children has ended");
    let (back, answer) = channel();
    let starter = STARTER.get_or_init(|| {
        let (orders, waiting) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, back) in waiting {
                // Nobody waits any more: the child is ended by its closed input.
                let _ = back.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let sent = starter.lock().unwrap_or_else(PoisonError::into_inner).send((command, back));
    sent.map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}
