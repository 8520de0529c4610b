//! Traffic to verdicts: captures, interfaces, sensors' logs become flows, flows become verdicts.

mod dataset;
mod detector;
mod identity;
mod input;
mod pipeline;
mod response;
mod sink;
mod source;
mod summary;
mod table;
mod tally;

pub use dataset::{
    DatasetSettings, TrafficDataset, concatenated, keep_model_columns, labelled_dataset,
};
pub use detector::{FlowDetector, JudgeSettings, set_of};
pub use identity::{IDENTITY, IdentityColumn, IdentityKind, IdentityValue, protocol_name};
pub use input::{Content, TrafficInput, recognise};
pub use pipeline::{Traffic, TrafficSettings};
pub use response::{Categories, Judged, Response, response};
pub use sink::{FlowRecords, FlowSink, flow_sink, refused, timestamp};
pub use summary::TrafficSummary;
pub use tally::VerdictTally;
