//! What a reader tells about a file: the stable codes of its notes.

use tripline_core::Note;

/// A file that starts with a byte-order mark.
pub const BYTE_ORDER_MARK: &str = "byte-order-mark";
/// Lines that end in CR LF.
pub const CRLF: &str = "crlf";
/// Column names with spaces around them.
pub const SPACES_IN_NAMES: &str = "spaces-in-names";
/// A table without header.
pub const NO_HEADER: &str = "no-header";
/// A name that stands more than once in the header.
pub const DUPLICATED_COLUMNS: &str = "duplicated-columns";
/// Columns that go by another name here.
pub const RENAMED_COLUMNS: &str = "renamed-columns";
/// Columns that are no features: identifiers, addresses, times, difficulty.
pub const NOT_FEATURES: &str = "not-features";
/// Text with too many values for a category.
pub const FREE_TEXT: &str = "free-text";
/// Columns without any value.
pub const EMPTY_COLUMNS: &str = "empty-columns";
/// Columns that the model does not take.
pub const FURTHER_COLUMNS: &str = "further-columns";
/// A column computed from others.
pub const DERIVED_COLUMN: &str = "derived-column";
/// `Infinity` among the numbers.
pub const INFINITE_CELLS: &str = "infinite-cells";
/// Text among the numbers.
pub const TEXT_CELLS: &str = "text-cells";
/// Header lines among the rows.
pub const REPEATED_HEADERS: &str = "repeated-headers";
/// Records that could not be read.
pub const BAD_RECORDS: &str = "bad-records";
/// Text that is no UTF-8.
pub const OLD_ENCODING: &str = "old-encoding";
/// Two label columns that disagree.
pub const LABEL_CONFLICT: &str = "label-conflict";
/// Rows whose label cell is empty.
pub const UNLABELLED_ROWS: &str = "unlabelled-rows";
/// A label column that was found by its name.
pub const LABEL_FOUND: &str = "label-found";
/// Attack categories that are numbers.
pub const NUMBERED_CATEGORIES: &str = "numbered-categories";
/// Members of JSON objects that the first lines do not have.
pub const UNKNOWN_MEMBERS: &str = "unknown-members";

/// A note.
pub(crate) fn note(code: &'static str, text: impl Into<String>) -> Note {
    Note { code, text: text.into() }
}

/// Names in quotes with commas between; beyond the twelfth, how many more.
pub(crate) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> =
        names.iter().take(SHOWN).map(|name| format!("`{}`", name.as_ref())).collect();
    let mut text = shown.join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(", {} more", names.len() - SHOWN));
    }
    text
}
