//! Decision trees: one flat layout that is trained, imported, scored, explained and stored.

pub mod forest;

pub use forest::{Aggregate, Forest, LEAF, NodeId, Split};
