//! Arrow record batches as rows of a model.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{Array as _, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::DataType;
use tripline_core::{Category, Column, FieldKind, Rows, Schema};
use tripline_engine::service::{category_of_number, category_of_text};

/// Why a batch is no rows of the model.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum ColumnError {
    /// The stream lacks columns.
    #[error("{}", columns.join(", "))]
    Missing {
        /// All of them.
        columns: Vec<String>,
    },
    /// A column has values of another kind.
    #[error("must be {expected}, the stream has {got}")]
    Kind {
        /// Which.
        column: String,
        /// What the model takes.
        expected: &'static str,
        /// The type that the stream tells.
        got: String,
    },
}

/// The columns that a model takes, in its order; others are left out.
///
/// Numbers are copied column by column. Dictionaries keep their codes; plain text gets a dictionary.
/// A missing column is an error, or all missing where `fill` says so.
pub(crate) fn rows(batch: &RecordBatch, schema: &Schema, fill: bool) -> Result<Rows, ColumnError> {
    let mut columns = Vec::with_capacity(schema.len());
    let mut missing = Vec::new();
    for field in schema.fields() {
        let column = match (batch.column_by_name(&field.name), &field.kind) {
            (Some(array), FieldKind::Numeric) => numbers(&field.name, array)?,
            (Some(array), FieldKind::Category(_)) => texts(&field.name, array)?,
            (None, FieldKind::Numeric) if fill => Column::numeric(vec![f64::NAN; batch.num_rows()]),
            (None, FieldKind::Category(values)) if fill => Column::Category(Category {
                codes: Arc::new(vec![Category::MISSING; batch.num_rows()]),
                values: values.clone(),
            }),
            (None, _) => {
                missing.push(field.name.clone());
                continue;
            }
        };
        columns.push((field.name.clone(), column));
    }
    if !missing.is_empty() {
        return Err(ColumnError::Missing { columns: missing });
    }
    // Names of a schema are distinct, lengths are those of the batch, codes lie in their dictionary.
    Rows::new(columns).map_err(|error| ColumnError::Kind {
        column: "record batch".to_owned(),
        expected: "columns of one length",
        got: error.to_string(),
    })
}

/// Whom each row is about, if the column is one of text.
pub(crate) fn entities(name: &str, array: &ArrayRef) -> Option<Vec<Option<Arc<str>>>> {
    let text = match array.data_type() {
        DataType::Dictionary(_, values) => is_text(values),
        kind => is_text(kind),
    };
    if !text {
        return None;
    }
    let Ok(Column::Category(category)) = texts(name, array) else { return None };
    let names: Vec<Arc<str>> = category.values.iter().map(|name| name.as_str().into()).collect();
    Some(category.codes.iter().map(|&code| names.get(code as usize).cloned()).collect())
}

fn numbers(name: &str, array: &ArrayRef) -> Result<Column, ColumnError> {
    let kind = array.data_type();
    let number = kind.is_numeric() || matches!(kind, DataType::Boolean | DataType::Null);
    let refused = || ColumnError::Kind {
        column: name.to_owned(),
        expected: "a column of numbers",
        got: kind.to_string(),
    };
    if !number {
        return Err(refused());
    }
    let array = match kind {
        DataType::Float64 => array.clone(),
        _ => cast(array, &DataType::Float64).map_err(|_| refused())?,
    };
    let array = array.as_primitive::<Float64Type>();
    let mut values = array.values().to_vec();
    if let Some(nulls) = array.nulls() {
        for (row, value) in values.iter_mut().enumerate() {
            if nulls.is_null(row) {
                *value = f64::NAN;
            }
        }
    }
    Ok(Column::numeric(values))
}

fn texts(name: &str, array: &ArrayRef) -> Result<Column, ColumnError> {
    let refused = |kind: &DataType| ColumnError::Kind {
        column: name.to_owned(),
        expected: "a column of text, plain or with a dictionary",
        got: kind.to_string(),
    };
    let category = match array.data_type() {
        DataType::Dictionary(_, values) if is_text(values) => {
            let wanted = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            let array = cast(array, &wanted).map_err(|_| refused(array.data_type()))?;
            let dictionary = array.as_dictionary::<Int32Type>();
            let values = dictionary.values().as_string::<i32>();
            // Rows take distinct values; a stream's dictionary may repeat one or hold a null.
            let mut codes = Codes::default();
            let map: Vec<u32> = (0..values.len())
                .map(|at| {
                    if values.is_null(at) { Category::MISSING } else { codes.of(values.value(at)) }
                })
                .collect();
            let keys = dictionary.keys();
            let rows = (0..keys.len()).map(|row| match keys.is_null(row) {
                true => Category::MISSING,
                false => map.get(keys.value(row) as usize).copied().unwrap_or(Category::MISSING),
            });
            let rows = rows.collect();
            Category { codes: Arc::new(rows), values: Arc::new(codes.values) }
        }
        kind if kind.is_numeric() => {
            // As a record has it: 5.0 is `5`.
            let array = cast(array, &DataType::Float64).map_err(|_| refused(kind))?;
            let array = array.as_primitive::<Float64Type>();
            let mut codes = Codes::default();
            let code = |number: Option<f64>| match number {
                Some(number) => codes.number(category_of_number(number).as_deref()),
                None => Category::MISSING,
            };
            let rows = array.iter().map(code).collect();
            Category { codes: Arc::new(rows), values: Arc::new(codes.values) }
        }
        kind if is_text(kind) || matches!(kind, DataType::Boolean) => {
            let array = cast(array, &DataType::Utf8).map_err(|_| refused(kind))?;
            let array = array.as_string::<i32>();
            let mut codes = Codes::default();
            let rows = array.iter().map(|text| text.map_or(Category::MISSING, |t| codes.of(t)));
            let rows = rows.collect();
            Category { codes: Arc::new(rows), values: Arc::new(codes.values) }
        }
        DataType::Null => Category {
            codes: Arc::new(vec![Category::MISSING; array.len()]),
            values: Arc::new(Vec::new()),
        },
        kind => return Err(refused(kind)),
    };
    Ok(Column::Category(category))
}

