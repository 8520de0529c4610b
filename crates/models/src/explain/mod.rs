//! Explanations of any detector, from its scores alone.

mod coalitions;
mod compose;
mod kernel;
mod values;

pub use kernel::{KernelExplanation, KernelOptions, Players, kernel_shap};
