//! How much went each way, and how fast.

use tripline_core::flow::{Flow, Side};

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Shortest duration that rates are divided by, in seconds: that of the source of these columns.
const SHORTEST_S: f64 = 0.001;

/// Packets, bytes, rates and ratios, all from the flow itself.
#[derive(Debug)]
pub(crate) struct Totals;

impl FlowFeature for Totals {
    fn columns() -> Vec<ColumnDoc> {
        const SENSORS: &str = "Bytes of IP packets where a sensor does not tell those of frames.";
        const fn number(name: &'static str, unit: &'static str, text: &'static str) -> ColumnDoc {
            ColumnDoc::number(name, unit, text)
        }
        vec![
            number("packet_count", "packets", "Packets of both directions."),
            number("total_bytes", "bytes", "Sum of frame lengths on the wire with link headers.")
                .fidelity(SENSORS),
            number("duration", "s", "Latest packet time less the time of the first packet."),
            number("packets_per_second", "1/s", "packet_count / max(duration, 0.001)."),
            number("bytes_per_second", "bytes/s", "total_bytes / max(duration, 0.001).")
                .fidelity(SENSORS),
            number("fwd_packets", "packets", "Packets of the initiator."),
            number("bwd_packets", "packets", "Packets of the responder."),
            number("fwd_bytes", "bytes", "Frame lengths of the initiator's packets.")
                .fidelity(SENSORS),
            number("bwd_bytes", "bytes", "Frame lengths of the responder's packets.")
                .fidelity(SENSORS),
            number("fwd_payload_bytes", "bytes", "Transport payload of the initiator."),
            number("bwd_payload_bytes", "bytes", "Transport payload of the responder."),
            number(
                "fwd_header_bytes",
                "bytes",
                "IP packet lengths of the initiator less its transport payload.",
            ),
            number(
                "bwd_header_bytes",
                "bytes",
                "IP packet lengths of the responder less its transport payload.",
            ),
            number("forward_ratio", "1", "fwd_packets / packet_count."),
            number("backward_ratio", "1", "bwd_packets / packet_count."),
            number(
                "down_up_packet_ratio",
                "1",
                "bwd_packets / fwd_packets; missing without the latter.",
            ),
            number(
                "down_up_payload_ratio",
                "1",
                "bwd_payload_bytes / fwd_payload_bytes; missing without the latter.",
            ),
            number("fwd_packets_per_second", "1/s", "fwd_packets / max(duration, 0.001)."),
            number("bwd_packets_per_second", "1/s", "bwd_packets / max(duration, 0.001)."),
            number(
                "fwd_payload_mean",
                "bytes",
                "fwd_payload_bytes / fwd_packets; missing without the latter.",
            ),
            number(
                "bwd_payload_mean",
                "bytes",
                "bwd_payload_bytes / bwd_packets; missing without the latter.",
            ),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self
    }

    #[inline]
    fn on_update(&mut self, _: &Step) {}

    fn write(_: Option<&Self>, flow: &Flow, row: &mut Row) {
        let (fwd, bwd) = (&flow.orig, &flow.resp);
        let packets = (fwd.packets + bwd.packets) as f64;
        let bytes = (size(fwd) + size(bwd)) as f64;
        let duration = flow.duration_s();
        let seconds = duration.max(SHORTEST_S);
        row.number(packets);
        row.number(bytes);
        row.number(duration);
        row.number(packets / seconds);
        row.number(bytes / seconds);
        row.count(fwd.packets);
        row.count(bwd.packets);
        row.count(size(fwd));
        row.count(size(bwd));
        row.count(fwd.payload_bytes);
        row.count(bwd.payload_bytes);
        row.maybe(headers(fwd));
        row.maybe(headers(bwd));
        row.number(ratio(fwd.packets, fwd.packets + bwd.packets));
        row.number(ratio(bwd.packets, fwd.packets + bwd.packets));
        row.number(ratio(bwd.packets, fwd.packets));
        row.number(ratio(bwd.payload_bytes, fwd.payload_bytes));
        row.number(fwd.packets as f64 / seconds);
        row.number(bwd.packets as f64 / seconds);
        row.number(ratio(fwd.payload_bytes, fwd.packets));
        row.number(ratio(bwd.payload_bytes, bwd.packets));
    }
}

/// Bytes of frames, or of IP packets where a sensor tells no more.
fn size(side: &Side) -> u64 {
    if side.link_bytes > 0 { side.link_bytes } else { side.ip_bytes }
}

fn headers(side: &Side) -> Option<f64> {
    let known = side.packets == 0 || side.ip_bytes > 0;
    known.then(|| side.ip_bytes.saturating_sub(side.payload_bytes) as f64)
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { f64::NAN } else { part as f64 / whole as f64 }
}
