//! Numeric columns that are known to be finite.

use rayon::prelude::*;
use tripline_core::schema::AlignedColumn;
use tripline_core::{
    Field, FieldKind, FitError, FrameError, LoadError, Rows, Schema, ScoreError, State, StateError,
};

/// The columns of a schema, in its order.
pub(crate) struct Table<'a> {
    pub(crate) columns: Vec<&'a [f64]>,
    pub(crate) len: usize,
}

/// A cell that is missing or infinite.
pub(crate) struct Hole {
    pub(crate) column: String,
    pub(crate) row: usize,
}

impl From<Hole> for FitError {
    fn from(hole: Hole) -> Self {
        Self::Missing { column: hole.column, row: hole.row }
    }
}

impl From<Hole> for ScoreError {
    fn from(hole: Hole) -> Self {
        Self::Missing { column: hole.column, row: hole.row }
    }
}

/// The schema of numeric rows; a category column is an error that names it.
pub(crate) fn numeric_schema(rows: &Rows) -> Result<Schema, FitError> {
    if rows.width() == 0 {
        return Err(FitError::NoColumns);
    }
    for field in rows.schema().fields() {
        if field.kind != FieldKind::Numeric {
            return Err(FrameError::Kind {
                column: field.name.clone(),
                expected: FieldKind::Numeric.name(),
                got: field.kind.name(),
            }
            .into());
        }
    }
    Ok(Schema::new(rows.schema().fields().to_vec())?)
}

/// A schema of numeric columns with these names.
pub(crate) fn is_numeric(schema: &Schema) -> bool {
    schema.fields().iter().all(|field: &Field| field.kind == FieldKind::Numeric)
}

/// A schema of numeric columns from a state, at least one.
pub(crate) fn load_numeric_schema(state: &State) -> Result<Schema, LoadError> {
    let schema = Schema::load(state.state("schema")?)?;
    if schema.is_empty() || !is_numeric(&schema) {
        return Err(StateError::invalid("schema", "numeric columns, at least one").into());
    }
    Ok(schema)
}

/// `expected` finite numbers from a state.
pub(crate) fn finite(state: &State, name: &str, expected: usize) -> Result<Vec<f64>, StateError> {
    let numbers = state.f64s(name)?;
    if numbers.len() != expected || numbers.iter().any(|number| !number.is_finite()) {
        return Err(StateError::invalid(name, &format!("{expected} finite numbers")));
    }
    Ok(numbers.to_vec())
}

impl<'a> Table<'a> {
    /// The columns of `rows` that a numeric schema names; errors tell a column that is not there or
    /// of the other kind. Cells may be missing or infinite.
    pub(crate) fn with_holes(schema: &Schema, rows: &'a Rows) -> Result<Self, FrameError> {
        let mut columns = Vec::with_capacity(schema.len());
        for (field, column) in schema.fields().iter().zip(schema.align(rows)?.columns) {
            match column {
                AlignedColumn::Numeric(values) => columns.push(values),
                AlignedColumn::Category(_) => {
                    return Err(FrameError::Kind {
                        column: field.name.clone(),
                        expected: FieldKind::Numeric.name(),
                        got: field.kind.name(),
                    });
                }
            }
        }
        Ok(Self { columns, len: rows.len() })
    }

    /// The columns of `rows` that a numeric schema names; errors tell a column that is not there,
    /// of the other kind, or has a hole.
    pub(crate) fn new<E>(schema: &Schema, rows: &'a Rows) -> Result<Self, E>
    where
        E: From<FrameError> + From<Hole>,
    {
        let table = Self::with_holes(schema, rows)?;
        table.check_finite(schema)?;
        Ok(table)
    }

    /// An error for the first column of its schema that has a hole, with its first row.
    pub(crate) fn check_finite(&self, schema: &Schema) -> Result<(), Hole> {
        let holes: Vec<Option<usize>> = if self.len < 4096 {
            self.columns.iter().map(|column| hole(column)).collect()
        } else {
            self.columns.par_iter().map(|column| hole(column)).collect()
        };
        let mut holes = holes.into_iter().zip(schema.fields());
        match holes.find_map(|(row, field)| row.map(|row| (row, field))) {
            Some((row, field)) => Err(Hole { column: field.name.clone(), row }),
            None => Ok(()),
        }
    }

    /// Mean of each column with its standard deviation, by weights whose sum is `total`.
    ///
    /// Errors if a column's squares do not fit a number.
    pub(crate) fn moments(
        &self,
        schema: &Schema,
        weights: &[f64],
        total: f64,
    ) -> Result<(Vec<f64>, Vec<f64>), FitError> {
        let moments: Vec<(f64, f64)> = self
            .columns
            .par_iter()
            .map(|column| {
                let sum: f64 = column.iter().zip(weights).map(|(x, w)| w * x).sum();
                let mean = sum / total;
                let squares = column.iter().zip(weights).map(|(x, w)| w * (x - mean) * (x - mean));
                (mean, (squares.sum::<f64>() / total).sqrt())
            })
            .collect();
        if let Some(at) = moments
            .iter()
            .position(|(mean, deviation)| !(mean.is_finite() && deviation.is_finite()))
        {
            let column = &schema.fields()[at].name;
            let reason = format!("the numbers of column `{column}` are too large, scale them");
            return Err(FitError::Diverged { reason });
        }
        Ok(moments.into_iter().unzip())
    }

    /// The rows from `start` on as many as `out` has room for (n × d, row-major).
    pub(crate) fn copy_rows(&self, start: usize, out: &mut [f64]) {
        let width = self.columns.len();
        for (j, column) in self.columns.iter().enumerate() {
            for (row, &value) in out.chunks_exact_mut(width).zip(&column[start..]) {
                row[j] = value;
            }
        }
    }

    /// A copy by row (n × d).
    pub(crate) fn by_row(&self) -> Vec<f64> {
        const BLOCK: usize = 256;
        let width = self.columns.len();
        let mut matrix = vec![0.0; self.len * width];
        matrix.par_chunks_mut(BLOCK * width).enumerate().for_each(|(block, out)| {
            self.copy_rows(block * BLOCK, out);
        });
        matrix
    }
}

/// 0 of a finite number and of no other: found without a branch.
#[allow(clippy::eq_op, reason = "only what is finite leaves nothing when taken from itself")]
#[inline(always)]
pub(crate) fn not_finite(x: f64) -> u64 {
    (x - x).to_bits()
}

fn hole(column: &[f64]) -> Option<usize> {
    /// Cells that are looked at together, without a branch for each.
    const TOGETHER: usize = 256;
    let full = |cells: &&[f64]| cells.iter().fold(true, |all, x| all & x.is_finite());
    let before = column.chunks(TOGETHER).take_while(full).count() * TOGETHER;
    let rest = column.get(before..)?;
    rest.iter().position(|x| !x.is_finite()).map(|at| before + at)
}
