//! What the metadata of a service consists of: plain records, without storage or wire names.

pub mod access;
pub mod audit;
pub mod change;
pub mod detection;
pub mod experiment;
pub mod feature;
pub mod feedback;
pub mod job;
pub mod model_version;
pub mod page;
pub mod retention;
pub mod run;
pub mod shadow;
pub mod tally;

pub use access::{ApiKey, Scope, Scopes, Session, User};
pub use audit::{AuditEntry, AuditHead};
pub use change::Change;
pub use detection::{Detection, DetectionFilter, NewDetection};
pub use experiment::{Experiment, RollbackRule};
pub use feature::{FeatureRow, FeatureView};
pub use feedback::{Feedback, Judgement};
pub use job::{Job, JobFilter, JobState, NewJob, Outcome};
pub use model_version::{Deployed, ModelVersion, NewVersion, Status, VersionFilter};
pub use page::{Page, PageRequest};
pub use retention::{Kept, Old};
pub use run::{Artefact, NewRun, Run, RunFilter, RunState};
pub use shadow::{ShadowComparison, ShadowScore};
pub use tally::{Tally, TallyFilter};
