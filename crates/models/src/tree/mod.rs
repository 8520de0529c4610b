//! Decision trees: one flat layout that is trained, imported, scored, explained, stored.

mod binned;
mod binning;
mod boosting;
pub mod forest;
pub mod gradient_boosting;
mod grow;
mod grown;
mod histogram;
pub mod model;
mod monotone;
mod objective;
mod processor;
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
