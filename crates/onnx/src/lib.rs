//! ONNX files as detectors, each run in a process of its own with limits.
//!
//! A file of another framework is a program that somebody else wrote, and its runtime has unsafe
//! code. So the process that scores never reads it: a child of the same program gets its bytes
//! over a pipe, after it has given up files, network and most system calls, with limits on memory
//! and processor time. What comes back is checked like any other input.

mod card;
mod child;
mod description;
mod detector;
mod error;
mod frames;
mod graph;
mod launch;
mod lower;
mod nearest;
mod open;
mod plan;
mod pool;
pub mod sandbox;
mod settings;
mod slots;
mod template;
mod worker;

pub use card::CARD;
pub use description::{Description, Value};
pub use detector::{MAX_BYTES, OnnxDetector};
pub use error::{Limit, OnnxError};
pub use launch::{WORKER, set_worker};
pub use open::{is_model, read};
pub use settings::{ColumnSettings, Direction, InputSettings, Limits, ScoreSettings, Settings};
pub use worker::worker;
