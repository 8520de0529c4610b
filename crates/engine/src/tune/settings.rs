//! What a search may be told, with the built-in defaults.

use std::time::Duration;

use tripline_assess::tune::{MedianPruner, Pruner, Sampler, SuccessiveHalving, Tpe};

use super::objective::Objective;
use crate::error::EngineError;

/// How parameters are searched.
#[derive(Debug, Clone)]
pub struct TuneSettings {
    /// Trials in all, those of an earlier run included.
    pub trials: usize,
    /// What is made better; one or two.
    pub objectives: Vec<Objective>,
    /// How the next point is found.
    pub sampler: Sampler,
    /// How trials are given up; none takes the median with one objective.
    pub pruner: Option<Pruner>,
    /// Ranges from text, by parameter, in place of the card's or beside them.
    pub ranges: Vec<(String, String)>,
    /// Trials run side by side.
    pub parallel: usize,
    /// The share of the rows that the search does not see.
    pub holdout: Option<f64>,
    /// No trial is begun after so long.
    pub time_limit: Option<Duration>,
}

/// Most trials of a study: the estimators take a time that grows with their number.
const MAX_TRIALS: usize = 100_000;

/// Most trials side by side: each holds its own copy of the rows that it is fitted to.
const MAX_PARALLEL: usize = 256;

impl TuneSettings {
    pub(super) fn pruner(&self) -> Pruner {
        self.pruner.unwrap_or(match self.objectives.len() {
            1 => Pruner::Median(MedianPruner::default()),
            _ => Pruner::None,
        })
    }

    pub(super) fn check(&self) -> Result<(), EngineError> {
        let refuse =
            |name, expected, got: String| Err(EngineError::Setting { name, expected, got });
        if !(1..=MAX_TRIALS).contains(&self.trials) {
            return refuse("trials", "from 1 to 100000", self.trials.to_string());
        }
        if !(1..=MAX_PARALLEL).contains(&self.parallel) {
            return refuse("parallel", "from 1 to 256", self.parallel.to_string());
        }
        if let Some(share) = self.holdout
            && !(share > 0.0 && share < 1.0)
        {
            return refuse("holdout", "between 0 and 1", share.to_string());
        }
        if self.objectives.len() > 1 && self.pruner() != Pruner::None {
            let expected =
                "`none` with two objectives: a trial bad by one may be good by the other";
            return refuse("pruner", expected, "a pruner".to_owned());
        }
        if self.parallel > 1 && self.objectives.iter().any(|one| !one.is_seed_stable()) {
            let expected = "1 with a measured time as objective: trials side by side slow each \
                            other down";
            return refuse("parallel", expected, self.parallel.to_string());
        }
        Ok(())
    }
}

/// From `tpe` or `random`.
pub fn parse_sampler(text: &str) -> Result<Sampler, EngineError> {
    match text {
        "tpe" => Ok(Sampler::Tpe(Tpe::default())),
        "random" => Ok(Sampler::Random),
        _ => Err(EngineError::Setting {
            name: "sampler",
            expected: "`tpe` or `random`",
            got: text.to_owned(),
        }),
    }
}

/// From `median`, `halving` or `none`.
pub fn parse_pruner(text: &str) -> Result<Pruner, EngineError> {
    match text {
        "median" => Ok(Pruner::Median(MedianPruner::default())),
        "halving" => Ok(Pruner::Halving(SuccessiveHalving::default())),
        "none" => Ok(Pruner::None),
        _ => Err(EngineError::Setting {
            name: "pruner",
            expected: "`median`, `halving` or `none`",
            got: text.to_owned(),
        }),
    }
}

pub(super) fn sampler_name(sampler: &Sampler) -> &'static str {
    match sampler {
        Sampler::Random => "random",
        Sampler::Tpe(_) => "tpe",
    }
}

pub(super) fn pruner_name(pruner: &Pruner) -> &'static str {
    match pruner {
        Pruner::None => "none",
        Pruner::Median(_) => "median",
        Pruner::Halving(_) => "halving",
    }
}
