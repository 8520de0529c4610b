//! The first packets of a flow one by one.

use tripline_core::flow::{Direction, Flow};

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Packets kept.
const FIRST: usize = 8;

/// Sizes, directions and gaps of the first packets.
#[derive(Debug, Default)]
pub(crate) struct FirstPackets {
    /// Frame lengths; those of the responder are negative.
    sizes: [i32; FIRST],
    /// Nanoseconds behind the packet before, from the second packet on.
    gaps: [u64; FIRST - 1],
    count: u8,
}

impl FlowFeature for FirstPackets {
    fn columns() -> Vec<ColumnDoc> {
        const SIZES: [&str; FIRST] = [
            "first_size_1",
            "first_size_2",
            "first_size_3",
            "first_size_4",
            "first_size_5",
            "first_size_6",
            "first_size_7",
            "first_size_8",
        ];
        const GAPS: [&str; FIRST - 1] = [
            "first_gap_2",
            "first_gap_3",
            "first_gap_4",
            "first_gap_5",
            "first_gap_6",
            "first_gap_7",
            "first_gap_8",
        ];
        let size = "Frame length of the packet of that number in the flow, negative if the \
                    responder sent it; missing if there is no such packet.";
        let gap = "Time of the packet of that number less the latest time before it, 0 if it is \
                   earlier; missing if there is no such packet.";
        let sizes = SIZES.map(|name| ColumnDoc::number(name, "bytes", size));
        let gaps = GAPS.map(|name| ColumnDoc::number(name, "s", gap));
        sizes.into_iter().chain(gaps).collect()
    }

    fn on_init(_: &Step) -> Self {
        Self::default()
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        let position = usize::from(self.count);
        if position >= FIRST {
            return;
        }
        let size = step.packet.link_bytes.min(i32::MAX as u32) as i32;
        self.sizes[position] = if step.direction == Direction::Orig { size } else { -size };
        if let Some(gap) = position.checked_sub(1).and_then(|gap| self.gaps.get_mut(gap)) {
            *gap = step.packet.time_ns.saturating_sub(step.core.last_ns).max(0) as u64;
        }
        self.count += 1;
    }

    fn write(state: Option<&Self>, _: &Flow, row: &mut Row) {
        let Some(state) = state else {
            row.missing(2 * FIRST - 1);
            return;
        };
        let count = usize::from(state.count);
        state.sizes[..count].iter().for_each(|&size| row.number(f64::from(size)));
        row.missing(FIRST - count);
        let gaps = &state.gaps[..count.saturating_sub(1)];
        gaps.iter().for_each(|&gap| row.number(gap as f64 / 1e9));
        row.missing(FIRST - 1 - gaps.len());
    }
}
