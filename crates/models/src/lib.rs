//! Frames to scores: detectors, one file each, with their cards.

pub mod calibration;
pub mod density;
pub mod ensembles;
pub mod explain;
pub mod import;
pub mod kernels;
pub mod linear;
mod matrix;
pub mod neighbours;
mod prequential;
mod table;
pub mod tree;

use tripline_core::Card;

/// Every detector of this crate. The engine gathers the cards of all crates into one register.
#[rustfmt::skip]
pub const CARDS: &[&Card] = &[
    &tree::gradient_boosting::CARD,
    &tree::random_forest::CARD,
    &tree::extra_trees::CARD,
    &tree::isolation_forest::CARD,
    &tree::extended_isolation_forest::CARD,
    &tree::half_space_trees::CARD,
    &tree::robust_random_cut_forest::CARD,
    &linear::sgd::CARD,
    &linear::logistic_regression::CARD,
    &neighbours::lof::CARD,
    &neighbours::knn::CARD,
    &kernels::one_class_svm::CARD,
    &kernels::one_class_svm_rff::CARD,
    &density::loda::CARD,
    &density::z_score::CARD,
    &density::hbos::CARD,
    &density::copod::CARD,
    &density::ecod::CARD,
    &density::pca::CARD,
    &density::robust_covariance::CARD,
    &density::padim::CARD,
    &density::gaussian_mixture::CARD,
    &density::running_gaussian::CARD,
    &density::incremental_pca::CARD,
    &ensembles::voting::CARD,
    &ensembles::stacking::CARD,
    &ensembles::feature_bagging::CARD,
    &ensembles::synthetic_outliers::CARD,
];
