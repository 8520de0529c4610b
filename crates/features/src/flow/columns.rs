//! Rows of a feature set, put together column by column.

use std::sync::Arc;

use rayon::prelude::*;
use tripline_core::{Category, Column, Field, FieldKind, Rows, Schema};

use super::column::{ColumnDoc, ColumnKind};

/// Columns that are read together: the numbers of one cache line.
const GROUP: usize = 8;

/// Rows that are read together: a cache line of each fits the first cache.
const TILE: usize = 64;

/// The columns of a set with its schema.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    schema: Arc<Schema>,
}

impl Columns {
    /// The columns of these documents; of two with one name the first is kept.
    pub(super) fn new(documents: &[ColumnDoc]) -> Self {
        let fields = documents.iter().map(|document| Field {
            name: document.name.to_owned(),
            kind: match document.kind {
                ColumnKind::Number => FieldKind::Numeric,
                ColumnKind::Category(values) => FieldKind::Category(Arc::new(
                    values.iter().map(|&value| value.to_owned()).collect(),
                )),
            },
        });
        let schema = Schema::new(fields.collect());
        debug_assert!(schema.is_ok(), "two columns of a set have one name: {schema:?}");
        Self { schema: Arc::new(schema.unwrap_or_else(|_| empty())) }
    }

    pub(super) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Number of columns.
    pub(super) fn len(&self) -> usize {
        self.schema.len()
    }

    /// Rows from slices, each of which has all columns.
    pub(super) fn rows(&self, rows: &[&[f64]]) -> Rows {
        let groups: Vec<usize> = (0..self.len()).step_by(GROUP).collect();
        let gather = |&from: &usize| {
            let to = self.len().min(from + GROUP);
            let mut columns: Vec<Vec<f64>> = (from..to).map(|_| vec![0.0; rows.len()]).collect();
            // A few rows at a time, from the nearest cache for all columns but the first.
            let mut cells = [[f64::NAN; GROUP]; TILE];
            for (tile, start) in rows.chunks(TILE).zip((0..).step_by(TILE)) {
                for (cells, row) in cells.iter_mut().zip(tile) {
                    match row.get(from..from + GROUP).map(<[f64; GROUP]>::try_from) {
                        Some(Ok(values)) => *cells = values,
                        _ => cells[..to - from].copy_from_slice(&row[from..to]),
                    }
                }
                for (j, column) in columns.iter_mut().enumerate() {
                    for (value, cells) in column[start..].iter_mut().zip(&cells[..tile.len()]) {
                        *value = cells[j % GROUP];
                    }
                }
            }
            let fields = &self.schema.fields()[from..to];
            columns.into_iter().zip(fields).map(|(values, field)| column(values, field)).collect()
        };
        let groups: Vec<Vec<Column>> = if rayon::current_num_threads() > 1 {
            groups.par_iter().map(gather).collect()
        } else {
            groups.iter().map(gather).collect()
        };
        let columns = groups.into_iter().flatten().collect();
        let rows = Rows::with_schema(self.schema.clone(), columns, rows.len());
        debug_assert!(
            rows.is_ok(),
            "rows of a set do not fit its columns: {:?}",
            rows.as_ref().err()
        );
        rows.unwrap_or_else(|_| no_rows())
    }
}

fn column(values: Vec<f64>, field: &Field) -> Column {
    match &field.kind {
        FieldKind::Numeric => Column::numeric(values),
        FieldKind::Category(dictionary) => {
            let known = dictionary.len() as f64;
            let code = |value: f64| {
                if value >= 0.0 && value < known { value as u32 } else { Category::MISSING }
            };
            Column::Category(Category {
                codes: Arc::new(values.into_iter().map(code).collect()),
                values: dictionary.clone(),
            })
        }
    }
}

fn empty() -> Schema {
    Schema::new(Vec::new()).unwrap_or_else(|_| unreachable!("no name repeats among none"))
}

fn no_rows() -> Rows {
    Rows::new(Vec::new()).unwrap_or_else(|_| unreachable!("no column is wrong among none"))
}
