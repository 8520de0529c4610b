//! Rows whose scores must not move while a model learns.

use tripline_core::{Labels, Rows};

use crate::error::EngineError;
use crate::model::Model;

/// Rows with what the reference says of them.
#[derive(Debug)]
pub(super) struct Canaries {
    rows: Rows,
    attacks: Vec<bool>,
    probability: Vec<f64>,
}

/// By how much canaries moved towards what they are not, in mean probability; 0 without any.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Shift {
    /// Benign ones, upwards.
    pub(super) benign: f64,
    /// Attacks, downwards.
    pub(super) attack: f64,
}

impl Canaries {
    pub(super) fn new(
        reference: &Model,
        rows: Rows,
        labels: Option<&Labels>,
    ) -> Result<Self, EngineError> {
        let attacks = labels.map_or(vec![false; rows.len()], Labels::attacks);
        let probability = reference.score(&rows)?.probability;
        Ok(Self { rows, attacks, probability })
    }

    pub(super) fn shift(&self, model: &Model) -> Result<Shift, EngineError> {
        let now = model.score(&self.rows)?.probability;
        let mean = |attack: bool| {
            let of = |values: &[f64]| {
                let own = values.iter().zip(&self.attacks).filter(|(_, kind)| **kind == attack);
                let (sum, count) = own.fold((0.0, 0.0), |(s, n), (value, _)| (s + value, n + 1.0));
                if count > 0.0 { sum / count } else { 0.0 }
            };
            of(&now) - of(&self.probability)
        };
        Ok(Shift { benign: mean(false), attack: -mean(true) })
    }
}
