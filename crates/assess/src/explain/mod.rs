//! What attributions say, in the reader's own columns.
//!
//! A model is explained in the columns that it was fitted to; [`fold`] turns these back into the
//! columns of the data. [`Typical`] holds what benign rows look like, against which
//! [`explain_row`] tells a row's reasons in words; [`global`] sums up many rows.

mod dependence;
mod fold;
mod global;
mod reasons;
mod shown;
mod typical;

pub use dependence::{Dependence, dependence, interaction_strength};
pub use fold::{FoldError, Folded, Origin, fold};
pub use global::{GlobalExplanation, GlobalFeature, global, levels};
pub use reasons::{Reason, RowExplanation, explain_row, explain_row_by, unit};
pub use shown::shown_value;
pub use typical::{Typical, TypicalColumn};
