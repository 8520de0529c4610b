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
mod kmeans;
mod ledoit_wolf;
mod mixture;
pub mod padim;
pub mod pca;
mod pca_distance;
mod prologue;
mod quadratic;
mod quadratic_model;
pub mod robust_covariance;
mod standard;
pub mod z_score;
