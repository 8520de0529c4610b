//! The columns that a frame has or a detector wants.

use std::collections::HashMap;
use std::sync::Arc;

use crate::frame::{Category, Column, FrameError, Rows};
use crate::state::{State, StateError};

/// One column: its name with its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: FieldKind,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// Numbers.
    Numeric,
    /// Values of a finite set: the dictionary.
    Category(Arc<Vec<String>>),
}

impl FieldKind {
    /// `numeric` or `category`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Category(_) => "category",
        }
    }
}

/// Most columns that a model file may name; a column takes some hundred bytes, a name in the file as
/// few as eight.
const MAX_SAVED: usize = 1 << 20;

/// Names with kinds, in order; names are distinct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    fields: Vec<Field>,
    positions: HashMap<String, usize>,
}

impl Schema {
    /// A schema; errors if a name repeats.
    pub fn new(fields: Vec<Field>) -> Result<Self, FrameError> {
        let mut positions = HashMap::with_capacity(fields.len());
        for (position, field) in fields.iter().enumerate() {
            if positions.insert(field.name.clone(), position).is_some() {
                return Err(FrameError::Duplicate { column: field.name.clone() });
            }
        }
        Ok(Self { fields, positions })
    }

    /// The fields, in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_str())
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// True if there is no column.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Where the column of that name stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.positions.get(name).copied()
    }

    /// The columns of `rows` in this schema's order, category codes translated into this schema's
    /// dictionaries; further columns are ignored.
    ///
    /// A category that this schema does not know becomes [`Category::MISSING`], counted in
    /// [`Aligned::unseen`]. Errors name the column that is missing or of the other kind.
    pub fn align<'a>(&self, rows: &'a Rows) -> Result<Aligned<'a>, FrameError> {
        let mut columns = Vec::with_capacity(self.fields.len());
        let mut unseen = 0;
        for field in &self.fields {
            let column = rows
                .column(&field.name)
                .ok_or_else(|| FrameError::Missing { column: field.name.clone() })?;
            columns.push(match (&field.kind, column) {
                (FieldKind::Numeric, Column::Numeric(values)) => AlignedColumn::Numeric(values),
                (FieldKind::Category(wanted), Column::Category(category)) => {
                    AlignedColumn::Category(translate(wanted, category, &mut unseen))
                }
                (expected, got) => {
                    return Err(FrameError::Kind {
                        column: field.name.clone(),
                        expected: expected.name(),
                        got: got.kind().name(),
                    });
                }
            });
        }
        Ok(Aligned { columns, len: rows.len(), unseen })
    }

    /// As data for a model file.
    pub fn save(&self) -> State {
        let mut state = State::new();
        state.put_texts("names", self.fields.iter().map(|f| f.name.clone()).collect());
        state.put_states(
            "dictionaries",
            self.fields
                .iter()
                .map(|field| {
                    let mut entry = State::new();
                    if let FieldKind::Category(values) = &field.kind {
                        entry.put_texts("values", values.as_ref().clone());
                    }
                    entry
                })
                .collect(),
        );
        state
    }

    /// From a model file.
    pub fn load(state: &State) -> Result<Self, StateError> {
        let names = state.texts("names")?;
        let dictionaries = state.states("dictionaries")?;
        if names.len() != dictionaries.len() {
            return Err(StateError::invalid("dictionaries", "one entry for each name"));
        }
        if names.len() > MAX_SAVED {
            return Err(StateError::invalid("names", "at most 1048576 names"));
        }
        let mut fields = Vec::with_capacity(names.len());
        for (name, entry) in names.iter().zip(dictionaries) {
            let kind = if entry.has("values") {
                FieldKind::Category(Arc::new(entry.texts("values")?.to_vec()))
            } else {
                FieldKind::Numeric
            };
            fields.push(Field { name: name.clone(), kind });
        }
        Self::new(fields).map_err(|_| StateError::invalid("names", "distinct names"))
    }
}

