//! A search as a terminal shows it.

use tripline_assess::evaluate::Evaluation;
use tripline_assess::plot::short;
use tripline_assess::tune::Trial;
use tripline_core::ParamValue;
use tripline_engine::train::describe;
use tripline_engine::tune::{HeldOut, Objective, Stopped};

use super::check;
use super::tune::Told;
use crate::summary;
use crate::table::{Align, Table};
use crate::terminal::{Style, Terminal};

/// Trials of a front that are shown; JSON and the page have all.
const FRONT: usize = 12;

/// The whole text.
pub(super) fn text(terminal: &Terminal, told: &Told<'_>) -> String {
    let clearance = told.tuner.clearance();
    let mut text = check::describe(terminal, told.data);
    text.push_str(&summary::guard(terminal, &clearance.guard.findings));
    let (rows, parts) = told.tuner.sizes();
    let trials = told.study.trials();
    let (complete, given_up, failed) = told.counts();
    let parts = if parts == 1 { "1 part".to_owned() } else { format!("{parts} parts") };
    text.push_str(&format!(
        "\n{} ({}, {parts} of {rows} rows): {} trials, {complete} complete, \
         {given_up} given up, {failed} failed\n",
        terminal.paint(Style::Bold, &format!("Search of {}", told.tuner.card().id)),
        describe(&clearance.protocol),
        trials.len(),
    ));
    let best = told.study.best();
    let Some(chosen) = best.first() else {
        text.push_str("no trial came to a result yet\n");
        text.push_str(&end(told));
        return text;
    };
    text.push_str(&front(told, &best));
    text.push_str(&parameters(terminal, told, chosen));
    text.push_str(&format!(
        "{} the best of {} trials was chosen by this very figure, so it is optimistic{}\n",
        terminal.paint(Style::Yellow, "note:"),
        trials.len(),
        if told.held_out.is_some() { "" } else { "; --holdout 0.25 tells what it is worth" }
    ));
    if told.objectives.iter().any(|objective| !objective.is_seed_stable()) {
        text.push_str("a measured time is an objective: another run gives other trials\n");
    }
    if let Some(held_out) = told.held_out {
        text.push_str(&held(terminal, told, held_out));
    }
    text.push_str(&end(told));
    text
}

/// The best trial, or those of the front.
fn front(told: &Told<'_>, best: &[&Trial]) -> String {
    let mut columns = vec![("trial", Align::Right)];
    columns.extend(told.objectives.iter().map(|objective| (objective.name(), Align::Right)));
    let mut table = Table::new(&columns);
    let row = |trial: &Trial| {
        let values = trial.values().unwrap_or_default().iter().map(|&value| figure(value));
        std::iter::once(trial.number.to_string()).chain(values).collect::<Vec<_>>()
    };
    best.iter().take(FRONT).for_each(|trial| table.row(row(trial)));
    // Trial 0 has the parameters that the search began with.
    let begun = told.study.plan().first.is_some();
    let begin = told.study.trials().first().filter(|trial| begun && trial.values().is_some());
    let mut lines = table.lines(0);
    if let (Some(begin), [objective]) = (begin, told.objectives) {
        let value = figure(begin.values().unwrap_or_default()[0]);
        lines.push(format!("trial 0, the parameters begun with: {} {value}", objective.name()));
    }
    if best.len() > FRONT {
        lines.push(format!("and {} more on the front", best.len() - FRONT));
    }
    lines.join("\n") + "\n"
}

/// The chosen values with what each parameter is worth.
fn parameters(terminal: &Terminal, told: &Told<'_>, chosen: &Trial) -> String {
    let space = &told.study.plan().space;
    let importance = told.study.importance();
    let known = importance.iter().any(|(_, share)| *share > 0.0);
    let mut table = Table::new(&[
        ("parameter", Align::Left),
        ("chosen", Align::Right),
        ("importance", Align::Right),
        ("searched", Align::Left),
    ]);
    for (name, share) in &importance {
        let at = space.dimensions().iter().position(|dimension| dimension.name == *name);
        let Some(at) = at else { continue };
        let domain = &space.dimensions()[at].domain;
        let share = if known { format!("{:.0} %", share * 100.0) } else { "-".to_owned() };
        let value = match domain.value(chosen.point[at]) {
            ParamValue::Float(value) => short(value),
            value => value.to_string(),
        };
        table.row([name.clone(), value, share, domain.to_string()]);
    }
    let mut lines = table.lines(0);
    if let Some(header) = lines.first_mut() {
        *header = terminal.paint(Style::Bold, header);
    }
    format!("\n{}\n", lines.join("\n"))
}

fn held(terminal: &Terminal, told: &Told<'_>, held_out: &HeldOut) -> String {
    let mut ids: Vec<&str> = Vec::new();
    let own = told.objectives.iter().map(Objective::id);
    for id in own.chain(["roc_auc", "pr_auc", "tpr_at_fpr_1e-3", "recall", "fpr"]) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let mut table = Table::new(&[
        ("metric", Align::Left),
        ("chosen", Align::Right),
        ("begun with", Align::Right),
        ("difference, 95 % interval", Align::Left),
    ]);
    let value = |evaluation: &Evaluation, id: &str| {
        evaluation.parts.test.as_ref().and_then(|test| test.value(id))
    };
    for id in ids {
        let (Some(tuned), Some(untuned)) =
            (value(&held_out.tuned, id), value(&held_out.untuned, id))
        else {
            continue;
        };
        let difference = held_out.tuned.difference(&held_out.untuned, id).ok();
        let shown = difference.map_or(String::new(), |difference| {
            let range = difference
                .interval
                .map_or(String::new(), |i| format!(", {:+.4} to {:+.4}", i.low, i.high));
            format!("{:+.4}{range}", difference.value)
        });
        table.row([id.to_owned(), figure(tuned), figure(untuned), shown]);
    }
    let title = format!("On {} rows held out of the search", held_out.rows);
    format!("\n{}\n{}\n", terminal.paint(Style::Bold, &title), table.lines(0).join("\n"))
}

fn end(told: &Told<'_>) -> String {
    let mut text = format!("\nstudy: {}\n", told.file.display());
    match told.stopped {
        Stopped::Done => {}
        Stopped::TimeLimit => text.push_str("the time was over; the same command goes on\n"),
        Stopped::Cancelled => text.push_str("interrupted; the same command goes on\n"),
    }
    if let Some(output) = told.output {
        text.push_str(&format!("model: {}, fitted to all rows\n", output.display()));
    }
    if let Some(report) = told.report {
        text.push_str(&format!("report: {}\n", report.display()));
    }
    text
}

fn figure(value: f64) -> String {
    if value.abs() <= 1.0 { format!("{value:.5}") } else { short(value) }
}
