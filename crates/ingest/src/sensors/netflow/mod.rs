//! NetFlow 5, 9 and IPFIX over UDP to flows.
//!
//! [`Collector`] takes datagrams with the time at which they came; [`Listener`] is the socket in
//! front of it. Templates belong to an exporter's address with its source identifier or observation
//! domain.

mod clock;
mod collector;
mod counters;
mod element;
mod exporter;
mod listener;
mod options;
mod pair;
mod record;
mod sampling;
mod sequence;
mod template;
mod v5;
mod waiting;
mod wire;

pub use collector::Collector;
pub use counters::CollectorCounters;
pub use listener::{Listener, ListenerOptions};
pub use options::CollectorOptions;
