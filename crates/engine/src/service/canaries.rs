//! Canary rows: stored with a version, with the scores that it gave them when it was registered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tripline_core::{Category, Column, FieldKind, Rng, Rows, State};
use tripline_store::limits::Limits;

use super::error::Refusal;
use crate::attribution::quick;
use crate::explain::ExplainSettings;
use crate::model::Model;

/// Rows of each kind: enough that most leaves of a small forest are touched, few enough that a
/// deploy replays them in milliseconds.
const ROWS: usize = 64;
/// Largest blob: 192 rows of a thousand columns.
pub(crate) const MAX_BYTES: u64 = 16 << 20;
/// The seed of made-up rows.
const SEED: u64 = 0x0063_616e_6172_6965;

/// Rows that a model is warmed up with.
const WARM: usize = 3;

/// How long a model takes for one row, at best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Pace {
    /// To score it.
    pub(crate) score: Duration,
    /// To explain it; zero if the model cannot.
    pub(crate) explain: Duration,
}

/// Rows with the scores that a version gave them.
#[derive(Debug)]
pub(crate) struct Canaries {
    parts: Vec<(Rows, Vec<f64>)>,
}

impl Canaries {
    /// Benign rows of the model's background and attacks that it keeps, as far as it has them, with
    /// made-up rows over the whole range of numbers.
    pub(crate) fn of(model: &Model) -> Result<Self, Refusal> {
        let mut parts = Vec::new();
        let kept = [model.background(), model.canaries.as_ref()];
        for rows in kept.into_iter().flatten() {
            let index: Vec<usize> = (0..rows.len().min(ROWS)).collect();
            if !index.is_empty() {
                parts.push(rows.select(&index));
            }
        }
        parts.push(made_up(model)?);
        let scored = parts.into_iter().map(|rows| {
            let scores = model.score(&rows).map_err(|e| unusable(e.to_string()))?.raw;
            Ok((rows, scores))
        });
        Ok(Self { parts: scored.collect::<Result<_, Refusal>>()? })
    }

    /// Scores all rows once together, then each by itself; every score must have the bits that it
    /// had at registration.
    pub(crate) fn replay(&self, model: &Model) -> Result<(), Refusal> {
        let mut number = 0;
        for (rows, expected) in &self.parts {
            let together = model.score(rows).map_err(|e| unusable(e.to_string()))?.raw;
            for (row, &expected) in expected.iter().enumerate() {
                let alone =
                    model.score(&rows.select(&[row])).map_err(|e| unusable(e.to_string()))?.raw;
                for got in [together.get(row), alone.first()] {
                    let got = got.copied().unwrap_or(f64::NAN);
                    if got.to_bits() != expected.to_bits() {
                        return Err(Refusal::Canary { row: number + row, expected, got });
                    }
                }
            }
            number += expected.len();
        }
        Ok(())
    }

    /// Scores and explains a few rows, so that what a model makes when it is first needed is there
    /// before the first request; tells how long one row takes.
    pub(crate) fn warm_up(&self, model: &Model) -> Result<Pace, Refusal> {
        let Some((rows, _)) = self.parts.first() else { return Ok(Pace::default()) };
        let how = ExplainSettings { kernel: quick(), ..ExplainSettings::default() };
        let explains = model.detector().explain().is_some() || model.background().is_some();
        let mut pace = Pace { score: Duration::MAX, explain: Duration::MAX };
        for row in 0..rows.len().min(WARM) {
            let one = rows.select(&[row]);
            let started = Instant::now();
            model.score(&one).map_err(|e| unusable(e.to_string()))?;
            pace.score = pace.score.min(started.elapsed());
            if explains {
                let started = Instant::now();
                model.attributed(&one, &how).map_err(|e| unusable(e.to_string()))?;
                pace.explain = pace.explain.min(started.elapsed());
            }
        }
        if !explains {
            pace.explain = Duration::ZERO;
        }
        Ok(pace)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let parts = self.parts.iter().map(|(rows, scores)| {
            let mut part = State::new();
            part.put_state("rows", rows.save());
            part.put_f64s("scores", scores.clone());
            part
        });
        let mut state = State::new();
        state.put_states("parts", parts.collect());
        state.to_bytes()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Refusal> {
        let damaged = |reason: &dyn std::fmt::Display| unusable(reason.to_string());
        let state = State::from_bytes(bytes).map_err(|e| damaged(&e))?;
        let mut parts = Vec::new();
        for part in state.states("parts").map_err(|e| damaged(&e))? {
            let rows = Rows::load(part.state("rows").map_err(|e| damaged(&e))?);
            let rows = rows.map_err(|e| damaged(&e))?;
            let scores = part.f64s("scores").map_err(|e| damaged(&e))?.to_vec();
            if scores.len() != rows.len() {
                return Err(unusable("there is not one score for each row".to_owned()));
            }
            parts.push((rows, scores));
        }
        match parts.iter().any(|(rows, _)| !rows.is_empty()) {
            true => Ok(Self { parts }),
            false => Err(unusable("there is no row".to_owned())),
        }
    }
}

/// Rows of any size of number, of any category.
fn made_up(model: &Model) -> Result<Rows, Refusal> {
    let mut rng = Rng::new(SEED);
    let columns = model.input().fields().iter().map(|field| {
        let column = match &field.kind {
            FieldKind::Numeric => {
                // Whole numbers of 0 to 31 bits: each size is as likely as any other.
                let value = |_| (rng.next_u64() >> (33 + rng.below(31))) as f64;
                Column::numeric((0..ROWS).map(value).collect())
            }
            FieldKind::Category(values) => {
                let code = |_| match values.len() as u64 {
                    0 => Category::MISSING,
                    count => rng.below(count) as u32,
                };
                Column::Category(Category {
                    codes: Arc::new((0..ROWS).map(code).collect()),
                    values: values.clone(),
                })
            }
        };
        (field.name.clone(), column)
    });
    Rows::new(columns.collect()).map_err(|e| unusable(e.to_string()))
}

fn unusable(reason: String) -> Refusal {
    Refusal::Canaries { reason }
}

/// The bounds under which a model's file is read.
pub(crate) fn bounded(limits: &Limits, bytes: usize) -> Result<(), Refusal> {
    match bytes as u64 > limits.max_file_bytes {
        true => Err(Refusal::TooLarge { bytes: bytes as u64, limit: limits.max_file_bytes }),
        false => Ok(()),
    }
}
