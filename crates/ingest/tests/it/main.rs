//! Reading, from outside: layouts, errors, streams.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failed unwrap fails the test; a test on real data says whether it ran"
)]

mod capture;
mod chunking;
mod corpus;
mod data;
mod filters;
mod flow_labels;
mod formats;
mod hostile;
mod layouts;
mod live;
mod netflow;
mod netflow_writer;
mod sensors;
mod sensors_data;
mod support;
mod synthetic;
mod synthetic_packets;
mod tables;
