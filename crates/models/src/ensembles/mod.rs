//! Ensembles of other detectors, which they take from the register.

mod combine;
pub mod feature_bagging;
mod folds;
mod grammar;
mod held_out;
mod member;
#[cfg(test)]
mod oracle;
mod part;
mod scale;
mod search;
pub mod stacking;
mod stacking_model;
pub mod synthetic_outliers;
pub mod voting;
mod voting_model;

pub use search::{search, with_member_params};
