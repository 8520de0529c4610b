//! What this crate promises to the crates above it.
#![allow(clippy::unwrap_used)]

mod calibration;
mod conformance;
mod fixture;
mod imports;
mod linear;
mod score;
mod shap;
