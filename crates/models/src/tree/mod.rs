//! Decision trees: one flat layout that is trained, imported, scored, explained, stored.

mod binned;
mod binning;
mod boosting;
mod class_forest;
mod class_split;
mod class_tree;
pub mod extra_trees;
pub mod forest;
mod forest_fit;
mod forest_params;
pub mod gradient_boosting;
mod grow;
mod grown;
mod half_space;
pub mod half_space_trees;
mod histogram;
pub mod isolation_forest;
mod isolation_tree;
pub mod model;
mod monotone;
mod objective;
mod processor;
pub mod random_forest;
mod random_split;
mod sampling;
pub mod score;
pub mod shap;
mod split;
mod stopping;
mod weights;

pub use forest::{Aggregate, Forest, LEAF, NodeId, Split};
pub use model::{Reading, TreeModel};
pub use score::Scorer;
pub use shap::{Background, Shap};
