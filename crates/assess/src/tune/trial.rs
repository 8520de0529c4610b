//! One trial with what came of it.

/// Which way an objective is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Less is better.
    Minimize,
    /// More is better.
    Maximize,
}

/// One point tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Its number, from 0.
    pub number: u64,
    /// Where it lies in the space.
    pub point: Vec<f64>,
    /// What was reported on the way, such as the mean of the first objective over the folds so
    /// far.
    pub reported: Vec<f64>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a trial.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Nothing yet.
    Running,
    /// A value for each objective.
    Complete(Vec<f64>),
    /// Given up, since others had done better by then.
    Pruned,
    /// It could not be run: why.
    Failed(String),
}

impl Direction {
    /// The value turned so that less is better.
    pub fn loss(self, value: f64) -> f64 {
        match self {
            Self::Minimize => value,
            Self::Maximize => -value,
        }
    }

    /// Whether `value` is better than `other`.
    pub fn better(self, value: f64, other: f64) -> bool {
        self.loss(value) < self.loss(other)
    }
}

impl Trial {
    /// The values of a complete trial.
    pub fn values(&self) -> Option<&[f64]> {
        match &self.outcome {
            Outcome::Complete(values) => Some(values),
            _ => None,
        }
    }

    /// The values of a complete trial, less being better.
    pub(super) fn losses(&self, directions: &[Direction]) -> Option<Vec<f64>> {
        let values = self.values()?;
        Some(values.iter().zip(directions).map(|(&value, way)| way.loss(value)).collect())
    }
}
