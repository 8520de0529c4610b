//! How many jobs run at once, and what they may use.

use std::path::PathBuf;
use std::time::Duration;

/// How many jobs run at once, and what they may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSettings {
    /// Jobs that run at once; with 0 jobs wait until the service is started otherwise.
    pub concurrency: usize,
    /// Threads of each job; 0 takes half of the cores.
    pub train_threads: usize,
    /// Added to the nice value of those threads, 0 to 19: answers go first.
    pub nice: i32,
    /// Folders whose files may be trained on; none allows uploads and detections alone.
    pub roots: Vec<PathBuf>,
    /// Jobs that may wait, at most 1,000.
    pub max_waiting: u32,
    /// Largest file that is read, in bytes.
    pub max_data_bytes: u64,
    /// Most cells (rows times columns) of a table, whatever it takes on disk; a cell takes up to
    /// 8 bytes, several times over while a model is fitted.
    pub max_cells: u64,
    /// Bytes of all uploads together.
    pub max_upload_bytes: u64,
    /// Uploads at most.
    pub max_uploads: usize,
    /// How long a job may go on when the service stops, before it is put back as it is.
    pub park_within: Duration,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            concurrency: 1,
            train_threads: 0,
            nice: 10,
            roots: Vec::new(),
            max_waiting: 1000,
            max_data_bytes: 4 << 30,
            // 2 GiB as numbers.
            max_cells: 1 << 28,
            max_upload_bytes: 8 << 30,
            max_uploads: 1000,
            park_within: Duration::from_secs(5),
        }
    }
}

impl JobSettings {
    /// Threads of each job.
    pub(super) fn threads(&self) -> usize {
        match self.train_threads {
            0 => std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2)),
            threads => threads.min(256),
        }
    }
}
