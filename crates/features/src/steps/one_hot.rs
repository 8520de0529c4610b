//! A 0/1 column for each category.

use std::sync::Arc;

use tripline_core::{Category, Column, FieldKind, State, StateError};

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::report::PrepareReport;
use crate::step::{
    Outcome, Place, Step, StepCard, Transform, check_each, count, load_each, mismatch, save_each,
};
use crate::steps::native::{RARE, counts, kept};
use crate::table::{Described, Table, UNSEEN, expand};

pub(crate) const KIND: &str = "one_hot";

/// Columns that one category column may become. UNSW-NB15 has 133 protocols, the most of the
/// published flow sets; beyond some hundreds a value tells too few rows apart to pay its column.
const DEFAULT_MAX: usize = 255;

/// A missing value's column.
const MISSING: &str = "<missing>";

/// No column: all are 0.
const NONE: u32 = u32::MAX;

pub(crate) const CARD: StepCard = StepCard {
    id: "encode=one_hot",
    syntax: "encode=one_hot[:MAX[:MIN_COUNT]]",
    summary: "Gives each category a 0/1 column, the most frequent MAX (255) with at least \
              MIN_COUNT (1) rows their own, the rest a common one; a missing value has its own if \
              training rows have one; an unseen value is rare, or all 0 where no value is.",
    source: "scikit-learn 1.9 OneHotEncoder with handle_unknown=infrequent_if_exist",
    parse: |parts| {
        Ok(Box::new(match parts {
            [] => OneHot { max: DEFAULT_MAX, min_count: 1 },
            [max] => OneHot { max: count(max, "MAX")?, min_count: 1 },
            [max, min_count] => {
                OneHot { max: count(max, "MAX")?, min_count: count(min_count, "MIN_COUNT")? }
            }
            _ => return Err(format!("must be {}", CARD.syntax)),
        }))
    },
};

#[derive(Debug)]
struct OneHot {
    max: usize,
    min_count: usize,
}

impl Step for OneHot {
    fn text(&self) -> String {
        match (self.max, self.min_count) {
            (DEFAULT_MAX, 1) => "encode=one_hot".to_owned(),
            (max, 1) => format!("encode=one_hot:{max}"),
            (max, min_count) => format!("encode=one_hot:{max}:{min_count}"),
        }
    }

    fn fit(&self, table: &Table, _: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        let slots = table.columns.iter().map(|column| match column {
            Column::Numeric(_) => None,
            Column::Category(category) => Some(self.slots(category)),
        });
        Ok(Outcome::Transform(Box::new(Slots { columns: slots.collect() })))
    }
}

impl OneHot {
    fn slots(&self, category: &Category) -> Assignment {
        // Dictionary values that no row has any more, after outlier removal, are unseen.
        let counts = counts(category);
        let rare_by_count = counts.iter().any(|&count| count > 0 && count < self.min_count);
        let seen = counts.iter().filter(|&&count| count > 0).count();
        // The common column counts among MAX, as scikit-learn's max_categories has it.
        let max =
            if rare_by_count || seen > self.max { self.max.saturating_sub(1) } else { self.max };
        let kept = kept(category, max, self.min_count.max(1));
        let mut next = 0;
        let mut slots: Vec<u32> = kept
            .iter()
            .map(|&own| {
                next += u32::from(own);
                if own { next - 1 } else { NONE }
            })
            .collect();
        let some_rare = counts.iter().zip(&kept).any(|(&count, &own)| count > 0 && !own);
        let rare = some_rare.then_some(next);
        next += u32::from(some_rare);
        for slot in slots.iter_mut().filter(|slot| **slot == NONE) {
            *slot = rare.unwrap_or(NONE);
        }
        let some_missing = category.codes.contains(&Category::MISSING);
        let missing = some_missing.then_some(next);
        next += u32::from(some_missing);
        Assignment { slots, rare, missing, width: next }
    }
}

/// Which of its columns each value of a category column has.
#[derive(Debug, Clone)]
struct Assignment {
    /// For each value its column, or [`NONE`].
    slots: Vec<u32>,
    rare: Option<u32>,
    missing: Option<u32>,
    width: u32,
}

