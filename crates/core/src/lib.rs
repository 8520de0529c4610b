//! The nouns of threat detection with the contract that every detector keeps.
//!
//! No I/O, no clock, no async, no global randomness: seed and time are passed in.

pub mod card;
pub mod dataset;
pub mod detector;
pub mod explain;
pub mod flow;
pub mod frame;
pub mod importance;
pub mod labels;
pub mod math;
pub mod packet;
pub mod params;
pub mod preparation;
pub mod progress;
pub mod register;
pub mod rng;
mod saved_rows;
pub mod schema;
pub mod state;
pub mod text;
pub mod verdict;

pub use card::{
    Abilities, Build, Card, Exemption, Family, Input, MissingPolicy, Promise, Supervision,
};
pub use dataset::{Dataset, Note, Source};
pub use detector::{
    Classes, Detector, Estimator, FitContext, FitError, Link, Online, Outliers, ScoreError, Task,
    Validation, WarmStart,
};
pub use explain::{
    Attributions, Explain, ExplainError, ExplainMethod, ExplainOptions, Interactions,
};
pub use flow::{ConnState, Direction, EndReason, Flow, FlowKey, Sensor, Side};
pub use frame::{Category, Column, Frame, FrameError, Rows, Sequences, Shape};
pub use importance::{ColumnRater, Importance};
pub use labels::{Labels, LabelsError};
pub use packet::{Address, Batch, Packet, Tunnel, Vlan};
pub use params::{ParamError, ParamSpec, ParamValue, Params, Range};
pub use preparation::{FittedPreparation, Preparation, PreparationError, Prepared};
pub use progress::{Progress, Silent};
pub use register::{LoadError, Register};
pub use rng::Rng;
pub use schema::{Aligned, Field, FieldKind, Schema};
pub use state::{State, StateError};
pub use verdict::{Reason, Severity, Technique, Verdict};
