//! What makes a data set look easier than the world it comes from.

mod across;
mod balance;
mod check;
mod columns;
mod decide;
mod finding;
mod identifiers;
mod power;
mod repeats;
mod sets;
mod settled;
mod shift;
mod source;

pub use across::{Across, repeated_across};
pub use balance::{Balance, ClassShare};
pub use check::{GuardOptions, GuardReport, check};
pub use columns::ColumnReport;
pub use decide::{Override, Refusal, decide};
pub use finding::{Finding, Severity};
pub use power::ColumnPower;
pub use repeats::{Conflicts, Duplicates};
pub use sets::ColumnSet;
pub use settled::{SettledColumn, SettledValue};
pub use source::SourceCard;
