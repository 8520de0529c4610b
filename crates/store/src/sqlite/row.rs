//! Columns of a row as values of ours.

use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, Type};

use crate::metadata::{MetadataError, Result};
use crate::time::Timestamp;

/// What is stored in a column.
pub(super) fn column<'r, T>(row: &'r SqliteRow, name: &'static str) -> Result<T>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(name).map_err(|e| damaged(name, e))
}

/// A column that this version did not write so.
pub(super) fn damaged(name: &str, reason: impl std::fmt::Display) -> MetadataError {
    MetadataError::Damaged { what: format!("column `{name}`"), reason: reason.to_string() }
}

/// A time.
pub(super) fn time(row: &SqliteRow, name: &'static str) -> Result<Timestamp> {
    column(row, name).map(Timestamp)
}

/// A time that may be absent.
pub(super) fn maybe_time(row: &SqliteRow, name: &'static str) -> Result<Option<Timestamp>> {
    Ok(column::<Option<i64>>(row, name)?.map(Timestamp))
}

/// A number; SQLite keeps `NaN` as an absent one.
pub(super) fn number(row: &SqliteRow, name: &'static str) -> Result<f64> {
    Ok(column::<Option<f64>>(row, name)?.unwrap_or(f64::NAN))
}

/// A count.
pub(super) fn count<T: TryFrom<i64>>(row: &SqliteRow, name: &'static str) -> Result<T> {
    let value: i64 = column(row, name)?;
    T::try_from(value).map_err(|_| damaged(name, value))
}

/// A hash.
pub(super) fn hash(row: &SqliteRow, name: &'static str) -> Result<[u8; 32]> {
    let bytes: Vec<u8> = column(row, name)?;
    bytes.try_into().map_err(|_| damaged(name, "not 32 bytes"))
}

/// A value by its name.
pub(super) fn named<T>(
    row: &SqliteRow,
    name: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T> {
    let text: String = column(row, name)?;
    parse(&text).ok_or_else(|| damaged(name, text))
}

/// JSON of our own.
pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &SqliteRow,
    name: &'static str,
) -> Result<T> {
    let text: String = column(row, name)?;
    serde_json::from_str(&text).map_err(|e| damaged(name, e))
}

/// JSON of our own, to be stored. Maps of texts, lists of texts: these always have a JSON.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A count to be stored; SQLite's whole numbers have a sign.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
