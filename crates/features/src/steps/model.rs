//! The columns that a model uses most.

use crate::error::PrepareError;
use crate::recipe::PrepareContext;
use crate::step::{Outcome, Step, StepCard, count};
use crate::steps::selection::Selection;
use crate::table::Table;

pub(crate) const CARD: StepCard = StepCard {
    id: "select=model",
    syntax: "select=model:COUNT",
    summary: "Keeps the COUNT columns that a model fitted on the training rows rates highest.",
    source: "scikit-learn 1.9 SelectFromModel with max_features",
    parse: |parts| match parts {
        [columns] => Ok(Box::new(Rated { columns: count(columns, "COUNT")? })),
        _ => Err(format!("must be {}", CARD.syntax)),
    },
};

#[derive(Debug)]
struct Rated {
    columns: usize,
}

impl Step for Rated {
    fn text(&self) -> String {
        format!("select=model:{}", self.columns)
    }

    fn fit(&self, table: &Table, context: &PrepareContext<'_>) -> Result<Outcome, PrepareError> {
        let rater = context.rater.ok_or_else(|| PrepareError::NoRater { step: self.text() })?;
        let labels = context.labels.ok_or_else(|| PrepareError::NoLabels { step: self.text() })?;
        let ratings = rater
            .rate(&table.rows()?, labels)
            .map_err(|source| PrepareError::Rater { step: self.text(), source })?;
        if ratings.len() != table.columns.len() {
            return Err(PrepareError::Ratings {
                step: self.text(),
                expected: table.columns.len(),
                got: ratings.len(),
            });
        }
        Selection::top(&ratings, self.columns, self)
    }
}
