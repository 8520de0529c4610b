//! What packets carry: how much at a time, and how random.

use tripline_core::flow::Flow;

use super::FlowFeature;
use super::byte_counts::ByteCounts;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Byte values at the beginning of both ways, packets with payload, the most in one.
#[derive(Debug)]
pub(crate) struct Payload {
    bytes: ByteCounts,
    ways: [Way; 2],
}

#[derive(Debug, Clone, Copy, Default)]
struct Way {
    /// Bytes whose values were counted.
    counted: u32,
    packets: u32,
    largest: u32,
}

impl FlowFeature for Payload {
    fn columns() -> Vec<ColumnDoc> {
        vec![
            ColumnDoc::number(
                "payload_entropy",
                "bits",
                "Shannon entropy of the byte values of the first 4,096 captured payload bytes of \
                 each direction, both counted together, packets in capture order with \
                 retransmissions; missing without a byte. The setting entropy_bytes changes 4,096; 0 \
                 is all, to 4 GiB each way.",
            ),
            ColumnDoc::number(
                "fwd_data_packets",
                "packets",
                "Packets of the initiator with payload, by their headers.",
            ),
            ColumnDoc::number(
                "bwd_data_packets",
                "packets",
                "Packets of the responder with payload.",
            ),
            ColumnDoc::number(
                "fwd_payload_max",
                "bytes",
                "Most payload in a packet of the initiator.",
            ),
            ColumnDoc::number(
                "bwd_payload_max",
                "bytes",
                "Most payload in a packet of the responder.",
            ),
        ]
    }

    fn on_init(_: &Step) -> Self {
        Self { bytes: ByteCounts::new(), ways: [Way::default(); 2] }
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        if step.packet.payload_bytes == 0 {
            return;
        }
        let way = &mut self.ways[step.direction as usize];
        way.packets = way.packets.saturating_add(1);
        way.largest = way.largest.max(step.packet.payload_bytes);
        let limit = match step.settings.entropy_bytes {
            0 => u32::MAX,
            limit => limit,
        };
        let take = step.payload.len().min((limit - way.counted) as usize);
        if take > 0 {
            way.counted += take as u32;
            self.bytes.push(&step.payload[..take]);
        }
    }

    fn write(state: Option<&Self>, _: &Flow, row: &mut Row) {
        let Some(Self { bytes, ways: [fwd, bwd] }) = state else {
            row.missing(5);
            return;
        };
        row.number(bytes.entropy());
        row.count(u64::from(fwd.packets));
        row.count(u64::from(bwd.packets));
        row.count(u64::from(fwd.largest));
        row.count(u64::from(bwd.largest));
    }

    fn heap_bytes(&self) -> usize {
        self.bytes.heap_bytes()
    }
}
