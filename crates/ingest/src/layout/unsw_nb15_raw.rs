//! UNSW-NB15, the raw form of 49 columns.

use super::unsw_nb15::{DASH_SERVICE, LABEL};
use super::{Derived, Layout, LayoutTime, Remark};

pub(super) static LAYOUT: Layout = Layout {
    id: "unsw-nb15-raw",
    name: "UNSW-NB15 raw",
    citation: "Moustafa & Slay 2015, UNSW-NB15: a comprehensive data set for network intrusion \
               detection systems, MilCIS",
    columns: &[
        "srcip",
        "sport",
        "dstip",
        "dsport",
        "proto",
        "state",
        "dur",
        "sbytes",
        "dbytes",
        "sttl",
        "dttl",
        "sloss",
        "dloss",
        "service",
        "sload",
        "dload",
        "spkts",
        "dpkts",
        "swin",
        "dwin",
        "stcpb",
        "dtcpb",
        "smean",
        "dmean",
        "trans_depth",
        "response_body_len",
        "sjit",
        "djit",
        "stime",
        "ltime",
        "sinpkt",
        "dinpkt",
        "tcprtt",
        "synack",
        "ackdat",
        "is_sm_ips_ports",
        "ct_state_ttl",
        "ct_flw_http_mthd",
        "is_ftp_login",
        "ct_ftp_cmd",
        "ct_srv_src",
        "ct_srv_dst",
        "ct_dst_ltm",
        "ct_src_ltm",
        "ct_src_dport_ltm",
        "ct_dst_sport_ltm",
        "ct_dst_src_ltm",
        "attack_cat",
        "label",
    ],
    signature: &["sintpkt", "smeansz", "ct_state_ttl", "ct_srv_src"],
    headless: Some(headless),
    label: LABEL,
    never: &[
        ("srcip", "an address"),
        ("sport", "a port"),
        ("dstip", "an address"),
        ("dsport", "a port"),
        ("stime", "a time"),
        ("ltime", "a time"),
    ],
    // The names of features.csv to those of the partition, so that a model trained on the one
    // scores the other.
    renames: &[
        ("sintpkt", "sinpkt"),
        ("dintpkt", "dinpkt"),
        ("smeansz", "smean"),
        ("dmeansz", "dmean"),
        ("res_bdy_len", "response_body_len"),
    ],
    categories: &["proto", "service", "state"],
    absent_is_zero: &["ct_flw_http_mthd", "is_ftp_login", "ct_ftp_cmd"],
    time: Some(LayoutTime { column: "ltime", day_first: false, duration: None }),
    derived: Some(Derived {
        column: "rate",
        from: &["spkts", "dpkts", "dur"],
        compute: rate,
        // Measured on the published file of 82,332 rows.
        doc: "`rate` is not in the raw form; it is computed as (spkts + dpkts - 1) / dur, 0 where \
              dur is 0, which gives the partition's own value in 98.4 % of its rows to 4 digits",
    }),
    remarks: &[
        DASH_SERVICE,
        Remark {
            column: "ct_ftp_cmd",
            code: "absent-is-zero",
            text: "an empty or negative cell of `ct_flw_http_mthd`, `is_ftp_login` or \
                   `ct_ftp_cmd` is read as 0, which the partition has in its place",
        },
    ],
};

fn rate(values: &[f64]) -> f64 {
    let [packets, replies, duration] = *values else { return f64::NAN };
    // A float keeps the sign of a zero duration; neither zero divides.
    if duration == 0.0 { 0.0 } else { (packets + replies - 1.0) / duration }
}

/// 49 cells: two addresses among them, 0 or 1 at the end.
fn headless(records: &[Vec<&[u8]>]) -> bool {
    !records.is_empty()
        && records.iter().all(|cells| {
            cells.len() == 49
                && is_address(cells[0])
                && is_address(cells[2])
                && matches!(cells[48].trim_ascii(), b"0" | b"1")
        })
}

fn is_address(cell: &[u8]) -> bool {
    std::str::from_utf8(cell).is_ok_and(|text| text.trim().parse::<std::net::IpAddr>().is_ok())
}
