//! A search as a page.

use tripline_assess::report::{HeldOutView, ObjectiveView, TuningPage, render_tuning};
use tripline_engine::tune::Objective;

use super::tune::Told;
use crate::report;

/// The page.
pub(super) fn page(told: &Told<'_>) -> String {
    let clearance = told.tuner.clearance();
    let view = |objective: &Objective| ObjectiveView {
        id: objective.id().to_owned(),
        name: objective.name().to_owned(),
        seed_stable: objective.is_seed_stable(),
    };
    render_tuning(&TuningPage {
        title: format!("Search of {} on {}", told.tuner.card().id, told.data.source.name),
        when: report::now(),
        command: report::command(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        data: vec![report::source("training", told.data)],
        rows: told.tuner.sizes().0,
        protocol: clearance.protocol,
        leakage_accepted: clearance.overrides.iter().map(|o| o.reason.clone()).collect(),
        findings: &clearance.guard.findings,
        objectives: told.objectives.iter().map(view).collect(),
        study: told.study,
        held_out: told.held_out.map(|held_out| HeldOutView {
            tuned: &held_out.tuned,
            untuned: &held_out.untuned,
            rows: held_out.rows,
        }),
        notes: Vec::new(),
    })
}
