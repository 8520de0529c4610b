//! What a reader is told beforehand.

use tripline_core::Schema;

/// What a reader is told beforehand; `Default` reads any file for scoring.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// The label column, where no published layout tells it or another is wanted.
    pub label: Option<String>,
    /// The value of the label column that means benign.
    pub benign: Option<String>,
    /// The columns that a model takes: their kinds come from here instead of inference, further
    /// columns are left out, a column that the file does not have stays absent.
    pub expected: Option<Schema>,
    /// The column that tells when a row ended: RFC 3339, or seconds, milli-, micro- or nanoseconds
    /// since 1970. It is no feature then.
    pub time: Option<String>,
    /// Without labels, reading is an error that lists the columns.
    pub require_labels: bool,
    /// The byte between cells of a text table; found from the first lines if it is not given.
    pub delimiter: Option<u8>,
    /// Rows of each batch that `open` gives.
    pub batch_rows: usize,
    /// A longer record is counted as a bad one.
    pub max_record_bytes: usize,
    /// With more bad records than this, reading is an error; 0 allows none. Without it, reading is
    /// an error once most records are bad.
    pub max_bad_records: Option<u64>,
    /// A text column with more distinct values than this is no feature.
    pub max_categories: usize,
    /// Bytes of text that one thread parses at a time; the result does not depend on it.
    pub chunk_bytes: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            label: None,
            benign: None,
            expected: None,
            time: None,
            require_labels: false,
            delimiter: None,
            // A batch of 50 numeric columns then takes 25 MiB.
            batch_rows: 65_536,
            max_record_bytes: 1 << 20,
            max_bad_records: None,
            // A tree's split over categories, a one-hot encoding: neither gains from more.
            max_categories: 4096,
            // Stays in a core's second-level cache together with what is parsed from it.
            chunk_bytes: 256 << 10,
        }
    }
}
