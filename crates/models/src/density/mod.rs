//! Densities: rows where few benign rows lie are suspicious.

mod additive;
mod chi_squared;
mod column_groups;
pub mod copod;
mod ecdf;
pub mod ecod;
mod fast_mcd;
pub mod gaussian_mixture;
pub mod hbos;
mod histogram;
pub mod incremental_pca;
mod kmeans;
mod ledoit_wolf;
pub mod loda;
mod mixture;
pub mod padim;
pub mod pca;
mod pca_distance;
mod prologue;
mod quadratic;
mod quadratic_model;
pub mod robust_covariance;
pub mod running_gaussian;
mod running_moments;
mod running_pca;
mod standard;
pub mod z_score;