/// The columns of each category column.
#[derive(Debug)]
pub(crate) struct Slots {
    columns: Vec<Option<Assignment>>,
}

impl Slots {
    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let columns = load_each(state.states("columns")?, |state| {
            let width = state.u32s("width")?;
            let &[width] = width else { return Err(StateError::invalid("width", "one number")) };
            let slot = |name: &str| match state.u32s(name)? {
                [] => Ok(None),
                &[slot] if slot < width => Ok(Some(slot)),
                _ => Err(StateError::invalid(name, "a column, or nothing")),
            };
            let slots = state.u32s("slots")?.to_vec();
            // Each value has at most one column; two more are for rare and missing ones.
            if slots.iter().any(|&slot| slot != NONE && slot >= width)
                || width as usize > slots.len() + 2
            {
                return Err(StateError::invalid("slots", "columns below the width"));
            }
            Ok(Assignment { slots, rare: slot("rare")?, missing: slot("missing")?, width })
        })?;
        Ok(Self { columns })
    }
}

impl Transform for Slots {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn outputs(&self, fields: &[Described]) -> Result<Vec<Described>, StateError> {
        check_each(&self.columns, fields, false, "columns")?;
        let mut outputs = Vec::new();
        for (field, assignment) in fields.iter().zip(&self.columns) {
            let (values, assignment) = match (field.dictionary(), assignment) {
                (None, None) => {
                    outputs.push(field.clone());
                    continue;
                }
                (Some(values), Some(assignment)) if values.len() == assignment.slots.len() => {
                    (values, assignment)
                }
                _ => return Err(mismatch("columns")),
            };
            let mut names = vec![RARE; assignment.width as usize];
            for (value, &slot) in values.iter().zip(&assignment.slots) {
                if slot != NONE && Some(slot) != assignment.rare {
                    names[slot as usize] = value;
                }
            }
            if let Some(missing) = assignment.missing {
                names[missing as usize] = MISSING;
            }
            outputs.extend(names.into_iter().map(|name| Described {
                name: format!("{}={name}", field.name),
                kind: FieldKind::Numeric,
                sources: field.sources.clone(),
            }));
        }
        Ok(outputs)
    }

    fn needs(&self, _: &[Described], wanted: &[bool]) -> Vec<bool> {
        let mut rest = wanted;
        self.columns
            .iter()
            .map(|assignment| {
                let width = assignment.as_ref().map_or(1, |assignment| assignment.width as usize);
                let (own, after) = rest.split_at(width);
                rest = after;
                own.contains(&true)
            })
            .collect()
    }

    fn apply(
        &self,
        place: &Place<'_>,
        columns: Vec<Column>,
        _: usize,
        _: &mut PrepareReport,
    ) -> Vec<Column> {
        expand(columns, &self.columns, place.live, |assignment, category, live| {
            let len = category.codes.len();
            // Columns that stay 0 share their zeros: most of them do in a small batch.
            let zeros = Arc::new(vec![0.0; len]);
            let mut hot = vec![Column::Numeric(zeros); assignment.width as usize];
            for (row, &code) in category.codes.iter().enumerate().filter(|_| live) {
                let slot = match code {
                    Category::MISSING => assignment.missing,
                    UNSEEN => assignment.rare,
                    known => Some(assignment.slots[known as usize]).filter(|&slot| slot != NONE),
                };
                if let Some(Column::Numeric(values)) = slot.map(|slot| &mut hot[slot as usize]) {
                    Arc::make_mut(values)[row] = 1.0;
                }
            }
            hot
        })
    }

    fn describe(&self) -> String {
        let columns = self.columns.iter().flatten().count();
        let width: u32 = self.columns.iter().flatten().map(|assignment| assignment.width).sum();
        format!("{columns} category columns encoded as {width} columns of 0 or 1")
    }

    fn save(&self) -> State {
        let mut state = State::new();
        let columns = save_each(&self.columns, |assignment| {
            let mut state = State::new();
            state.put_u32s("slots", assignment.slots.clone());
            state.put_u32s("rare", assignment.rare.into_iter().collect());
            state.put_u32s("missing", assignment.missing.into_iter().collect());
            state.put_u32s("width", vec![assignment.width]);
            state
        });
        state.put_states("columns", columns);
        state
    }
}
