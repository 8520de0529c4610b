//! How far long work is, and whether to go on.

/// Told of steps done by long work; asked whether to go on.
pub trait Progress: Sync {
    /// `done` of `total` steps of `task` are done.
    fn step(&self, task: &str, done: u64, total: u64);

    /// False asks the work to stop with a `Cancelled` error.
    fn go_on(&self) -> bool {
        true
    }
}

/// Tells nobody, never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn step(&self, _task: &str, _done: u64, _total: u64) {}
}
