//! UNSW-NB15, the published partition of 45 columns.

use std::borrow::Cow;

use super::{Layout, LayoutLabel, Remark};

pub(super) static LAYOUT: Layout = Layout {
    id: "unsw-nb15",
    name: "UNSW-NB15 partition",
    citation: "Moustafa & Slay 2015, UNSW-NB15: a comprehensive data set for network intrusion \
               detection systems, MilCIS",
    columns: &[
        "id",
        "dur",
        "proto",
        "service",
        "state",
        "spkts",
        "dpkts",
        "sbytes",
        "dbytes",
        "rate",
        "sttl",
        "dttl",
        "sload",
        "dload",
        "sloss",
        "dloss",
        "sinpkt",
        "dinpkt",
        "sjit",
        "djit",
        "swin",
        "stcpb",
        "dtcpb",
        "dwin",
        "tcprtt",
        "synack",
        "ackdat",
        "smean",
        "dmean",
        "trans_depth",
        "response_body_len",
        "ct_srv_src",
        "ct_state_ttl",
        "ct_dst_ltm",
        "ct_src_dport_ltm",
        "ct_dst_sport_ltm",
        "ct_dst_src_ltm",
        "is_ftp_login",
        "ct_ftp_cmd",
        "ct_flw_http_mthd",
        "ct_src_ltm",
        "ct_srv_dst",
        "is_sm_ips_ports",
        "attack_cat",
        "label",
    ],
    signature: &["sinpkt", "smean", "ct_state_ttl", "ct_srv_src"],
    headless: None,
    label: LABEL,
    // Flows of our own have the names of the raw form beside the columns of the partition.
    never: &[
        ("id", "the number of the row"),
        ("srcip", "an address"),
        ("sport", "a port"),
        ("dstip", "an address"),
        ("dsport", "a port"),
        ("stime", "a time"),
        ("ltime", "a time"),
    ],
    renames: &[],
    categories: &["proto", "service", "state"],
    absent_is_zero: &[],
    time: None,
    derived: None,
    remarks: &[DASH_SERVICE],
};

pub(super) const LABEL: LayoutLabel = LayoutLabel {
    families: &["attack_cat"],
    binary: &["label"],
    benign: "Normal",
    tidy,
    blank_is_benign: true,
};

pub(super) const DASH_SERVICE: Remark = Remark {
    column: "service",
    code: "dash-service",
    text: "`-` in `service` means that no service was recognised; it is kept as a value of its own",
};

/// The publisher writes ` Fuzzers`, ` Fuzzers `, `Backdoor` as well as `Backdoors`; some copies
/// have numbers instead.
pub(super) fn tidy(cell: &str) -> Cow<'_, str> {
    let cell = cell.trim();
    match cell {
        "" | "0" => Cow::Borrowed("Normal"),
        _ if cell.eq_ignore_ascii_case("normal") => Cow::Borrowed("Normal"),
        _ if cell.eq_ignore_ascii_case("backdoors") => Cow::Borrowed("Backdoor"),
        _ if cell.bytes().all(|byte| byte.is_ascii_digit()) => {
            Cow::Owned(format!("category {cell}"))
        }
        _ => Cow::Borrowed(cell),
    }
}
