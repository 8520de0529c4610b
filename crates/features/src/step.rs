//! The contract between the recipe and its steps, with the list of all steps.

use std::fmt::Debug;

use tripline_core::{Column, State, StateError};

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::report::PrepareReport;
use crate::steps;
use crate::table::{Described, Table};

/// What a step is, for documentation and for reading recipes.
pub struct StepCard {
    /// How the step begins in a recipe's text, such as `scale=robust`.
    pub id: &'static str,
    /// Its full form with its optional parts in brackets.
    pub syntax: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The paper or documentation that defines it.
    pub source: &'static str,
    /// From the parts after the id; errors say what would be right.
    pub(crate) parse: fn(&[&str]) -> Parsed,
}

/// A step, or what would be right.
pub(crate) type Parsed = Result<Box<dyn Step>, String>;

impl Debug for StepCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StepCard").field("id", &self.id).finish_non_exhaustive()
    }
}

/// All steps, in the order in which a recipe usually has them.
pub const STEPS: &[StepCard] = &[
    steps::drop::CARD,
    steps::outliers::IQR,
    steps::outliers::Z_SCORE,
    steps::outliers::MAD,
    steps::engineer::CARD,
    steps::clip::CARD,
    steps::impute::CARD,
    steps::log1p::CARD,
    steps::scale::STANDARD,
    steps::scale::MIN_MAX,
    steps::scale::ROBUST,
    steps::quantile::CARD,
    steps::native::CARD,
    steps::one_hot::CARD,
    steps::ordinal::CARD,
    steps::frequency::CARD,
    steps::variance::CARD,
    steps::mutual_information::CARD,
    steps::model::CARD,
];

/// A step before it is fitted.
pub(crate) trait Step: Send + Sync + Debug {
    /// As it stands in a recipe; parsing gives the same step.
    fn text(&self) -> String;

    /// Whether it makes use of the time column.
    fn takes_time(&self) -> bool {
        false
    }

    /// Fits to training columns.
    fn fit(&self, table: &Table, context: &PrepareContext<'_>) -> Result<Outcome, PrepareError>;
}

/// What fitting a step gives.
pub(crate) enum Outcome {
    /// Something that every row goes through.
    Transform(Box<dyn Transform>),
    /// The training rows that are left, in order.
    Keep(Vec<usize>),
}

/// Where a fitted step stands among the others.
pub(crate) struct Place<'a> {
    /// The columns that it takes.
    pub(crate) inputs: &'a [Described],
    /// The columns that it gives.
    pub(crate) outputs: &'a [Described],
    /// Whether what leaves the preparer depends on an input; what a step does to others is of no
    /// account, so it may leave them as they are.
    pub(crate) live: &'a [bool],
    /// The same of its outputs.
    pub(crate) wanted: &'a [bool],
}

/// A fitted step.
pub(crate) trait Transform: Send + Sync + Debug {
    /// By which [`load`] finds the reader.
    fn kind(&self) -> &'static str;

    /// The columns that it gives for these; errors if it was fitted to others.
    fn outputs(&self, fields: &[Described]) -> Result<Vec<Described>, StateError>;

    /// Which inputs the wanted outputs depend on. Most steps give a column for each column.
    fn needs(&self, _inputs: &[Described], wanted: &[bool]) -> Vec<bool> {
        wanted.to_vec()
    }

    /// Applies to `len` rows of columns that are as `place` describes them.
    fn apply(
        &self,
        place: &Place<'_>,
        columns: Vec<Column>,
        len: usize,
        report: &mut PrepareReport,
    ) -> Vec<Column>;

    /// What it does, in words with numbers of columns.
    fn describe(&self) -> String;

    /// As data for a model file.
    fn save(&self) -> State;
}

/// A fitted step from a model file.
pub(crate) fn load(kind: &str, state: &State) -> Result<Box<dyn Transform>, StateError> {
    Ok(match kind {
        steps::clip::KIND => Box::new(steps::clip::Clip::load(state)?),
        steps::engineer::KIND => Box::new(steps::engineer::Engineer::load(state)?),
        steps::frequency::KIND => Box::new(steps::frequency::Frequencies::load(state)?),
        steps::impute::KIND => Box::new(steps::impute::Filling::load(state)?),
        steps::log1p::KIND => Box::new(steps::log1p::Log1p),
        steps::native::KIND => Box::new(steps::native::Grouping::load(state)?),
        steps::one_hot::KIND => Box::new(steps::one_hot::Slots::load(state)?),
        steps::ordinal::KIND => Box::new(steps::ordinal::Ordinals),
        steps::quantile::KIND => Box::new(steps::quantile::Quantiles::load(state)?),
        steps::scale::KIND => Box::new(steps::scale::Scaling::load(state)?),
        steps::selection::KIND => Box::new(steps::selection::Selection::load(state)?),
        _ => return Err(StateError::invalid("kind", "a step that this version knows")),
    })
}

/// The error of a fitted step that meets other columns than it was fitted to.
pub(crate) fn mismatch(entry: &str) -> StateError {
    StateError::invalid(entry, "one entry for each column, of the column's kind")
}

/// A list of something for some columns, in a state.
pub(crate) fn save_each<T>(items: &[Option<T>], save: impl Fn(&T) -> State) -> Vec<State> {
    items.iter().map(|item| item.as_ref().map_or_else(State::new, &save)).collect()
}

/// As [`save_each`] wrote it; an empty state is nothing.
pub(crate) fn load_each<T>(
    states: &[State],
    load: impl Fn(&State) -> Result<T, StateError>,
) -> Result<Vec<Option<T>>, StateError> {
    let empty = State::new();
    states
        .iter()
        .map(|state| if *state == empty { Ok(None) } else { load(state).map(Some) })
        .collect()
}

/// Checks that there is an item for exactly the numeric columns, or the category columns.
pub(crate) fn check_each<T>(
    items: &[Option<T>],
    fields: &[Described],
    numeric: bool,
    entry: &str,
) -> Result<(), StateError> {
    let fits = items.len() == fields.len()
        && items
            .iter()
            .zip(fields)
            .all(|(item, field)| item.is_none() || field.is_numeric() == numeric);
    if fits { Ok(()) } else { Err(mismatch(entry)) }
}

/// A number from a part of a recipe.
pub(crate) fn number(text: &str, what: &str, valid: fn(f64) -> bool) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && valid(value) => Ok(value),
        _ => Err(format!("{what}, got `{text}`")),
    }
}

/// A whole number above 0 from a part of a recipe.
pub(crate) fn count(text: &str, what: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(value) if value > 0 => Ok(value),
        _ => Err(format!("{what} must be a whole number above 0, got `{text}`")),
    }
}
