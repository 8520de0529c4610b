//! Values that are refused before they are stored.

use crate::metadata::{MetadataError, Result};

/// Longest name, id, alias, entity in bytes.
const MAX_NAME_BYTES: usize = 256;

/// Longest text that the layers above keep here: cards, specifications, events.
const MAX_TEXT_BYTES: usize = 16 << 20;

/// Lower-case letters, digits and `_`, at most 64: names of models, views, features.
pub(super) fn name(field: &'static str, value: &str) -> Result<()> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if (1..=64).contains(&value.len()) && value.bytes().all(fits) {
        return Ok(());
    }
    invalid(field, "1 to 64 lower-case letters, digits or `_`", value)
}

/// A short text without control characters.
pub(super) fn label(field: &'static str, value: &str) -> Result<()> {
    if (1..=MAX_NAME_BYTES).contains(&value.len()) && !value.chars().any(char::is_control) {
        return Ok(());
    }
    invalid(field, "1 to 256 bytes without control characters", value)
}

/// A long text.
pub(super) fn text(field: &'static str, value: &str) -> Result<()> {
    if value.len() <= MAX_TEXT_BYTES {
        return Ok(());
    }
    invalid(field, "at most 16 MiB", value)
}

/// The error for a value; a long one is cut.
pub(super) fn invalid<T>(field: &'static str, expected: &'static str, got: &str) -> Result<T> {
    let got = got.chars().take(80).collect();
    Err(MetadataError::Invalid { field, expected, got })
}

/// The error for a thing that is not there.
pub(super) fn not_found<T>(what: &'static str, id: &str) -> Result<T> {
    Err(MetadataError::NotFound { what, id: id.chars().take(80).collect() })
}

/// The error for a thing that is in no state for that.
pub(super) fn conflict<T>(what: &'static str, id: &str, reason: impl Into<String>) -> Result<T> {
    let id = id.chars().take(80).collect();
    Err(MetadataError::Conflict { what, id, reason: reason.into() })
}
