//! A whole number for each category.

use tripline_core::{Category, Column, FieldKind, State, StateError};

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::report::PrepareReport;
use crate::step::{Outcome, Place, Step, StepCard, Transform};
use crate::table::{Described, Table, UNSEEN, expand};

pub(crate) const KIND: &str = "ordinal";

/// The number of a value that training rows do not have.
const UNSEEN_NUMBER: f64 = -1.0;

/// The number of a missing value.
const MISSING_NUMBER: f64 = -2.0;

pub(crate) const CARD: StepCard = StepCard {
    id: "encode=ordinal",
    syntax: "encode=ordinal",
    summary: "Replaces a category by its place among the sorted values of training rows, from 0; \
              an unseen one by -1, a missing one by -2.",
    source: "scikit-learn 1.9 OrdinalEncoder with unknown_value=-1, encoded_missing_value=-2",
    parse: |parts| {
        if parts.is_empty() {
            Ok(Box::new(Ordinal))
        } else {
            Err("must be encode=ordinal alone".to_owned())
        }
    },
};

#[derive(Debug)]
struct Ordinal;

impl Step for Ordinal {
    fn text(&self) -> String {
        "encode=ordinal".to_owned()
    }

    fn fit(&self, _: &Table, _: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        Ok(Outcome::Transform(Box::new(Ordinals)))
    }
}

/// The dictionaries tell all.
#[derive(Debug)]
pub(crate) struct Ordinals;

impl Transform for Ordinals {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn outputs(&self, fields: &[Described]) -> Result<Vec<Described>, StateError> {
        let numeric = |field: &Described| Described { kind: FieldKind::Numeric, ..field.clone() };
        Ok(fields.iter().map(numeric).collect())
    }

    fn apply(
        &self,
        place: &Place<'_>,
        columns: Vec<Column>,
        _: usize,
        _: &mut PrepareReport,
    ) -> Vec<Column> {
        expand(columns, &vec![Some(()); place.inputs.len()], place.live, |(), category, _| {
            let number = |&code: &u32| match code {
                Category::MISSING => MISSING_NUMBER,
                UNSEEN => UNSEEN_NUMBER,
                known => f64::from(known),
            };
            vec![Column::numeric(category.codes.iter().map(number).collect())]
        })
    }

    fn describe(&self) -> String {
        "categories replaced by their place among the sorted values".to_owned()
    }

    fn save(&self) -> State {
        State::new()
    }
}
