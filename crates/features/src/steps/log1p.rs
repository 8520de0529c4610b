//! Heavy tails drawn in by a logarithm that keeps the sign.

use tripline_core::{Column, State, StateError, math};

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::report::PrepareReport;
use crate::step::{Outcome, Place, Step, StepCard, Transform};
use crate::table::{Described, Table, change_numbers};

pub(crate) const KIND: &str = "log1p";

pub(crate) const CARD: StepCard = StepCard {
    id: "log1p",
    syntax: "log1p",
    summary: "Replaces each number x by sign(x) ln(1 + |x|).",
    source: "symmetric log transformation, Whittaker et al. 2005; numpy.log1p above 0",
    parse: |parts| {
        if parts.is_empty() { Ok(Box::new(Log)) } else { Err("must be log1p alone".to_owned()) }
    },
};

#[derive(Debug)]
struct Log;

impl Step for Log {
    fn text(&self) -> String {
        KIND.to_owned()
    }

    fn fit(&self, _: &Table, _: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        Ok(Outcome::Transform(Box::new(Log1p)))
    }
}

/// Nothing is learned.
#[derive(Debug)]
pub(crate) struct Log1p;

impl Transform for Log1p {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn outputs(&self, fields: &[Described]) -> Result<Vec<Described>, StateError> {
        Ok(fields.to_vec())
    }

    fn apply(
        &self,
        place: &Place<'_>,
        mut columns: Vec<Column>,
        _: usize,
        _: &mut PrepareReport,
    ) -> Vec<Column> {
        change_numbers(
            &mut columns,
            &vec![Some(()); place.live.len()],
            place.live,
            |(), values| {
                for value in values {
                    *value = math::ln_1p(value.abs()).copysign(*value);
                }
                0
            },
        );
        columns
    }

    fn describe(&self) -> String {
        "numbers replaced by their signed logarithm".to_owned()
    }

    fn save(&self) -> State {
        State::new()
    }
}
