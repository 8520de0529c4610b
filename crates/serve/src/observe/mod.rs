//! What an operator sees: counters, logs.

mod by_model;
mod histogram;
mod log;
mod metrics;
mod text;

pub use log::{LogFormat, LogSettings, log_to_stderr};
pub use metrics::Metrics;

pub(crate) use text::Text;
