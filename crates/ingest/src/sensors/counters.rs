//! What reading the logs of sensors counted.

/// Bad records kept with their reason.
const KEPT: usize = 16;

/// What reading the logs of sensors counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SensorCounters {
    /// Files opened.
    pub files: u64,
    /// Files of a directory that are no log read here, or hold nothing.
    pub skipped_files: u64,
    /// Lines, headers and comments included.
    pub lines: u64,
    /// Records that told of a flow.
    pub records: u64,
    /// Records of kinds that tell nothing of flows.
    pub ignored: u64,
    /// Records that could not be read.
    pub bad: u64,
    /// Flows told.
    pub flows: u64,
    /// Flows told with what other records said of them.
    pub joined: u64,
    /// Flows told from other records alone, since their own never came.
    pub without_record: u64,
    /// Of those, the ones told before the end, since too many waited.
    pub evicted: u64,
    /// What waited at the end, and named no endpoints.
    pub without_endpoints: u64,
    /// Flows whose time could not be read: theirs is 0.
    pub without_time: u64,
    /// Files that end in damaged compression or an error of the disk.
    pub damaged_files: u64,
    /// The first of the bad records and of the damaged files.
    pub first_bad: Vec<BadRecord>,
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// The file.
    pub path: String,
    /// From 1.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

impl SensorCounters {
    pub(crate) fn bad(&mut self, path: &str, line: u64, reason: String) {
        self.bad += 1;
        self.keep(path, line, reason);
    }

    pub(crate) fn damaged(&mut self, path: &str, line: u64, reason: String) {
        self.damaged_files += 1;
        self.keep(path, line, reason);
    }

    fn keep(&mut self, path: &str, line: u64, reason: String) {
        if self.first_bad.len() < KEPT {
            self.first_bad.push(BadRecord { path: path.to_owned(), line, reason });
        }
    }
}
