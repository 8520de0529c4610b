//! Time to live and type of service.

use tripline_core::flow::Flow;

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Smallest and largest time to live of each way, with the first type of service.
#[derive(Debug)]
pub(crate) struct Ttl {
    ways: [Way; 2],
}

#[derive(Debug, Clone, Copy)]
struct Way {
    min: u8,
    max: u8,
    tos: u8,
}

impl FlowFeature for Ttl {
    fn columns() -> Vec<ColumnDoc> {
        const fn hops(name: &'static str, text: &'static str) -> ColumnDoc {
            ColumnDoc::number(name, "hops", text)
        }
        vec![
            hops(
                "fwd_ttl_min",
                "Smallest time to live (hop limit) of the initiator's packets; missing without one.",
            ),
            hops("fwd_ttl_max", "Largest time to live of the initiator's packets."),
            hops("bwd_ttl_min", "Smallest time to live of the responder's packets."),
            hops("bwd_ttl_max", "Largest time to live of the responder's packets."),
            ColumnDoc::number(
                "fwd_tos",
                "octet",
                "Type of service (traffic class) of the initiator's first packet.",
            ),
            ColumnDoc::number(
                "bwd_tos",
                "octet",
                "Type of service of the responder's first packet.",
            ),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self { ways: [Way { min: u8::MAX, max: 0, tos: 0 }; 2] }
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        let way = &mut self.ways[step.direction as usize];
        if step.core.endpoint(step.direction).side.packets == 0 {
            way.tos = step.packet.tos;
        }
        way.min = way.min.min(step.packet.ttl);
        way.max = way.max.max(step.packet.ttl);
    }

    fn write(state: Option<&Self>, _: &Flow, row: &mut Row) {
        let Some(Self { ways }) = state else {
            row.missing(6);
            return;
        };
        let known = |way: &Way, value: u8| (way.min <= way.max).then_some(f64::from(value));
        for way in ways {
            row.maybe(known(way, way.min));
            row.maybe(known(way, way.max));
        }
        for way in ways {
            row.maybe(known(way, way.tos));
        }
    }
}
