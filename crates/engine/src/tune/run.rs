//! Trials run in batches, each trial fold by fold.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use rayon::prelude::*;
use tripline_assess::evaluate::{EvaluateError, EvaluateOptions, evaluate};
use tripline_assess::tune::{Outcome, Study, Trial};
use tripline_core::Progress;

use super::tuner::Tuner;
use crate::error::EngineError;
use crate::fit::Plan;
use crate::trainer::PlanTrainer;

/// Takes each trial as it ends, in order of number.
pub(super) type Record<'a> = &'a mut (dyn FnMut(&Trial) -> Result<(), EngineError> + Send);

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// All trials were run.
    Done,
    /// The time was over.
    TimeLimit,
    /// The caller asked to stop.
    Cancelled,
}

/// Trials that failed, with none that did not, after which a search is given up.
const HOPELESS: usize = 10;

/// Asks whether to go on, tells no steps: those of a fold would hide those of the search.
struct Quiet<'a>(&'a dyn Progress);

impl Progress for Quiet<'_> {
    fn step(&self, _: &str, _: u64, _: u64) {}

    fn go_on(&self) -> bool {
        self.0.go_on()
    }
}

/// Trials of a batch that ended before one with a lower number.
struct Ended<'a> {
    waiting: BTreeMap<u64, Trial>,
    study: &'a mut Study,
    record: Record<'a>,
    /// What stopped the batch.
    failed: Option<EngineError>,
}

impl Ended<'_> {
    /// Takes what can be taken in order of number.
    fn add(&mut self, trial: Trial) {
        self.waiting.insert(trial.number, trial);
        while self.failed.is_none()
            && let Some(trial) = self.waiting.remove(&(self.study.trials().len() as u64))
        {
            let told = (self.record)(&trial)
                .and_then(|()| self.study.tell(trial).map_err(EngineError::from));
            self.failed = told.err();
        }
    }
}

impl Tuner<'_> {
    /// Runs trials until the study has as many as asked for; each is given to `record` before the
    /// next one of its number. A trial that cannot be trained is a failed one and stops no other.
    pub fn run(
        &self,
        study: &mut Study,
        record: Record<'_>,
        progress: &dyn Progress,
    ) -> Result<Stopped, EngineError> {
        let start = Instant::now();
        let total = self.tune.trials;
        while study.trials().len() < total {
            progress.step(&self.so_far(study), study.trials().len() as u64, total as u64);
            if !progress.go_on() {
                return Ok(Stopped::Cancelled);
            }
            if self.tune.time_limit.is_some_and(|limit| start.elapsed() >= limit) {
                return Ok(Stopped::TimeLimit);
            }
            let mut batch = study.next_batch();
            batch.truncate(total - study.trials().len());
            let known = study.clone();
            let ended = Mutex::new(Ended {
                waiting: BTreeMap::new(),
                study: &mut *study,
                record: &mut *record,
                failed: None,
            });
            let run = |(number, point): (u64, Vec<f64>)| {
                if let Some(trial) = self.trial(&known, number, point, progress) {
                    ended.lock().unwrap_or_else(PoisonError::into_inner).add(trial);
                }
            };
            // One trial alone stays out of the pool, which its own work then has for itself.
            if batch.len() == 1 {
                batch.into_iter().for_each(run);
            } else {
                batch.into_par_iter().for_each(run);
            }
            if let Some(error) = ended.into_inner().unwrap_or_else(PoisonError::into_inner).failed {
                return Err(error);
            }
            if let Some(error) = hopeless(study.trials()) {
                return Err(error);
            }
        }
        progress.step(&self.so_far(study), study.trials().len() as u64, total as u64);
        Ok(Stopped::Done)
    }

    fn so_far(&self, study: &Study) -> String {
        let objective = self.tune.objectives.first().map_or("", |objective| objective.id());
        let best = study.best().first().and_then(|trial| trial.values()).map(|values| values[0]);
        match best {
            Some(best) => format!("{}: best {objective} {best:.5}", self.card.id),
            None => format!("{}: {objective}", self.card.id),
        }
    }

    /// One trial; none if it was cancelled.
    fn trial(
        &self,
        known: &Study,
        number: u64,
        point: Vec<f64>,
        progress: &dyn Progress,
    ) -> Option<Trial> {
        let mut reported = Vec::new();
        let outcome = match self.folds(known, number, &point, &mut reported, progress) {
            _ if !progress.go_on() => return None,
            Ok(outcome) => outcome,
            Err(EngineError::Evaluate(EvaluateError::Cancelled)) => return None,
            Err(error) => Outcome::Failed(error.to_string()),
        };
        Some(Trial { number, point, reported, outcome })
    }

    fn folds(
        &self,
        known: &Study,
        number: u64,
        point: &[f64],
        reported: &mut Vec<f64>,
        progress: &dyn Progress,
    ) -> Result<Outcome, EngineError> {
        let plan = Plan::new(self.card.id, &self.settings_at(&known.plan().space, point))?;
        let quiet = Quiet(progress);
        let mut sums = vec![0.0; self.tune.objectives.len()];
        for (fold, split) in self.splits.iter().enumerate() {
            let mut options = EvaluateOptions {
                train_metrics: false,
                group_duplicates: false,
                ..self.judging.options(self.seed.wrapping_add(fold as u64))
            };
            options.bootstrap.replicates = 0;
            let trainer = PlanTrainer::new(&plan);
            let part = std::slice::from_ref(split);
            let judged = evaluate(&trainer, &self.data, part, &options, &quiet)?;
            for (sum, objective) in sums.iter_mut().zip(&self.tune.objectives) {
                match objective.of(&judged) {
                    Ok(value) => *sum += value,
                    Err(reason) => {
                        return Ok(Outcome::Failed(format!("{}: {reason}", split.name)));
                    }
                }
            }
            let done = (fold + 1) as f64;
            reported.push(sums[0] / done);
            if fold + 1 < self.splits.len() && known.prunes(number, reported) {
                return Ok(Outcome::Pruned);
            }
        }
        let folds = self.splits.len() as f64;
        Ok(Outcome::Complete(sums.into_iter().map(|sum| sum / folds).collect()))
    }
}

/// The first reason, where many trials were run and all of them failed.
pub(super) fn hopeless(trials: &[Trial]) -> Option<EngineError> {
    let mut reasons = trials.iter().map(|trial| match &trial.outcome {
        Outcome::Failed(reason) => Some(reason),
        _ => None,
    });
    let first = reasons.next()??.clone();
    let all = trials.len() >= HOPELESS && reasons.all(|reason| reason.is_some());
    all.then_some(EngineError::NoTrial { reason: first })
}
