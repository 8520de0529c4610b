//! Files of `tests/data`: models with rows that their own programs scored.

use std::path::PathBuf;

use serde_json::Value;
use tripline_core::{Column, FieldKind, Frame, Rows, Schema};

/// Rows with what another program says of them.
pub(crate) struct Fixture {
    content: Value,
}

impl Fixture {
    /// The rows beside a model of `tests/data/imports`.
    pub(crate) fn read(name: &str) -> Self {
        let content = serde_json::from_slice(&bytes(&format!("{name}.json"))).unwrap();
        Self { content }
    }

    /// The rows with the kinds of columns that a model wants.
    pub(crate) fn frame(&self, schema: &Schema) -> Frame {
        let names: Vec<&str> = self.content["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n.as_str().unwrap())
            .collect();
        let rows = self.content["rows"].as_array().unwrap();
        let columns = names.iter().enumerate().map(|(j, name)| {
            let cells = rows.iter().map(|row| &row[j]);
            let kind = &schema.fields()[schema.position(name).unwrap()].kind;
            let column = match kind {
                FieldKind::Numeric => Column::numeric(cells.map(number).collect()),
                FieldKind::Category(_) => {
                    Column::category(&cells.map(Value::as_str).collect::<Vec<_>>())
                }
            };
            ((*name).to_owned(), column)
        });
        Frame::Rows(Rows::new(columns.collect()).unwrap())
    }

    /// Numbers of any nesting, flat.
    pub(crate) fn numbers(&self, name: &str) -> Vec<f64> {
        let mut out = Vec::new();
        flatten(&self.content[name], &mut out);
        assert!(!out.is_empty(), "{name}");
        out
    }
}

/// A file of `tests/data/imports`.
pub(crate) fn bytes(file: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/imports").join(file);
    std::fs::read(path).unwrap()
}

fn number(cell: &Value) -> f64 {
    match cell {
        Value::Null => f64::NAN,
        Value::Object(object) => object["number"].as_str().unwrap().parse().unwrap(),
        other => other.as_f64().unwrap(),
    }
}

fn flatten(value: &Value, out: &mut Vec<f64>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| flatten(value, out)),
        other => out.push(other.as_f64().unwrap()),
    }
}
