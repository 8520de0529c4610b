//! A record as a row of a model's columns.

use std::borrow::Cow;
use std::sync::Arc;

use tripline_core::{Category, Column, FieldKind, Rows};
use tripline_features::MissingColumns;
use tripline_ingest::is_missing;
use tripline_store::Timestamp;

use super::error::ServiceError;
use super::nearest::nearest;
use super::row::{Row, Value};
use super::served::Served;

/// Most bytes of a value that an error shows.
const SHOWN: usize = 40;
/// Most bytes of a value that are kept with a detection.
pub(crate) const LONGEST: usize = 256;

/// One row with what was handled to make it.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) rows: Rows,
    pub(crate) filled: Vec<Arc<str>>,
    pub(crate) unseen: Vec<Arc<str>>,
}

/// How many columns of a version the record lacks.
pub(crate) fn lacking(row: &Row, places: &[u16]) -> usize {
    places.iter().filter(|&&place| !row.has(place)).count()
}

/// The error that names all columns that the record lacks.
pub(crate) fn missing_columns(row: &Row, served: &Served, places: &[u16]) -> ServiceError {
    let names = row.fields().names();
    let lacking = places.iter().filter(|&&place| !row.has(place));
    let columns: Vec<String> = lacking
        .filter_map(|&place| names.get(usize::from(place)).map(|name| name.to_string()))
        .collect();
    let mut similar = Vec::new();
    for column in &columns {
        let unknown = row.unknown().iter().map(String::as_str);
        if let Some(field) = nearest(column, unknown) {
            similar.push((column.clone(), field.to_owned()));
        }
    }
    ServiceError::MissingColumns { model: served.id.to_string(), columns, similar }
}

/// The record as the one row that a version judges.
pub(crate) fn record(
    row: &Row,
    served: &Served,
    places: &[u16],
    missing: MissingColumns,
) -> Result<Record, ServiceError> {
    let mut columns = Vec::with_capacity(places.len());
    let (mut filled, mut unseen) = (Vec::new(), Vec::new());
    let name = |place: u16| row.fields().names().get(usize::from(place)).cloned();
    for ((field, codes), &place) in
        served.input.fields().iter().zip(served.codes.iter()).zip(places)
    {
        let value = match row.value(place) {
            Some(value) => value,
            None if missing == MissingColumns::Fill => {
                filled.extend(name(place));
                Value::Missing
            }
            None => return Err(missing_columns(row, served, places)),
        };
        columns.push(match &field.kind {
            FieldKind::Numeric => Column::numeric(vec![number(&field.name, value)?]),
            FieldKind::Category(values) => {
                let text = text(value);
                let code = match &text {
                    None => Some(Category::MISSING),
                    Some(text) => codes.get(text.as_ref()).copied(),
                };
                Column::Category(match code {
                    Some(code) => Category { codes: Arc::new(vec![code]), values: values.clone() },
                    // A dictionary of its own: what becomes of a value that no training row has is
                    // the preparer's to say.
                    None => {
                        unseen.extend(name(place));
                        let own = text.unwrap_or_default().into_owned();
                        Category { codes: Arc::new(vec![0]), values: Arc::new(vec![own]) }
                    }
                })
            }
        });
    }
    let rows = if unseen.is_empty() {
        Rows::with_schema(served.input.clone(), columns, 1)
    } else {
        Rows::new(served.input.names().map(str::to_owned).zip(columns).collect())
    };
    let rows =
        rows.map_err(|source| ServiceError::Internal { reason: format!("a record: {source}") })?;
    Ok(Record { rows, filled, unseen })
}

fn number(field: &str, value: Value<'_>) -> Result<f64, ServiceError> {
    match value {
        Value::Missing => Ok(f64::NAN),
        Value::Number(number) => Ok(number),
        Value::Bool(value) => Ok(f64::from(u8::from(value))),
        Value::Text(text) if is_missing(text.trim().as_bytes()) => Ok(f64::NAN),
        Value::Text(text) => Err(ServiceError::Field {
            field: field.to_owned(),
            expected: "a number",
            got: shown(text),
        }),
    }
}

/// The text by which a category is looked up; none is missing.
fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Missing => None,
        Value::Text(text) => category_of_text(text).map(Cow::from),
        Value::Number(number) => category_of_number(number).map(Cow::from),
        Value::Bool(value) => Some(if value { "true" } else { "false" }.into()),
    }
}

/// The category that a text stands for: without spaces around it, none where it says that there is
/// no value. Every format goes by it, so that the same record gets the same score from each.
pub fn category_of_text(text: &str) -> Option<&str> {
    let text = text.trim();
    (!is_missing(text.as_bytes())).then_some(text)
}

/// The category that a number stands for: 5.0 is `5`, what is no number is none. See
/// [`category_of_text`].
pub fn category_of_number(number: f64) -> Option<String> {
    (!number.is_nan()).then(|| number.to_string())
}

/// A text between quotes, cut where it is too long to read.
fn shown(text: &str) -> String {
    let cut = cut(text, SHOWN);
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("the text {cut:?}{more}")
}

/// At most so many bytes, whole characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// What the record holds, as a flat JSON object of the columns that models know, with the time of
/// the event if it has one.
pub(crate) fn as_json(row: &Row, at: Option<Timestamp>) -> String {
    let mut object = serde_json::Map::new();
    if let Some(at) = at.and_then(|at| jiff::Timestamp::from_microsecond(at.0).ok()) {
        object.insert("timestamp".to_owned(), at.to_string().into());
    }
    for (place, name) in (0..).zip(row.fields().names()) {
        let value = match row.value(place) {
            None => continue,
            Some(Value::Missing) => serde_json::Value::Null,
            Some(Value::Number(number)) => number.into(),
            Some(Value::Bool(value)) => value.into(),
            Some(Value::Text(text)) => cut(text, LONGEST).into(),
        };
        object.insert(name.to_string(), value);
    }
    serde_json::Value::Object(object).to_string()
}
