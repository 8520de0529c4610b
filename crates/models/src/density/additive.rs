//! A score that is a sum over columns, with its exact Shapley values.
//!
//! For f(x) = Σ f_j(x_j) a coalition without column j differs from one with it by the same amount
//! whatever the others are, so the Shapley value of column j is f_j(x_j) less its mean over the
//! rows that stand for absence: those fitted, or a background.

use rayon::prelude::*;
use tripline_core::{
    Attributions, Card, Detector, Explain, ExplainError, ExplainMethod, ExplainOptions, Frame,
    Link, LoadError, Schema, ScoreError, State, StateError,
};

use crate::table::{Table, finite, load_numeric_schema};

/// What one column adds to the score.
pub(super) trait ColumnScore: Send + Sync + Sized + 'static {
    /// Least rows scored at a time: enough that a column's table is read from the cache more than
    /// once.
    const LEAST_BLOCK: usize;

    /// Most rows scored at a time: their scores stay in the cache from column to column.
    const MOST_BLOCK: usize;

    /// Adds what each value is worth, a finite number, to its row's score. False if a value is not
    /// finite; what is added then means nothing.
    fn add(&self, values: &[f64], scores: &mut [f64]) -> bool;

    /// As data.
    fn save(&self) -> State;

    /// From data; refuses what would not score.
    fn load(state: &State) -> Result<Self, StateError>;
}

/// A fitted sum over columns.
pub(super) struct Additive<C> {
    pub(super) card: &'static Card,
    pub(super) schema: Schema,
    /// In the schema's order.
    pub(super) columns: Vec<C>,
    /// Mean of what each column adds over the rows fitted.
    pub(super) means: Vec<f64>,
}

impl<C: ColumnScore> Additive<C> {
    /// From a model file.
    pub(super) fn load(card: &'static Card, state: &State) -> Result<Self, LoadError> {
        let schema = load_numeric_schema(state)?;
        let columns = state.states("columns")?;
        if columns.len() != schema.len() {
            return Err(StateError::invalid("columns", "one entry for each column").into());
        }
        let columns: Result<Vec<C>, StateError> = columns.iter().map(C::load).collect();
        let means = finite(state, "means", schema.len())?;
        Ok(Self { card, columns: columns?, means, schema })
    }
}

impl<C: ColumnScore> Detector for Additive<C> {
    fn card(&self) -> &'static Card {
        self.card
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        let table = Table::with_holes(&self.schema, frame.rows()?)?;
        let mut scores = vec![0.0; table.len];
        // A row's score is the same in any block.
        let rows = table.len.div_ceil(rayon::current_num_threads());
        let rows = rows.clamp(C::LEAST_BLOCK, C::MOST_BLOCK);
        let block = |(index, scores): (usize, &mut [f64])| {
            let start = index * rows;
            let columns = self.columns.iter().zip(&table.columns);
            columns.fold(true, |finite, (score, column)| {
                finite & score.add(&column[start..start + scores.len()], scores)
            })
        };
        let finite = if table.len <= rows {
            // One row must not wait for another thread.
            block((0, &mut scores))
        } else {
            let blocks = scores.par_chunks_mut(rows).enumerate();
            blocks.map(block).reduce(|| true, |a, b| a & b)
        };
        if !finite {
            table.check_finite(&self.schema)?;
        }
        Ok(scores)
    }

    fn link(&self) -> Link {
        Link::Rank
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_states("columns", self.columns.iter().map(C::save).collect());
        state.put_f64s("means", self.means.clone());
        state
    }

    fn explain(&self) -> Option<&dyn Explain> {
        Some(self)
    }
}

impl<C: ColumnScore> Explain for Additive<C> {
    fn attributions(
        &self,
        frame: &Frame,
        options: &ExplainOptions<'_>,
    ) -> Result<Attributions, ExplainError> {
        one_output(options)?;
        let table = Table::new::<ExplainError>(&self.schema, frame.rows()?)?;
        let means = match options.method {
            ExplainMethod::PathDependent => self.means.clone(),
            ExplainMethod::Interventional { background } => {
                let table = Table::new::<ExplainError>(&self.schema, background.rows()?)?;
                if table.len == 0 {
                    return Err(ExplainError::EmptyBackground);
                }
                let columns = self.columns.iter().zip(&table.columns);
                columns.map(|(score, column)| mean(&parts(score, column))).collect()
            }
        };
        let width = self.columns.len();
        let mut values = vec![0.0; table.len * width];
        for (j, (score, column)) in self.columns.iter().zip(&table.columns).enumerate() {
            for (row, part) in parts(score, column).into_iter().enumerate() {
                values[row * width + j] = part - means[j];
            }
        }
        let base: f64 = means.iter().sum();
        let outputs = values.chunks_exact(width).map(|row| base + row.iter().sum::<f64>());
        let outputs = outputs.collect();
        let features = self.schema.names().map(str::to_owned).collect();
        Ok(Attributions { features, base, values, outputs, link: Link::Rank })
    }
}

/// Only the score itself can be explained; a class of its own is an error.
pub(super) fn one_output(options: &ExplainOptions<'_>) -> Result<(), ExplainError> {
    match options.class {
        None | Some(1) => Ok(()),
        Some(class) => Err(ExplainError::Class { class, count: 2 }),
    }
}

fn parts<C: ColumnScore>(score: &C, column: &[f64]) -> Vec<f64> {
    let mut parts = vec![0.0; column.len()];
    score.add(column, &mut parts);
    parts
}

/// The mean of numbers, of which there is one at least.
pub(super) fn mean(numbers: &[f64]) -> f64 {
    // Divided first: a sum of huge numbers stays finite.
    let count = numbers.len() as f64;
    numbers.iter().map(|number| number / count).sum()
}
