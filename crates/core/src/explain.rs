//! The ability to say why a row scores as it does.

use crate::detector::{Link, ScoreError};
use crate::frame::{Frame, FrameError};

/// The ability to split a score into what each column adds.
pub trait Explain {
    /// Attributions whose sum with the base value is the output.
    fn attributions(
        &self,
        frame: &Frame,
        options: &ExplainOptions<'_>,
    ) -> Result<Attributions, ExplainError>;

    /// Interactions of pairs of columns, where the method has them.
    fn interactions(
        &self,
        _frame: &Frame,
        _options: &ExplainOptions<'_>,
    ) -> Result<Interactions, ExplainError> {
        Err(ExplainError::Unsupported { what: "interactions" })
    }
}

/// What an explanation is asked for.
#[derive(Clone, Copy, Default)]
pub struct ExplainOptions<'a> {
    /// How the effect of an absent column is told.
    pub method: ExplainMethod<'a>,
    /// Explain this class's own output instead of the score (multi-class models).
    pub class: Option<usize>,
}

/// How the effect of an absent column is told.
#[derive(Clone, Copy, Default)]
pub enum ExplainMethod<'a> {
    /// By the training rows that reached each node (Lundberg et al. 2020, algorithm 2).
    #[default]
    PathDependent,
    /// By the rows of a background frame (Lundberg et al. 2020, algorithm 3).
    Interventional {
        /// Rows with the columns of the detector.
        background: &'a Frame,
    },
}

/// What each column adds to each row's output.
#[derive(Debug, Clone, PartialEq)]
pub struct Attributions {
    /// d column names.
    pub features: Vec<String>,
    /// The output without any column, in the unit of `outputs`.
    pub base: f64,
    /// n × d, row-major, in the unit of `outputs`.
    pub values: Vec<f64>,
    /// n outputs: the sum of `base` and a row's values.
    pub outputs: Vec<f64>,
    /// The unit of the outputs.
    pub link: Link,
}

impl Attributions {
    /// The d values of a row.
    pub fn row(&self, row: usize) -> &[f64] {
        let width = self.features.len();
        &self.values[row * width..(row + 1) * width]
    }

    /// The largest distance between an output and the sum of its parts, relative to the largest
    /// absolute part of that row; 0 for no rows.
    pub fn additivity_error(&self) -> f64 {
        let mut worst = 0.0_f64;
        for (row, output) in self.outputs.iter().enumerate() {
            let parts = self.row(row);
            let sum = self.base + parts.iter().sum::<f64>();
            let scale = parts.iter().fold(self.base.abs(), |scale, part| scale.max(part.abs()));
            worst = worst.max((output - sum).abs() / scale.max(1e-12));
        }
        worst
    }

    /// The mean absolute attribution of each column; zeros for no rows.
    pub fn mean_absolute(&self) -> Vec<f64> {
        let width = self.features.len();
        let mut mean = vec![0.0; width];
        for row in 0..self.outputs.len() {
            for (total, value) in mean.iter_mut().zip(self.row(row)) {
                *total += value.abs();
            }
        }
        let rows = self.outputs.len().max(1) as f64;
        mean.iter_mut().for_each(|total| *total /= rows);
        mean
    }
}

/// What each pair of columns adds to each row's output.
#[derive(Debug, Clone, PartialEq)]
pub struct Interactions {
    /// d column names.
    pub features: Vec<String>,
    /// The output without any column.
    pub base: f64,
    /// n × d × d, row-major; symmetric, main effects on the diagonal.
    pub values: Vec<f64>,
    /// n outputs.
    pub outputs: Vec<f64>,
}

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// The frame is not what the detector takes.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A missing value where the card says that none is taken.
    #[error("column `{column}` has a missing or infinite value at row {row}")]
    Missing {
        /// The column.
        column: String,
        /// From 0.
        row: usize,
    },
    /// Rows could not be scored, by a method that explains by scoring.
    #[error(transparent)]
    Score(ScoreError),
    /// The method has no such thing.
    #[error("this model has no {what}")]
    Unsupported {
        /// What was asked for.
        what: &'static str,
    },
    /// The background frame has no rows.
    #[error("the background has no rows")]
    EmptyBackground,
    /// The parts do not sum to the output: numbers ran out of range.
    #[error("row {row}: the attributions do not sum to the output")]
    NotAdditive {
        /// From 0.
        row: usize,
    },
    /// A class that the model does not know.
    #[error("class {class} is not one of the model's {count}")]
    Class {
        /// Asked for.
        class: usize,
        /// Number of classes.
        count: usize,
    },
}

impl From<ScoreError> for ExplainError {
    fn from(error: ScoreError) -> Self {
        match error {
            ScoreError::Frame(source) => Self::Frame(source),
            ScoreError::Missing { column, row } => Self::Missing { column, row },
            other => Self::Score(other),
        }
    }
}
