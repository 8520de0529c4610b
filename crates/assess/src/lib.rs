//! Is it good: figures of merit, protocols, the guard, explanations, reports.

pub mod explain;
pub mod plot;
