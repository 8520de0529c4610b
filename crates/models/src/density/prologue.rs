//! What the methods of this family do before they fit, and check when they load.

use tripline_core::{FitContext, FitError, Frame, LoadError, Schema, State, StateError};

use crate::table::{Table, is_numeric, numeric_schema};

/// The schema with the columns of a frame of at least one row; all cells are finite.
pub(super) fn columns<'a>(
    frame: &'a Frame,
    context: &FitContext<'_>,
) -> Result<(Schema, Table<'a>), FitError> {
    let rows = frame.rows()?;
    let schema = numeric_schema(rows)?;
    let table = Table::new::<FitError>(&schema, rows)?;
    if table.len == 0 {
        return Err(FitError::TooFewRows { needed: 1, got: 0 });
    }
    if u32::try_from(table.len).is_err() {
        let reason = "more than 4,294,967,295 rows".to_owned();
        return Err(FitError::Diverged { reason });
    }
    if context.progress.go_on() { Ok((schema, table)) } else { Err(FitError::Cancelled) }
}

/// The error for a column whose numbers do not fit the method's sums.
pub(super) fn too_large(column: &str) -> FitError {
    let reason = format!("the numbers of column `{column}` are too large, scale them");
    FitError::Diverged { reason }
}

/// A schema of numeric columns from a state, at least one.
pub(super) fn load_schema(state: &State) -> Result<Schema, LoadError> {
    let schema = Schema::load(state.state("schema")?)?;
    if schema.is_empty() || !is_numeric(&schema) {
        return Err(StateError::invalid("schema", "one of numeric columns").into());
    }
    Ok(schema)
}

/// `expected` finite numbers from a state.
pub(super) fn finite(state: &State, name: &str, expected: usize) -> Result<Vec<f64>, StateError> {
    let numbers = state.f64s(name)?;
    if numbers.len() != expected || numbers.iter().any(|number| !number.is_finite()) {
        return Err(StateError::invalid(name, &format!("{expected} finite numbers")));
    }
    Ok(numbers.to_vec())
}
