//! Numbers that a sensor may tell, kept where their sums and differences cannot overflow.

use tripline_core::flow::{Flow, Side};

/// The largest count: what a float holds exactly, and more than any link carries in a flow.
const MAX_COUNT: u64 = 1 << 53;
/// The latest time, in nanoseconds since 1970: of the year 2116.
const MAX_TIME_NS: i64 = 1 << 62;

/// Puts what is out of bounds at the nearest bound.
pub(crate) fn keep(flow: &mut Flow) {
    flow.start_ns = flow.start_ns.clamp(0, MAX_TIME_NS);
    flow.end_ns = flow.end_ns.clamp(flow.start_ns, MAX_TIME_NS);
    for side in [&mut flow.orig, &mut flow.resp] {
        let Side { packets, link_bytes, ip_bytes, payload_bytes } = side;
        for count in [packets, link_bytes, ip_bytes, payload_bytes] {
            *count = (*count).min(MAX_COUNT);
        }
    }
    let Some(app) = &mut flow.app else { return };
    if let Some(http) = &mut app.http {
        http.request_body_bytes = http.request_body_bytes.min(MAX_COUNT);
        http.response_body_bytes = http.response_body_bytes.min(MAX_COUNT);
    }
    if let Some(files) = &mut app.files {
        files.bytes = files.bytes.min(MAX_COUNT);
    }
}
