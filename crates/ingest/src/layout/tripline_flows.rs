//! Flows as `tripline flows` writes them: who each flow is, then the columns of a feature set.

use super::{Layout, LayoutLabel, LayoutTime, trimmed};

/// Why a column that says who a flow is is no feature.
const IDENTITY: &str = "it says which flow this is";

pub(super) static LAYOUT: Layout = Layout {
    id: "tripline-flows",
    name: "Tripline flows",
    citation: "made by `tripline flows`",
    columns: &["label"],
    signature: &["flow_start", "flow_end", "flow_src", "flow_dst", "flow_community_id"],
    headless: None,
    label: LayoutLabel {
        families: &["label"],
        binary: &[],
        benign: "normal",
        tidy: trimmed,
        blank_is_benign: false,
    },
    never: &[
        ("flow_start", "a time"),
        ("flow_end", "a time"),
        ("flow_src", IDENTITY),
        ("flow_src_port", IDENTITY),
        ("flow_dst", IDENTITY),
        ("flow_dst_port", IDENTITY),
        ("flow_protocol", IDENTITY),
        ("flow_vlan", IDENTITY),
        ("flow_community_id", IDENTITY),
        ("flow_uid", IDENTITY),
        ("flow_sensor", "it says who told"),
        ("flow_ended", "it says why the flow was told"),
        ("flow_state", "the set has it as a feature"),
        ("flow_history", IDENTITY),
        ("flow_service", "the set has it as a feature"),
        ("flow_tunnel", IDENTITY),
        ("flow_tls_sni", IDENTITY),
        ("flow_ja3", IDENTITY),
        ("flow_ja4", IDENTITY),
        ("flow_dns_query", IDENTITY),
        ("flow_http_method", IDENTITY),
        ("flow_http_host", IDENTITY),
        ("flow_http_uri", IDENTITY),
        ("flow_http_user_agent", IDENTITY),
        ("flow_ssh_client", IDENTITY),
        ("flow_ssh_server", IDENTITY),
        ("flow_alerts", "the judgement of another detector"),
    ],
    renames: &[],
    categories: &[],
    absent_is_zero: &[],
    time: Some(LayoutTime { column: "flow_end", day_first: false, duration: None }),
    derived: None,
    remarks: &[],
};
