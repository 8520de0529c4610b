//! Bounds on what is read from a model file.

/// What a model file may claim before memory is taken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest file in bytes.
    pub max_file_bytes: u64,
    /// Largest number of sections.
    pub max_sections: u32,
}

impl Default for Limits {
    /// 2 GiB: a forest of 10,000 trees of 10,000 nodes stays below. 64 sections: version 1 writes
    /// fewer than ten.
    fn default() -> Self {
        Self { max_file_bytes: 2 << 30, max_sections: 64 }
    }
}
