//! How long packets wait for one another, over the flow and each way.

use tripline_core::flow::Flow;

use super::FlowFeature;
use super::spread::Spread;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Mean, deviation and range of the times between packets.
#[derive(Debug, Default)]
pub(crate) struct Interarrival {
    all: Spread,
    ways: [Spread; 2],
}

const NANOSECONDS: f64 = 1e9;

impl FlowFeature for Interarrival {
    fn columns() -> Vec<ColumnDoc> {
        const fn seconds(name: &'static str, text: &'static str) -> ColumnDoc {
            ColumnDoc::number(name, "s", text)
        }
        vec![
            seconds(
                "iat_mean",
                "Mean time between packets: each packet's time less the latest time before it, \
                 0 if it is earlier; missing under two packets.",
            )
            .fidelity("From sensors duration / (packet_count - 1)."),
            seconds("iat_std", "Population standard deviation of those times."),
            seconds("iat_min", "Shortest of those times."),
            seconds("iat_max", "Longest of those times."),
            seconds(
                "fwd_iat_mean",
                "Mean time between packets of the initiator: each one's time less that of its \
                 packet before, 0 if it is earlier; missing under two.",
            ),
            seconds("fwd_iat_std", "Population standard deviation of those times."),
            seconds("fwd_iat_min", "Shortest of those times."),
            seconds("fwd_iat_max", "Longest of those times."),
            seconds("bwd_iat_mean", "The same as fwd_iat_mean for the responder."),
            seconds("bwd_iat_std", "Population standard deviation of those times."),
            seconds("bwd_iat_min", "Shortest of those times."),
            seconds("bwd_iat_max", "Longest of those times."),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self::default()
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        let since = |before_ns: i64| step.packet.time_ns.saturating_sub(before_ns).max(0) as u64;
        if step.core.packets() > 0 {
            self.all.push(since(step.core.last_ns));
        }
        let own = step.core.endpoint(step.direction);
        if own.side.packets > 0 {
            self.ways[step.direction as usize].push(since(own.last_ns));
        }
    }

    fn write(state: Option<&Self>, flow: &Flow, row: &mut Row) {
        let Some(Self { all, ways: [fwd, bwd] }) = state else {
            let packets = flow.orig.packets + flow.resp.packets;
            row.maybe((packets > 1).then(|| flow.duration_s() / (packets - 1) as f64));
            row.missing(11);
            return;
        };
        for spread in [all, fwd, bwd] {
            spread.summary().into_iter().for_each(|value| row.number(value / NANOSECONDS));
        }
    }
}
