//! Linear models: a score is a weighted sum of the columns.

mod descent;
mod explain;
mod head;
mod lbfgs;
pub mod logistic_regression;
mod loss;
mod model;
mod packed;
pub mod sgd;
mod sgd_model;
mod sgd_params;
mod softmax_loss;
mod targets;
mod vector;

pub use head::Head;
pub use model::LinearModel;
