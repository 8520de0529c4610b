//! Categories kept as they are, or grouped where there are too many.

use std::sync::Arc;

use tripline_core::{Category, Column, FieldKind, State, StateError};

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::report::PrepareReport;
use crate::step::{
    Outcome, Place, Step, StepCard, Transform, check_each, count, load_each, save_each,
};
use crate::table::{Described, Table, UNSEEN, change};

pub(crate) const KIND: &str = "native";

/// The value that stands for all rare ones.
pub(crate) const RARE: &str = "<rare>";

pub(crate) const CARD: StepCard = StepCard {
    id: "encode=native",
    syntax: "encode=native[:MAX]",
    summary: "Keeps categories for models that take them; of a column with more than MAX values \
              all but the most frequent ones become one rare value.",
    source: "Fisher 1958, as LightGBM splits on categories",
    parse: |parts| {
        Ok(Box::new(match parts {
            [] => Native { max: None },
            [max] => Native { max: Some(count(max, "MAX")?) },
            _ => return Err(format!("must be {}", CARD.syntax)),
        }))
    },
};

#[derive(Debug)]
struct Native {
    max: Option<usize>,
}

impl Step for Native {
    fn text(&self) -> String {
        match self.max {
            None => "encode=native".to_owned(),
            Some(max) => format!("encode=native:{max}"),
        }
    }

    fn fit(&self, table: &Table, _: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        let groups = table.columns.iter().map(|column| match (column, self.max) {
            (Column::Category(category), Some(max)) if category.values.len() > max => Some(
                kept(category, max.saturating_sub(1), 1).iter().map(|k| u32::from(*k)).collect(),
            ),
            _ => None,
        });
        Ok(Outcome::Transform(Box::new(Grouping { kept: groups.collect() })))
    }
}

/// Whether each value stays: the `max` most frequent ones with at least `min_count` rows each;
/// of equally frequent values the first in the dictionary.
pub(crate) fn kept(category: &Category, max: usize, min_count: usize) -> Vec<bool> {
    let counts = counts(category);
    let mut order: Vec<usize> =
        (0..counts.len()).filter(|&code| counts[code] >= min_count).collect();
    order.sort_by_key(|&code| std::cmp::Reverse(counts[code]));
    order.truncate(max);
    let mut kept = vec![false; counts.len()];
    for code in order {
        kept[code] = true;
    }
    kept
}

/// Rows of each value.
pub(crate) fn counts(category: &Category) -> Vec<usize> {
    let mut counts = vec![0; category.values.len()];
    for &code in category.codes.iter() {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    counts
}

/// For each grouped column, 1 for a value that stays, 0 for one that is rare.
#[derive(Debug)]
pub(crate) struct Grouping {
    kept: Vec<Option<Vec<u32>>>,
}

impl Grouping {
    pub(crate) fn load(state: &State) -> Result<Self, StateError> {
        let kept = load_each(state.states("kept")?, |state| Ok(state.u32s("kept")?.to_vec()))?;
        Ok(Self { kept })
    }
}

impl Transform for Grouping {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn outputs(&self, fields: &[Described]) -> Result<Vec<Described>, StateError> {
        check_each(&self.kept, fields, false, "kept")?;
        let mut outputs = fields.to_vec();
        for (field, kept) in outputs.iter_mut().zip(&self.kept) {
            let Some(kept) = kept else { continue };
            let values = field.dictionary().filter(|values| values.len() == kept.len());
            let values = values.ok_or_else(|| crate::step::mismatch("kept"))?;
            let stay = values.iter().zip(kept).filter(|&(_, &stays)| stays != 0);
            let mut shorter: Vec<String> = stay.map(|(value, _)| value.clone()).collect();
            shorter.push(RARE.to_owned());
            field.kind = FieldKind::Category(Arc::new(shorter));
        }
        Ok(outputs)
    }

    fn apply(
        &self,
        place: &Place<'_>,
        mut columns: Vec<Column>,
        _: usize,
        _: &mut PrepareReport,
    ) -> Vec<Column> {
        if self.kept.iter().all(Option::is_none) {
            return columns;
        }
        let jobs: Vec<Option<(&Vec<u32>, &Described)>> = self
            .kept
            .iter()
            .zip(place.outputs)
            .map(|(kept, output)| kept.as_ref().map(|kept| (kept, output)))
            .collect();
        change(&mut columns, &jobs, place.live, |(kept, output), column| {
            if let (Column::Category(category), Some(values)) = (column, output.dictionary()) {
                let rare = values.len() as u32 - 1;
                let mut next = 0;
                let table: Vec<u32> = kept
                    .iter()
                    .map(|&stays| {
                        next += u32::from(stays != 0);
                        if stays != 0 { next - 1 } else { rare }
                    })
                    .collect();
                // A value that training rows do not have is as rare as can be.
                let own = |code: u32| match code {
                    Category::MISSING => code,
                    UNSEEN => rare,
                    known => table.get(known as usize).copied().unwrap_or(rare),
                };
                category.codes = Arc::new(category.codes.iter().map(|&code| own(code)).collect());
                category.values = values.clone();
            }
            0
        });
        columns
    }

    fn describe(&self) -> String {
        format!("rare values of {} columns grouped", self.kept.iter().flatten().count())
    }

    fn save(&self) -> State {
        let mut state = State::new();
        let kept = save_each(&self.kept, |kept| {
            let mut state = State::new();
            state.put_u32s("kept", kept.clone());
            state
        });
        state.put_states("kept", kept);
        state
    }
}
