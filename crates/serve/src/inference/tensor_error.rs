//! Why tensors are no rows of a model.

/// Why tensors are no rows of the model.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum TensorError {
    /// Nothing was sent.
    #[error("`inputs` is empty: send a tensor for each column, or one with all of them")]
    Empty,
    /// A shape that is none of the allowed ones.
    #[error("input `{input}`: its shape must be {expected}, got {got}")]
    Shape {
        /// Which.
        input: String,
        /// What it must be.
        expected: String,
        /// What it was.
        got: String,
    },
    /// A datatype that the column does not take.
    #[error("input `{input}`: its datatype must be {expected}, got `{got}`")]
    Datatype {
        /// Which.
        input: String,
        /// What it must be.
        expected: &'static str,
        /// What it was.
        got: String,
    },
    /// A value that is none of the datatype.
    #[error("input `{input}`, element {at}: must be {expected}, got {got}")]
    Element {
        /// Which.
        input: String,
        /// Place in row-major order.
        at: usize,
        /// What it must be.
        expected: &'static str,
        /// What it was.
        got: &'static str,
    },
    /// Another number of values than the shape tells.
    #[error("input `{input}`: its shape tells {expected} values, there are {got}")]
    Count {
        /// Which.
        input: String,
        /// What the shape tells.
        expected: u64,
        /// What there is.
        got: usize,
    },
    /// A tensor twice.
    #[error("input `{input}` stands twice")]
    Twice {
        /// Which.
        input: String,
    },
    /// Too many rows.
    #[error("input `{input}` has {rows} rows, at most {limit} are taken")]
    TooMany {
        /// Which.
        input: String,
        /// Rows.
        rows: u64,
        /// Rows that are taken.
        limit: usize,
    },
    /// Columns that the model needs.
    #[error("missing inputs: {}", columns.join(", "))]
    Missing {
        /// All of them.
        columns: Vec<String>,
    },
}
