//! What other sensors tell: the logs of Zeek and Suricata, NetFlow and IPFIX, all to flows.
//!
//! What a sensor does not tell is 0, `None`, empty or [`ConnState::Oth`] in the [`Flow`]; which
//! fields these are depends on the sensor alone, so [`Flow::sensor`] tells a zero that was counted
//! from one that was not:
//!
//! | | Zeek | Suricata | NetFlow, IPFIX |
//! |---|---|---|---|
//! | packets | as told | as told | as told, times the sampling interval |
//! | bytes of IP packets | `orig_ip_bytes` | frames less Ethernet's header | octets, times the sampling interval |
//! | bytes of frames | not told | as told | not told |
//! | bytes of payload | `orig_bytes`: sequence numbers, so no retransmissions | not told | not told |
//! | state | `conn_state` | from TCP flags, then its own state | from TCP flags |
//! | history | `history` | not told | not told |
//! | application protocols | by `uid` | by `flow_id` | not told |
//!
//! Counts over 2^53 are told as 2^53, times before 1970 or after 2116 as the nearest of these, so
//! that sums and differences of what a sensor tells cannot overflow.
//!
//! [`ConnState::Oth`]: tripline_core::flow::ConnState::Oth
//! [`Flow`]: tripline_core::flow::Flow
//! [`Flow::sensor`]: tripline_core::flow::Flow::sensor

mod aged;
mod app;
mod bounds;
mod cipher;
mod counters;
mod endpoint;
mod format;
mod join;
mod json;
mod lines;
mod logs;
pub mod netflow;
mod options;
mod service;
mod state;
mod suricata;
mod zeek;

pub use counters::{BadRecord, SensorCounters};
pub use format::{SensorFormat, recognise};
pub use logs::{SensorLogs, files_of};
pub use options::SensorOptions;
