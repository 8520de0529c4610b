//! CIC-IDS2017, as CICFlowMeter 3 wrote it.

use std::borrow::Cow;

use super::{Layout, LayoutLabel, LayoutTime, Remark};

/// The published columns; the name of the first is that of the machine-learning files, which lack
/// `Protocol` together with `Timestamp`.
pub(super) const COLUMNS: &[&str] = &[
    "Destination Port",
    "Protocol",
    "Timestamp",
    "Flow Duration",
    "Total Fwd Packets",
    "Total Backward Packets",
    "Total Length of Fwd Packets",
    "Total Length of Bwd Packets",
    "Fwd Packet Length Max",
    "Fwd Packet Length Min",
    "Fwd Packet Length Mean",
    "Fwd Packet Length Std",
    "Bwd Packet Length Max",
    "Bwd Packet Length Min",
    "Bwd Packet Length Mean",
    "Bwd Packet Length Std",
    "Flow Bytes/s",
    "Flow Packets/s",
    "Flow IAT Mean",
    "Flow IAT Std",
    "Flow IAT Max",
    "Flow IAT Min",
    "Fwd IAT Total",
    "Fwd IAT Mean",
    "Fwd IAT Std",
    "Fwd IAT Max",
    "Fwd IAT Min",
    "Bwd IAT Total",
    "Bwd IAT Mean",
    "Bwd IAT Std",
    "Bwd IAT Max",
    "Bwd IAT Min",
    "Fwd PSH Flags",
    "Bwd PSH Flags",
    "Fwd URG Flags",
    "Bwd URG Flags",
    "Fwd Header Length",
    "Bwd Header Length",
    "Fwd Packets/s",
    "Bwd Packets/s",
    "Min Packet Length",
    "Max Packet Length",
    "Packet Length Mean",
    "Packet Length Std",
    "Packet Length Variance",
    "FIN Flag Count",
    "SYN Flag Count",
    "RST Flag Count",
    "PSH Flag Count",
    "ACK Flag Count",
    "URG Flag Count",
    "CWE Flag Count",
    "ECE Flag Count",
    "Down/Up Ratio",
    "Average Packet Size",
    "Avg Fwd Segment Size",
    "Avg Bwd Segment Size",
    "Fwd Avg Bytes/Bulk",
    "Fwd Avg Packets/Bulk",
    "Fwd Avg Bulk Rate",
    "Bwd Avg Bytes/Bulk",
    "Bwd Avg Packets/Bulk",
    "Bwd Avg Bulk Rate",
    "Subflow Fwd Packets",
    "Subflow Fwd Bytes",
    "Subflow Bwd Packets",
    "Subflow Bwd Bytes",
    "Init_Win_bytes_forward",
    "Init_Win_bytes_backward",
    "act_data_pkt_fwd",
    "min_seg_size_forward",
    "Active Mean",
    "Active Std",
    "Active Max",
    "Active Min",
    "Idle Mean",
    "Idle Std",
    "Idle Max",
    "Idle Min",
    "Label",
];

