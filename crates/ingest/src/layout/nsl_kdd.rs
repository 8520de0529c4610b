//! NSL-KDD, with or without its difficulty column.

use super::kdd99::{COLUMNS, is_record};
use super::{Layout, LayoutLabel, trimmed};

pub(super) static LAYOUT: Layout = Layout {
    id: "nsl-kdd",
    name: "NSL-KDD",
    citation: "Tavallaee, Bagheri, Lu & Ghorbani 2009, A detailed analysis of the KDD CUP 99 data \
               set, CISDA",
    columns: COLUMNS,
    signature: &["protocol_type", "src_bytes", "dst_host_srv_rerror_rate"],
    headless: Some(headless),
    label: LayoutLabel {
        families: &["label", "class", "attack", "attack_type", "outcome"],
        binary: &[],
        benign: "normal",
        tidy: trimmed,
        blank_is_benign: false,
    },
    never: &[("difficulty", "how many learners of 2009 got the row right")],
    renames: &[
        ("difficulty_level", "difficulty"),
        ("level", "difficulty"),
        ("score", "difficulty"),
        ("num_outbound_commands", "num_outbound_cmds"),
        ("is_hot_login", "is_host_login"),
    ],
    categories: &["protocol_type", "service", "flag"],
    absent_is_zero: &[],
    time: None,
    derived: None,
    remarks: &[],
};

/// 42 cells with the attack last, or 43 with a difficulty after it.
fn headless(records: &[Vec<&[u8]>]) -> bool {
    !records.is_empty()
        && records.iter().all(|cells| {
            matches!(cells.len(), 42 | 43)
                && is_record(cells)
                && cells[41].first().is_some_and(u8::is_ascii_alphabetic)
                && !cells[41].ends_with(b".")
                && cells.get(42).is_none_or(|cell| {
                    let cell = cell.trim_ascii();
                    !cell.is_empty() && cell.iter().all(u8::is_ascii_digit)
                })
        })
}
