//! TCP segments that were sent again, came late, or are missing.

use tripline_core::flow::Flow;
use tripline_core::packet::protocol;

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::{SegmentKind, Step};

/// Counts of segments that are not in order, each way.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    ways: [[u32; 3]; 2],
}

impl FlowFeature for Segments {
    fn columns() -> Vec<ColumnDoc> {
        const fn packets(name: &'static str, text: &'static str) -> ColumnDoc {
            ColumnDoc::number(name, "packets", text)
        }
        vec![
            packets(
                "fwd_retransmissions",
                "Segments of the initiator whose whole sequence space (payload, SYN, FIN) lies \
                 before the highest it sent, and that fill no gap; missing unless TCP, as all \
                 that follow.",
            ),
            packets(
                "fwd_out_of_order",
                "Segments of the initiator that begin before the highest number it sent and fill \
                 (part of) one of its last 8 gaps.",
            ),
            packets(
                "fwd_gaps",
                "Segments of the initiator that begin behind the highest number it sent.",
            ),
            packets("bwd_retransmissions", "fwd_retransmissions of the responder."),
            packets("bwd_out_of_order", "fwd_out_of_order of the responder."),
            packets("bwd_gaps", "fwd_gaps of the responder."),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self::default()
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        let kind = match step.segment {
            SegmentKind::InOrder => return,
            SegmentKind::Retransmission => 0,
            SegmentKind::OutOfOrder => 1,
            SegmentKind::Gap => 2,
        };
        let count = &mut self.ways[step.direction as usize][kind];
        *count = count.saturating_add(1);
    }

    fn write(state: Option<&Self>, flow: &Flow, row: &mut Row) {
        match state.filter(|_| flow.key.protocol == protocol::TCP) {
            Some(Self { ways }) => {
                ways.as_flattened().iter().for_each(|&count| row.count(u64::from(count)));
            }
            None => row.missing(6),
        }
    }
}
