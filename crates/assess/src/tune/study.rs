//! A study: a plan with the trials so far, from which the next ones follow.

use super::front;
use super::importance::importance;
use super::pruner::Pruner;
use super::space::Space;
use super::tpe::Sampler;
use super::trial::{Direction, Outcome, Trial};

/// Complete trials below which a tenth of them, the best ones, is less than one.
const TELLING: usize = 10;

/// All that the sequence of points depends on, beside the outcomes.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyPlan {
    /// What is tried.
    pub space: Space,
    /// Which way each objective is better; one or two.
    pub directions: Vec<Direction>,
    /// How the next point is found.
    pub sampler: Sampler,
    /// How trials are given up; with two objectives none is.
    pub pruner: Pruner,
    /// The only source of randomness.
    pub seed: u64,
    /// Trials run side by side: those of one batch know none of each other's outcomes.
    pub parallel: usize,
    /// The point of trial 0, if it is not drawn.
    pub first: Option<Vec<f64>>,
}

/// A plan with the trials so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    plan: StudyPlan,
    trials: Vec<Trial>,
}

/// Why a trial does not continue a study.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TellError {
    /// Not the next number.
    #[error("trial {got} follows trial {expected}; trials stand in the order of their numbers")]
    Number {
        /// The number that comes next.
        expected: u64,
        /// Given.
        got: u64,
    },
    /// A point outside the space.
    #[error("trial {number} lies outside the space that is searched")]
    Point {
        /// The trial.
        number: u64,
    },
    /// Values that are no outcome.
    #[error("trial {number} must have {expected} finite values")]
    Values {
        /// The trial.
        number: u64,
        /// Number of objectives.
        expected: usize,
    },
    /// No outcome.
    #[error("trial {number} has not ended")]
    Running {
        /// The trial.
        number: u64,
    },
}

impl Study {
    /// A study without trials.
    pub fn new(plan: StudyPlan) -> Self {
        Self { plan, trials: Vec::new() }
    }

    /// Its plan.
    pub fn plan(&self) -> &StudyPlan {
        &self.plan
    }

    /// The trials so far, in order of number.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The trials to be run side by side now: the rest of the current batch, in order of number.
    ///
    /// A batch sees the outcomes of the batches before it and the points of its own earlier
    /// trials, whether these have ended or not; so it is the same after an interruption.
    pub fn next_batch(&self) -> Vec<(u64, Vec<f64>)> {
        let size = self.plan.parallel.max(1);
        let start = self.trials.len() - self.trials.len() % size;
        let mut known = self.trials[..start].to_vec();
        for number in start..start + size {
            let point = match self.trials.get(number) {
                Some(trial) => trial.point.clone(),
                None => self.suggest(&known, number as u64),
            };
            known.push(Trial {
                number: number as u64,
                point,
                reported: Vec::new(),
                outcome: Outcome::Running,
            });
        }
        known.drain(..self.trials.len());
        known.into_iter().map(|trial| (trial.number, trial.point)).collect()
    }

    fn suggest(&self, known: &[Trial], number: u64) -> Vec<f64> {
        let StudyPlan { space, directions, sampler, seed, first, .. } = &self.plan;
        match first {
            Some(first) if number == 0 => first.clone(),
            _ => sampler.suggest(space, directions, known, *seed, number),
        }
    }

    /// Whether trial `number` is to be given up after it has reported these values; only trials of
    /// earlier batches count.
    pub fn prunes(&self, number: u64, reported: &[f64]) -> bool {
        let [direction] = self.plan.directions[..] else { return false };
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let before = number - number % self.plan.parallel.max(1);
        let known = &self.trials[..before.min(self.trials.len())];
        self.plan.pruner.prunes(direction, known, reported)
    }

    /// Takes the next trial.
    pub fn tell(&mut self, trial: Trial) -> Result<(), TellError> {
        let (number, expected) = (trial.number, self.trials.len() as u64);
        if number != expected {
            return Err(TellError::Number { expected, got: number });
        }
        if !self.plan.space.holds(&trial.point) {
            return Err(TellError::Point { number });
        }
        let objectives = self.plan.directions.len();
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        let valid = finite(&trial.reported)
            && match &trial.outcome {
                Outcome::Running => return Err(TellError::Running { number }),
                Outcome::Complete(values) => values.len() == objectives && finite(values),
                Outcome::Pruned | Outcome::Failed(_) => true,
            };
        if !valid {
            return Err(TellError::Values { number, expected: objectives });
        }
        self.trials.push(trial);
        Ok(())
    }

    /// The best complete trials: one for one objective, the earliest of equals; for two the Pareto
    /// front, by the first objective.
    pub fn best(&self) -> Vec<&Trial> {
        let directions = &self.plan.directions;
        let complete: Vec<(&Trial, Vec<f64>)> = self
            .trials
            .iter()
            .filter_map(|trial| Some((trial, trial.losses(directions)?)))
            .collect();
        if directions.len() == 1 {
            let best = complete.iter().min_by(|a, b| a.1[0].total_cmp(&b.1[0]));
            return best.map(|(trial, _)| *trial).into_iter().collect();
        }
        let points: Vec<[f64; 2]> =
            complete.iter().map(|(_, losses)| [losses[0], losses[1]]).collect();
        let mut front = front::pareto_front(&points);
        front.sort_by(|&a, &b| points[a][0].total_cmp(&points[b][0]));
        front.into_iter().map(|at| complete[at].0).collect()
    }

    /// What each parameter is worth for being among the best, falling; shares that sum to 1, or
    /// are all 0 where there are too few trials to tell.
    pub fn importance(&self) -> Vec<(String, f64)> {
        let StudyPlan { space, directions, .. } = &self.plan;
        let complete = self.trials.iter().filter(|trial| trial.values().is_some()).count();
        let shares = if complete < TELLING {
            vec![0.0; space.dimensions().len()]
        } else {
            importance(space, directions, &self.trials)
        };
        let names = space.dimensions().iter().map(|dimension| dimension.name.clone());
        let mut named: Vec<(String, f64)> = names.zip(shares).collect();
        named.sort_by(|a, b| b.1.total_cmp(&a.1));
        named
    }
}
