//! Training on every split, judging on what each left out.

use tripline_core::{Dataset, Labels, Progress};

use super::error::EvaluateError;
use super::evaluation::{Evaluation, Parts, Pooled, SplitResult, Timing};
use super::folds::{mean_importance, over_folds};
use super::part::{EvaluateOptions, Judged, PartMetrics, judge};
use super::trainer::{Scored, Trained, Trainer};
use crate::bootstrap::Replicates;
use crate::metrics::calibration_curve;
use crate::protocol::Split;

/// Trains on each split's training rows, judges on its test rows.
pub fn evaluate(
    trainer: &dyn Trainer,
    data: &Dataset,
    splits: &[Split],
    options: &EvaluateOptions,
    progress: &dyn Progress,
) -> Result<Evaluation, EvaluateError> {
    let mut gathered = Gathered::new(trainer.id(), labels_of(data)?.classes().to_vec());
    for (number, split) in splits.iter().enumerate() {
        let task = format!("{}: {}", trainer.id(), split.name);
        progress.step(&task, number as u64, splits.len() as u64);
        if !progress.go_on() {
            return Err(EvaluateError::Cancelled);
        }
        let (train, test) = (data.select(&split.train), data.select(&split.test));
        gathered.add(trainer, &train, &test, split, options, progress)?;
        progress.step(&task, number as u64 + 1, splits.len() as u64);
    }
    gathered.finish(options)
}

/// Trains on one data set, judges on another.
pub fn evaluate_official(
    trainer: &dyn Trainer,
    train: &Dataset,
    test: &Dataset,
    options: &EvaluateOptions,
    progress: &dyn Progress,
) -> Result<Evaluation, EvaluateError> {
    let mut gathered = Gathered::new(trainer.id(), labels_of(test)?.classes().to_vec());
    labels_of(train)?;
    let split = Split {
        name: "test file".to_owned(),
        train: (0..train.len()).collect(),
        test: (0..test.len()).collect(),
        test_family: None,
        repeated: crate::guard::repeated_across(train, test),
    };
    gathered.add(trainer, train, test, &split, options, progress)?;
    gathered.finish(options)
}

fn labels_of(data: &Dataset) -> Result<&Labels, EvaluateError> {
    data.labels.as_ref().ok_or_else(|| EvaluateError::NoLabels { name: data.source.name.clone() })
}

/// What splits gave so far.
struct Gathered {
    model: String,
    train: Vec<PartMetrics>,
    validation: Vec<PartMetrics>,
    splits: Vec<SplitResult>,
    replicates: Vec<Replicates>,
    importance: Vec<Vec<(String, f64)>>,
    score_seconds: f64,
    pooled: Pooled,
}

impl Gathered {
    fn new(model: &str, classes: Vec<String>) -> Self {
        Self {
            model: model.to_owned(),
            train: Vec::new(),
            validation: Vec::new(),
            splits: Vec::new(),
            replicates: Vec::new(),
            importance: Vec::new(),
            score_seconds: 0.0,
            pooled: Pooled { classes, ..Pooled::default() },
        }
    }

    fn add(
        &mut self,
        trainer: &dyn Trainer,
        train: &Dataset,
        test: &Dataset,
        split: &Split,
        options: &EvaluateOptions,
        progress: &dyn Progress,
    ) -> Result<(), EvaluateError> {
        let model = &self.model;
        for (part, data) in [("training", train), ("test", test)] {
            if data.is_empty() {
                return Err(EvaluateError::NoRows { part, split: split.name.clone() });
            }
        }
        let number = self.splits.len() as u64;
        let trained = trainer.train(train, options.seed.wrapping_add(number), progress).map_err(
            |source| EvaluateError::Train {
                model: model.clone(),
                split: split.name.clone(),
                source,
            },
        )?;
        let judged = |scored: &Scored, resample| {
            judge(scored, trained.threshold(), options, resample).map_err(|source| {
                EvaluateError::Judge { model: model.clone(), split: split.name.clone(), source }
            })
        };
        let mut scored = score(model, trained.as_ref(), test, split)?;
        if options.group_duplicates {
            scored = scored.grouped(&test.rows);
        }
        let Judged { metrics, replicates } = judged(&scored, true)?;
        if options.train_metrics {
            let scored = score(model, trained.as_ref(), train, split)?;
            self.train.push(judged(&scored, false)?.metrics);
        }
        if let Some(validation) = trained.validation() {
            self.validation.push(judged(validation, false)?.metrics);
        }
        self.pool(&scored, trained.threshold(), split);
        self.score_seconds += scored.seconds.unwrap_or(0.0);
        self.replicates.extend(replicates);
        self.importance.extend(trained.importance());
        self.splits.push(SplitResult {
            name: split.name.clone(),
            test_family: split.test_family.clone(),
            train_rows: train.len(),
            repeated: split.repeated,
            test: metrics,
            fit_seconds: trained.fit_seconds(),
        });
        Ok(())
    }

    fn pool(&mut self, scored: &Scored, threshold: f64, split: &Split) {
        let pooled = &mut self.pooled;
        pooled.split.extend(std::iter::repeat_n(self.splits.len() as u32, scored.raw.len()));
        pooled.attacks.extend(scored.labels.attacks());
        pooled.codes.extend_from_slice(scored.labels.codes());
        pooled.alerts.extend(scored.raw.iter().map(|&score| score >= threshold));
        pooled.raw.extend_from_slice(&scored.raw);
        pooled.probability.extend_from_slice(&scored.probability);
        pooled.row.extend_from_slice(&split.test);
    }

    fn finish(self, options: &EvaluateOptions) -> Result<Evaluation, EvaluateError> {
        if self.splits.is_empty() {
            return Err(EvaluateError::NoSplit);
        }
        let replicates = if self.replicates.len() == self.splits.len() {
            Replicates::mean(&self.replicates)
        } else {
            None
        };
        let tests: Vec<&PartMetrics> = self.splits.iter().map(|split| &split.test).collect();
        let mut test = over_folds(&tests, replicates.as_ref(), options);
        if let Some(test) = &mut test
            && tests.len() > 1
            && self.pooled.probability.len() == self.pooled.attacks.len()
        {
            test.calibration = calibration_curve(
                &self.pooled.probability,
                &self.pooled.attacks,
                None,
                options.bins,
            );
        }
        let train: Vec<&PartMetrics> = self.train.iter().collect();
        let validation: Vec<&PartMetrics> = self.validation.iter().collect();
        let fit_seconds = self.splits.iter().map(|split| split.fit_seconds).sum();
        let rows = self.pooled.raw.len() as f64;
        let rows_per_second =
            if self.score_seconds > 0.0 { Some(rows / self.score_seconds) } else { None };
        Ok(Evaluation {
            parts: Parts {
                train: over_folds(&train, None, options),
                validation: over_folds(&validation, None, options),
                test,
            },
            timing: Timing { fit_seconds, score_seconds: self.score_seconds, rows_per_second },
            importance: mean_importance(&self.importance),
            model: self.model,
            splits: self.splits,
            pooled: self.pooled,
            replicates,
        })
    }
}

fn score(
    model: &str,
    trained: &dyn Trained,
    data: &Dataset,
    split: &Split,
) -> Result<Scored, EvaluateError> {
    let labels = labels_of(data)?.clone();
    let scores = trained.score(data).map_err(|source| EvaluateError::Score {
        model: model.to_owned(),
        split: split.name.clone(),
        source,
    })?;
    Ok(Scored::of(scores, labels, data))
}
