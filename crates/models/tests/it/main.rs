//! What this crate promises to the crates above it.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod calibration;
mod conformance;
mod density;
mod ensembles;
mod fixture;
mod half_space_trees;
mod imports;
mod isolation;
mod kernel_shap;
mod linear;
mod linear_data;
mod loda;
mod neighbours;
mod one_class_svm;
mod score;
mod shap;
mod synthetic_outliers;
mod tails;
mod tree_data;
mod trees;
mod warm_start;
