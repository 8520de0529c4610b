//! Rows brought into the order and the dictionaries of training rows.

use std::sync::Arc;

use rayon::prelude::*;
use tripline_core::{Category, Column, Field, FieldKind, FrameError, Rows, Schema, StateError};

use crate::error::PrepareError;
use crate::recipe::MissingColumns;
use crate::report::{PrepareReport, What};
use crate::table::{Described, UNSEEN};

/// The columns of training rows; dictionaries are sorted.
#[derive(Debug, Clone)]
pub(crate) struct Arrangement {
    schema: Arc<Schema>,
    /// Whether any output depends on the column.
    needed: Vec<bool>,
}

impl Arrangement {
    /// From training rows: a dictionary holds the values that occur in them.
    pub(crate) fn fit(rows: &Rows) -> Self {
        let fields: Vec<Field> = rows
            .schema()
            .fields()
            .par_iter()
            .zip(rows.columns())
            .map(|(field, column)| Field {
                name: field.name.clone(),
                kind: match column {
                    Column::Numeric(_) => FieldKind::Numeric,
                    Column::Category(category) => FieldKind::Category(Arc::new(observed(category))),
                },
            })
            .collect();
        let needed = vec![true; fields.len()];
        // Names are those of `rows`, which are distinct.
        let schema = Schema::new(fields).unwrap_or_else(|_| rows.schema().as_ref().clone());
        Self { schema: Arc::new(schema), needed }
    }

    /// From a model file; errors if a dictionary is not sorted.
    pub(crate) fn load(schema: Schema) -> Result<Self, StateError> {
        for field in schema.fields() {
            if let FieldKind::Category(values) = &field.kind
                && !values.is_sorted_by(|a, b| a < b)
            {
                return Err(StateError::invalid("dictionaries", "sorted without repetition"));
            }
        }
        let needed = vec![true; schema.len()];
        Ok(Self { schema: Arc::new(schema), needed })
    }

    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Marks the columns on which some output depends; the others may be missing.
    pub(crate) fn need(&mut self, columns: impl Iterator<Item = usize>) {
        self.needed = vec![false; self.schema.len()];
        for column in columns {
            self.needed[column] = true;
        }
    }

    pub(crate) fn needed(&self) -> &[bool] {
        &self.needed
    }

    pub(crate) fn fields(&self) -> Vec<Described> {
        let describe = |(position, field): (usize, &Field)| Described {
            name: field.name.clone(),
            kind: field.kind.clone(),
            sources: vec![position],
        };
        self.schema.fields().iter().enumerate().map(describe).collect()
    }

    /// The columns of training, found by name; further columns are ignored. A value that training
    /// rows do not have gets the code [`UNSEEN`].
    pub(crate) fn apply(
        &self,
        rows: &Rows,
        missing_columns: MissingColumns,
        report: &mut PrepareReport,
    ) -> Result<Vec<Column>, PrepareError> {
        let mut columns = Vec::with_capacity(self.schema.len());
        for (field, &needed) in self.schema.fields().iter().zip(&self.needed) {
            let column = match (&field.kind, rows.column(&field.name)) {
                (kind, None) => {
                    if needed && missing_columns == MissingColumns::Refuse {
                        return Err(PrepareError::MissingColumn { column: field.name.clone() });
                    }
                    if needed {
                        report.count(&field.name, What::FilledColumn, rows.len() as u64);
                    }
                    absent(kind, rows.len())
                }
                (FieldKind::Numeric, Some(Column::Numeric(values))) => {
                    Column::Numeric(values.clone())
                }
                (FieldKind::Category(known), Some(Column::Category(category))) => {
                    let (codes, unseen) = translate(known, category);
                    if needed {
                        report.count(&field.name, What::Unseen, unseen);
                    }
                    Column::Category(Category { codes, values: known.clone() })
                }
                // A column without any value is read as numeric: nothing in it is of a kind.
                (kind @ FieldKind::Category(_), Some(Column::Numeric(values)))
                    if values.iter().all(|value| value.is_nan()) =>
                {
                    absent(kind, rows.len())
                }
                (expected, Some(got)) => {
                    return Err(PrepareError::Frame(FrameError::Kind {
                        column: field.name.clone(),
                        expected: expected.name(),
                        got: got.kind().name(),
                    }));
                }
            };
            columns.push(column);
        }
        Ok(columns)
    }
}

fn absent(kind: &FieldKind, len: usize) -> Column {
    match kind {
        FieldKind::Numeric => Column::numeric(vec![f64::NAN; len]),
        FieldKind::Category(values) => Column::Category(Category {
            codes: Arc::new(vec![Category::MISSING; len]),
            values: values.clone(),
        }),
    }
}

/// The distinct values that occur, sorted.
fn observed(category: &Category) -> Vec<String> {
    let mut occurs = vec![false; category.values.len()];
    for &code in category.codes.iter().filter(|&&code| code != Category::MISSING) {
        occurs[code as usize] = true;
    }
    let mut values: Vec<String> = category
        .values
        .iter()
        .zip(&occurs)
        .filter(|&(_, &occurs)| occurs)
        .map(|(value, _)| value.clone())
        .collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Codes in the known dictionary, with the number of cells whose value it does not have.
fn translate(known: &Arc<Vec<String>>, category: &Category) -> (Arc<Vec<u32>>, u64) {
    if Arc::ptr_eq(known, &category.values) || *known == category.values {
        return (category.codes.clone(), 0);
    }
    let own = |code: u32| match category.values.get(code as usize) {
        None => Category::MISSING,
        Some(value) => known.binary_search(value).map_or(UNSEEN, |position| position as u32),
    };
    // A single row of a long dictionary looks up its own value alone.
    let codes: Vec<u32> = if category.codes.len() < category.values.len() {
        category.codes.iter().map(|&code| own(code)).collect()
    } else {
        let table: Vec<u32> = (0..category.values.len() as u32).map(own).collect();
        let look_up = |&code: &u32| table.get(code as usize).copied().unwrap_or(Category::MISSING);
        category.codes.iter().map(look_up).collect()
    };
    let unseen = codes.iter().filter(|&&code| code == UNSEEN).count() as u64;
    (Arc::new(codes), unseen)
}
