//! What was odd in the headers of a flow's packets.

use tripline_core::flow::Flow;
use tripline_core::packet::Anomalies;

use super::FlowFeature;
use crate::flow::column::ColumnDoc;
use crate::flow::row::Row;
use crate::flow::step::Step;

/// Packets with each kind of anomaly; most flows have none.
#[derive(Debug, Default)]
pub(crate) struct HeaderAnomalies {
    packets: u32,
    kinds: Option<Box<[u32; Anomalies::KINDS]>>,
}

impl FlowFeature for HeaderAnomalies {
    fn columns() -> Vec<ColumnDoc> {
        const KINDS: [(&str, &str); Anomalies::KINDS] = [
            ("bad_ip_checksum", "Packets with a wrong IPv4 header checksum."),
            ("bad_ip_length", "Packets whose IP length exceeds what was on the wire."),
            ("source_routed", "Packets with IPv4 source routing or an IPv6 routing header."),
            ("ip_reserved_flag", "Packets with the reserved IPv4 flag."),
            ("fragmented", "Packets that came in fragments."),
            ("fragment_overlap", "Packets whose fragments overlapped or are too many bytes."),
            ("tcp_null", "TCP segments without any flag."),
            (
                "tcp_bad_flags",
                "TCP segments with SYN and FIN or RST, or FIN, PSH, URG without ACK.",
            ),
            ("tcp_bad_offset", "TCP segments whose data offset is impossible."),
            ("tcp_bad_urgent", "TCP segments whose urgent flag and pointer disagree."),
            ("syn_payload", "TCP segments with SYN and payload."),
            ("bad_udp_length", "UDP datagrams whose length differs from what IP carries."),
            ("bad_endpoint", "Packets to their own sender, or from port 0 of TCP or UDP."),
            ("low_ttl", "Packets with a time to live of 0 or 1."),
            ("cut", "Packets whose captured bytes end before the headers say."),
        ];
        let all = ColumnDoc::number(
            "anomalous_packets",
            "packets",
            "Packets with at least one of the anomalies of the columns that follow.",
        );
        let kinds = KINDS.map(|(name, text)| ColumnDoc::number(name, "packets", text));
        // How a capture was cut says nothing of the traffic.
        let kinds =
            kinds.map(|column| if column.name == "cut" { column.not_in_models() } else { column });
        std::iter::once(all).chain(kinds).collect()
    }

    fn on_init(_: &Step) -> Self {
        Self::default()
    }

    #[inline]
    fn on_update(&mut self, step: &Step) {
        let Anomalies(kinds) = step.packet.anomalies;
        if kinds != 0 {
            self.count(kinds);
        }
    }

    fn write(state: Option<&Self>, _: &Flow, row: &mut Row) {
        let Some(state) = state else {
            row.missing(1 + Anomalies::KINDS);
            return;
        };
        row.count(u64::from(state.packets));
        for kind in 0..Anomalies::KINDS {
            row.count(state.kinds.as_ref().map_or(0, |counts| u64::from(counts[kind])));
        }
    }

    fn heap_bytes(&self) -> usize {
        if self.kinds.is_some() { size_of::<[u32; Anomalies::KINDS]>() } else { 0 }
    }
}

impl HeaderAnomalies {
    #[cold]
    fn count(&mut self, kinds: u16) {
        self.packets = self.packets.saturating_add(1);
        let counts = self.kinds.get_or_insert_default();
        for (kind, count) in counts.iter_mut().enumerate() {
            if kinds >> kind & 1 == 1 {
                *count = count.saturating_add(1);
            }
        }
    }
}
