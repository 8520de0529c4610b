//! CSE-CIC-IDS2018, as CICFlowMeter 4 wrote it.

use super::Layout;
use super::cic_ids2017::{COLUMNS, LABEL, NEVER, REMARKS, RENAMES, TIME};

/// Its columns carry the names of CIC-IDS2017, so that a model trained on the one scores the other.
pub(super) static LAYOUT: Layout = Layout {
    id: "cic-ids2018",
    name: "CSE-CIC-IDS2018",
    citation: "Sharafaldin, Lashkari & Ghorbani 2018, Toward generating a new intrusion detection \
               dataset and intrusion traffic characterization, ICISSP; unb.ca/cic/datasets/ids-2018",
    columns: COLUMNS,
    signature: &["Flow Duration", "Tot Fwd Pkts", "Bwd Pkt Len Max", "Flow IAT Mean"],
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
