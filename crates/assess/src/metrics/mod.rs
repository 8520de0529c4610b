//! Figures of merit of scores against labels.
//!
//! A higher score is more suspicious; a row alerts when its score is at least the threshold.

mod alerts;
mod card;
mod classes;
mod confusion;
mod curve;
mod families;
mod probability;
mod ranking;
mod sample;

pub use alerts::{Alerts, BaseRate};
pub use card::{METRICS, MetricCard, Tally, resolve};
pub use classes::{ClassMetrics, ClassProbabilities, ClassRow};
pub use confusion::Confusion;
pub use curve::{Curve, PrPoint, RocPoint};
pub use families::{FamilyDetection, families};
pub use probability::{CalibrationBin, calibration_curve, expected_calibration_error, log_loss};
pub use ranking::{MetricError, Ranking};
pub use sample::{Sample, SampleInput};
