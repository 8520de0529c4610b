//! A frame: the input of a detector, in one of three shapes.

use std::sync::Arc;

use crate::schema::{Field, FieldKind, Schema};

/// The shape that a detector takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// n rows × d columns.
    Rows,
    /// n sequences of up to t steps × d numbers, with their lengths.
    Sequences,
    /// n byte strings.
    Bytes,
}

impl Shape {
    /// Lower-case name, as error messages show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Sequences => "sequences",
            Self::Bytes => "byte strings",
        }
    }
}

/// What a detector fits and scores.
#[derive(Debug, Clone)]
pub enum Frame {
    /// n rows × d named columns.
    Rows(Rows),
    /// n sequences.
    Sequences(Sequences),
    /// n byte strings.
    Bytes(Vec<Vec<u8>>),
}

impl Frame {
    /// Number of items: rows, sequences or byte strings.
    pub fn len(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Sequences(sequences) => sequences.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// True if there is no item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shape of this frame.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Rows(_) => Shape::Rows,
            Self::Sequences(_) => Shape::Sequences,
            Self::Bytes(_) => Shape::Bytes,
        }
    }

    /// The rows, or an error that names the shape found.
    pub fn rows(&self) -> Result<&Rows, FrameError> {
        match self {
            Self::Rows(rows) => Ok(rows),
            other => Err(FrameError::Shape { expected: Shape::Rows, got: other.shape() }),
        }
    }

    /// The items at `index`, in that order; an item may repeat.
    ///
    /// # Panics
    /// If an index is not below [`Frame::len`].
    pub fn select(&self, index: &[usize]) -> Self {
        match self {
            Self::Rows(rows) => Self::Rows(rows.select(index)),
            Self::Sequences(sequences) => Self::Sequences(sequences.select(index)),
            Self::Bytes(bytes) => Self::Bytes(index.iter().map(|&i| bytes[i].clone()).collect()),
        }
    }
}

impl From<Rows> for Frame {
    fn from(rows: Rows) -> Self {
        Self::Rows(rows)
    }
}

/// n rows × d named columns, stored by column.
#[derive(Debug, Clone)]
pub struct Rows {
    schema: Arc<Schema>,
    columns: Vec<Column>,
    len: usize,
}

/// The values of one column.
#[derive(Debug, Clone)]
pub enum Column {
    /// Numbers; `NaN` is a missing value.
    Numeric(Arc<Vec<f64>>),
    /// Values of a finite set.
    Category(Category),
}

/// A category column: an index into a dictionary for each row.
#[derive(Debug, Clone)]
pub struct Category {
    /// Index into `values`, or [`Category::MISSING`].
    pub codes: Arc<Vec<u32>>,
    /// The dictionary: distinct values.
    pub values: Arc<Vec<String>>,
}

impl Category {
    /// The code of a missing value.
    pub const MISSING: u32 = u32::MAX;

    /// The value at a row; `None` is missing.
    pub fn value(&self, row: usize) -> Option<&str> {
        let code = self.codes[row];
        if code == Self::MISSING {
            None
        } else {
            self.values.get(code as usize).map(String::as_str)
        }
    }
}

impl Column {
    /// A numeric column.
    pub fn numeric(values: Vec<f64>) -> Self {
        Self::Numeric(Arc::new(values))
    }

    /// A category column from text; the dictionary holds the distinct values in sorted order.
    pub fn category<S: AsRef<str>>(values: &[Option<S>]) -> Self {
        let mut dictionary: Vec<&str> = values.iter().flatten().map(AsRef::as_ref).collect();
        dictionary.sort_unstable();
        dictionary.dedup();
        let codes = values
            .iter()
            .map(|value| match value {
                Some(text) => dictionary
                    .binary_search(&text.as_ref())
                    .map_or(Category::MISSING, |position| position as u32),
                None => Category::MISSING,
            })
            .collect();
        let values = dictionary.into_iter().map(str::to_owned).collect();
        Self::Category(Category { codes: Arc::new(codes), values: Arc::new(values) })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Numeric(values) => values.len(),
            Self::Category(category) => category.codes.len(),
        }
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The kind of this column.
    pub fn kind(&self) -> FieldKind {
        match self {
            Self::Numeric(_) => FieldKind::Numeric,
            Self::Category(category) => FieldKind::Category(category.values.clone()),
        }
    }

