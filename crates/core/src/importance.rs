//! The ability to say what each column is worth to a model.

/// What each column is worth; also how a model's judgement is passed to feature selection, which
/// does not know any model.
pub trait Importance {
    /// A number for each column of the model's schema, in its order; not negative, finite.
    ///
    /// Trees give the total gain of the splits on a column; linear models the absolute weight
    /// times the column's deviation.
    fn importance(&self) -> Vec<f64>;
}
