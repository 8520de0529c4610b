//! The ability to say what each column is worth to a model.

use crate::detector::FitError;
use crate::frame::Rows;
use crate::labels::Labels;

/// What each column is worth; also how a model's judgement is passed to feature selection, which
/// does not know any model.
pub trait Importance {
    /// A number for each column of the model's schema, in its order; not negative, finite.
    ///
    /// Trees give the total gain of the splits on a column; linear models the absolute weight
    /// times the column's deviation.
    fn importance(&self) -> Vec<f64>;
}

/// A judge of columns that a model gives, passed to feature selection.
pub trait ColumnRater: Sync {
    /// What each column of `rows` is worth for telling these classes apart: a number for each, in
    /// column order; not negative, finite.
    fn rate(&self, rows: &Rows, labels: &Labels) -> Result<Vec<f64>, FitError>;
}
