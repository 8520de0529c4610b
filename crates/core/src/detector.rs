//! The contract: an estimator is fitted once, giving a detector that scores.

use crate::card::Card;
use crate::explain::Explain;
use crate::frame::{Frame, FrameError};
use crate::importance::Importance;
use crate::labels::{Labels, LabelsError};
use crate::preparation::PreparationError;
use crate::progress::Progress;
use crate::schema::Schema;
use crate::state::State;

/// Parameters alone, validated when built.
pub trait Estimator: Send + Sync {
    /// The card of the detector that fitting gives.
    fn card(&self) -> &'static Card;

    /// Fits to a frame. The result depends on frame, context and parameters alone: the same seed
    /// gives the same bytes on any number of threads.
    fn fit(&self, frame: &Frame, context: &FitContext<'_>) -> Result<Box<dyn Detector>, FitError>;

    /// Finding outliers among the very rows given.
    fn outliers(&self) -> Option<&dyn Outliers> {
        None
    }

    /// Going on from a fitted detector.
    fn warm_start(&self) -> Option<&dyn WarmStart> {
        None
    }
}

/// The ability to go on from a fitted detector with other rows: what it knows stays, what these
/// rows add comes on top.
pub trait WarmStart {
    /// Goes on from what [`Detector::save`] gave of a detector of the same card; columns are those
    /// it was fitted to, labels of several classes are among its own.
    fn fit_from(
        &self,
        fitted: &State,
        frame: &Frame,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Detector>, FitError>;
}

/// The ability to score the rows of one frame as outliers among each other: no row is its own
/// neighbour, nothing is learnt for rows to come.
pub trait Outliers {
    /// One number for each row, never `NaN`: higher is more suspicious.
    fn outlier_scores(&self, frame: &Frame, context: &FitContext<'_>)
    -> Result<Vec<f64>, FitError>;
}

/// What an estimator is given beside its frame.
#[derive(Clone, Copy)]
pub struct FitContext<'a> {
    /// The class of each row; required where the card says `Supervised`.
    pub labels: Option<&'a Labels>,
    /// A weight for each row, finite and not negative, in all below 1e300; none means 1.
    pub weights: Option<&'a [f64]>,
    /// A part of the training data that is not fitted, for early stopping.
    pub validation: Option<Validation<'a>>,
    /// What is told apart.
    pub task: Task,
    /// The only source of randomness.
    pub seed: u64,
    /// Told of steps done; asked whether to go on.
    pub progress: &'a dyn Progress,
}

/// A held-out part of the training data.
#[derive(Clone, Copy)]
pub struct Validation<'a> {
    /// Columns as in the fitted frame.
    pub frame: &'a Frame,
    /// The class of each row; classes as in the fitted labels.
    pub labels: &'a Labels,
    /// A weight for each row.
    pub weights: Option<&'a [f64]>,
}

/// What is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Task {
    /// Attack from benign.
    #[default]
    Binary,
    /// Each class from each other; the score is still that of being no benign row.
    Multiclass,
}

/// A fitted model.
///
/// Scoring takes `&self`; a model is replaced, never changed under its readers.
pub trait Detector: Send + Sync {
    /// Its card.
    fn card(&self) -> &'static Card;

    /// The columns it takes, with the categories it knows.
    fn schema(&self) -> &Schema;

    /// One raw number for each item, never `NaN`: **higher is more suspicious**.
    ///
    /// Columns are found by name; further columns are ignored. A row's score does not depend on
    /// the rows beside it.
    fn score(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError>;

    /// What a raw score means.
    fn link(&self) -> Link;

    /// As data for a model file; [`Card::load`] reads it back.
    fn save(&self) -> State;

    /// Class probabilities, if it was fitted to tell classes apart.
    fn classes(&self) -> Option<&dyn Classes> {
        None
    }

    /// Why a row scores as it does.
    fn explain(&self) -> Option<&dyn Explain> {
        None
    }

    /// What each column is worth to the model.
    fn importance(&self) -> Option<&dyn Importance> {
        None
    }

    /// Learning from further rows.
    fn online(&mut self) -> Option<&mut dyn Online> {
        None
    }

    /// What a user must know of how it runs here, such as a protection that this system lacks.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What a raw score means, and so how it becomes a probability before any calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Log-odds of an attack.
    Logit,
    /// Probability of an attack.
    Probability,
    /// A number with an order and no scale; only a calibrator gives it one.
    Rank,
}

/// The ability to tell classes apart.
pub trait Classes {
    /// Class names; the first is benign.
    fn names(&self) -> &[String];

