//! Is it good: figures of merit, protocols, the guard, tuning, explanations, reports.

pub mod bootstrap;
pub mod drift;
pub mod evaluate;
pub mod explain;
pub mod guard;
pub mod metrics;
pub mod plot;
pub mod protocol;
pub mod rank;
pub mod report;
pub mod threshold;
pub mod tune;
