//! One card under check, with the steps that every check takes.

use std::sync::{Mutex, PoisonError};

use tripline_core::{
    Card, Detector, Estimator, FitContext, FitError, Frame, Labels, Params, Progress, Register,
    Shape, Silent, Supervision, Task,
};

use crate::sample::{Sample, sample};

/// A card with the parameters that it is checked with.
pub(crate) struct Subject {
    pub(crate) card: &'static Card,
    /// The cards of its members, its own beside them.
    pub(crate) register: Register,
    estimator: Box<dyn Estimator>,
    stage: Mutex<String>,
}

/// What a fit is given; each check changes what it is about.
#[derive(Clone, Copy)]
pub(crate) struct Fit<'a> {
    pub(crate) labels: Option<&'a Labels>,
    pub(crate) weights: Option<&'a [f64]>,
    pub(crate) validation: Option<tripline_core::Validation<'a>>,
    pub(crate) task: Task,
    pub(crate) seed: u64,
    pub(crate) progress: &'a dyn Progress,
}

impl Default for Fit<'_> {
    fn default() -> Self {
        Self {
            labels: None,
            weights: None,
            validation: None,
            task: Task::Binary,
            seed: 7,
            progress: &Silent,
        }
    }
}

impl Subject {
    pub(crate) fn new(card: &'static Card, register: &Register, params: &Params) -> Self {
        assert_eq!(card.shape, Shape::Rows, "`{}`: only detectors of rows are checked", card.id);
        let estimator = (card.build)(params, register)
            .unwrap_or_else(|error| panic!("`{}` refuses its parameters: {error}", card.id));
        assert_eq!(estimator.card().id, card.id, "the estimator names another card");
        Self {
            card,
            register: register.clone(),
            estimator,
            stage: Mutex::new("building".to_owned()),
        }
    }

    /// Says what is done next, for the message if it goes wrong.
    pub(crate) fn at(&self, stage: &str) {
        stage.clone_into(&mut self.stage.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn stage(&self) -> String {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn supervised(&self) -> bool {
        self.card.supervision != Supervision::Benign
    }

    /// A sample for this card, clouds overlapping.
    pub(crate) fn sample(&self, rows: usize, seed: u64) -> Sample {
        sample(self.card.input, rows, 1.5, seed)
    }

    /// The part of a sample that such a detector is fitted to: all, or the benign rows.
    pub(crate) fn training(&self, sample: &Sample) -> Sample {
        if self.supervised() {
            return sample.clone();
        }
        let benign: Vec<usize> =
            (0..sample.labels.len()).filter(|&row| !sample.labels.is_attack(row)).collect();
        sample.select(&benign)
    }

    /// Fits to a frame as it is.
    pub(crate) fn try_fit(
        &self,
        frame: &Frame,
        fit: Fit<'_>,
    ) -> Result<Box<dyn Detector>, FitError> {
        let Fit { labels, weights, validation, task, seed, progress } = fit;
        let context = FitContext { labels, weights, validation, task, seed, progress };
        self.estimator.fit(frame, &context)
    }

    /// Fits to what of a sample such a detector is fitted to, which must succeed.
    pub(crate) fn fit(&self, sample: &Sample, task: Task) -> Box<dyn Detector> {
        let training = self.training(sample);
        let labels = self.supervised().then_some(&training.labels);
        self.try_fit(&training.frame(), Fit { labels, task, ..Fit::default() })
            .unwrap_or_else(|error| panic!("fitting to a plain sample fails: {error}"))
    }

    /// Scores that must be there, one finite number for each row.
    pub(crate) fn scores(&self, detector: &dyn Detector, frame: &Frame) -> Vec<f64> {
        let scores = detector.score(frame).unwrap_or_else(|error| panic!("no scores: {error}"));
        assert_eq!(scores.len(), frame.len(), "not one score for each row");
        if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
            panic!("the score of row {row} is {}", scores[row]);
        }
        scores
    }
}

/// Panics unless two lists of scores are the same bits.
pub(crate) fn same(what: &str, left: &[f64], right: &[f64]) {
    assert_eq!(left.len(), right.len(), "{what}: other number of scores");
    for (row, (a, b)) in left.iter().zip(right).enumerate() {
        assert!(a.to_bits() == b.to_bits(), "{what}: row {row} scores {a:?}, then {b:?}");
    }
}

/// Panics unless this is an error whose text holds the column's name.
pub(crate) fn names_column<T, E: std::fmt::Display>(
    what: &str,
    column: &str,
    outcome: Result<T, E>,
) {
    match outcome {
        Ok(_) => panic!("{what}: an error that names column `{column}` is due, got an answer"),
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains(column), "{what}: the error does not name `{column}`: {text}");
        }
    }
}
