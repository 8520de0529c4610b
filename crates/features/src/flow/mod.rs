//! Packets to flows to rows: one engine, from which every feature set is computed.
//!
//! Packets go to 64 partitions by a hash of their flow key; each partition holds its flows, and
//! tells them when they end. What is told is put in one order, by time of the last packet then by
//! number of the first, so that the output is the same for any number of cores. A [`FlowFeature`]
//! is a part of a flow's state with the columns that come from it; a [`SetCard`] names the columns
//! of one feature set.

pub mod app;
mod column;
mod columns;
mod community_id;
mod connection;
mod dispatch;
mod engine;
mod entry;
pub mod feature;
mod identifier;
mod initiator;
mod key;
mod merge;
mod moments;
mod partition;
mod recency;
mod recent_flows;
mod record;
mod row;
mod sensor;
mod sequence;
mod sets;
mod settings;
mod slab;
mod step;
mod table;
mod window;

pub use column::{ColumnDoc, ColumnKind};
pub use community_id::community_id;
pub use engine::{FlowBatch, FlowCounters, FlowEngine, SensorRows};
pub use feature::FlowFeature;
pub use identifier::Identifier;
pub use row::Row;
pub use sensor::sensor_rows;
pub use sets::{SETS, SetCard, set};
pub use settings::{Early, FlowSettings};
pub use step::{Endpoint, FlowCore, SegmentKind, Step};
pub use table::open;
pub use window::Window;
