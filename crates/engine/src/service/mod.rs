//! The service: what answers, what is registered, what is written down.
//!
//! It knows no wire format: values come into a [`Row`], answers are plain structs. Readers take one
//! snapshot ([`Live`]) for each request and never wait; changes of the registry go one after the
//! other, each through the database first.

mod answer;
mod clock;
mod counters;
mod error;
mod event;
mod fields;
pub mod jobs;
mod live;
mod registration;
mod results;
mod row;
mod served;
mod settings;
mod state;

pub use answer::{Answer, Arm, BatchAnswer};
pub use clock::Clock;
pub use counters::{BUCKETS, Counters, Counts};
pub use error::{Refusal, ServiceError};
pub use event::{Ask, Event, Reasons};
pub use fields::{Fields, Slot};
pub use live::{Live, TaskModels};
pub use registration::Registration;
pub use results::{ArmResult, ExperimentResult};
pub use row::{Row, Value};
pub use served::Served;
pub use settings::{OnFull, ServiceSettings, Shipped};
pub use state::{Service, ServiceCounts};
