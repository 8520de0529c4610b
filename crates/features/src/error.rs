//! Why preparing failed.

use tripline_core::{FitError, FrameError};

/// Why a recipe could not be read or fitted, or a preparer not applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// Text that is no recipe.
    #[error("recipe step `{step}`: {reason}")]
    Recipe {
        /// The step as it was given.
        step: String,
        /// What is wrong, with what would be right.
        reason: String,
    },
    /// The rows are not what the preparer was fitted on.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A column of training that the rows lack.
    #[error(
        "column `{column}` is missing; give it, or have missing columns filled \
         (missing_columns=fill)"
    )]
    MissingColumn {
        /// Its name.
        column: String,
    },
    /// Fitting on nothing.
    #[error("a recipe needs at least one training row")]
    NoRows,
    /// A step that needs the classes of the training rows.
    #[error("recipe step `{step}` needs labels")]
    NoLabels {
        /// The step.
        step: String,
    },
    /// Labels of another length than the rows.
    #[error("labels have length {got}, expected {expected}")]
    Length {
        /// Training rows.
        expected: usize,
        /// Labels given.
        got: usize,
    },
    /// A step that needs a model's judgement of columns.
    #[error("recipe step `{step}` needs a model that rates columns")]
    NoRater {
        /// The step.
        step: String,
    },
    /// The model that rates columns could not be fitted.
    #[error("recipe step `{step}`: the model that rates columns failed: {source}")]
    Rater {
        /// The step.
        step: String,
        /// Why.
        source: FitError,
    },
    /// The model that rates columns gave another number of ratings.
    #[error("recipe step `{step}`: got {got} ratings for {expected} columns")]
    Ratings {
        /// The step.
        step: String,
        /// Columns.
        expected: usize,
        /// Ratings.
        got: usize,
    },
    /// A step after which nothing is left.
    #[error("recipe step `{step}` leaves no {what}; weaken it or leave it out")]
    NothingLeft {
        /// The step.
        step: String,
        /// `column` or `training row`.
        what: &'static str,
    },
    /// More columns than can be held.
    #[error("recipe step `{step}` gives {got} columns, at most {limit} are allowed")]
    TooManyColumns {
        /// The step.
        step: String,
        /// The limit.
        limit: usize,
        /// Columns.
        got: usize,
    },
}
