//! Input tensors as rows of a model.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tripline_core::{Category, Column, FieldKind, Rows, Schema};
use tripline_engine::service::category_of_text;

use super::shapes::RequestInput;
use super::tensor_error::TensorError;

/// Datatypes of the protocol that hold numbers.
const NUMBERS: [&str; 11] = [
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP32",
    "FP64",
];

/// How many values a body has at most: one more than the commas outside its texts.
pub(crate) fn values(body: &[u8]) -> usize {
    let (mut text, mut escaped, mut count) = (false, false, 1);
    for &byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            b',' if !text => count += 1,
            _ => {}
        }
    }
    count
}

/// The rows that the tensors hold, in the order of the model's columns.
///
/// Either each tensor is a column, of shape `[n]` or `[n, 1]`, or one tensor of shape `[n, d]` holds
/// several: in the order of its parameter `columns`, else in that of the model's metadata.
pub(crate) fn rows(
    inputs: &[RequestInput],
    schema: &Schema,
    limit: usize,
) -> Result<Rows, TensorError> {
    let first = inputs.first().ok_or(TensorError::Empty)?;
    let mut columns: HashMap<&str, Column> = HashMap::with_capacity(schema.len());
    let count = first.shape.first().copied().unwrap_or(0);
    if count > limit as u64 {
        return Err(TensorError::TooMany { input: first.name.clone(), rows: count, limit });
    }
    for input in inputs {
        let (rows, width) = match *input.shape.as_slice() {
            [rows] => (rows, 1),
            [rows, width] => (rows, width),
            _ => return Err(shape(input, "[n], [n, 1] or [n, d]".to_owned())),
        };
        if rows != count {
            return Err(shape(input, format!("of {count} rows as that of `{}`", first.name)));
        }
        let names = names(input, schema, width)?;
        let rows = rows as usize;
        let mut values = Vec::new();
        flatten(&input.data, &mut values, rows.saturating_mul(names.len()));
        if values.len() != rows.saturating_mul(names.len()) {
            let expected = count.saturating_mul(names.len() as u64);
            return Err(TensorError::Count {
                input: input.name.clone(),
                expected,
                got: values.len(),
            });
        }
        for (at, &name) in names.iter().enumerate() {
            let Some(position) = schema.position(name) else { continue };
            let field = &schema.fields()[position];
            let cells = values.iter().skip(at).step_by(names.len()).copied();
            let place = |row: usize| row * names.len() + at;
            let column = match &field.kind {
                FieldKind::Numeric => numbers(input, cells, place)?,
                FieldKind::Category(_) => texts(input, cells, place)?,
            };
            if columns.insert(field.name.as_str(), column).is_some() {
                return Err(TensorError::Twice { input: name.to_owned() });
            }
        }
    }
    let missing: Vec<String> =
        schema.names().filter(|name| !columns.contains_key(name)).map(str::to_owned).collect();
    if !missing.is_empty() {
        return Err(TensorError::Missing { columns: missing });
    }
    let ordered =
        schema.names().filter_map(|name| Some((name.to_owned(), columns.remove(name)?))).collect();
    Rows::new(ordered).map_err(|error| shape(first, error.to_string()))
}

/// The columns that a tensor holds.
fn names<'a>(
    input: &'a RequestInput,
    schema: &'a Schema,
    width: u64,
) -> Result<Vec<&'a str>, TensorError> {
    let declared = input.parameters.as_ref().and_then(|all| all.get("columns"));
    if let Some(declared) = declared {
        let names: Option<Vec<&str>> =
            declared.as_array().map(|all| all.iter().filter_map(Value::as_str).collect());
        return match names {
            Some(names) if names.len() as u64 == width => Ok(names),
            _ => Err(shape(input, "[n, d] with d names in the parameter `columns`".to_owned())),
        };
    }
    match width {
        1 => Ok(vec![&input.name]),
        width if width == schema.len() as u64 => Ok(schema.names().collect()),
        _ => {
            let expected = format!(
                "[n, {}] in the order of the model's inputs, or told by the parameter `columns`",
                schema.len()
            );
            Err(shape(input, expected))
        }
    }
}

/// Leaves of nested arrays, in row-major order; stops behind the number that is expected.
fn flatten<'a>(data: &'a Value, out: &mut Vec<&'a Value>, expected: usize) {
    match data {
        Value::Array(items) => {
            for item in items {
                if out.len() > expected {
                    return;
                }
                flatten(item, out, expected);
            }
        }
        leaf => out.push(leaf),
    }
}

fn numbers<'a>(
    input: &RequestInput,
    cells: impl Iterator<Item = &'a Value>,
    place: impl Fn(usize) -> usize,
) -> Result<Column, TensorError> {
    if !NUMBERS.contains(&input.datatype.as_str()) {
        return Err(TensorError::Datatype {
            input: input.name.clone(),
            expected: "one of the numbers (FP64, FP32, INT64, …, BOOL)",
            got: input.datatype.clone(),
        });
    }
    let mut values = Vec::new();
    for (row, cell) in cells.enumerate() {
        values.push(match cell {
            Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
            Value::Bool(yes) => f64::from(u8::from(*yes)),
            Value::Null => f64::NAN,
            other => return Err(element(input, place(row), "a number or null", other)),
        });
    }
    Ok(Column::numeric(values))
}

