//! Distances to neighbours: rows far from the rows learnt are suspicious.

mod approximate;
mod block;
mod build;
mod distance;
mod exact;
mod filter;
mod graph;
mod index;
pub mod knn;
mod leaves;
pub mod lof;
mod nearest;
mod params;
mod points;
mod processor;
