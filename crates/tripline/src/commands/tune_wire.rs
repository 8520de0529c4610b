//! A search as machines read it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use tripline_assess::evaluate::PartMetrics;
use tripline_assess::guard::{Finding, Override};
use tripline_engine::train::describe;
use tripline_engine::tune::{Objective, Stopped, params};

use super::tune::Told;
use crate::wire::DatasetWire;

/// The JSON of a search.
#[derive(Serialize)]
pub(super) struct Tuned<'a> {
    model: &'a str,
    study: &'a Path,
    seed: u64,
    protocol: String,
    objectives: Vec<&'a str>,
    seed_stable: bool,
    stopped: &'static str,
    trials: usize,
    complete: usize,
    pruned: usize,
    failed: usize,
    best: Vec<BestWire<'a>>,
    best_is_optimistic: bool,
    importance: BTreeMap<String, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_out: Option<HeldOutWire<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a Path>,
    accepted_leakage: &'a [Override],
    findings: &'a [Finding],
    data: DatasetWire,
}

/// A trial that no other beats.
#[derive(Serialize)]
struct BestWire<'a> {
    trial: u64,
    values: BTreeMap<&'a str, f64>,
    parameters: BTreeMap<String, serde_json::Value>,
}

/// The chosen trial beside the parameters begun with.
#[derive(Serialize)]
struct HeldOutWire<'a> {
    rows: usize,
    tuned: Option<&'a PartMetrics>,
    untuned: Option<&'a PartMetrics>,
}

/// The JSON of a search.
pub(super) fn wire<'a>(told: &Told<'a>) -> Tuned<'a> {
    let objectives: Vec<&str> = told.objectives.iter().map(Objective::id).collect();
    let (complete, pruned, failed) = told.counts();
    let clearance = told.tuner.clearance();
    let best = told.study.best().into_iter().map(|trial| BestWire {
        trial: trial.number,
        values: objectives
            .iter()
            .copied()
            .zip(trial.values().unwrap_or_default().iter().copied())
            .collect(),
        parameters: params(&told.study.plan().space, &trial.point).into_iter().collect(),
    });
    Tuned {
        model: told.tuner.card().id,
        study: told.file,
        seed: told.seed,
        protocol: describe(&clearance.protocol),
        seed_stable: told.objectives.iter().all(Objective::is_seed_stable),
        stopped: match told.stopped {
            Stopped::Done => "done",
            Stopped::TimeLimit => "time-limit",
            Stopped::Cancelled => "interrupted",
        },
        trials: told.study.trials().len(),
        complete,
        pruned,
        failed,
        best: best.collect(),
        best_is_optimistic: true,
        importance: told.study.importance().into_iter().collect(),
        held_out: told.held_out.map(|held_out| HeldOutWire {
            rows: held_out.rows,
            tuned: held_out.tuned.parts.test.as_ref(),
            untuned: held_out.untuned.parts.test.as_ref(),
        }),
        output: told.output,
        accepted_leakage: &clearance.overrides,
        findings: &clearance.guard.findings,
        data: DatasetWire::of("train", told.data),
        objectives,
    }
}
