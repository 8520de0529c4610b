//! How much each training row counts.

use tripline_core::{FitContext, FitError, Task};

use super::binned::RowFacts;

/// The class, weight, number of each row.
pub(crate) struct RowWeights {
    /// Class of each row: 0 is benign; for [`Task::Binary`] 1 is any attack.
    pub(crate) class: Vec<u32>,
    /// Weight of each row, its class's weight included.
    pub(crate) weight: Vec<f64>,
    /// How many rows each row stands for: its weight if all weights are whole numbers, else 1; 0
    /// if it has no weight.
    pub(crate) count: Vec<u32>,
    /// Names of the classes told apart.
    pub(crate) names: Vec<String>,
}

impl RowWeights {
    /// From labels and weights; `balanced` gives each class the same total weight.
    pub(crate) fn new(
        context: &FitContext<'_>,
        rows: usize,
        balanced: bool,
    ) -> Result<Self, FitError> {
        let labels = context.supervised(rows)?;
        let (class, names): (Vec<u32>, Vec<String>) = match context.task {
            Task::Binary => {
                let class = labels.codes().iter().map(|&code| u32::from(code != 0)).collect();
                (class, vec![labels.classes()[0].clone(), "attack".to_owned()])
            }
            Task::Multiclass => (labels.codes().to_vec(), labels.classes().to_vec()),
        };
        let (mut weight, count) = match context.weights {
            None => (vec![1.0; rows], vec![1; rows]),
            Some(weights) => (weights.to_vec(), counts(weights)),
        };
        let totals = totals(&class, &weight, names.len());
        let present = totals.iter().filter(|&&total| total > 0.0).count();
        if present < 2 {
            let only = totals.iter().position(|&total| total > 0.0).unwrap_or(0);
            return Err(FitError::OneClass { class: names[only].clone() });
        }
        if balanced {
            let all: f64 = totals.iter().sum();
            let factors: Vec<f64> =
                totals.iter().map(|total| all / (present as f64 * total)).collect();
            weight.iter_mut().zip(&class).for_each(|(w, &class)| {
                if *w > 0.0 {
                    *w *= factors[class as usize];
                }
            });
        }
        Ok(Self { class, weight, count, names })
    }

    /// As what is told of rows.
    pub(crate) fn facts(&self) -> RowFacts<'_> {
        RowFacts { classes: &self.class, weights: &self.weight, counts: &self.count }
    }
}

/// Total weight of each class.
pub(crate) fn totals(class: &[u32], weight: &[f64], classes: usize) -> Vec<f64> {
    let mut totals = vec![0.0; classes];
    for (&class, weight) in class.iter().zip(weight) {
        totals[class as usize] += weight;
    }
    totals
}

/// Rows that each row stands for.
pub(crate) fn counts(weights: &[f64]) -> Vec<u32> {
    // Beyond this a whole number is a measure, not a count, and sums could overflow.
    const MOST: f64 = 1_000_000.0;
    let whole = weights.iter().all(|&weight| weight.fract() == 0.0 && weight <= MOST);
    let count = |&weight: &f64| if whole { weight as u32 } else { u32::from(weight > 0.0) };
    weights.iter().map(count).collect()
}