/// Later writings of the same columns.
pub(super) const RENAMES: &[(&str, &str)] = &[
    // Repeated in the published header, with the same values.
    ("Fwd Header Length.1", "Fwd Header Length"),
    ("Source IP", "Src IP"),
    ("Source Port", "Src Port"),
    ("Destination IP", "Dst IP"),
    ("Dst Port", "Destination Port"),
    ("Tot Fwd Pkts", "Total Fwd Packets"),
    ("Tot Bwd Pkts", "Total Backward Packets"),
    ("TotLen Fwd Pkts", "Total Length of Fwd Packets"),
    ("TotLen Bwd Pkts", "Total Length of Bwd Packets"),
    ("Fwd Pkt Len Max", "Fwd Packet Length Max"),
    ("Fwd Pkt Len Min", "Fwd Packet Length Min"),
    ("Fwd Pkt Len Mean", "Fwd Packet Length Mean"),
    ("Fwd Pkt Len Std", "Fwd Packet Length Std"),
    ("Bwd Pkt Len Max", "Bwd Packet Length Max"),
    ("Bwd Pkt Len Min", "Bwd Packet Length Min"),
    ("Bwd Pkt Len Mean", "Bwd Packet Length Mean"),
    ("Bwd Pkt Len Std", "Bwd Packet Length Std"),
    ("Flow Byts/s", "Flow Bytes/s"),
    ("Flow Pkts/s", "Flow Packets/s"),
    ("Fwd IAT Tot", "Fwd IAT Total"),
    ("Bwd IAT Tot", "Bwd IAT Total"),
    ("Fwd Header Len", "Fwd Header Length"),
    ("Bwd Header Len", "Bwd Header Length"),
    ("Fwd Pkts/s", "Fwd Packets/s"),
    ("Bwd Pkts/s", "Bwd Packets/s"),
    ("Pkt Len Min", "Min Packet Length"),
    ("Pkt Len Max", "Max Packet Length"),
    ("Pkt Len Mean", "Packet Length Mean"),
    ("Pkt Len Std", "Packet Length Std"),
    ("Pkt Len Var", "Packet Length Variance"),
    ("FIN Flag Cnt", "FIN Flag Count"),
    ("SYN Flag Cnt", "SYN Flag Count"),
    ("RST Flag Cnt", "RST Flag Count"),
    ("PSH Flag Cnt", "PSH Flag Count"),
    ("ACK Flag Cnt", "ACK Flag Count"),
    ("URG Flag Cnt", "URG Flag Count"),
    ("ECE Flag Cnt", "ECE Flag Count"),
    ("Pkt Size Avg", "Average Packet Size"),
    ("Fwd Seg Size Avg", "Avg Fwd Segment Size"),
    ("Bwd Seg Size Avg", "Avg Bwd Segment Size"),
    ("Fwd Byts/b Avg", "Fwd Avg Bytes/Bulk"),
    ("Fwd Pkts/b Avg", "Fwd Avg Packets/Bulk"),
    ("Fwd Blk Rate Avg", "Fwd Avg Bulk Rate"),
    ("Bwd Byts/b Avg", "Bwd Avg Bytes/Bulk"),
    ("Bwd Pkts/b Avg", "Bwd Avg Packets/Bulk"),
    ("Bwd Blk Rate Avg", "Bwd Avg Bulk Rate"),
    ("Subflow Fwd Pkts", "Subflow Fwd Packets"),
    ("Subflow Fwd Byts", "Subflow Fwd Bytes"),
    ("Subflow Bwd Pkts", "Subflow Bwd Packets"),
    ("Subflow Bwd Byts", "Subflow Bwd Bytes"),
    ("Init Fwd Win Byts", "Init_Win_bytes_forward"),
    ("Init Bwd Win Byts", "Init_Win_bytes_backward"),
    ("Fwd Act Data Pkts", "act_data_pkt_fwd"),
    ("Fwd Seg Size Min", "min_seg_size_forward"),
];

pub(super) const NEVER: &[(&str, &str)] = &[
    ("Flow ID", "a name of the flow"),
    ("Src IP", "an address"),
    ("Src Port", "a port"),
    ("Dst IP", "an address"),
    ("Destination Port", "a port"),
    ("Timestamp", "a time"),
];

pub(super) const LABEL: LayoutLabel = LayoutLabel {
    families: &["Label"],
    binary: &[],
    benign: "BENIGN",
    tidy,
    blank_is_benign: false,
};

pub(super) const TIME: Option<LayoutTime> = Some(LayoutTime {
    column: "Timestamp",
    day_first: true,
    // `Flow Duration` is in microseconds.
    duration: Some(("Flow Duration", 1_000.0)),
});

pub(super) const REMARKS: &[Remark] = &[Remark {
    column: "Timestamp",
    code: "twelve-hour-clock",
    text: "`Timestamp` has a clock of twelve hours without its half; hours before 8 are read as \
           afternoon, since the captures ran in working hours",
}];

pub(super) static LAYOUT: Layout = Layout {
    id: "cic-ids2017",
    name: "CIC-IDS2017",
    citation: "Sharafaldin, Lashkari & Ghorbani 2018, Toward generating a new intrusion detection \
               dataset and intrusion traffic characterization, ICISSP",
    columns: COLUMNS,
    signature: &["Flow Duration", "Total Fwd Packets", "Bwd Packet Length Max", "Flow IAT Mean"],
    headless: None,
    label: LABEL,
    never: NEVER,
    renames: RENAMES,
    categories: &["Protocol"],
    absent_is_zero: &[],
    time: TIME,
    derived: None,
    remarks: REMARKS,
};

/// `Web Attack – XSS` is published with a dash of an old encoding, copies have other signs in its
/// place; `Benign` is the later spelling.
pub(super) fn tidy(cell: &str) -> Cow<'_, str> {
    let cell = cell.trim();
    if cell.eq_ignore_ascii_case("benign") {
        return Cow::Borrowed("BENIGN");
    }
    if cell.is_ascii() {
        return Cow::Borrowed(cell);
    }
    let mut words =
        cell.split(|c: char| !c.is_ascii()).map(str::trim).filter(|part| !part.is_empty());
    let first = words.next().unwrap_or_default().to_owned();
    Cow::Owned(words.fold(first, |text, word| text + " - " + word))
}
