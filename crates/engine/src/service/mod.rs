//! The service: what answers, what is registered, what is written down.
//!
//! It knows no wire format: values come into a [`Row`], answers are plain structs. Readers take one
//! snapshot ([`Live`]) for each request and never wait; changes of the registry go one after the
//! other, each through the database first.

mod answer;
mod audit;
mod batch;
mod batch_detections;
mod cache;
mod canaries;
mod card;
mod changes;
mod clock;
mod counters;
mod detected;
mod error;
mod event;
mod experiments;
mod fields;
mod guard;
pub mod jobs;
mod live;
mod loading;
mod nearest;
mod pace;
mod predict;
mod record;
mod recorder;
mod registering;
mod registration;
mod registry;
mod results;
mod retention;
mod row;
mod served;
mod settings;
mod shadow;
mod snapshot;
mod start;
mod state;
mod tallies;
mod upkeep;

pub use answer::{Answer, Arm, BatchAnswer};
pub use audit::AuditCheck;
pub use clock::Clock;
pub use counters::{BUCKETS, Counters, Counts};
pub use error::{Refusal, ServiceError};
pub use event::{Ask, Batch, Event, Reasons};
pub use fields::{Fields, Slot};
pub use live::{Live, TaskModels};
pub use loading::digest;
pub use nearest::nearest;
pub use record::{category_of_number, category_of_text};
pub use registration::Registration;
pub use results::{ArmResult, ExperimentResult};
pub use retention::Forgotten;
pub use row::{Row, Value};
pub use served::{Served, ServedTally};
pub use settings::{OnFull, RetentionSettings, ServiceSettings, Shipped};
pub use start::{AUDIT_HEADS, AUDIT_KEY, DATABASE, open_store};
pub use state::{Service, ServiceCounts};
