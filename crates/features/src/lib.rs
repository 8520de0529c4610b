//! Frames to prepared frames: a recipe is fitted on training rows to a preparer.
//!
//! A [`Recipe`] is an ordered list of steps, buildable from text. Fitting it on training rows
//! gives a [`Preparer`], which is saved inside the model and does to scored rows what was done to
//! training rows. Outlier removal alone is for training rows only: [`Fitted::keep`] tells the rows
//! that are left.

mod arrange;
mod error;
pub mod flow;
mod preparer;
mod recipe;
mod recipes;
mod report;
mod statistics;
mod step;
mod steps;
mod table;

pub use error::PrepareError;
pub use preparer::{Prepared, Preparer};
pub use recipe::{Fitted, MissingColumns, PrepareContext, Recipe};
pub use recipes::Recipes;
pub use report::{Handled, PrepareReport, What};
pub use step::{STEPS, StepCard};
pub use steps::engineer::{TIME_COLUMN, with_time};
pub use steps::mutual_information::mutual_information;
