//! Our search of hyperparameters for a script that computes the objective: ask and tell.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use serde_json::{Value, json};
use tripline_assess::tune::{
    Dimension, Direction, Domain, Outcome, Pruner, Sampler, Space, Study, StudyPlan, Tpe, Trial,
};
use tripline_core::ParamValue;

/// The first line: what is searched.
#[derive(Deserialize)]
struct Request {
    space: BTreeMap<String, Range>,
    directions: Vec<String>,
    sampler: String,
    seed: u64,
    trials: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Range {
    Float(f64, f64, bool),
    Int(i64, i64, bool),
    Choice(Vec<String>),
}

/// Reads a request, then writes a point as a line for each line with its values, until all trials
/// are told.
pub(crate) fn run() -> Result<()> {
    let mut lines = std::io::stdin().lock().lines();
    let first = lines.next().context("no request")??;
    let request: Request = serde_json::from_str(&first)?;
    let mut study = Study::new(plan(&request)?);
    let mut out = std::io::stdout().lock();
    while study.trials().len() < request.trials {
        let (number, point) = study.next_batch().remove(0);
        let values: serde_json::Map<String, Value> = study
            .plan()
            .space
            .values(&point)
            .into_iter()
            .map(|(name, value)| (name, wire(&value)))
            .collect();
        writeln!(out, "{}", Value::Object(values))?;
        out.flush()?;
        let told = lines.next().context("no values")??;
        let outcome = Outcome::Complete(serde_json::from_str(&told)?);
        study.tell(Trial { number, point, reported: Vec::new(), outcome })?;
    }
    Ok(())
}

fn plan(request: &Request) -> Result<StudyPlan> {
    let dimension = |(name, range): (&String, &Range)| Dimension {
        name: name.clone(),
        domain: match range {
            Range::Float(low, high, log) => Domain::Float { low: *low, high: *high, log: *log },
            Range::Int(low, high, log) => Domain::Int { low: *low, high: *high, log: *log },
            Range::Choice(names) => {
                Domain::Choice(names.iter().cloned().map(ParamValue::Text).collect())
            }
        },
    };
    let direction = |way: &String| match way.as_str() {
        "minimize" => Ok(Direction::Minimize),
        "maximize" => Ok(Direction::Maximize),
        other => Err(anyhow!("no direction `{other}`")),
    };
    Ok(StudyPlan {
        space: Space::new(request.space.iter().map(dimension).collect())?,
        directions: request.directions.iter().map(direction).collect::<Result<_>>()?,
        sampler: match request.sampler.as_str() {
            "random" => Sampler::Random,
            _ => Sampler::Tpe(Tpe::default()),
        },
        pruner: Pruner::None,
        seed: request.seed,
        parallel: 1,
        first: None,
    })
}

fn wire(value: &ParamValue) -> Value {
    match value {
        ParamValue::Int(value) => json!(value),
        ParamValue::Float(value) => json!(value),
        ParamValue::Bool(value) => json!(value),
        other => json!(other.to_string()),
    }
}
