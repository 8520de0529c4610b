//! How the columns of a detector inside another are prepared, without knowing how columns are
//! prepared.
//!
//! An ensemble gives each member rows as that member takes them. What prepares columns stands in a
//! crate that no detector may know; it is passed in through the [`Register`](crate::Register).

use crate::card::Input;
use crate::detector::{FitError, ScoreError};
use crate::frame::{FrameError, Rows};
use crate::labels::Labels;
use crate::register::LoadError;
use crate::schema::Schema;
use crate::state::State;

/// Fits preparations that are told in words, and reads fitted ones back.
pub trait Preparation: Sync + std::fmt::Debug {
    /// The words for columns that a detector with such an input takes; empty if it takes rows as
    /// they are.
    fn words_for(&self, input: Input) -> String;

    /// Errors unless these words tell a preparation.
    fn check(&self, words: &str) -> Result<(), PreparationError>;

    /// Fits to training rows; `labels` has the class of each.
    fn fit(
        &self,
        words: &str,
        rows: &Rows,
        labels: Option<&Labels>,
        seed: u64,
    ) -> Result<FittedPreparation, PreparationError>;

    /// What [`Prepared::save`] gave.
    fn load(&self, state: &State) -> Result<Box<dyn Prepared>, LoadError>;
}

/// What fitting a preparation gives.
pub struct FittedPreparation {
    /// Does to any rows what was done to the training rows.
    pub prepared: Box<dyn Prepared>,
    /// The training rows that are left after outlier removal, in order; `None` is all of them. The
    /// others stay out of this fit alone.
    pub keep: Option<Vec<usize>>,
}

/// A fitted preparation. A row's prepared cells depend on that row alone.
pub trait Prepared: Send + Sync {
    /// Rows with the columns of [`Prepared::output`]; columns are found by name.
    fn apply(&self, rows: &Rows) -> Result<Rows, PreparationError>;

    /// The columns that it takes.
    fn input(&self) -> &Schema;

    /// The columns that it gives.
    fn output(&self) -> &Schema;

    /// For each output column the positions in [`Prepared::input`] of the columns it comes from,
    /// in rising order.
    fn sources(&self) -> &[Vec<usize>];

    /// As data for a model file.
    fn save(&self) -> State;
}

/// Why rows could not be prepared.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum PreparationError {
    /// The rows are not what it takes.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Words that tell no preparation, or one that does not fit the rows.
    #[error("preparation `{words}`: {reason}")]
    Words {
        /// As given.
        words: String,
        /// What is wrong, with what would be right.
        reason: String,
    },
    /// The program at hand prepares nothing.
    #[error("preparation `{words}`: this program has nothing that prepares columns")]
    None {
        /// What was asked for.
        words: String,
    },
}

impl From<PreparationError> for FitError {
    fn from(error: PreparationError) -> Self {
        match error {
            PreparationError::Frame(source) => Self::Frame(source),
            other => Self::Preparation(other),
        }
    }
}

impl From<PreparationError> for ScoreError {
    fn from(error: PreparationError) -> Self {
        match error {
            PreparationError::Frame(source) => Self::Frame(source),
            other => Self::Preparation(other),
        }
    }
}
