//! Kernels: rows outside the region that holds the rows learnt are suspicious.

mod cache;
mod fourier;
mod gram;
mod kernel;
mod lanes;
pub mod one_class_svm;
pub mod one_class_svm_rff;
mod shrinking;
mod smo;
mod sums;