fn texts<'a>(
    input: &RequestInput,
    cells: impl Iterator<Item = &'a Value>,
    place: impl Fn(usize) -> usize,
) -> Result<Column, TensorError> {
    if input.datatype != "BYTES" {
        return Err(TensorError::Datatype {
            input: input.name.clone(),
            expected: "`BYTES`, its elements texts",
            got: input.datatype.clone(),
        });
    }
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut values = Vec::new();
    let mut codes = Vec::new();
    for (row, cell) in cells.enumerate() {
        codes.push(match cell {
            // As a single record has it.
            Value::String(text) => match category_of_text(text) {
                Some(text) => *known.entry(text).or_insert_with(|| {
                    values.push(text.to_owned());
                    (values.len() - 1) as u32
                }),
                None => Category::MISSING,
            },
            Value::Null => Category::MISSING,
            other => return Err(element(input, place(row), "a text or null", other)),
        });
    }
    Ok(Column::Category(Category { codes: Arc::new(codes), values: Arc::new(values) }))
}

fn element(input: &RequestInput, at: usize, expected: &'static str, got: &Value) -> TensorError {
    let got = match got {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    TensorError::Element { input: input.name.clone(), at, expected, got }
}

fn shape(input: &RequestInput, expected: String) -> TensorError {
    let got = format!("{:?}", &input.shape[..input.shape.len().min(8)]);
    TensorError::Shape { input: input.name.clone(), expected, got }
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_are_counted_without_those_in_texts() {
        assert_eq!(super::values(br#"{"data": [1, 2, "a, \",b\\", 3]}"#), 4);
        assert_eq!(super::values(b""), 1);
    }

    use serde_json::json;
    use tripline_core::Field;

    use super::*;

    fn schema() -> Schema {
        let numeric = |name: &str| Field { name: name.to_owned(), kind: FieldKind::Numeric };
        let values = Arc::new(vec!["tcp".to_owned()]);
        let proto = Field { name: "proto".to_owned(), kind: FieldKind::Category(values) };
        Schema::new(vec![numeric("dur"), numeric("rate"), proto]).unwrap()
    }

    fn read(inputs: Value) -> Result<String, String> {
        let inputs: Vec<RequestInput> = serde_json::from_value(inputs).unwrap();
        let rows = rows(&inputs, &schema(), 10).map_err(|error| error.to_string())?;
        let cell = |column: &Column, row: usize| match column {
            Column::Numeric(values) => values[row].to_string(),
            Column::Category(texts) => texts.value(row).unwrap_or("?").to_owned(),
        };
        let row = |row| rows.columns().iter().map(|c| cell(c, row)).collect::<Vec<_>>().join(" ");
        Ok((0..rows.len()).map(row).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn a_tensor_for_each_column() {
        let found = read(json!([
            {"name": "proto", "shape": [2, 1], "datatype": "BYTES", "data": [[" udp "], [null]]},
            {"name": "dur", "shape": [2], "datatype": "FP64", "data": [1.5, 2]},
            {"name": "rate", "shape": [2, 1], "datatype": "INT64", "data": [3, null]},
            {"name": "more", "shape": [2, 1], "datatype": "INT64", "data": [0, 0]},
        ]));
        assert_eq!(found.as_deref(), Ok("1.5 3 udp; 2 NaN ?"));
    }

    #[test]
    fn one_tensor_with_its_columns() {
        let found = read(json!([
            {"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4],
             "parameters": {"columns": ["rate", "dur"]}},
            {"name": "proto", "shape": [2], "datatype": "BYTES", "data": ["a", "a"]},
        ]));
        assert_eq!(found.as_deref(), Ok("2 1 a; 4 3 a"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let dur = |shape: Value, datatype: &str, data: Value| {
            read(json!([{"name": "dur", "shape": shape, "datatype": datatype, "data": data}]))
                .unwrap_err()
        };
        assert_eq!(dur(json!([1]), "FP64", json!([1])), "missing inputs: rate, proto");
        assert_eq!(
            dur(json!([1]), "BYTES", json!(["1"])),
            "input `dur`: its datatype must be one of the numbers (FP64, FP32, INT64, …, BOOL), \
             got `BYTES`"
        );
        assert_eq!(
            dur(json!([2]), "FP64", json!([1, "2"])),
            "input `dur`, element 1: must be a number or null, got a text"
        );
        assert_eq!(
            dur(json!([2]), "FP64", json!([1])),
            "input `dur`: its shape tells 2 values, there are 1"
        );
        assert_eq!(
            dur(json!([11]), "FP64", json!([])),
            "input `dur` has 11 rows, at most 10 are taken"
        );
        assert_eq!(
            dur(json!([1, 2]), "FP64", json!([1, 2])),
            "input `dur`: its shape must be [n, 3] in the order of the model's inputs, or told by \
             the parameter `columns`, got [1, 2]"
        );
        assert_eq!(read(json!([])).unwrap_err(), TensorError::Empty.to_string());
    }
}
