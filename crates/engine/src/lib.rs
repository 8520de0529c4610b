//! The use cases: train, compare, evaluate, score, explain, tune.

pub mod adapt;
pub mod append;
mod artifact;
pub mod attribution;
pub mod compare;
pub mod data;
mod decision;
pub mod error;
pub mod evaluate;
pub mod explain;
pub mod fit;
pub mod judging;
pub mod learn;
mod lineage;
pub mod model;
#[cfg(feature = "onnx")]
mod onnx;
pub mod outliers;
pub mod provenance;
pub mod rank;
mod rater;
pub mod register;
pub mod report;
pub mod score;
pub mod service;
pub mod settings;
pub mod sinks;
pub mod traffic;
pub mod train;
mod trainer;
pub mod tune;
mod weights;

pub use decision::Decision;
pub use error::EngineError;
pub use fit::{FittedModel, Plan};
pub use lineage::Ancestor;
pub use model::{Model, Verdicts};
pub use provenance::Provenance;
pub use register::{register, trainable};
pub use settings::{JudgingSettings, ReadSettings, TrainingSettings, ValidationRule};

/// More threads than any machine that this runs on has; a larger number is a slip, and starting so
/// many would stall the machine.
const MAX_THREADS: usize = 1024;

/// Limits the threads of all work that follows; 0 takes all cores. To be called once, before any
/// work. Errors over 1024.
pub fn use_threads(threads: usize) -> Result<(), EngineError> {
    if threads > MAX_THREADS {
        return Err(EngineError::Setting {
            name: "threads",
            expected: "from 0 (all cores) to 1024",
            got: threads.to_string(),
        });
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|error| EngineError::Threads { reason: error.to_string() })
}
