//! Training on every split, judging on what each left out.

use rayon::prelude::*;
use serde::Serialize;
use tripline_core::{Dataset, Labels, LabelsError, Progress};

use super::part::{
    EvaluateOptions, Judged, MetricValue, MetricValues, PartMetrics, intervals, judge,
};
use super::trainer::{Scored, Trained, Trainer, TrainerError};
use crate::bootstrap::{BootstrapError, Difference, Replicates};
use crate::metrics::{
    Alerts, ClassMetrics, Confusion, FamilyDetection, METRICS, MetricError, calibration_curve,
    resolve,
};
use crate::protocol::{Groups, Rounding, Split};

/// What is known of one model.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    /// The trainer's id.
    pub model: String,
    /// Figures by part.
    pub parts: Parts,
    /// Figures of each split's test part.
    pub splits: Vec<SplitResult>,
    /// Time taken.
    pub timing: Timing,
    /// What each raw column is worth, the mean over splits, falling.
    pub importance: Option<Vec<(String, f64)>>,
    /// All rows judged, for plots.
    #[serde(skip)]
    pub pooled: Pooled,
    /// Resampled figures of the test part, for differences of models.
    #[serde(skip)]
    pub replicates: Option<Replicates>,
}

/// Figures by part.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Parts {
    /// Rows that trained, seen by the model: no measure of quality.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<PartMetrics>,
    /// Rows held out of training for the threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<PartMetrics>,
    /// Rows that training never saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<PartMetrics>,
}

/// One split.
#[derive(Debug, Clone, Serialize)]
pub struct SplitResult {
    /// Its name.
    pub name: String,
    /// The attack family that training never saw.
    pub test_family: Option<String>,
    /// Rows that trained.
    pub train_rows: usize,
    /// Rows judged whose features also occur among those that trained.
    pub repeated: usize,
    /// Figures of its test part.
    pub test: PartMetrics,
    /// Seconds of training.
    pub fit_seconds: f64,
}

/// Time taken, summed over splits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Timing {
    /// Seconds of training.
    pub fit_seconds: f64,
    /// Seconds of scoring test rows.
    pub score_seconds: f64,
    /// Test rows scored a second.
    pub rows_per_second: Option<f64>,
}

/// Every row judged, of all splits one after the other.
#[derive(Debug, Clone, Default)]
pub struct Pooled {
    /// Raw scores; those of different splits come from different models.
    pub raw: Vec<f64>,
    /// Probabilities, which different models share as a scale.
    pub probability: Vec<f64>,
    /// Whether each row is an attack.
    pub attacks: Vec<bool>,
    /// Whether each row alerts at its own split's threshold.
    pub alerts: Vec<bool>,
    /// Class of each row, an index into `classes`.
    pub codes: Vec<u32>,
    /// Class names, the first benign.
    pub classes: Vec<String>,
    /// The split of each row.
    pub split: Vec<u32>,
    /// The row's number in the data set judged.
    pub row: Vec<usize>,
}

/// Why there is no evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// Training failed.
    #[error("{model}: training on `{split}` failed: {source}")]
    Train {
        /// The trainer's id.
        model: String,
        /// The split.
        split: String,
        /// Why.
        source: TrainerError,
    },
    /// Scoring failed.
    #[error("{model}: scoring `{split}` failed: {source}")]
    Score {
        /// The trainer's id.
        model: String,
        /// The split.
        split: String,
        /// Why.
        source: TrainerError,
    },
    /// Scores that cannot be judged.
    #[error("{model}: the scores of `{split}` cannot be judged: {source}")]
    Judge {
        /// The trainer's id.
        model: String,
        /// The split.
        split: String,
        /// Why.
        source: MetricError,
    },
    /// No labels.
    #[error(
        "`{name}` has no labels to judge by; name the label column with --label COLUMN --benign VALUE"
    )]
    NoLabels {
        /// The data set.
        name: String,
    },
    /// Labels that cannot be told with the training labels.
    #[error(transparent)]
    Labels(#[from] LabelsError),
    /// No split.
    #[error("there is no split to evaluate")]
    NoSplit,
    /// A part without rows.
    #[error("the {part} part of `{split}` has no rows")]
    NoRows {
        /// `training` or `test`.
        part: &'static str,
        /// The split.
        split: String,
    },
    /// The caller asked to stop.
    #[error("evaluation was cancelled")]
    Cancelled,
}

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

