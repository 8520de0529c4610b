//! What an exit code means.

use std::process::ExitCode;

use tripline_engine::EngineError;

/// How the program ends. Usage errors are clap's: 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Ok = 0,
    /// The data, the model or an output could not be used.
    Error = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// The guard refused to judge.
    Refused = 3,
    /// `check` found something of at least the severity that `--fail-on` names.
    Found = 4,
    /// A signal ended work that had more to do; what was done is kept.
    Interrupted = 130,
}

/// Shown below every `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done
  1  the data, a model or an output could not be used
  2  the command line or the configuration is wrong
  3  the guard refused: the judgement would be misleading
  4  `check --fail-on` found something
  130  interrupted";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A mistake of the user in options or configuration, as opposed to one in the data.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// The exit code of an error.
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    if error.downcast_ref::<Usage>().is_some() {
        return Exit::Usage;
    }
    match error.downcast_ref::<EngineError>() {
        Some(error) if error.is_refusal() => Exit::Refused,
        Some(error) if error.is_usage() => Exit::Usage,
        _ => Exit::Error,
    }
}
