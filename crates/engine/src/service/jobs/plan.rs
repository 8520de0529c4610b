//! From what was asked for to the settings of a training.

use tripline_assess::protocol::Protocol;
use tripline_assess::threshold::ThresholdRule;
use tripline_core::ParamError;
use tripline_features::Recipe;

use super::error::{JobError, shortened};
use super::gather::RECORD_BYTES;
use super::spec::Accepted;
use crate::error::EngineError;
use crate::fit::Plan;
use crate::settings::{
    JudgingSettings, ReadSettings, TrainingSettings, ValidationRule, parse_task,
};

/// Most hyperparameters that are looked at: no card has a quarter of them.
const MOST_PARAMS: usize = 200;
/// Longest text of one value.
const LONGEST: usize = 4096;

/// The settings of a training.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) training: TrainingSettings,
    pub(super) judging: JudgingSettings,
    pub(super) read: ReadSettings,
    /// Whether nothing but the validation part judges.
    pub(super) unjudged: bool,
}

/// All settings, checked as far as that needs no data.
pub(super) fn settings(accepted: &Accepted) -> Result<Settings, JobError> {
    let asked = &accepted.asked;
    bounded(accepted)?;
    let mut training = TrainingSettings::default();
    training.params.insert(accepted.detector.clone(), accepted.params.clone());
    if let Some(recipe) = &accepted.recipe {
        let recipe =
            Recipe::parse(recipe).map_err(|error| JobError::field("prepare", error.to_string()))?;
        training.recipe = Some(recipe);
    }
    if let Some(task) = &asked.task {
        training.task = parse_task(task).map_err(refused)?;
    }
    if let Some(validation) = &asked.validation {
        training.validation = ValidationRule::parse(validation, 0.2).map_err(refused)?;
    }
    let rule = match (asked.fpr, &asked.threshold) {
        (Some(_), Some(_)) => {
            return Err(JobError::field("threshold", "it excludes `fpr`: give one of the two"));
        }
        (Some(rate), None) => Some(("fpr", format!("fpr:{rate}"))),
        (None, Some(rule)) => Some(("threshold", rule.clone())),
        (None, None) => None,
    };
    if let Some((field, rule)) = rule {
        training.threshold = ThresholdRule::parse(&rule)
            .map_err(|error| JobError::field(field, error.to_string()))?;
        training.threshold_asked = true;
    }
    training.weights.clone_from(&asked.weights);
    let mut judging =
        JudgingSettings { accept_leakage: asked.accept_leakage, ..JudgingSettings::default() };
    judging.folds = asked.folds.unwrap_or(judging.folds);
    judging.test_share = asked.test_share.unwrap_or(judging.test_share);
    let unjudged = asked.protocol.as_deref() == Some("none");
    if let Some(name) = asked.protocol.as_deref().filter(|_| !unjudged) {
        judging.protocol = Some(protocol(name, accepted)?);
    }
    let read = ReadSettings {
        label: asked.label.clone(),
        benign: asked.benign.clone(),
        time: asked
            .time
            .clone()
            .or_else(|| asked.features.as_ref().and_then(|join| join.time_column.clone())),
        max_record_bytes: RECORD_BYTES,
        ..ReadSettings::default()
    };
    Plan::new(&accepted.detector, &training).map_err(refused)?;
    Ok(Settings { training, judging, read, unjudged })
}

fn protocol(name: &str, accepted: &Accepted) -> Result<Protocol, JobError> {
    let asked = &accepted.asked;
    let share = (name == "time-ordered").then_some(asked.test_share).flatten();
    let protocol = Protocol::parse(name, asked.folds, share).map_err(|error| {
        let names = Protocol::NAMES.iter().copied().chain(["none"]).map(str::to_owned).collect();
        match error {
            tripline_assess::protocol::ProtocolError::Unknown { name, .. } => {
                JobError::unknown("protocol", "protocol", &name, names)
            }
            error => JobError::field("protocol", error.to_string()),
        }
    })?;
    match (&protocol, &asked.test_source) {
        (Protocol::Official, None) => {
            Err(JobError::field("test_data_source", "protocol `official` needs rows that judge"))
        }
        (Protocol::Official, Some(_)) | (_, None) => Ok(protocol),
        (_, Some(_)) => {
            let message = "rows of `test_data_source` judge by protocol `official` alone";
            Err(JobError::field("protocol", message))
        }
    }
}

fn bounded(accepted: &Accepted) -> Result<(), JobError> {
    let asked = &accepted.asked;
    let range = |field: &str, holds: bool, range: &str| {
        if holds { Ok(()) } else { Err(JobError::field(field, format!("it must be {range}"))) }
    };
    range("hyperparameters", asked.hyperparameters.len() <= MOST_PARAMS, "at most 200 members")?;
    for (name, value) in &asked.hyperparameters {
        let field = format!("hyperparameters.{}", shortened(name));
        range(&field, name.len() <= LONGEST && value.len() <= LONGEST, "at most 4,096 bytes")?;
    }
    let texts = [
        ("label", &asked.label),
        ("benign", &asked.benign),
        ("time", &asked.time),
        ("weights", &asked.weights),
        ("prepare", &asked.prepare),
    ];
    for (field, text) in texts {
        let short = text.as_ref().is_none_or(|text| !text.is_empty() && text.len() <= LONGEST);
        range(field, short, "a text of 1 to 4,096 bytes")?;
    }
    range("folds", asked.folds.is_none_or(|n| (2..=50).contains(&n)), "from 2 to 50")?;
    let share = asked.test_share.is_none_or(|share| share > 0.0 && share < 1.0);
    range("test_share", share, "between 0 and 1")?;
    range("priority", (-100..=100).contains(&asked.priority), "from -100 to 100")?;
    range("max_attempts", asked.max_attempts <= 10, "from 1 to 10")
}

/// An error of the engine about a setting, by the field that gave it.
fn refused(error: EngineError) -> JobError {
    match error {
        EngineError::Param { source: ParamError::Unknown { name, known }, .. } => {
            let known = known.split(", ").map(str::to_owned).collect();
            let field = format!("hyperparameters.{}", shortened(&name));
            JobError::unknown(&field, "parameter", &name, known)
        }
        EngineError::Param { source, .. } => {
            let field = match &source {
                ParamError::Value { name, .. } | ParamError::Conflict { name, .. } => {
                    format!("hyperparameters.{name}")
                }
                _ => "hyperparameters".to_owned(),
            };
            JobError::field(&field, source.to_string())
        }
        EngineError::Setting { name, .. } => JobError::field(name, error.to_string()),
        EngineError::NoMulticlass { .. } => {
            JobError::field("task", "this detector does not tell attack classes apart")
        }
        EngineError::NoWeights { .. } => {
            JobError::field("weights", "this detector takes no weights")
        }
        error => JobError::field("model_type", error.to_string()),
    }
}

/// Whether a text may name a model or a view.
pub(super) fn is_name(text: &str) -> bool {
    let letter = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    !text.is_empty() && text.len() <= 64 && text.bytes().all(letter)
}