impl Evaluation {
    /// How a metric of this model's test part stands above another's on the same rows.
    pub fn difference(&self, other: &Self, metric: &str) -> Result<Difference, BootstrapError> {
        let card = resolve(metric)?;
        let value = |evaluation: &Self| {
            evaluation.parts.test.as_ref().and_then(|test| test.value(card.id)).unwrap_or(f64::NAN)
        };
        match (&self.replicates, &other.replicates) {
            (Some(own), Some(others)) if self.pooled.row == other.pooled.row => {
                own.difference(others, card.id, (value(self), value(other)))
            }
            _ => Err(BootstrapError::NotPaired),
        }
    }
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
            let groups = Groups::new(&test.rows, Rounding::Exact);
            scored.groups = (groups.count < test.len()).then_some(groups.of);
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

/// One part as it is; several as means with values, sums of counts.
fn over_folds(
    folds: &[&PartMetrics],
    replicates: Option<&Replicates>,
    options: &EvaluateOptions,
) -> Option<PartMetrics> {
    let first = *folds.first()?;
    if folds.len() == 1 {
        return Some(first.clone());
    }
    let values: Vec<MetricValue> = (0..METRICS.len())
        .into_par_iter()
        .map(|position| mean_value(folds, position, replicates))
        .collect();
    let confusion = folds.iter().fold(Confusion::default(), |sum, fold| sum.plus(&fold.confusion));
    let classes: Vec<&ClassMetrics> = folds.iter().filter_map(|f| f.classes.as_ref()).collect();
    Some(PartMetrics {
        rows: folds.iter().map(|fold| fold.rows).sum(),
        benign: folds.iter().map(|fold| fold.benign).sum(),
        attacks: folds.iter().map(|fold| fold.attacks).sum(),
        thresholds: folds.iter().flat_map(|fold| fold.thresholds.iter().copied()).collect(),
        resampled: replicates.and(first.resampled),
        intervals: intervals(&values),
        metrics: MetricValues(values),
        confusion,
        alerts: Alerts::at(&confusion, options.base_rate),
        families: sum_families(folds),
        calibration: Vec::new(),
        classes: ClassMetrics::sum(&classes),
    })
}

fn mean_value(
    folds: &[&PartMetrics],
    position: usize,
    replicates: Option<&Replicates>,
) -> MetricValue {
    let each: Vec<Option<f64>> = folds.iter().map(|fold| fold.metrics.0[position].value).collect();
    let there: Vec<f64> = each.iter().copied().flatten().collect();
    let value =
        if there.is_empty() { None } else { Some(there.iter().sum::<f64>() / there.len() as f64) };
    let first = &folds[0].metrics.0[position];
    let interval = replicates.and_then(|all| all.interval(position)).filter(|_| {
        value.is_some() && folds.iter().any(|f| f.metrics.0[position].interval.is_some())
    });
    let missing = if value.is_none() { first.missing } else { None };
    MetricValue { id: first.id, value, interval, folds: each, missing }
}

fn sum_families(folds: &[&PartMetrics]) -> Vec<FamilyDetection> {
    let mut all: Vec<FamilyDetection> = Vec::new();
    for family in folds.iter().flat_map(|fold| &fold.families) {
        match all.iter_mut().find(|known| known.family == family.family) {
            Some(known) => known.add(family),
            None => all.push(family.clone()),
        }
    }
    all
}

fn mean_importance(splits: &[Vec<(String, f64)>]) -> Option<Vec<(String, f64)>> {
    let first = splits.first()?;
    let mut mean: Vec<(String, f64)> = first.iter().map(|(name, _)| (name.clone(), 0.0)).collect();
    for (name, value) in splits.iter().flatten() {
        match mean.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += value,
            None => mean.push((name.clone(), *value)),
        }
    }
    mean.iter_mut().for_each(|(_, sum)| *sum /= splits.len() as f64);
    mean.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Some(mean)
}
