//! Rows put together of one row's cells and of background rows' cells.

use std::sync::Arc;

use tripline_core::{Category, Column, FrameError, Rows};

/// Rows to explain with background rows, in the same columns with the same dictionaries.
pub(crate) struct Composer {
    names: Vec<String>,
    rows: Vec<Column>,
    background: Vec<Column>,
    /// Number of background rows.
    pub(crate) depth: usize,
}

impl Composer {
    /// Columns are found by name in both.
    pub(crate) fn new(
        names: &[String],
        rows: &Rows,
        background: &Rows,
    ) -> Result<Self, FrameError> {
        let mut made = Self {
            names: names.to_vec(),
            rows: Vec::with_capacity(names.len()),
            background: Vec::with_capacity(names.len()),
            depth: background.len(),
        };
        for name in names {
            let find = |rows: &Rows| -> Result<Column, FrameError> {
                let column = rows.column(name).cloned();
                column.ok_or_else(|| FrameError::Missing { column: name.clone() })
            };
            let (row, back) = match (find(rows)?, find(background)?) {
                (Column::Category(row), Column::Category(back)) => {
                    let (row, back) = one_dictionary(row, back);
                    (Column::Category(row), Column::Category(back))
                }
                (row @ Column::Numeric(_), back @ Column::Numeric(_)) => (row, back),
                (row, back) => {
                    return Err(FrameError::Kind {
                        column: name.clone(),
                        expected: back.kind().name(),
                        got: row.kind().name(),
                    });
                }
            };
            made.rows.push(row);
            made.background.push(back);
        }
        Ok(made)
    }

    /// Whether a row's cell in a column differs from that of any background row.
    pub(crate) fn varies(&self, row: usize, column: usize) -> bool {
        match (&self.rows[column], &self.background[column]) {
            (Column::Numeric(values), Column::Numeric(back)) => {
                let value = values[row];
                back.iter().any(|other| !(value == *other || value.is_nan() && other.is_nan()))
            }
            (Column::Category(values), Column::Category(back)) => {
                back.codes.iter().any(|code| *code != values.codes[row])
            }
            _ => true,
        }
    }

    /// For each coalition all background rows, with the row's own cells in the columns that are
    /// present; `present(coalition, column)` tells.
    pub(crate) fn compose(
        &self,
        row: usize,
        coalitions: usize,
        present: impl Fn(usize, usize) -> bool,
    ) -> Result<Rows, FrameError> {
        let mut columns = Vec::with_capacity(self.names.len());
        for (at, name) in self.names.iter().enumerate() {
            let column = match (&self.rows[at], &self.background[at]) {
                (Column::Numeric(values), Column::Numeric(back)) => {
                    Column::numeric(spread(values[row], back, coalitions, |c| present(c, at)))
                }
                (Column::Category(values), Column::Category(back)) => Column::Category(Category {
                    codes: Arc::new(spread(values.codes[row], &back.codes, coalitions, |c| {
                        present(c, at)
                    })),
                    values: values.values.clone(),
                }),
                (other, _) => other.clone(),
            };
            columns.push((name.clone(), column));
        }
        Rows::new(columns)
    }
}

fn spread<T: Copy>(
    own: T,
    background: &[T],
    coalitions: usize,
    present: impl Fn(usize) -> bool,
) -> Vec<T> {
    let mut cells = Vec::with_capacity(coalitions * background.len());
    for coalition in 0..coalitions {
        if present(coalition) {
            cells.extend(std::iter::repeat_n(own, background.len()));
        } else {
            cells.extend_from_slice(background);
        }
    }
    cells
}

/// Both columns by the dictionary of the first, with what it lacks behind it.
fn one_dictionary(first: Category, second: Category) -> (Category, Category) {
    let mut values = first.values.as_ref().clone();
    let mut table = Vec::with_capacity(second.values.len());
    for value in second.values.iter() {
        let at = values.iter().position(|known| known == value).unwrap_or_else(|| {
            values.push(value.clone());
            values.len() - 1
        });
        table.push(at as u32);
    }
    let values = Arc::new(values);
    let codes = second.codes.iter().map(|&code| table.get(code as usize).copied());
    let codes: Vec<u32> = codes.map(|code| code.unwrap_or(Category::MISSING)).collect();
    (
        Category { codes: first.codes, values: values.clone() },
        Category { codes: Arc::new(codes), values },
    )
}
