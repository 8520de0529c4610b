//! A study on disk: one JSON object a line, first what it is of, then its trials.

use std::path::Path;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use tripline_assess::tune::{Outcome, Space, Study, Trial};
use tripline_core::ParamValue;
use tripline_store::Journal;

use super::{StudyError, StudyHeader};
use crate::EngineError;

/// Largest study in bytes: 100,000 trials of ten parameters have about 50 MB.
const MAX_BYTES: u64 = 1 << 28;

/// The key of the first line that tells a study, with the version of its form.
const MAGIC: &str = "tripline_study";
const VERSION: u64 = 1;

/// A study that is open for writing.
#[derive(Debug)]
pub struct StudyFile {
    journal: Journal,
}

/// The first line.
struct HeaderWire<'a>(&'a StudyHeader);

impl Serialize for HeaderWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let first = [(MAGIC, Value::from(VERSION)), ("program", Value::from(&*self.0.program))];
        let fields = self.0.fields.iter().map(|(name, value)| (*name, Value::from(&**value)));
        serializer.collect_map(first.into_iter().chain(fields))
    }
}

/// A trial's line.
#[derive(Serialize)]
struct TrialWire<'a> {
    trial: u64,
    #[serde(serialize_with = "in_order")]
    params: Vec<(String, Value)>,
    state: &'static str,
    reported: &'a [f64],
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<&'a [f64]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// A trial's line, read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrialRead {
    trial: u64,
    params: Map<String, Value>,
    state: String,
    reported: Vec<f64>,
    values: Option<Vec<f64>>,
    reason: Option<String>,
}

fn in_order<S: Serializer>(params: &[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(params.iter().map(|(name, value)| (name, value)))
}

impl StudyFile {
    /// Opens or begins a study; its trials are told to `study`. Gives the file with remarks for
    /// the user. A study of anything else is refused with the reason.
    pub fn open(
        path: &Path,
        header: &StudyHeader,
        study: &mut Study,
    ) -> Result<(Self, Vec<String>), EngineError> {
        let name = path.display();
        let (mut journal, opened) = Journal::open(path, MAX_BYTES)?;
        let mut remarks = Vec::new();
        let Some((first, trials)) = opened.lines.split_first() else {
            // A study whose very first line was cut off is begun anew; any other file is not ours.
            let begun = encoded(path, &HeaderWire(header))?;
            if !begun.as_bytes().starts_with(&opened.torn) {
                return Err(StudyError::NotAStudy { file: path.to_owned() }.into());
            }
            journal.append(&begun)?;
            return Ok((Self { journal }, remarks));
        };
        remarks.extend(same(path, first, header)?);
        for (at, line) in trials.iter().enumerate() {
            let told = read(line, &study.plan().space)
                .and_then(|trial| study.tell(trial).map_err(|error| error.to_string()));
            let Err(reason) = told else { continue };
            if at + 1 < trials.len() {
                let (file, line) = (path.to_owned(), at + 2);
                return Err(StudyError::Line { file, line, reason }.into());
            }
            journal.keep(at + 1)?;
            remarks.push(format!("{name}: the last line was damaged and is removed: {reason}"));
        }
        if !opened.torn.is_empty() {
            let bytes = opened.torn.len();
            remarks.push(format!(
                "{name}: the last {bytes} bytes are of a trial that was not written to its end; they are \
                 removed"
            ));
            journal.keep(study.trials().len() + 1)?;
        }
        Ok((Self { journal }, remarks))
    }

    /// Writes a trial; it is on disk when this returns.
    pub fn record(&mut self, trial: &Trial, space: &Space) -> Result<(), EngineError> {
        let (state, reason) = match &trial.outcome {
            Outcome::Complete(_) => ("complete", None),
            Outcome::Pruned => ("pruned", None),
            Outcome::Failed(reason) => ("failed", Some(reason.as_str())),
            Outcome::Running => ("running", None),
        };
        let wire = TrialWire {
            trial: trial.number,
            params: params(space, &trial.point),
            state,
            reported: &trial.reported,
            values: trial.values(),
            reason,
        };
        let line = encoded(self.journal.path(), &wire)?;
        Ok(self.journal.append(&line)?)
    }
}

/// The values at a point, as JSON.
pub fn params(space: &Space, point: &[f64]) -> Vec<(String, Value)> {
    let wire = |value| match value {
        ParamValue::Int(value) => Value::from(value),
        ParamValue::Float(value) => Value::from(value),
        ParamValue::Bool(value) => Value::from(value),
        other => Value::from(other.to_string()),
    };
    space.values(point).into_iter().map(|(name, value)| (name, wire(value))).collect()
}

fn encoded(path: &Path, line: &impl Serialize) -> Result<String, EngineError> {
    serde_json::to_string(line)
        .map_err(|error| EngineError::Encode { file: path.to_owned(), reason: error.to_string() })
}

/// Refuses a study of anything else; a remark if another version of the program made it.
fn same(path: &Path, line: &str, header: &StudyHeader) -> Result<Option<String>, StudyError> {
    let file = path.to_owned();
    let Ok(stored) = serde_json::from_str::<Map<String, Value>>(line) else {
        return Err(StudyError::NotAStudy { file });
    };
    match stored.get(MAGIC).and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(version) => return Err(StudyError::Version { file, version, known: VERSION }),
        None => return Err(StudyError::NotAStudy { file }),
    }
    let text = |key: &str| stored.get(key).and_then(Value::as_str).map(str::to_owned);
    if let Some(difference) = header.difference(&text) {
        return Err(StudyError::Another { file, difference });
    }
    let program = text("program").unwrap_or_default();
    Ok((program != header.program).then(|| {
        format!(
            "{}: {program} began this study, {} goes on with it; its figures may differ",
            path.display(),
            header.program
        )
    }))
}

fn read(line: &str, space: &Space) -> Result<Trial, String> {
    let read: TrialRead = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let mut point = Vec::with_capacity(space.dimensions().len());
    for dimension in space.dimensions() {
        let value = match read.params.get(&dimension.name) {
            Some(Value::Bool(value)) => ParamValue::Bool(*value),
            Some(Value::String(text)) => ParamValue::Text(text.clone()),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(value) => ParamValue::Int(value),
                None => ParamValue::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            _ => return Err(format!("parameter `{}` is missing", dimension.name)),
        };
        let at = dimension.domain.coordinate(&value);
        point.push(at.ok_or_else(|| {
            format!("`{}={value}` lies outside {}", dimension.name, dimension.domain)
        })?);
    }
    if read.params.len() != point.len() {
        return Err("it has a parameter that is not searched".to_owned());
    }
    let outcome = match (read.state.as_str(), read.values, read.reason) {
        ("complete", Some(values), None) => Outcome::Complete(values),
        ("pruned", None, None) => Outcome::Pruned,
        ("failed", None, Some(reason)) => Outcome::Failed(reason),
        (state, ..) => return Err(format!("`{state}` with these fields is no outcome")),
    };
    Ok(Trial { number: read.trial, point, reported: read.reported, outcome })
}
