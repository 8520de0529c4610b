//! The feature sets; each is one file with its card.

mod cicflowmeter;
mod tripline;
mod unsw_nb15;

use super::column::ColumnDoc;
use super::engine::{FlowEngine, SensorRows};
use super::identifier::Identifier;
use super::settings::FlowSettings;

/// What there is to know of a feature set.
#[derive(Debug)]
pub struct SetCard {
    /// Name on the command line.
    pub id: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Where its definitions come from.
    pub source: &'static str,
    /// What a reader must know beyond the columns, in Markdown.
    pub notes: &'static str,
    /// Columns of its tool that name a flow, other than those of the set: what heads a file of it.
    pub identifiers: &'static [(&'static str, Identifier)],
    /// Its columns in order.
    pub columns: fn() -> Vec<ColumnDoc>,
    /// An engine from packets.
    pub open: fn(&FlowSettings) -> Box<dyn FlowEngine>,
    /// Rows from flows of other sensors.
    pub sensor: fn() -> Box<dyn SensorRows>,
}

/// All feature sets: the only register.
pub const SETS: &[&SetCard] = &[
    &tripline::CARD,
    &unsw_nb15::CARD,
    &unsw_nb15::CSV_CARD,
    &cicflowmeter::CARD,
    &cicflowmeter::LATER_CARD,
];

/// The set of a name.
pub fn set(id: &str) -> Option<&'static SetCard> {
    SETS.iter().copied().find(|card| card.id == id)
}
