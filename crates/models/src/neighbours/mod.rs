//! Distances to neighbours: rows far from the rows learnt are suspicious.

mod approximate;
mod block;
mod build;
mod distance;
mod exact;
mod filter;
mod graph;
mod index;
mod kernel;
pub mod knn;
mod leaves;
mod likely;
pub mod lof;
mod nearest;
mod overlap;
mod pairs;
mod params;
mod points;
mod processor;
mod side;
#[cfg(target_arch = "x86_64")]
mod vectors;
