//! What packets carry: how much at a time, and how random.

use tripline_core::flow::Flow;

use super::FlowFeature;
use super::byte_counts::ByteCounts;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Payload of each way: its byte values at the beginning, packets with it, the most in one.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    ways: [Way; 2],
}

#[derive(Debug, Default)]
struct Way {
    bytes: Option<Box<ByteCounts>>,
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
                 retransmissions; missing without a byte. The setting entropy_bytes changes 4,096.",
            ),
            ColumnDoc::number(
                "fwd_payload_entropy",
                "bits",
                "payload_entropy of the initiator's bytes alone.",
            ),
            ColumnDoc::number(
                "bwd_payload_entropy",
                "bits",
                "payload_entropy of the responder's bytes alone.",
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
        Self::default()
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        if step.packet.payload_bytes == 0 {
            return;
        }
        let way = &mut self.ways[step.direction as usize];
        way.packets = way.packets.saturating_add(1);
        way.largest = way.largest.max(step.packet.payload_bytes);
        way.count(step.payload, step.settings.entropy_bytes);
    }

    fn write(state: Option<&Self>, _: &Flow, row: &mut Row) {
        let Some(Self { ways: [fwd, bwd] }) = state else {
            row.missing(7);
            return;
        };
        let counts = [fwd, bwd].map(|way| way.bytes.as_deref());
        let [fwd_entropy, bwd_entropy] = counts.map(ByteCounts::entropy);
        row.number(match counts {
            [Some(_), Some(_)] => ByteCounts::entropy(counts.into_iter().flatten()),
            [Some(_), None] => fwd_entropy,
            _ => bwd_entropy,
        });
        row.number(fwd_entropy);
        row.number(bwd_entropy);
        row.count(u64::from(fwd.packets));
        row.count(u64::from(bwd.packets));
        row.count(u64::from(fwd.largest));
        row.count(u64::from(bwd.largest));
    }

    fn heap_bytes(&self) -> usize {
        let bytes = self.ways.iter().filter_map(|way| way.bytes.as_deref());
        bytes.map(|bytes| size_of::<ByteCounts>() + bytes.heap_bytes()).sum()
    }
}

impl Way {
    fn count(&mut self, payload: &[u8], limit: u32) {
        if payload.is_empty() {
            return;
        }
        let counted = self.bytes.as_ref().map_or(0, |bytes| bytes.total());
        let room = match limit {
            // Counting goes on for ever; carries are bounded all the same.
            0 => MOST.saturating_sub(counted),
            limit => u64::from(limit).saturating_sub(counted),
        };
        let take = (payload.len() as u64).min(room) as usize;
        if take > 0 {
            self.bytes.get_or_insert_with(|| Box::new(ByteCounts::new())).push(&payload[..take]);
        }
    }
}

/// Payload bytes counted when all are asked for; their carries take 16 MiB.
const MOST: u64 = 1 << 32;
