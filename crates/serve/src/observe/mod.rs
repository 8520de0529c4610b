//! What an operator sees: counters, logs.

mod by_model;
mod histogram;
mod log;
mod metrics;
mod text;
mod trace;

pub use log::{LogFormat, LogSettings, log_to_stderr};
pub use metrics::Metrics;

pub(crate) use text::Text;
pub use trace::is_collector;
pub(crate) use trace::{Context, Span, Tracer};
