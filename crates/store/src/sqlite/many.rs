//! Many rows in one statement.

/// Rows of one statement: a call of the database costs as much as some rows.
pub(super) const ROWS: usize = 64;

/// `HEAD VALUES (?, …), … TAIL` for that many rows.
pub(super) fn insert(head: &str, columns: usize, rows: usize, tail: &str) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    format!("{head} VALUES {} {tail}", vec![row.as_str(); rows].join(", "))
}