fn translate(wanted: &Arc<Vec<String>>, category: &Category, unseen: &mut usize) -> Arc<Vec<u32>> {
    if Arc::ptr_eq(wanted, &category.values) || wanted == &category.values {
        return category.codes.clone();
    }
    let known: HashMap<&str, u32> =
        wanted.iter().enumerate().map(|(code, value)| (value.as_str(), code as u32)).collect();
    let table: Vec<u32> = category
        .values
        .iter()
        .map(|value| known.get(value.as_str()).copied().unwrap_or(Category::MISSING))
        .collect();
    let codes = category
        .codes
        .iter()
        .map(|&code| {
            if code == Category::MISSING {
                return code;
            }
            let own = table[code as usize];
            *unseen += usize::from(own == Category::MISSING);
            own
        })
        .collect();
    Arc::new(codes)
}

/// Columns in the order that a detector wants.
#[derive(Debug)]
pub struct Aligned<'a> {
    /// In the schema's order.
    pub columns: Vec<AlignedColumn<'a>>,
    /// Number of rows.
    pub len: usize,
    /// Number of cells whose category the schema does not know.
    pub unseen: usize,
}

/// One aligned column.
#[derive(Debug)]
pub enum AlignedColumn<'a> {
    /// Numbers; `NaN` is missing.
    Numeric(&'a [f64]),
    /// Codes in the schema's own dictionary, or [`Category::MISSING`].
    Category(Arc<Vec<u32>>),
}

impl AlignedColumn<'_> {
    /// The value at a row as a number: a category's code, `NaN` where missing.
    pub fn number(&self, row: usize) -> f64 {
        match self {
            Self::Numeric(values) => values[row],
            Self::Category(codes) => match codes[row] {
                Category::MISSING => f64::NAN,
                code => f64::from(code),
            },
        }
    }
}

impl Aligned<'_> {
    /// Rows `start..start + count` as a row-major matrix (count × d), categories as codes, missing
    /// as `NaN`; `out` is overwritten.
    pub fn block(&self, start: usize, count: usize, out: &mut Vec<f64>) {
        let width = self.columns.len();
        out.clear();
        out.resize(count * width, f64::NAN);
        for (j, column) in self.columns.iter().enumerate() {
            match column {
                AlignedColumn::Numeric(values) => {
                    for (i, &value) in values[start..start + count].iter().enumerate() {
                        out[i * width + j] = value;
                    }
                }
                AlignedColumn::Category(codes) => {
                    for (i, &code) in codes[start..start + count].iter().enumerate() {
                        if code != Category::MISSING {
                            out[i * width + j] = f64::from(code);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligning_reorders_columns_then_translates_codes() {
        let training = Rows::new(vec![
            ("bytes".to_owned(), Column::numeric(vec![1.0, 2.0])),
            ("proto".to_owned(), Column::category(&[Some("tcp"), Some("udp")])),
        ])
        .unwrap();
        let scoring = Rows::new(vec![
            ("proto".to_owned(), Column::category(&[Some("udp"), Some("icmp"), None])),
            ("extra".to_owned(), Column::numeric(vec![0.0; 3])),
            ("bytes".to_owned(), Column::numeric(vec![5.0, 6.0, f64::NAN])),
        ])
        .unwrap();
        let aligned = training.schema().align(&scoring).unwrap();
        let mut block = Vec::new();
        aligned.block(0, 2, &mut block);
        assert_eq!(block[..3], [5.0, 1.0, 6.0]);
        assert!(block[3].is_nan());
        assert_eq!(aligned.unseen, 1);

        let error = scoring.schema().align(&training).unwrap_err();
        assert_eq!(error.to_string(), "column `extra` is missing");
    }

    #[test]
    fn a_schema_survives_saving() {
        let rows = Rows::new(vec![
            ("proto".to_owned(), Column::category(&[Some("udp"), None])),
            ("bytes".to_owned(), Column::numeric(vec![5.0, 6.0])),
        ])
        .unwrap();
        assert_eq!(&Schema::load(&rows.schema().save()).unwrap(), rows.schema().as_ref());
    }
}
