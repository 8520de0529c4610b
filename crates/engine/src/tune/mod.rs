//! Tune: a search of a detector's parameters by cross-validation inside the training data.
//!
//! All trials are judged on the same folds with the same seeds, so that their figures differ by
//! their parameters alone. The guard decides about the protocol as it does for a comparison; no
//! test file is opened. A part held out from the search tells what the chosen trial is worth on
//! rows that had no say in choosing it.

mod header;
mod objective;
mod run;
mod settings;
mod study_error;
mod study_file;
mod tuner;

pub use header::{Difference, StudyHeader};
pub use objective::Objective;
pub use run::Stopped;
pub use settings::{TuneSettings, parse_pruner, parse_sampler};
pub use study_error::StudyError;
pub use study_file::{StudyFile, params};
pub use tuner::{HeldOut, Tuner};
