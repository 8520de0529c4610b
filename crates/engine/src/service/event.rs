//! An event to be judged, with what is asked of the answer.

use std::sync::Arc;

use tripline_core::Rows;
use tripline_features::MissingColumns;
use tripline_store::Timestamp;

use super::row::Row;

/// An event to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Its named values.
    pub row: &'a Row,
    /// Whom or what it is about, such as a source address; splits the traffic of an experiment.
    pub entity: Option<&'a str>,
    /// When it happened, where that is known; kept with the values of the row. A detection's own
    /// time is that of judging.
    pub at: Option<Timestamp>,
    /// The event as it came, as a flat JSON object; kept with a detection. Without it the values of
    /// the row are kept.
    pub text: Option<&'a str>,
    /// The request in which it came.
    pub request: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// Those values, nothing else known.
    pub fn of(row: &'a Row) -> Self {
        Self { row, entity: None, at: None, text: None, request: None }
    }
}

/// Many events of a task, by column.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// What is to be judged: `flow`, …
    pub task: &'a str,
    /// Their values; columns are found by name, further ones ignored.
    pub rows: &'a Rows,
    /// Whom or what each row is about.
    pub entities: Option<&'a [Option<Arc<str>>]>,
    /// The request in which they came.
    pub request: Option<&'a str>,
}

/// What is asked of the answer.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// A model's id, name or alias; none takes the first active model whose columns the event has.
    pub model: Option<&'a str>,
    /// Which reasons are told.
    pub reasons: Reasons,
    /// What happens where the event lacks a column of the model.
    pub missing_columns: MissingColumns,
    /// Whether the answer counts: tallies, detections, shadow scores, experiments. An explanation
    /// of what was judged before does not.
    pub record: bool,
    /// Whether an answer may come from the cache.
    pub cached: bool,
    /// Whether somebody waits until all detections are on disk: then all of a batch are stored,
    /// and the batch waits for room where many wait to be written.
    pub durable: bool,
}

impl Default for Ask<'_> {
    fn default() -> Self {
        Self {
            model: None,
            reasons: Reasons::OverThreshold(3),
            missing_columns: MissingColumns::Refuse,
            record: true,
            cached: true,
            durable: false,
        }
    }
}

/// Which reasons are told: at most so many, the largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reasons {
    /// None.
    None,
    /// Of events over the threshold: the columns that speak for an attack.
    OverThreshold(usize),
    /// Of every event: columns that speak for either side.
    All(usize),
}
