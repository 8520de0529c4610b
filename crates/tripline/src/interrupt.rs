//! Ctrl-C and SIGTERM: the end of the input where it has none of its own, the end of the program
//! elsewhere, with nothing half-written left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, OnceLock};

static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(false)));
static STOPPABLE: OnceLock<()> = OnceLock::new();

/// Exit code of a program that a signal ended: 128 and the number of SIGINT.
const INTERRUPTED: i32 = 130;

/// Listens from now on.
pub(crate) fn listen() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        // A second signal ends even what would end by itself.
        let ends_itself = STOPPABLE.get().is_some() && !STOP.swap(true, Ordering::SeqCst);
        if !ends_itself {
            tripline_store::discard_unfinished();
            std::process::exit(INTERRUPTED);
        }
    })
    .map_err(|error| anyhow::anyhow!("cannot listen for Ctrl-C: {error}"))
}

/// Becomes true with the first signal, which does not end the program from now on.
pub(crate) fn stop() -> Arc<AtomicBool> {
    let _ = STOPPABLE.set(());
    STOP.clone()
}
