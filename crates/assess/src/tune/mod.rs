//! Search of hyperparameters: a space with past trials gives the next trial.
//!
//! Nothing here knows a detector or trains one: a trial is a point of a [`Space`], what came of it
//! is one number for each objective. A [`Study`] says which point comes next and whether a trial
//! under way is worth going on with; the same seed with the same outcomes gives the same points,
//! however many threads run them.

mod domain;
mod front;
mod importance;
mod normal;
mod parzen;
mod pruner;
mod space;
mod space_text;
mod study;
mod tpe;
mod trial;

pub use domain::Domain;
pub use front::{non_domination_ranks, pareto_front};
pub use importance::importance;
pub use parzen::ParzenEstimator;
pub use pruner::{MedianPruner, Pruner, SuccessiveHalving};
pub use space::{Dimension, Space, SpaceError};
pub use study::{Study, StudyPlan, TellError};
pub use tpe::{Sampler, Tpe};
pub use trial::{Direction, Outcome, Trial};
