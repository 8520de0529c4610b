//! Columns on their way through the steps, each with the raw columns it comes from.

use std::sync::Arc;

use rayon::prelude::*;
use tripline_core::{Category, Column, Field, FieldKind, FrameError, Rows, Schema};

/// A value that training rows do not have, as distinct from a missing one. It exists between the
/// steps alone: what leaves a preparer has [`Category::MISSING`] in its place.
pub(crate) const UNSEEN: u32 = u32::MAX - 1;

/// More output columns than this are refused: a frame of 8-byte cells would outgrow memory.
pub(crate) const MAX_COLUMNS: usize = 1 << 16;

/// Below this many cells, handing columns to other threads costs more than it gains.
const PARALLEL_CELLS: usize = 1 << 14;

/// A column as a step sees it before any row.
#[derive(Debug, Clone)]
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) kind: FieldKind,
    /// Positions of the raw columns it comes from, sorted.
    pub(crate) sources: Vec<usize>,
}

impl Described {
    pub(crate) fn is_numeric(&self) -> bool {
        matches!(self.kind, FieldKind::Numeric)
    }

    /// The dictionary of a category column.
    pub(crate) fn dictionary(&self) -> Option<&Arc<Vec<String>>> {
        match &self.kind {
            FieldKind::Numeric => None,
            FieldKind::Category(values) => Some(values),
        }
    }
}

/// Training columns between two steps.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) fields: Vec<Described>,
    pub(crate) columns: Vec<Column>,
    pub(crate) len: usize,
}

impl Table {
    pub(crate) fn rows(&self) -> Result<Rows, FrameError> {
        Rows::with_schema(Arc::new(schema(&self.fields)?), self.columns.clone(), self.len)
    }

    /// Fits something for each numeric column, side by side.
    pub(crate) fn fit_numeric<T: Send>(&self, fit: impl Fn(&[f64]) -> T + Sync) -> Vec<Option<T>> {
        self.columns
            .par_iter()
            .map(|column| match column {
                Column::Numeric(values) => Some(fit(values)),
                Column::Category(_) => None,
            })
            .collect()
    }
}

/// The schema of described columns.
pub(crate) fn schema(fields: &[Described]) -> Result<Schema, FrameError> {
    Schema::new(
        fields.iter().map(|f| Field { name: f.name.clone(), kind: f.kind.clone() }).collect(),
    )
}

/// Gives a mark to every name that stands before it already, so that all are distinct.
pub(crate) fn distinct_names(fields: &mut [Described]) {
    let mut taken = std::collections::HashSet::with_capacity(fields.len());
    for field in fields {
        while !taken.insert(field.name.clone()) {
            field.name.push('\'');
        }
    }
}

/// Changes each live column that has something fitted for it, side by side where that pays; gives
/// back what `change` counted for each column.
pub(crate) fn change<T: Sync>(
    columns: &mut [Column],
    fitted: &[Option<T>],
    live: &[bool],
    change: impl Fn(&T, &mut Column) -> u64 + Sync,
) -> Vec<u64> {
    let one = |((column, fitted), &live): ((&mut Column, &Option<T>), &bool)| match fitted {
        Some(fitted) if live => change(fitted, column),
        _ => 0,
    };
    let cells = columns.len() * columns.first().map_or(0, Column::len);
    if cells < PARALLEL_CELLS {
        columns.iter_mut().zip(fitted).zip(live).map(one).collect()
    } else {
        columns.par_iter_mut().zip(fitted).zip(live).map(one).collect()
    }
}

/// As [`change`], on the numbers of numeric columns; shared numbers are copied first.
pub(crate) fn change_numbers<T: Sync>(
    columns: &mut [Column],
    fitted: &[Option<T>],
    live: &[bool],
    each: impl Fn(&T, &mut [f64]) -> u64 + Sync,
) -> Vec<u64> {
    change(columns, fitted, live, |fitted, column| match column {
        Column::Numeric(values) => each(fitted, Arc::make_mut(values).as_mut_slice()),
        Column::Category(_) => 0,
    })
}

/// Maps each column on its own to any number of columns, side by side where that pays; `expand`
/// is told whether the column is live.
pub(crate) fn expand<T: Sync>(
    columns: Vec<Column>,
    fitted: &[Option<T>],
    live: &[bool],
    expand: impl Fn(&T, &Category, bool) -> Vec<Column> + Sync,
) -> Vec<Column> {
    let cells = columns.len() * columns.first().map_or(0, Column::len);
    let one = |((column, fitted), &live): ((Column, &Option<T>), &bool)| match (&column, fitted) {
        (Column::Category(category), Some(fitted)) => expand(fitted, category, live),
        _ => vec![column],
    };
    if cells < PARALLEL_CELLS {
        columns.into_iter().zip(fitted).zip(live).flat_map(one).collect()
    } else {
        let parts: Vec<Vec<Column>> =
            columns.into_par_iter().zip(fitted).zip(live).map(one).collect();
        parts.into_iter().flatten().collect()
    }
}

/// What leaves a preparer: unseen values are missing.
pub(crate) fn seal(columns: &mut [Column]) {
    for column in columns {
        if let Column::Category(category) = column
            && category.codes.contains(&UNSEEN)
        {
            for code in Arc::make_mut(&mut category.codes) {
                if *code == UNSEEN {
                    *code = Category::MISSING;
                }
            }
        }
    }
}
