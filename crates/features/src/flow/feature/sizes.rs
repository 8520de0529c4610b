//! How large packets are, over the flow and each way.

use tripline_core::flow::{Flow, Side};

use super::FlowFeature;
use super::spread::Spread;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Mean, deviation and range of frame lengths.
#[derive(Debug, Default)]
pub(crate) struct Sizes {
    ways: [Spread; 2],
}

impl FlowFeature for Sizes {
    fn columns() -> Vec<ColumnDoc> {
        const SENSORS: &str =
            "From sensors the mean alone, of IP packets where frames are not told.";
        const fn bytes(name: &'static str, text: &'static str) -> ColumnDoc {
            ColumnDoc::number(name, "bytes", text)
        }
        vec![
            bytes("size_mean", "Mean frame length on the wire with link header.").fidelity(SENSORS),
            bytes("size_std", "Population standard deviation of frame lengths."),
            bytes("size_min", "Shortest frame."),
            bytes("size_max", "Longest frame."),
            bytes("fwd_size_mean", "size_mean of the initiator's packets.").fidelity(SENSORS),
            bytes("fwd_size_std", "size_std of the initiator's packets."),
            bytes("fwd_size_min", "Shortest frame of the initiator."),
            bytes("fwd_size_max", "Longest frame of the initiator."),
            bytes("bwd_size_mean", "size_mean of the responder's packets.").fidelity(SENSORS),
            bytes("bwd_size_std", "size_std of the responder's packets."),
            bytes("bwd_size_min", "Shortest frame of the responder."),
            bytes("bwd_size_max", "Longest frame of the responder."),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self::default()
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        self.ways[step.direction as usize].push(u64::from(step.packet.link_bytes));
    }

    fn write(state: Option<&Self>, flow: &Flow, row: &mut Row) {
        let Some(Self { ways: [fwd, bwd] }) = state else {
            let both = Side {
                packets: flow.orig.packets + flow.resp.packets,
                link_bytes: flow.orig.link_bytes + flow.resp.link_bytes,
                ip_bytes: flow.orig.ip_bytes + flow.resp.ip_bytes,
                payload_bytes: 0,
            };
            for side in [&both, &flow.orig, &flow.resp] {
                row.maybe(mean(side));
                row.missing(3);
            }
            return;
        };
        for spread in [&fwd.with(bwd), fwd, bwd] {
            spread.summary().into_iter().for_each(|value| row.number(value));
        }
    }
}

fn mean(side: &Side) -> Option<f64> {
    let bytes = if side.link_bytes > 0 { side.link_bytes } else { side.ip_bytes };
    (side.packets > 0 && bytes > 0).then(|| bytes as f64 / side.packets as f64)
}
