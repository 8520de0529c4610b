//! The columns of CICFlowMeter under the names of both published data sets.

use crate::flow::column::ColumnDoc;

/// With the names of CIC-IDS2017.
pub(super) fn first() -> Vec<ColumnDoc> {
    with_protocol(COLUMNS.iter().map(|both| both.column).collect())
}

/// With the names of CSE-CIC-IDS2018, which has no column twice.
pub(super) fn later() -> Vec<ColumnDoc> {
    let later = COLUMNS.iter().filter(|both| !both.later.is_empty());
    with_protocol(later.map(|both| ColumnDoc { name: both.later, ..both.column }).collect())
}

/// The protocol stands behind the port.
fn with_protocol(mut columns: Vec<ColumnDoc>) -> Vec<ColumnDoc> {
    columns.insert(1, PROTOCOL);
    columns
}

/// The protocols that `Protocol` names.
pub(super) const PROTOCOLS: &[&str] = &["0", "1", "6", "17", "58", "132"];

const PROTOCOL: ColumnDoc = ColumnDoc::category(
    "Protocol",
    PROTOCOLS,
    "IANA number of the protocol: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6, 132 SCTP, 0 for all others.",
)
.fidelity("The original tells TCP and UDP; all others are 0.");

/// A column under both names; the later one is empty where the later set lacks it.
#[derive(Debug, Clone, Copy)]
struct Both {
    column: ColumnDoc,
    later: &'static str,
}

const fn both(
    first: &'static str,
    later: &'static str,
    unit: &'static str,
    definition: &'static str,
) -> Both {
    Both { column: ColumnDoc::number(first, unit, definition), later }
}

impl Both {
    const fn fidelity(self, fidelity: &'static str) -> Self {
        Self { column: self.column.fidelity(fidelity), ..self }
    }

    const fn not_in_models(self) -> Self {
        Self { column: self.column.not_in_models(), ..self }
    }
}

const DIVISION: &str = "The original divides traffic into other flows: one FIN ends a flow there, \
    what follows is a flow of its own, a RST ends none; a flow ends 120 s after its start.";

const PADDED: &str = "The original counts the padding of short Ethernet frames as payload.";

const INFINITE: &str = "The original writes Infinity or NaN if the duration is 0.";

const FIRST_TWICE: &str = "The original counts the first packet twice, and the padding of short \
    Ethernet frames as payload.";

const FIRST_FLAG: &str = "The original looks at the first packet of a flow alone, so that it is 0 \
    or 1.";

const FLAG_ORDER: &str = "The tool of CIC-IDS2017 wrote the eight counts in the order of a hash \
    table, another than that of their names; none is above 1 in its files.";

const WHOLE_NUMBER: &str = "The original divides whole numbers, and drops the rest.";

const BULK: &str = "The original takes all packets for the responder's, since it compares addresses \
    by their place in memory, and drops the rest of each division.";

const SUBFLOW: &str = "The original takes the time before in seconds from the time now in \
    microseconds, so that each packet is a subflow, and drops the rest of each division.";

const LAST_WINDOW: &str = "The original holds the window of the responder's last packet.";

const NOT_FIRST: &str = "The original leaves out the first packet.";

const ACTIVE: &str = "In the published data some are absolute times since 1970.";

