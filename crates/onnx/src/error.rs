//! Why an ONNX file is no detector, or did not score.

/// A limit of the process that runs a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Memory that it may take.
    Memory,
    /// Processor time for one request.
    Processor,
    /// Time on the clock for one request.
    Time,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory (`limits: memory_mib`)",
            Self::Processor => "processor time (`limits: processor_seconds`)",
            Self::Time => "time (`limits: seconds`)",
        })
    }
}

/// Why an ONNX file is no detector, or did not score.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// Nothing says what the inputs and the output mean.
    #[error(
        "an ONNX file does not say what its inputs and its output mean; write this beside it as \
         `NAME.onnx.yaml` and fill it in:\n\n{template}"
    )]
    NoSettings {
        /// YAML to fill in, with the names and widths of the file.
        template: String,
    },
    /// The settings are no valid YAML of ours, or do not fit the file.
    #[error("settings of the ONNX file: {reason}")]
    Settings {
        /// What is wrong, with the way out.
        reason: String,
    },
    /// The runtime does not take the model.
    #[error("the ONNX file cannot be run: {reason}")]
    Refused {
        /// What the runtime says.
        reason: String,
    },
    /// The child passed a limit and was ended.
    #[error("the process that runs the model passed its limit of {limit} and was ended")]
    Limit {
        /// Which limit.
        limit: Limit,
    },
    /// The child ended by itself.
    #[error("the process that runs the model ended: {reason}")]
    Died {
        /// How it ended.
        reason: String,
    },
    /// The child answered with something else than was asked for.
    #[error("the process that runs the model gave no valid answer: {reason}")]
    Answer {
        /// What was wrong.
        reason: String,
    },
    /// The child was ended too often in a row.
    #[error(
        "the process that runs the model was ended {kills} times in a row: the model is refused"
    )]
    GivenUp {
        /// Times in a row.
        kills: u32,
    },
    /// The child could not be started.
    #[error("the process that runs the model cannot be started: {reason}")]
    Start {
        /// What the system says.
        reason: String,
    },
}
