//! Stopping when a held-out part no longer gets better.

use rayon::prelude::*;
use tripline_core::{FitError, Rows, Schema, Validation, math};

use super::forest::Forest;
use super::objective::CHUNK;

/// Rows that are not fitted.
pub(crate) struct HeldOut {
    /// n × width values, row-major.
    values: Vec<f64>,
    class: Vec<u32>,
    weight: Vec<f64>,
}

impl HeldOut {
    /// From a validation part; `class` gives the class of each row.
    pub(crate) fn new(
        validation: &Validation<'_>,
        schema: &Schema,
        class: Vec<u32>,
    ) -> Result<Self, FitError> {
        let rows: &Rows = validation.frame.rows()?;
        let weight = validation.weights.map_or_else(|| vec![1.0; rows.len()], <[f64]>::to_vec);
        for (what, got) in
            [("validation labels", class.len()), ("validation weights", weight.len())]
        {
            if got != rows.len() {
                return Err(FitError::Length { what, expected: rows.len(), got });
            }
        }
        let mut values = Vec::new();
        schema.align(rows)?.block(0, rows.len(), &mut values);
        Ok(Self { values, class, weight })
    }
}

/// Watches the loss of a held-out part.
pub(crate) struct EarlyStop {
    held: HeldOut,
    /// n × outputs.
    scores: Vec<f64>,
    outputs: usize,
    patience: usize,
    best_loss: f64,
    best_trees: usize,
    rounds_since: usize,
}

impl EarlyStop {
    /// Stops after `patience` rounds that are no better than the best.
    pub(crate) fn new(held: HeldOut, base: &[f64], patience: usize) -> Self {
        let scores = base.repeat(held.class.len());
        let outputs = base.len();
        let mut stop = Self {
            held,
            scores,
            outputs,
            patience,
            best_loss: f64::INFINITY,
            best_trees: 0,
            rounds_since: 0,
        };
        stop.best_loss = stop.loss();
        stop
    }

    /// Trees of the best round.
    pub(crate) fn best_trees(&self) -> usize {
        self.best_trees
    }

    /// Adds a round's trees, after which the ensemble has `trees`; whether to stop.
    pub(crate) fn is_over(&mut self, new: &Forest, trees: usize) -> bool {
        let (outputs, width, values) = (self.outputs, new.width, &self.held.values);
        self.scores.par_chunks_mut(CHUNK * outputs).enumerate().for_each(|(chunk, scores)| {
            let mut add = vec![0.0; outputs];
            for (i, scores) in scores.chunks_exact_mut(outputs).enumerate() {
                let row = chunk * CHUNK + i;
                new.outputs_of(&values[row * width..(row + 1) * width], &mut add);
                scores.iter_mut().zip(&add).for_each(|(score, add)| *score += add);
            }
        });
        let loss = self.loss();
        if loss < self.best_loss {
            self.best_loss = loss;
            self.best_trees = trees;
            self.rounds_since = 0;
        } else {
            self.rounds_since += 1;
        }
        self.rounds_since >= self.patience
    }

    /// Mean log loss.
    fn loss(&self) -> f64 {
        let mut loss = 0.0;
        let mut total = 0.0;
        let rows = self.held.class.iter().zip(&self.held.weight);
        for (scores, (&class, &weight)) in self.scores.chunks_exact(self.outputs).zip(rows) {
            let own = if self.outputs == 1 {
                math::softplus(scores[0]) - f64::from(class) * scores[0]
            } else {
                let largest = scores.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
                let sum: f64 = scores.iter().map(|score| math::exp(score - largest)).sum();
                largest + math::ln(sum) - scores[class as usize]
            };
            loss += weight * own;
            total += weight;
        }
        loss / total
    }
}
