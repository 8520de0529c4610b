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
    counts: Option<Box<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    packets: u32,
    kinds: [u32; Anomalies::KINDS],
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
            (
                "bad_endpoint",
                "TCP or UDP packets from the address and port that they go to, or from port 0.",
            ),
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
        let none = Counts::default();
        let counts = state.counts.as_deref().unwrap_or(&none);
        row.count(u64::from(counts.packets));
        counts.kinds.iter().for_each(|&count| row.count(u64::from(count)));
    }

    fn heap_bytes(&self) -> usize {
        if self.counts.is_some() { size_of::<Counts>() } else { 0 }
    }
}

impl HeaderAnomalies {
    #[cold]
    fn count(&mut self, kinds: u16) {
        let counts = self.counts.get_or_insert_default();
        counts.packets = counts.packets.saturating_add(1);
        for (kind, count) in counts.kinds.iter_mut().enumerate() {
            if kinds >> kind & 1 == 1 {
                *count = count.saturating_add(1);
            }
        }
    }
}