    /// The rows at `index`, in that order.
    pub fn select(&self, index: &[usize]) -> Self {
        match self {
            Self::Numeric(values) => Self::numeric(index.iter().map(|&i| values[i]).collect()),
            Self::Category(category) => Self::Category(Category {
                codes: Arc::new(index.iter().map(|&i| category.codes[i]).collect()),
                values: category.values.clone(),
            }),
        }
    }
}

impl Rows {
    /// Rows from named columns of one length.
    ///
    /// Errors if a name repeats, lengths differ or a code lies outside its dictionary.
    pub fn new(columns: Vec<(String, Column)>) -> Result<Self, FrameError> {
        let len = columns.first().map_or(0, |(_, column)| column.len());
        let mut fields = Vec::with_capacity(columns.len());
        let mut data = Vec::with_capacity(columns.len());
        for (name, column) in columns {
            if column.len() != len {
                return Err(FrameError::Length { column: name, expected: len, got: column.len() });
            }
            if let Column::Category(category) = &column {
                let bound = category.values.len() as u32;
                if category.codes.iter().any(|&code| code != Category::MISSING && code >= bound) {
                    return Err(FrameError::Code { column: name });
                }
            }
            fields.push(Field { name, kind: column.kind() });
            data.push(column);
        }
        Ok(Self { schema: Arc::new(Schema::new(fields)?), columns: data, len })
    }

    /// Rows of a schema that is at hand already: nothing is copied, no name is looked up.
    ///
    /// Errors name the column whose length, kind or dictionary is not the schema's, or that has a
    /// code outside its dictionary.
    pub fn with_schema(
        schema: Arc<Schema>,
        columns: Vec<Column>,
        len: usize,
    ) -> Result<Self, FrameError> {
        if columns.len() != schema.len() {
            return Err(FrameError::Length {
                column: "columns".to_owned(),
                expected: schema.len(),
                got: columns.len(),
            });
        }
        for (field, column) in schema.fields().iter().zip(&columns) {
            if column.len() != len {
                return Err(FrameError::Length {
                    column: field.name.clone(),
                    expected: len,
                    got: column.len(),
                });
            }
            match (&field.kind, column) {
                (FieldKind::Numeric, Column::Numeric(_)) => {}
                (FieldKind::Category(values), Column::Category(category))
                    if (Arc::ptr_eq(values, &category.values) || *values == category.values)
                        && category.codes.iter().all(|&code| {
                            code == Category::MISSING || (code as usize) < values.len()
                        }) => {}
                (FieldKind::Category(_), Column::Category(_)) => {
                    return Err(FrameError::Code { column: field.name.clone() });
                }
                (expected, got) => {
                    return Err(FrameError::Kind {
                        column: field.name.clone(),
                        expected: expected.name(),
                        got: got.kind().name(),
                    });
                }
            }
        }
        Ok(Self { schema, columns, len })
    }

    /// Numeric rows, from row-major values; for tests or small tables.
    pub fn from_matrix(names: &[&str], values: &[Vec<f64>]) -> Result<Self, FrameError> {
        let mut columns = Vec::with_capacity(names.len());
        for (j, name) in names.iter().enumerate() {
            let mut column = Vec::with_capacity(values.len());
            for row in values {
                column.push(*row.get(j).ok_or_else(|| FrameError::Length {
                    column: (*name).to_owned(),
                    expected: names.len(),
                    got: row.len(),
                })?);
            }
            columns.push(((*name).to_owned(), Column::numeric(column)));
        }
        Self::new(columns)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Names with kinds, in column order.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// All columns, in schema order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.schema.position(name).map(|position| &self.columns[position])
    }

