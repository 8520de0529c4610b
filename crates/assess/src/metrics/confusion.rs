//! Counts of right with wrong decisions at a threshold.

use serde::Serialize;

/// Summed weights of the rows of each outcome; counts where no weights are given.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Confusion {
    /// Attacks that alert.
    pub tp: f64,
    /// Benign rows that alert.
    pub fp: f64,
    /// Benign rows that do not alert.
    pub tn: f64,
    /// Attacks that do not alert.
    pub r#fn: f64,
}

impl Confusion {
    /// Counts decisions `score >= threshold`; weights of 1 where none are given.
    pub fn at(scores: &[f64], attacks: &[bool], weights: Option<&[f64]>, threshold: f64) -> Self {
        let alerts: Vec<bool> = scores.iter().map(|&score| score >= threshold).collect();
        Self::of(&alerts, attacks, weights)
    }

    /// Counts decisions that are already made.
    pub fn of(alerts: &[bool], attacks: &[bool], weights: Option<&[f64]>) -> Self {
        let mut counts = Self::default();
        for (row, (&alert, &attack)) in alerts.iter().zip(attacks).enumerate() {
            let weight = weights.map_or(1.0, |weights| weights[row]);
            match (attack, alert) {
                (true, true) => counts.tp += weight,
                (false, true) => counts.fp += weight,
                (false, false) => counts.tn += weight,
                (true, false) => counts.r#fn += weight,
            }
        }
        counts
    }

    /// The outcomes of two parts together.
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            tp: self.tp + other.tp,
            fp: self.fp + other.fp,
            tn: self.tn + other.tn,
            r#fn: self.r#fn + other.r#fn,
        }
    }

    /// Weight of the attacks.
    pub fn attacks(&self) -> f64 {
        self.tp + self.r#fn
    }

    /// Weight of the benign rows.
    pub fn benign(&self) -> f64 {
        self.fp + self.tn
    }

    /// Share of right decisions.
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.tp + self.tn, self.attacks() + self.benign())
    }

    /// Mean of the share of attacks that alert with the share of benign rows that do not.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        Some((self.recall()? + ratio(self.tn, self.benign())?) / 2.0)
    }

    /// Share of alerts that are attacks; 0 without an alert, as scikit-learn has it.
    pub fn precision(&self) -> Option<f64> {
        if self.attacks() + self.benign() == 0.0 {
            return None;
        }
        Some(ratio(self.tp, self.tp + self.fp).unwrap_or(0.0))
    }

    /// Share of attacks that alert: the detection rate.
    pub fn recall(&self) -> Option<f64> {
        ratio(self.tp, self.attacks())
    }

    /// Harmonic mean of precision with recall; 0 where both are 0, none without an attack.
    pub fn f1(&self) -> Option<f64> {
        if self.attacks() == 0.0 {
            return None;
        }
        ratio(2.0 * self.tp, 2.0 * self.tp + self.fp + self.r#fn)
    }

    /// Matthews correlation; 0 where one row or column of the table is empty, as scikit-learn
    /// has it (Matthews 1975).
    pub fn mcc(&self) -> Option<f64> {
        if self.attacks() + self.benign() == 0.0 {
            return None;
        }
        // The root of each factor by itself, so that large counts do not overflow.
        let scale = (self.tp + self.fp).sqrt()
            * self.attacks().sqrt()
            * self.benign().sqrt()
            * (self.tn + self.r#fn).sqrt();
        Some(ratio(self.tp * self.tn - self.fp * self.r#fn, scale).unwrap_or(0.0))
    }

    /// Share of benign rows that alert.
    pub fn fpr(&self) -> Option<f64> {
        ratio(self.fp, self.benign())
    }

    /// Share of attacks that do not alert.
    pub fn fnr(&self) -> Option<f64> {
        ratio(self.r#fn, self.attacks())
    }
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    if whole > 0.0 { Some(part / whole) } else { None }
}
