//! Columns that hardly vary left out.

use tripline_core::{Category, Column};

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::statistics;
use crate::step::{Outcome, Step, StepCard, number};
use crate::steps::selection::Selection;
use crate::table::Table;

pub(crate) const CARD: StepCard = StepCard {
    id: "select=variance",
    syntax: "select=variance[:THRESHOLD]",
    summary: "Keeps number columns with a variance above THRESHOLD (0), category columns with \
              more than one value.",
    source: "scikit-learn 1.9 VarianceThreshold",
    parse: |parts| {
        let what = "THRESHOLD must be a number from 0 up";
        Ok(Box::new(match parts {
            [] => Variance { threshold: 0.0 },
            [threshold] => Variance { threshold: number(threshold, what, |value| value >= 0.0)? },
            _ => return Err(format!("must be {}", CARD.syntax)),
        }))
    },
};

#[derive(Debug)]
struct Variance {
    threshold: f64,
}

impl Step for Variance {
    fn text(&self) -> String {
        format!("select=variance:{}", self.threshold)
    }

    fn fit(&self, table: &Table, _: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        // Rounding can give a constant column a small variance: its range tells better.
        let varies = table.fit_numeric(|values| {
            let spread = statistics::range(values).map_or(0.0, |(low, high)| high - low);
            let variance = statistics::moments(values).map_or(f64::INFINITY, |(_, v)| v);
            spread > 0.0 && variance > self.threshold
        });
        let stays = |at: &usize| match &table.columns[*at] {
            Column::Numeric(_) => varies[*at] == Some(true),
            Column::Category(category) => differs(category),
        };
        let kept = (0..table.columns.len()).filter(stays).collect();
        Selection::outcome(kept, table.columns.len(), self)
    }
}

fn differs(category: &Category) -> bool {
    let mut codes = category.codes.iter();
    codes.next().is_some_and(|first| codes.any(|code| code != first))
}