/// Distinct texts with their numbers, in order of appearance.
#[derive(Default)]
struct Codes {
    numbers: HashMap<String, u32>,
    values: Vec<String>,
    last: u32,
}

impl Codes {
    /// The number of a text, as a single record has it.
    fn of(&mut self, text: &str) -> u32 {
        self.number(category_of_text(text))
    }

    /// The number of a category.
    fn number(&mut self, text: Option<&str>) -> u32 {
        let Some(text) = text else { return Category::MISSING };
        // Neighbours are often equal.
        if self.values.get(self.last as usize).is_some_and(|value| value == text) {
            return self.last;
        }
        self.last = match self.numbers.get(text) {
            Some(&code) => code,
            None => {
                let code = self.values.len() as u32;
                self.numbers.insert(text.to_owned(), code);
                self.values.push(text.to_owned());
                code
            }
        };
        self.last
    }
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

#[cfg(test)]
mod tests {
    use arrow_array::{DictionaryArray, Float64Array, Int64Array, StringArray};
    use tripline_core::Field;

    use super::*;

    fn schema() -> Schema {
        let values = Arc::new(vec!["tcp".to_owned(), "udp".to_owned()]);
        Schema::new(vec![
            Field { name: "dur".to_owned(), kind: FieldKind::Numeric },
            Field { name: "proto".to_owned(), kind: FieldKind::Category(values) },
        ])
        .unwrap()
    }

    fn batch(dur: ArrayRef, proto: ArrayRef) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable([("proto", proto, true), ("dur", dur, true)])
            .unwrap()
    }

    fn shown(rows: &Rows) -> Vec<String> {
        (0..rows.len())
            .map(|row| {
                let cells = rows.columns().iter().map(|column| match column {
                    Column::Numeric(values) => values[row].to_string(),
                    Column::Category(texts) => texts.value(row).unwrap_or("?").to_owned(),
                });
                cells.collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    #[test]
    fn columns_come_in_the_order_of_the_model() {
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("udp"), None, Some("icmp")]));
        let float: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.5), None, Some(-2.0)]));
        let found = rows(&batch(float, text), &schema(), false).unwrap();
        assert_eq!(shown(&found), ["1.5 udp", "NaN ?", "-2 icmp"]);
    }

    #[test]
    fn dictionaries_that_repeat_a_value_are_taken() {
        let keys = arrow_array::Int32Array::from(vec![Some(2), Some(0), None]);
        let values = Arc::new(StringArray::from(vec!["tcp", "udp", "tcp"]));
        let dictionary = DictionaryArray::<Int32Type>::try_new(keys, values).unwrap();
        let whole: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        let found = rows(&batch(whole, Arc::new(dictionary)), &schema(), false).unwrap();
        assert_eq!(shown(&found), ["1 tcp", "2 tcp", "3 ?"]);
    }

    #[test]
    fn categories_are_what_a_single_record_makes_of_them() {
        let float: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0, 3.0]));
        let text: ArrayRef = Arc::new(StringArray::from(vec![" udp ", "NaN", ""]));
        let found = rows(&batch(float.clone(), text), &schema(), false).unwrap();
        assert_eq!(shown(&found), ["1 udp", "2 ?", "3 ?"]);
        let numbers: ArrayRef = Arc::new(Float64Array::from(vec![5.0, 0.5, f64::NAN]));
        let found = rows(&batch(float, numbers), &schema(), false).unwrap();
        assert_eq!(shown(&found), ["1 5", "2 0.5", "3 ?"]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let error = rows(&batch(text.clone(), text.clone()), &schema(), false).unwrap_err();
        assert!(matches!(error, ColumnError::Kind { column, .. } if column == "dur"));
        let one = RecordBatch::try_from_iter([("proto", text)]).unwrap();
        let error = rows(&one, &schema(), false).unwrap_err();
        assert_eq!(error, ColumnError::Missing { columns: vec!["dur".to_owned()] });
        assert_eq!(shown(&rows(&one, &schema(), true).unwrap()), ["NaN x"]);
    }
}