    /// The rows at `index`, in that order; a row may repeat.
    ///
    /// # Panics
    /// If an index is not below [`Rows::len`].
    pub fn select(&self, index: &[usize]) -> Self {
        Self {
            schema: self.schema.clone(),
            columns: self.columns.iter().map(|column| column.select(index)).collect(),
            len: index.len(),
        }
    }

    /// The same rows with only these columns, in this order.
    pub fn project(&self, names: &[&str]) -> Result<Self, FrameError> {
        let mut columns = Vec::with_capacity(names.len());
        for &name in names {
            let column =
                self.column(name).ok_or_else(|| FrameError::Missing { column: name.to_owned() })?;
            columns.push((name.to_owned(), column.clone()));
        }
        let mut rows = Self::new(columns)?;
        rows.len = self.len;
        Ok(rows)
    }

    /// Taken apart into named columns.
    pub fn into_columns(self) -> Vec<(String, Column)> {
        let names: Vec<String> = self.schema.fields().iter().map(|f| f.name.clone()).collect();
        names.into_iter().zip(self.columns).collect()
    }
}

/// n sequences of up to t steps × d numbers.
#[derive(Debug, Clone)]
pub struct Sequences {
    /// d names.
    pub names: Arc<Vec<String>>,
    /// n × t × d numbers, row-major; steps past a sequence's length are ignored.
    pub values: Arc<Vec<f64>>,
    /// t, the largest number of steps.
    pub steps: usize,
    /// Number of steps in use for each sequence, at most `steps`.
    pub lengths: Vec<usize>,
}

impl Sequences {
    /// Sequences from row-major values; errors if the sizes do not agree.
    pub fn new(
        names: Vec<String>,
        values: Vec<f64>,
        steps: usize,
        lengths: Vec<usize>,
    ) -> Result<Self, FrameError> {
        let expected = lengths.len() * steps * names.len();
        if values.len() != expected {
            return Err(FrameError::Length {
                column: "sequence values".to_owned(),
                expected,
                got: values.len(),
            });
        }
        if let Some(&longest) = lengths.iter().find(|&&length| length > steps) {
            return Err(FrameError::Length {
                column: "sequence length".to_owned(),
                expected: steps,
                got: longest,
            });
        }
        Ok(Self { names: Arc::new(names), values: Arc::new(values), steps, lengths })
    }

    /// Number of sequences.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// True if there is no sequence.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// The sequences at `index`, in that order.
    pub fn select(&self, index: &[usize]) -> Self {
        let size = self.steps * self.names.len();
        let mut values = Vec::with_capacity(index.len() * size);
        for &i in index {
            values.extend_from_slice(&self.values[i * size..(i + 1) * size]);
        }
        Self {
            names: self.names.clone(),
            values: Arc::new(values),
            steps: self.steps,
            lengths: index.iter().map(|&i| self.lengths[i]).collect(),
        }
    }
}

/// Why columns do not make a frame, or a frame is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Another shape.
    #[error("expected {}, got {}", expected.name(), got.name())]
    Shape {
        /// What the detector takes.
        expected: Shape,
        /// What it was given.
        got: Shape,
    },
    /// Columns of unequal length.
    #[error("`{column}` has length {got}, expected {expected}")]
    Length {
        /// The column.
        column: String,
        /// Length of the first column.
        expected: usize,
        /// Length found.
        got: usize,
    },
    /// A name twice.
    #[error("column `{column}` appears twice")]
    Duplicate {
        /// The name.
        column: String,
    },
    /// A column that is not there.
    #[error("column `{column}` is missing")]
    Missing {
        /// The name.
        column: String,
    },
    /// A column of the other kind.
    #[error("column `{column}` must be {expected}, got {got}")]
    Kind {
        /// The name.
        column: String,
        /// `numeric` or `category`.
        expected: &'static str,
        /// `numeric` or `category`.
        got: &'static str,
    },
    /// A code outside the dictionary.
    #[error("column `{column}` has a code outside its dictionary")]
    Code {
        /// The name.
        column: String,
    },
}
