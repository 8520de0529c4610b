//! What an operator sees: counters, logs.

mod histogram;
mod metrics;

pub use metrics::{Metrics, Text};
