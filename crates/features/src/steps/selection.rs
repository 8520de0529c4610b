//! Columns left out.

use tripline_core::{Column, State, StateError};

use crate::error::PrepareError;
use crate::report::PrepareReport;
use crate::step::{Outcome, Place, Step, Transform, mismatch};
use crate::table::Described;

pub(crate) const KIND: &str = "select";

/// The columns that stay.
#[derive(Debug)]
pub(crate) struct Selection {
    kept: Vec<usize>,
    of: usize,
}

impl Selection {
    /// Keeps the columns at `kept`, which rise.
    pub(crate) fn outcome(
        kept: Vec<usize>,
        of: usize,
        step: &dyn Step,
    ) -> Result<Outcome, PrepareError> {
        if kept.is_empty() {
            return Err(PrepareError::NothingLeft { step: step.text(), what: "column" });
        }
        Ok(Outcome::Transform(Box::new(Self { kept, of })))
    }

    /// Keeps the `count` columns of the highest ratings; of equal ones the first.
    pub(crate) fn top(
        ratings: &[f64],
        count: usize,
        step: &dyn Step,
    ) -> Result<Outcome, PrepareError> {
        let mut order: Vec<usize> = (0..ratings.len()).collect();
        order.sort_by(|&a, &b| ratings[b].total_cmp(&ratings[a]));
        order.truncate(count);
        order.sort_unstable();
        Self::outcome(order, ratings.len(), step)
    }

    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let kept: Vec<usize> = state.u32s("kept")?.iter().map(|&at| at as usize).collect();
        let of = state.count("of")?;
        if kept.is_sorted_by(|a, b| a < b) && kept.last().is_none_or(|&last| last < of) {
            Ok(Self { kept, of })
        } else {
            Err(StateError::invalid("kept", "rising positions of columns"))
        }
    }
}

impl Transform for Selection {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn outputs(&self, fields: &[Described]) -> Result<Vec<Described>, StateError> {
        if fields.len() != self.of {
            return Err(mismatch("kept"));
        }
        Ok(self.kept.iter().map(|&at| fields[at].clone()).collect())
    }

    fn needs(&self, inputs: &[Described], wanted: &[bool]) -> Vec<bool> {
        let mut needs = vec![false; inputs.len()];
        for (&at, &wanted) in self.kept.iter().zip(wanted) {
            needs[at] = wanted;
        }
        needs
    }

    fn apply(
        &self,
        _: &Place<'_>,
        columns: Vec<Column>,
        _: usize,
        _: &mut PrepareReport,
    ) -> Vec<Column> {
        let mut kept = self.kept.iter().copied().peekable();
        let stays = |(at, column)| (kept.next_if_eq(&at) == Some(at)).then_some(column);
        columns.into_iter().enumerate().filter_map(stays).collect()
    }

    fn describe(&self) -> String {
        format!("{} of {} columns selected", self.kept.len(), self.of)
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_u32s("kept", self.kept.iter().map(|&at| at as u32).collect());
        state.put_i64("of", self.of as i64);
        state
    }
}
