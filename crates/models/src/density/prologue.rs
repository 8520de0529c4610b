//! What the methods of this family do before they fit.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use tripline_core::{FitContext, FitError, Frame, Schema};

use super::standard::Standard;
use crate::matrix::{Moments, moments};
use crate::table::{Table, numeric_schema};

/// The schema with the columns of a frame of at least one row; all cells are finite.
pub(super) fn columns<'a>(
    frame: &'a Frame,
    context: &FitContext<'_>,
) -> Result<(Schema, Table<'a>), FitError> {
    let (schema, table) = columns_with_holes(frame)?;
    table.check_finite(&schema)?;
    if context.progress.go_on() { Ok((schema, table)) } else { Err(FitError::Cancelled) }
}

fn columns_with_holes(frame: &Frame) -> Result<(Schema, Table<'_>), FitError> {
    let rows = frame.rows()?;
    let schema = numeric_schema(rows)?;
    let table = Table::with_holes(&schema, rows)?;
    if table.len == 0 {
        return Err(FitError::TooFewRows { needed: 1, got: 0 });
    }
    if u32::try_from(table.len).is_err() {
        let reason = "more than 4,294,967,295 rows".to_owned();
        return Err(FitError::Diverged { reason });
    }
    Ok((schema, table))
}

/// The schema of a frame of at least one row, with what `fit` makes of each column by itself.
///
/// `fit` is given memory to use again, and returns none if a cell is not finite, or if the numbers
/// are too large for it.
pub(super) fn each_column<T: Send, S: Default + Send>(
    frame: &Frame,
    context: &FitContext<'_>,
    fit: impl Fn(&[f64], &mut S) -> Option<T> + Sync,
) -> Result<(Schema, Vec<T>), FitError> {
    let (schema, table) = columns_with_holes(frame)?;
    let spare: Mutex<Vec<S>> = Mutex::new(Vec::new());
    let lock = || spare.lock().unwrap_or_else(PoisonError::into_inner);
    let columns = table.columns.par_iter().zip(schema.fields());
    // Columns differ in what they cost: each is given to whoever has none.
    let fitted: Vec<Result<T, FitError>> = columns
        .with_max_len(1)
        .map(|(column, field)| {
            if !context.progress.go_on() {
                return Err(FitError::Cancelled);
            }
            let mut memory = lock().pop().unwrap_or_default();
            let fitted = fit(column, &mut memory);
            lock().push(memory);
            fitted.ok_or_else(|| too_large(&field.name))
        })
        .collect();
    let fitted: Result<Vec<T>, FitError> = fitted.into_iter().collect();
    match fitted {
        Ok(columns) => {
            let width = schema.len() as u64;
            context.progress.step("columns", width, width);
            Ok((schema, columns))
        }
        // Methods that look at no cell before they fit would name a hole first.
        Err(error) => {
            table.check_finite(&schema)?;
            Err(error)
        }
    }
}

/// The error for a column whose numbers do not fit the method's sums.
pub(super) fn too_large(column: &str) -> FitError {
    let reason = format!("the numbers of column `{column}` are too large, scale them");
    FitError::Diverged { reason }
}

/// Standardised columns, with what standardises them, with the moments before that.
pub(super) fn standardised(
    schema: &Schema,
    table: &Table<'_>,
) -> Result<(Standard, Vec<Vec<f64>>, Moments), FitError> {
    let moments = finite_moments(schema, table)?;
    let standard = Standard::of(&moments, table.len);
    let columns = table.columns.par_iter().enumerate();
    let columns = columns.map(|(j, column)| column.iter().map(|&x| standard.value(j, x)).collect());
    Ok((standard.clone(), columns.collect(), moments))
}

/// Means with covariances; an error names a column whose squares do not fit a number.
pub(super) fn finite_moments(schema: &Schema, table: &Table<'_>) -> Result<Moments, FitError> {
    let moments = moments(&table.columns, None);
    if moments.are_finite() {
        return Ok(moments);
    }
    let mut variances = moments.covariance.iter().step_by(schema.len() + 1);
    let at = variances.position(|variance| !variance.is_finite()).unwrap_or_default();
    Err(too_large(&schema.fields()[at].name))
}