/// In the order of CIC-IDS2017.
#[rustfmt::skip]
const COLUMNS: &[Both] = &[
    both(
        "Destination Port", "Dst Port", "1",
        "Port of the responder; ICMP: type of the answer, or code.",
    )
    .fidelity("The same for TCP and UDP; the original writes 0 for ICMP. A port is no measure.")
    .not_in_models(),
    both(
        "Flow Duration", "Flow Duration", "µs",
        "Time from the first packet to the last.",
    )
    .fidelity(DIVISION),
    both("Total Fwd Packets", "Tot Fwd Pkts", "packets", "Packets of the initiator."),
    both("Total Backward Packets", "Tot Bwd Pkts", "packets", "Packets of the responder."),
    both(
        "Total Length of Fwd Packets", "TotLen Fwd Pkts", "bytes",
        "Payload bytes of the initiator's packets: what follows the TCP, UDP or ICMP header by \
         the lengths in the headers; for other protocols what follows the IP header.",
    )
    .fidelity(PADDED),
    both(
        "Total Length of Bwd Packets", "TotLen Bwd Pkts", "bytes",
        "Payload bytes of the responder's packets: what follows the TCP, UDP or ICMP header by \
         the lengths in the headers; for other protocols what follows the IP header.",
    )
    .fidelity(PADDED),
    both(
        "Fwd Packet Length Max", "Fwd Pkt Len Max", "bytes",
        "Greatest payload bytes of a packet of the initiator; 0 without packets.",
    )
    .fidelity(PADDED),
    both(
        "Fwd Packet Length Min", "Fwd Pkt Len Min", "bytes",
        "Least payload bytes of a packet of the initiator; 0 without packets.",
    )
    .fidelity(PADDED),
    both(
        "Fwd Packet Length Mean", "Fwd Pkt Len Mean", "bytes",
        "Mean payload bytes of a packet of the initiator; 0 without packets.",
    )
    .fidelity(PADDED),
    both(
        "Fwd Packet Length Std", "Fwd Pkt Len Std", "bytes",
        "Sample standard deviation (over n − 1) of the payload bytes of the initiator's \
         packets; 0 with fewer than two.",
    )
    .fidelity(PADDED),
    both(
        "Bwd Packet Length Max", "Bwd Pkt Len Max", "bytes",
        "Greatest payload bytes of a packet of the responder; 0 without packets.",
    )
    .fidelity(PADDED),
    both(
        "Bwd Packet Length Min", "Bwd Pkt Len Min", "bytes",
        "Least payload bytes of a packet of the responder; 0 without packets.",
    )
    .fidelity(PADDED),
    both(
        "Bwd Packet Length Mean", "Bwd Pkt Len Mean", "bytes",
        "Mean payload bytes of a packet of the responder; 0 without packets.",
    )
    .fidelity(PADDED),
    both(
        "Bwd Packet Length Std", "Bwd Pkt Len Std", "bytes",
        "Sample standard deviation (over n − 1) of the payload bytes of the responder's \
         packets; 0 with fewer than two.",
    )
    .fidelity(PADDED),
    both(
        "Flow Bytes/s", "Flow Byts/s", "bytes/s",
        "Payload bytes of both directions / duration in seconds; missing if the duration is 0.",
    )
    .fidelity(INFINITE),
    both(
        "Flow Packets/s", "Flow Pkts/s", "packets/s",
        "Packets of both directions / duration in seconds; missing if the duration is 0.",
    )
    .fidelity(INFINITE),
    both(
        "Flow IAT Mean", "Flow IAT Mean", "µs",
        "Mean of the gaps: times from a packet of the flow to the next, a step back in time \
         taken as 0; 0 with one packet.",
    ),
    both(
        "Flow IAT Std", "Flow IAT Std", "µs",
        "Sample standard deviation (over n − 1) of the gaps of `Flow IAT Mean`; 0 with fewer \
         than two gaps.",
    ),
    both(
        "Flow IAT Max", "Flow IAT Max", "µs",
        "Greatest of the gaps of `Flow IAT Mean`; 0 with one packet.",
    ),
    both(
        "Flow IAT Min", "Flow IAT Min", "µs",
        "Least of the gaps of `Flow IAT Mean`; 0 with one packet.",
    ),
    both(
        "Fwd IAT Total", "Fwd IAT Tot", "µs",
        "Sum of the gaps between consecutive packets of the initiator, a step back in time \
         taken as 0.",
    ),
    both(
        "Fwd IAT Mean", "Fwd IAT Mean", "µs",
        "Mean of the gaps of `Fwd IAT Total`; 0 without a gap.",
    ),
    both(
        "Fwd IAT Std", "Fwd IAT Std", "µs",
        "Sample standard deviation (over n − 1) of the gaps of `Fwd IAT Total`; 0 with fewer \
         than two gaps.",
    ),
    both(
        "Fwd IAT Max", "Fwd IAT Max", "µs",
        "Greatest of the gaps of `Fwd IAT Total`; 0 without a gap.",
    ),
    both(
        "Fwd IAT Min", "Fwd IAT Min", "µs",
        "Least of the gaps of `Fwd IAT Total`; 0 without a gap.",
    ),
    both(
        "Bwd IAT Total", "Bwd IAT Tot", "µs",
        "Sum of the gaps between consecutive packets of the responder, a step back in time \
         taken as 0.",
    ),
    both(
        "Bwd IAT Mean", "Bwd IAT Mean", "µs",
        "Mean of the gaps of `Bwd IAT Total`; 0 without a gap.",
    ),
    both(
        "Bwd IAT Std", "Bwd IAT Std", "µs",
        "Sample standard deviation (over n − 1) of the gaps of `Bwd IAT Total`; 0 with fewer \
         than two gaps.",
    ),
    both(
        "Bwd IAT Max", "Bwd IAT Max", "µs",
        "Greatest of the gaps of `Bwd IAT Total`; 0 without a gap.",
    ),
    both(
        "Bwd IAT Min", "Bwd IAT Min", "µs",
        "Least of the gaps of `Bwd IAT Total`; 0 without a gap.",
    ),
    both(
        "Fwd PSH Flags", "Fwd PSH Flags", "packets",
        "Packets of the initiator with PSH.",
    )
    .fidelity(FIRST_FLAG),
    both(
        "Bwd PSH Flags", "Bwd PSH Flags", "packets",
        "Packets of the responder with PSH.",
    )
    .fidelity(FIRST_FLAG),
    both(
        "Fwd URG Flags", "Fwd URG Flags", "packets",
        "Packets of the initiator with URG.",
    )
    .fidelity(FIRST_FLAG),
    both(
        "Bwd URG Flags", "Bwd URG Flags", "packets",
        "Packets of the responder with URG.",
    )
    .fidelity(FIRST_FLAG),
    both(
        "Fwd Header Length", "Fwd Header Len", "bytes",
        "Bytes of the transport headers of the initiator's packets: TCP with options, UDP 8, \
         ICMP 8, others 0.",
    ),
    both(
        "Bwd Header Length", "Bwd Header Len", "bytes",
        "Bytes of the transport headers of the responder's packets: TCP with options, UDP 8, \
         ICMP 8, others 0.",
    ),
    both(
        "Fwd Packets/s", "Fwd Pkts/s", "packets/s",
        "Packets of the initiator / duration in seconds; 0 if the duration is 0.",
    ),
    both(
        "Bwd Packets/s", "Bwd Pkts/s", "packets/s",
        "Packets of the responder / duration in seconds; 0 if the duration is 0.",
    ),
    both(
        "Min Packet Length", "Pkt Len Min", "bytes",
        "Least payload bytes of a packet of either direction.",
    )
    .fidelity(PADDED),
    both(
        "Max Packet Length", "Pkt Len Max", "bytes",
        "Greatest payload bytes of a packet of either direction.",
    )
    .fidelity(PADDED),
    both(
        "Packet Length Mean", "Pkt Len Mean", "bytes",
        "Mean payload bytes of the packets of both directions.",
    )
    .fidelity(FIRST_TWICE),
    both(
        "Packet Length Std", "Pkt Len Std", "bytes",
        "Sample standard deviation (over n − 1) of the payload bytes of the packets of both \
         directions; 0 with one packet.",
    )
    .fidelity(FIRST_TWICE),
    both(
        "Packet Length Variance", "Pkt Len Var", "bytes²",
        "Square of `Packet Length Std`.",
    )
    .fidelity(FIRST_TWICE),
    both(
        "FIN Flag Count", "FIN Flag Cnt", "packets",
        "Packets of both directions with FIN.",
    )
    .fidelity(FLAG_ORDER),
    both(
        "SYN Flag Count", "SYN Flag Cnt", "packets",
        "Packets of both directions with SYN.",
    )
    .fidelity(FLAG_ORDER),
    both(
        "RST Flag Count", "RST Flag Cnt", "packets",
        "Packets of both directions with RST.",
    )
    .fidelity(FLAG_ORDER),
    both(
        "PSH Flag Count", "PSH Flag Cnt", "packets",
        "Packets of both directions with PSH.",
    )
    .fidelity(FLAG_ORDER),
    both(
        "ACK Flag Count", "ACK Flag Cnt", "packets",
        "Packets of both directions with ACK.",
    )
    .fidelity(FLAG_ORDER),
    both(
        "URG Flag Count", "URG Flag Cnt", "packets",
        "Packets of both directions with URG.",
    )
    .fidelity(FLAG_ORDER),
    both(
        "CWE Flag Count", "CWE Flag Count", "packets",
        "Packets of both directions with CWR (RFC 3168); the name is a slip of the original.",
    )
    .fidelity(FLAG_ORDER),
    both(
        "ECE Flag Count", "ECE Flag Cnt", "packets",
        "Packets of both directions with ECE (RFC 3168).",
    )
    .fidelity(FLAG_ORDER),
    both(
        "Down/Up Ratio", "Down/Up Ratio", "1",
        "Packets of the responder / packets of the initiator; 0 without packets of the \
         initiator.",
    )
    .fidelity(WHOLE_NUMBER),
    both(
        "Average Packet Size", "Pkt Size Avg", "bytes",
        "Payload bytes of both directions / packets.",
    )
    .fidelity(FIRST_TWICE),
    both(
        "Avg Fwd Segment Size", "Fwd Seg Size Avg", "bytes",
        "As the mean of `Fwd Packet Length`: payload bytes of the initiator / its packets, 0 \
         without packets.",
    )
    .fidelity(PADDED),
    both(
        "Avg Bwd Segment Size", "Bwd Seg Size Avg", "bytes",
        "As the mean of `Bwd Packet Length`: payload bytes of the responder / its packets, 0 \
         without packets.",
    )
    .fidelity(PADDED),
    both(
        "Fwd Header Length.1", "", "bytes",
        "`Fwd Header Length` again, as the published header repeats it.",
    )
    .not_in_models(),
    both(
        "Fwd Avg Bytes/Bulk", "Fwd Byts/b Avg", "bytes",
        "A bulk is a run of four or more packets with payload of the initiator, none of them \
         more than 1 s behind the one before, no packet with payload of the responder between. \
         Payload bytes in bulks / bulks; 0 without a bulk.",
    )
    .fidelity(BULK),
    both(
        "Fwd Avg Packets/Bulk", "Fwd Pkts/b Avg", "packets",
        "Packets with payload in bulks / bulks; 0 without a bulk.",
    )
    .fidelity(BULK),
    both(
        "Fwd Avg Bulk Rate", "Fwd Blk Rate Avg", "bytes/s",
        "Payload bytes in bulks / sum of the times from first to last packet of each bulk; 0 if \
         that is 0.",
    )
    .fidelity(BULK),
    both(
        "Bwd Avg Bytes/Bulk", "Bwd Byts/b Avg", "bytes",
        "Bulks as for `Fwd Avg Bytes/Bulk`, with the directions exchanged. Payload bytes in \
         bulks / bulks; 0 without a bulk.",
    )
    .fidelity(BULK),
    both(
        "Bwd Avg Packets/Bulk", "Bwd Pkts/b Avg", "packets",
        "Packets with payload in bulks / bulks; 0 without a bulk.",
    )
    .fidelity(BULK),
    both(
        "Bwd Avg Bulk Rate", "Bwd Blk Rate Avg", "bytes/s",
        "Payload bytes in bulks / sum of the times from first to last packet of each bulk; 0 if \
         that is 0.",
    )
    .fidelity(BULK),
    both(
        "Subflow Fwd Packets", "Subflow Fwd Pkts", "packets",
        "Packets of the initiator / subflows. Subflows are 1 and the gaps of `Flow IAT Mean` \
         above 1 s.",
    )
    .fidelity(SUBFLOW),
    both(
        "Subflow Fwd Bytes", "Subflow Fwd Byts", "bytes",
        "Payload bytes of the initiator / subflows.",
    )
    .fidelity(SUBFLOW),
    both(
        "Subflow Bwd Packets", "Subflow Bwd Pkts", "packets",
        "Packets of the responder / subflows.",
    )
    .fidelity(SUBFLOW),
    both(
        "Subflow Bwd Bytes", "Subflow Bwd Byts", "bytes",
        "Payload bytes of the responder / subflows.",
    )
    .fidelity(SUBFLOW),
    both(
        "Init_Win_bytes_forward", "Init Fwd Win Byts", "bytes",
        "Window in the header of the initiator's first packet, not scaled; −1 without one or \
         without TCP.",
    ),
    both(
        "Init_Win_bytes_backward", "Init Bwd Win Byts", "bytes",
        "Window in the header of the responder's first packet, not scaled; −1 without one or \
         without TCP.",
    )
    .fidelity(LAST_WINDOW),
    both(
        "act_data_pkt_fwd", "Fwd Act Data Pkts", "packets",
        "Packets of the initiator with payload.",
    )
    .fidelity(NOT_FIRST),
    both(
        "min_seg_size_forward", "Fwd Seg Size Min", "bytes",
        "Least bytes of a transport header of the initiator's packets (those of `Fwd Header \
         Length`); 0 without packets.",
    ),
    both(
        "Active Mean", "Active Mean", "µs",
        "Mean of the active times: stretches of the flow that a gap above 5 s ended, from their \
         first packet to their last, those of no length left out; 0 without one.",
    )
    .fidelity(ACTIVE),
    both(
        "Active Std", "Active Std", "µs",
        "Sample standard deviation (over n − 1) of the active times of `Active Mean`; 0 with \
         fewer than two.",
    )
    .fidelity(ACTIVE),
    both(
        "Active Max", "Active Max", "µs",
        "Greatest of the active times of `Active Mean`; 0 without one.",
    )
    .fidelity(ACTIVE),
    both(
        "Active Min", "Active Min", "µs",
        "Least of the active times of `Active Mean`; 0 without one.",
    )
    .fidelity(ACTIVE),
    both(
        "Idle Mean", "Idle Mean", "µs",
        "Mean of the idle times: gaps above 5 s; 0 without one.",
    )
    .fidelity(ACTIVE),
    both(
        "Idle Std", "Idle Std", "µs",
        "Sample standard deviation (over n − 1) of the idle times of `Idle Mean`; 0 with fewer \
         than two.",
    )
    .fidelity(ACTIVE),
    both(
        "Idle Max", "Idle Max", "µs",
        "Greatest of the idle times of `Idle Mean`; 0 without one.",
    )
    .fidelity(ACTIVE),
    both(
        "Idle Min", "Idle Min", "µs",
        "Least of the idle times of `Idle Mean`; 0 without one.",
    )
    .fidelity(ACTIVE),
];
