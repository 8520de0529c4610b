//! What an operator sees: counters, logs.

mod by_model;
mod histogram;
mod lines;
mod log;
mod metrics;
mod refusals;
mod text;
mod trace;

pub use lines::flush as flush_log;
pub use log::{LogFormat, LogLevel, LogSettings, log_to_stderr};
pub use metrics::Metrics;

pub(crate) use refusals::Refusals;
pub(crate) use text::Text;
pub use trace::is_collector;
pub(crate) use trace::{Context, Span, Tracer};
