//! How frequent a category is among training rows.

use tripline_core::{Category, Column, FieldKind, State, StateError};

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::report::PrepareReport;
use crate::step::{
    Outcome, Place, Step, StepCard, Transform, check_each, load_each, mismatch, save_each,
};
use crate::steps::native::counts;
use crate::table::{Described, Table, UNSEEN, expand};

pub(crate) const KIND: &str = "frequency";

pub(crate) const CARD: StepCard = StepCard {
    id: "encode=frequency",
    syntax: "encode=frequency",
    summary: "Replaces a category by its share of the training rows, a missing one by the share \
              of missing ones, an unseen one by 0.",
    source: "count encoding, Micci-Barreca 2001 section 4 without the target",
    parse: |parts| {
        if parts.is_empty() {
            Ok(Box::new(Frequency))
        } else {
            Err("must be encode=frequency alone".to_owned())
        }
    },
};

#[derive(Debug)]
struct Frequency;

impl Step for Frequency {
    fn text(&self) -> String {
        "encode=frequency".to_owned()
    }

    fn fit(&self, table: &Table, _: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        let rows = table.len as f64;
        let shares = table.columns.iter().map(|column| match column {
            Column::Numeric(_) => None,
            Column::Category(category) => {
                let counts = counts(category);
                let missing = category.codes.len() - counts.iter().sum::<usize>();
                let mut shares: Vec<f64> =
                    counts.iter().map(|&count| count as f64 / rows).collect();
                shares.push(missing as f64 / rows);
                Some(shares)
            }
        });
        Ok(Outcome::Transform(Box::new(Frequencies { shares: shares.collect() })))
    }
}

/// For each category column the share of each value, then that of missing ones.
#[derive(Debug)]
pub(crate) struct Frequencies {
    shares: Vec<Option<Vec<f64>>>,
}

impl Frequencies {
    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let shares =
            load_each(state.states("shares")?, |state| Ok(state.f64s("shares")?.to_vec()))?;
        Ok(Self { shares })
    }
}

impl Transform for Frequencies {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn outputs(&self, fields: &[Described]) -> Result<Vec<Described>, StateError> {
        check_each(&self.shares, fields, false, "shares")?;
        let mut outputs = fields.to_vec();
        for (field, shares) in outputs.iter_mut().zip(&self.shares) {
            match (field.dictionary(), shares) {
                (None, None) => {}
                (Some(values), Some(shares)) if values.len() + 1 == shares.len() => {
                    field.kind = FieldKind::Numeric;
                }
                _ => return Err(mismatch("shares")),
            }
        }
        Ok(outputs)
    }

    fn apply(
        &self,
        place: &Place<'_>,
        columns: Vec<Column>,
        _: usize,
        _: &mut PrepareReport,
    ) -> Vec<Column> {
        expand(columns, &self.shares, place.live, |shares, category, live| {
            // What no output depends on may have another dictionary.
            if !live {
                return vec![Column::numeric(vec![0.0; category.codes.len()])];
            }
            let number = |&code: &u32| match code {
                Category::MISSING => shares[shares.len() - 1],
                UNSEEN => 0.0,
                known => shares[known as usize],
            };
            vec![Column::numeric(category.codes.iter().map(number).collect())]
        })
    }

    fn describe(&self) -> String {
        let columns = self.shares.iter().flatten().count();
        format!("{columns} category columns replaced by frequencies")
    }

    fn save(&self) -> State {
        let mut state = State::new();
        let shares = save_each(&self.shares, |shares| {
            let mut state = State::new();
            state.put_f64s("shares", shares.clone());
            state
        });
        state.put_states("shares", shares);
        state
    }
}
