//! A cell of the data as a person reads it.

use tripline_core::Column;

use crate::plot::short;

/// Longest text of a cell that is shown in full; beyond it a sentence could not be read.
const LONGEST: usize = 60;

/// The value at a row: a number with up to four significant digits, a category's text,
/// `missing`.
pub fn shown_value(column: &Column, row: usize) -> String {
    match column {
        Column::Numeric(values) => short(values[row]),
        Column::Category(category) => {
            category.value(row).map_or_else(|| "missing".to_owned(), shown_text)
        }
    }
}

/// A category's text, cut where it is too long for a sentence.
pub(crate) fn shown_text(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
