//! The features of CICFlowMeter, without the errors of the original.

mod bulk;
mod columns;
mod record;
mod way;

use self::record::Record;
use super::SetCard;
use crate::flow::feature::FlowFeature;
use crate::flow::identifier::Identifier;
use crate::flow::{open, sensor_rows};

/// Under the names of CIC-IDS2017.
pub(super) static CARD: SetCard = SetCard {
    id: "cicflowmeter",
    summary: "the 78 numeric features of CIC-IDS2017 with `Protocol`, under its names, without the \
              errors of the original",
    source: SOURCE,
    notes: NOTES,
    identifiers: &[
        ("Flow ID", Identifier::FlowId),
        ("Source IP", Identifier::SourceAddress),
        ("Source Port", Identifier::SourcePort),
        ("Destination IP", Identifier::DestinationAddress),
        ("Timestamp", Identifier::StartClock),
    ],
    columns: <Record<false> as FlowFeature>::columns,
    open: |settings| open::<Record<false>>(settings, None),
    sensor: || sensor_rows::<Record<false>>(None),
};

/// Under the names of CSE-CIC-IDS2018.
pub(super) static LATER_CARD: SetCard = SetCard {
    id: "cicflowmeter_2018",
    summary: "the features of CSE-CIC-IDS2018 under its names: those of `cicflowmeter`, none twice",
    source: SOURCE,
    notes: NOTES,
    identifiers: &[
        ("Flow ID", Identifier::FlowId),
        ("Src IP", Identifier::SourceAddress),
        ("Src Port", Identifier::SourcePort),
        ("Dst IP", Identifier::DestinationAddress),
        ("Timestamp", Identifier::StartClock),
    ],
    columns: <Record<true> as FlowFeature>::columns,
    open: |settings| open::<Record<true>>(settings, None),
    sensor: || sensor_rows::<Record<true>>(None),
};

const SOURCE: &str = "Lashkari, Draper-Gil, Mamun & Ghorbani 2017, Characterization of Tor traffic \
                      using time based features, ICISSP; CICFlowMeter 4";

const NOTES: &str = "\
`Protocol` is in CSE-CIC-IDS2018, and in the files of CIC-IDS2017 that have addresses; a model \
trained on either set of files finds all its columns in `cicflowmeter`, since both are read under \
the names of CIC-IDS2017.

Forward is the initiator's direction. Times are in microseconds with their fraction, where the \
original has whole ones. Payload bytes are those that the headers tell, whether captured or not.

Errors of the original are not repeated. They were found by Engelen, Rimmer & Joosen 2021, \
Troubleshooting an intrusion detection dataset: the CICIDS2017 case study, SPW (a flow ended by one \
FIN, RST without effect, PSH and URG of first packets alone, active and idle times since 1970); \
Rosay, Cheval, Carlier & Leroux 2022, Network intrusion detection: a comprehensive analysis of \
CIC-IDS2017, ICISSP; Liu, Engelen, Lynar, Essam & Joosen 2022, Error prevalence in NIDS datasets, \
CNS; or by reading CICFlowMeter 4. The column `published data` tells where numbers of the published \
files therefore differ; a model trained on them meets other numbers here, one trained on corrected \
files or on captures does not.

The original's flows end 120 s after their start, whatever happens in them: `active` set to 120 s \
does the same. Here a flow ends after both FINs or a RST, or at a time-out.

A flow of another sensor lacks what only packets tell: least, greatest, deviation of lengths, gaps, \
flags, headers, bulks, subflows, windows, active and idle times.";
