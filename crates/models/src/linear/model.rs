//! A fitted linear model: weights for each output, which serve scoring, explanation, storage.

use std::sync::Arc;

use rayon::prelude::*;
use tripline_core::{
    Card, Classes, Detector, Explain, Frame, Importance, Link, LoadError, Rows, Schema, ScoreError,
    State, StateError,
};

use super::head::Head;
use crate::table::{Table, finite, load_numeric_schema};

/// Rows scored at a time: a column's part of them fits the first cache beside the outputs.
const BLOCK: usize = 1024;

/// Outputs stay below this, so that a difference of two is finite.
const BOUND: f64 = 1e300;

/// Outputs that are weighted sums of columns.
#[derive(Debug, Clone)]
pub struct LinearModel {
    pub(super) card: &'static Card,
    pub(super) schema: Schema,
    /// Class names: two where there is one output.
    pub(super) classes: Arc<Vec<String>>,
    pub(super) head: Head,
    pub(super) link: Link,
    /// One row of d weights for each output.
    pub(super) weights: Vec<f64>,
    /// A constant for each output.
    pub(super) intercepts: Vec<f64>,
    /// Mean of each column over the rows fitted.
    pub(super) means: Vec<f64>,
    /// Standard deviation of each column over the rows fitted.
    pub(super) deviations: Vec<f64>,
}

impl LinearModel {
    /// Number of outputs: 1, or the number of classes.
    pub fn outputs(&self) -> usize {
        self.intercepts.len()
    }

    /// The d weights of an output, in the schema's order.
    pub fn weights(&self, output: usize) -> &[f64] {
        let width = self.schema.len();
        &self.weights[output * width..(output + 1) * width]
    }

    /// The constant of an output.
    pub fn intercept(&self, output: usize) -> f64 {
        self.intercepts[output]
    }

    /// Runs `give` over the outputs of each row, blocks of rows in parallel; `per_row` numbers of
    /// the result belong to a row.
    fn map_outputs(
        &self,
        rows: &Rows,
        per_row: usize,
        give: impl Fn(&mut [f64], &mut [f64]) + Sync,
    ) -> Result<Vec<f64>, ScoreError> {
        let table = Table::new::<ScoreError>(&self.schema, rows)?;
        let mut result = vec![0.0; table.len * per_row];
        let block = |block: usize, out: &mut [f64]| {
            let start = block * BLOCK;
            let count = out.len() / per_row;
            let sums = self.sums(&table, start, count);
            let mut outputs = vec![0.0; self.outputs()];
            for (row, out) in out.chunks_exact_mut(per_row).enumerate() {
                for (output, sums) in outputs.iter_mut().zip(sums.chunks_exact(count)) {
                    *output = sums[row];
                }
                give(&mut outputs, out);
            }
        };
        if table.len <= BLOCK {
            // One row must not wait for another thread.
            if !result.is_empty() {
                block(0, &mut result);
            }
        } else {
            let blocks = result.par_chunks_mut(BLOCK * per_row).enumerate();
            blocks.for_each(|(index, out)| block(index, out));
        }
        Ok(result)
    }

    /// The outputs of some rows, `count` numbers for each output. A row's sum is taken in the
    /// order of the columns, whatever rows stand beside it.
    fn sums(&self, table: &Table<'_>, start: usize, count: usize) -> Vec<f64> {
        let mut sums = vec![0.0; self.outputs() * count];
        for (output, sums) in sums.chunks_exact_mut(count).enumerate() {
            let weights = self.weights(output);
            sums.fill(self.intercepts[output]);
            for (&weight, column) in weights.iter().zip(&table.columns) {
                for (sum, value) in sums.iter_mut().zip(&column[start..start + count]) {
                    *sum += weight * value;
                }
            }
            for (row, sum) in sums.iter_mut().enumerate() {
                if !sum.is_finite() {
                    *sum = self.bounded_sum(table, start + row, output);
                }
                *sum = sum.clamp(-BOUND, BOUND);
            }
        }
        sums
    }

    /// The sum where it runs out of range: each part is cut so that all of them fit.
    fn bounded_sum(&self, table: &Table<'_>, row: usize, output: usize) -> f64 {
        let bound = f64::MAX / (self.schema.len() as f64 + 2.0);
        let parts = self.weights(output).iter().zip(&table.columns);
        let intercept = self.intercepts[output].clamp(-bound, bound);
        parts.fold(intercept, |sum, (weight, column)| {
            sum + (weight * column[row]).clamp(-bound, bound)
        })
    }

    /// From a model file.
    pub(super) fn load(card: &'static Card, state: &State) -> Result<Self, LoadError> {
        let schema = load_numeric_schema(state)?;
        let head = Head::from_name(state.text("head")?)
            .ok_or_else(|| StateError::invalid("head", "the name of one"))?;
        let link = link_of(state.text("link")?)?;
        let classes = state.texts("classes")?.to_vec();
        let outputs = if head == Head::Single { 1 } else { classes.len() };
        if classes.len() < 2 {
            return Err(StateError::invalid("classes", "two names at least").into());
        }
        let width = schema.len();
        let model = Self {
            card,
            head,
            link,
            classes: Arc::new(classes),
            weights: finite(state, "weights", outputs * width)?,
            intercepts: finite(state, "intercepts", outputs)?,
            means: finite(state, "means", width)?,
            deviations: finite(state, "deviations", width)?,
            schema,
        };
        Ok(model)
    }
}

fn link_name(link: Link) -> &'static str {
    match link {
        Link::Logit => "logit",
        Link::Probability => "probability",
        Link::Rank => "rank",
    }
}

fn link_of(name: &str) -> Result<Link, StateError> {
    [Link::Logit, Link::Rank]
        .into_iter()
        .find(|&link| link_name(link) == name)
        .ok_or_else(|| StateError::invalid("link", "`logit` or `rank`"))
}

impl Detector for LinearModel {
    fn card(&self) -> &'static Card {
        self.card
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        self.map_outputs(frame.rows()?, 1, |outputs, out| out[0] = self.head.score(outputs))
    }

    fn link(&self) -> Link {
        self.link
    }

    fn save(&self) -> State {
        let mut state = State::new();
        state.put_state("schema", self.schema.save());
        state.put_texts("classes", self.classes.as_ref().clone());
        state.put_text("head", self.head.name());
        state.put_text("link", link_name(self.link));
        state.put_f64s("weights", self.weights.clone());
        state.put_f64s("intercepts", self.intercepts.clone());
        state.put_f64s("means", self.means.clone());
        state.put_f64s("deviations", self.deviations.clone());
        state
    }

    fn classes(&self) -> Option<&dyn Classes> {
        (self.head != Head::Single).then_some(self as &dyn Classes)
    }

    fn explain(&self) -> Option<&dyn Explain> {
        Some(self)
    }

    fn importance(&self) -> Option<&dyn Importance> {
        Some(self)
    }
}

impl Classes for LinearModel {
    fn names(&self) -> &[String] {
        &self.classes
    }

    fn probabilities(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError> {
        self.map_outputs(frame.rows()?, self.outputs(), |outputs, out| {
            self.head.probabilities(outputs);
            out.copy_from_slice(outputs);
        })
    }
}