    /// Probabilities, row-major (n × classes); each row sums to 1.
    fn probabilities(&self, frame: &Frame) -> Result<Vec<f64>, ScoreError>;
}

/// The ability to learn from further rows.
pub trait Online {
    /// Learns from these rows; labels are those of fitting.
    ///
    /// After an error the model is what it was before.
    fn partial_fit(&mut self, frame: &Frame, context: &FitContext<'_>) -> Result<(), FitError>;

    /// Scores each row by what was learnt from those before it, then learns from it (prequential
    /// evaluation: Gama, Sebastião & Rodrigues 2013): the same numbers as [`Detector::score`] with
    /// [`Online::partial_fit`] for one row after the other.
    fn test_then_train(
        &mut self,
        frame: &Frame,
        context: &FitContext<'_>,
    ) -> Result<Vec<f64>, FitError>;
}

/// Why fitting failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The frame is not what the estimator takes.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Fewer rows than the method needs.
    #[error("{got} rows are too few, at least {needed} are needed")]
    TooFewRows {
        /// Least number.
        needed: usize,
        /// Number given.
        got: usize,
    },
    /// No column.
    #[error("the frame has no columns")]
    NoColumns,
    /// A supervised method without labels.
    #[error(
        "labels of attacks and benign rows are needed; without them take methods that learn benign rows, such as `isolation_forest`, in an ensemble as `members`"
    )]
    NoLabels,
    /// A class that the labels fitted did not have.
    #[error(transparent)]
    Labels(#[from] LabelsError),
    /// Labels, weights or validation of another size.
    #[error("{what} has length {got}, expected {expected}")]
    Length {
        /// `labels`, `weights`.
        what: &'static str,
        /// Rows of the frame.
        expected: usize,
        /// Length given.
        got: usize,
    },
    /// Only one class.
    #[error("all rows are of class `{class}`, at least two classes are needed")]
    OneClass {
        /// Its name.
        class: String,
    },
    /// A missing value where the card says that none is taken.
    #[error("column `{column}` has a missing or infinite value at row {row}")]
    Missing {
        /// The column.
        column: String,
        /// From 0.
        row: usize,
    },
    /// A weight that is negative or not finite, or no weight above 0, or a sum out of range.
    #[error("weights must be finite and not negative, with one above 0 and a sum below 1e300")]
    Weights,
    /// Parameters that do not fit this frame.
    #[error("parameter `{name}`: {reason}")]
    Param {
        /// The parameter.
        name: String,
        /// Why.
        reason: String,
    },
    /// A detector that cannot be gone on from.
    #[error("cannot go on from this detector: {reason}")]
    WarmStart {
        /// What is wrong.
        reason: String,
    },
    /// Numbers ran out of range.
    #[error("fitting did not converge: {reason}")]
    Diverged {
        /// What happened.
        reason: String,
    },
    /// A member of an ensemble could not be fitted.
    #[error("member `{member}`: {source}")]
    Member {
        /// Its label.
        member: String,
        /// Why.
        source: Box<Self>,
    },
    /// Columns of a member could not be prepared.
    #[error(transparent)]
    Preparation(PreparationError),
    /// [`Progress::go_on`] said no.
    #[error("fitting was cancelled")]
    Cancelled,
}

/// Why scoring failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
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
    /// A member of an ensemble could not score.
    #[error("member `{member}`: {source}")]
    Member {
        /// Its label.
        member: String,
        /// Why.
        source: Box<Self>,
    },
    /// Columns of a member could not be prepared.
    #[error(transparent)]
    Preparation(PreparationError),
    /// What runs the model outside this program did not answer with a score for each row.
    #[error("{reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

impl FitContext<'_> {
    /// Checks labels with weights against the number of rows; gives the labels back.
    ///
    /// For supervised methods: errors without labels, with one class alone, with other lengths,
    /// with weights that are no weights.
    pub fn supervised(&self, rows: usize) -> Result<&Labels, FitError> {
        let labels = self.labels.ok_or(FitError::NoLabels)?;
        if labels.len() != rows {
            return Err(FitError::Length { what: "labels", expected: rows, got: labels.len() });
        }
        self.check_weights(rows)?;
        let attacks = labels.codes().iter().filter(|&&code| code != 0).count();
        let single = match self.task {
            Task::Binary => attacks == 0 || attacks == rows,
            Task::Multiclass => labels.counts().iter().filter(|&&count| count > 0).count() < 2,
        };
        if single && rows > 0 {
            return Err(FitError::OneClass { class: labels.class(0).to_owned() });
        }
        Ok(labels)
    }

    /// Checks the weights against the number of rows.
    pub fn check_weights(&self, rows: usize) -> Result<(), FitError> {
        let Some(weights) = self.weights else { return Ok(()) };
        if weights.len() != rows {
            return Err(FitError::Length { what: "weights", expected: rows, got: weights.len() });
        }
        // Sums of weights must leave room for what they are multiplied with.
        let valid =
            weights.iter().all(|weight| *weight >= 0.0) && weights.iter().sum::<f64>() < 1e300;
        if !valid || (rows > 0 && weights.iter().all(|&weight| weight == 0.0)) {
            return Err(FitError::Weights);
        }
        Ok(())
    }
}
