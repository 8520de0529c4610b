//! Windows that TCP advertised.

use tripline_core::flow::Flow;
use tripline_core::packet::{protocol, tcp_flags};

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// First, smallest, largest window of each way, and how often it was shut.
#[derive(Debug, Default)]
pub(crate) struct TcpWindows {
    ways: [Windows; 2],
}

#[derive(Debug, Clone, Copy, Default)]
struct Windows {
    first: u16,
    min: u16,
    max: u16,
    zero: u16,
    seen: bool,
}

impl FlowFeature for TcpWindows {
    fn columns() -> Vec<ColumnDoc> {
        const fn bytes(name: &'static str, text: &'static str) -> ColumnDoc {
            ColumnDoc::number(name, "bytes", text)
        }
        vec![
            bytes(
                "fwd_window_first",
                "Window in the header of the initiator's first TCP segment, not scaled; missing \
                 without one, as all that follow.",
            ),
            bytes("fwd_window_min", "Smallest window of the initiator, not scaled, without RST."),
            bytes("fwd_window_max", "Largest window of the initiator, not scaled, without RST."),
            bytes("bwd_window_first", "Window of the responder's first TCP segment, not scaled."),
            bytes("bwd_window_min", "Smallest window of the responder, not scaled, without RST."),
            bytes("bwd_window_max", "Largest window of the responder, not scaled, without RST."),
            ColumnDoc::number(
                "fwd_zero_windows",
                "packets",
                "Segments of the initiator with a window of 0 and without RST, to 65,535.",
            ),
            ColumnDoc::number(
                "bwd_zero_windows",
                "packets",
                "Segments of the responder with a window of 0 and without RST, to 65,535.",
            ),
        ]
    }

    fn on_init(_: &Step) -> Self {
        let none = Windows { min: u16::MAX, ..Windows::default() };
        Self { ways: [none; 2] }
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        if step.packet.protocol != protocol::TCP {
            return;
        }
        let window = step.packet.tcp.window;
        let way = &mut self.ways[step.direction as usize];
        if !way.seen {
            way.seen = true;
            way.first = window;
        }
        if step.packet.tcp.flags & tcp_flags::RST == 0 {
            way.min = way.min.min(window);
            way.max = way.max.max(window);
            way.zero = way.zero.saturating_add(u16::from(window == 0));
        }
    }

    fn write(state: Option<&Self>, _: &Flow, row: &mut Row) {
        let Some(Self { ways }) = state else {
            row.missing(8);
            return;
        };
        for way in ways {
            row.maybe(way.seen.then_some(f64::from(way.first)));
            let any = way.min <= way.max;
            row.maybe(any.then_some(f64::from(way.min)));
            row.maybe(any.then_some(f64::from(way.max)));
        }
        for way in ways {
            row.maybe(way.seen.then_some(f64::from(way.zero)));
        }
    }
}
