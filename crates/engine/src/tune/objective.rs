//! What a search makes better.

use tripline_assess::evaluate::Evaluation;
use tripline_assess::metrics::{METRICS, MetricCard, resolve};
use tripline_assess::tune::Direction;

use crate::error::EngineError;

/// One number of a fold that a search makes better.
#[derive(Debug, Clone, Copy)]
pub enum Objective {
    /// A metric of the fold's test part.
    Metric(&'static MetricCard),
    /// Seconds of training.
    FitSeconds,
    /// Microseconds of scoring a row.
    ScoreMicroseconds,
}

impl Objective {
    /// From a metric's name, `fit_seconds` or `score_microseconds`.
    pub fn parse(text: &str) -> Result<Self, EngineError> {
        match text.trim() {
            "fit_seconds" => Ok(Self::FitSeconds),
            "score_microseconds" => Ok(Self::ScoreMicroseconds),
            name => resolve(name).map(Self::Metric).map_err(|_| EngineError::Objective {
                name: name.to_owned(),
                known: METRICS.iter().map(|card| card.id).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// One objective or two, with a comma between; not the same twice.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, EngineError> {
        let all: Vec<Self> = text.split(',').map(Self::parse).collect::<Result<_, _>>()?;
        match all.as_slice() {
            [_] => Ok(all),
            [first, second] if first.id() != second.id() => Ok(all),
            _ => Err(EngineError::Setting {
                name: "objective",
                expected: "one name, or two different ones with a comma between",
                got: text.to_owned(),
            }),
        }
    }

    /// Its name.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Metric(card) => card.id,
            Self::FitSeconds => "fit_seconds",
            Self::ScoreMicroseconds => "score_microseconds",
        }
    }

    /// Its name for people.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Metric(card) => card.name,
            Self::FitSeconds => "Training, s",
            Self::ScoreMicroseconds => "Scoring a row, µs",
        }
    }

    /// Which way it is better.
    pub fn direction(&self) -> Direction {
        match self {
            Self::Metric(card) if card.higher_is_better => Direction::Maximize,
            _ => Direction::Minimize,
        }
    }

    /// Whether the same seed gives the same value; a measured time differs from run to run.
    pub fn is_seed_stable(&self) -> bool {
        matches!(self, Self::Metric(card) if card.id != "detection_time_ms")
    }

    /// The value of one fold; errors tell what it needs.
    pub(super) fn of(&self, fold: &Evaluation) -> Result<f64, String> {
        let value = match self {
            Self::Metric(card) => {
                let metric = fold.parts.test.as_ref().and_then(|test| test.metric(card.id));
                metric.and_then(|metric| metric.value)
            }
            Self::FitSeconds => Some(fold.timing.fit_seconds),
            Self::ScoreMicroseconds => {
                let rows = fold.pooled.raw.len().max(1) as f64;
                Some(fold.timing.score_seconds / rows * 1e6)
            }
        };
        let needs = match self {
            Self::Metric(card) => card.needs,
            _ => "needs a measured time",
        };
        let found = value.filter(|value| value.is_finite());
        found.ok_or_else(|| format!("{} has no value: it {needs}", self.id()))
    }
}
