//! KDD Cup 1999, whose attack names end in a dot.

use std::borrow::Cow;

use super::{Layout, LayoutLabel};

/// The 41 features of the task description, the attack, NSL-KDD's difficulty.
pub(super) const COLUMNS: &[&str] = &[
    "duration",
    "protocol_type",
    "service",
    "flag",
    "src_bytes",
    "dst_bytes",
    "land",
    "wrong_fragment",
    "urgent",
    "hot",
    "num_failed_logins",
    "logged_in",
    "num_compromised",
    "root_shell",
    "su_attempted",
    "num_root",
    "num_file_creations",
    "num_shells",
    "num_access_files",
    "num_outbound_cmds",
    "is_host_login",
    "is_guest_login",
    "count",
    "srv_count",
    "serror_rate",
    "srv_serror_rate",
    "rerror_rate",
    "srv_rerror_rate",
    "same_srv_rate",
    "diff_srv_rate",
    "srv_diff_host_rate",
    "dst_host_count",
    "dst_host_srv_count",
    "dst_host_same_srv_rate",
    "dst_host_diff_srv_rate",
    "dst_host_same_src_port_rate",
    "dst_host_srv_diff_host_rate",
    "dst_host_serror_rate",
    "dst_host_srv_serror_rate",
    "dst_host_rerror_rate",
    "dst_host_srv_rerror_rate",
    "label",
    "difficulty",
];

pub(super) static LAYOUT: Layout = Layout {
    id: "kdd99",
    name: "KDD Cup 1999",
    citation: "Stolfo, Fan, Lee, Prodromidis & Chan 2000, Cost-based modeling for fraud and \
               intrusion detection, DISCEX; kdd.ics.uci.edu",
    columns: COLUMNS,
    // A header is never published; files that were given one are read as NSL-KDD, which has the
    // same columns.
    signature: &[],
    headless: Some(headless),
    label: LayoutLabel {
        families: &["label"],
        binary: &[],
        benign: "normal",
        tidy,
        blank_is_benign: false,
    },
    never: &[("difficulty", "how many learners of 2009 got the row right")],
    renames: &[],
    categories: &["protocol_type", "service", "flag"],
    absent_is_zero: &[],
    time: None,
    derived: None,
    remarks: &[],
};

/// `smurf.` is published with its dot.
fn tidy(cell: &str) -> Cow<'_, str> {
    let cell = cell.trim();
    Cow::Borrowed(cell.strip_suffix('.').unwrap_or(cell))
}

/// 42 cells whose last ends in a dot, or the 41 of the test file without labels.
fn headless(records: &[Vec<&[u8]>]) -> bool {
    !records.is_empty()
        && records.iter().all(|cells| {
            is_record(cells)
                && match cells.len() {
                    41 => true,
                    42 => cells[41].trim_ascii().ends_with(b"."),
                    _ => false,
                }
        })
}

/// Whether the features are of this layout: protocol, service, flag, then numbers.
pub(super) fn is_record(cells: &[&[u8]]) -> bool {
    const FLAGS: [&[u8]; 11] =
        [b"SF", b"S0", b"REJ", b"RSTR", b"RSTO", b"SH", b"S1", b"S2", b"S3", b"OTH", b"RSTOS0"];
    cells.len() >= 41
        && matches!(cells[1].trim_ascii(), b"tcp" | b"udp" | b"icmp")
        && FLAGS.contains(&cells[3].trim_ascii())
        && cells[4..41].iter().all(|cell| {
            let cell = cell.trim_ascii();
            !cell.is_empty() && cell.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
        })
}
