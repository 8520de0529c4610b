//! Densities: rows where few benign rows lie are suspicious.

mod additive;
pub mod copod;
mod ecdf;
pub mod ecod;
pub mod hbos;
mod histogram;
mod prologue;
pub mod z_score;
