//! The trials of a search as charts with tables.

use tripline_core::ParamValue;

use super::html::{self, Text};
use super::page::Page;
use super::tuning::{HeldOutView, TuningPage};
use crate::metrics::METRICS;
use crate::plot::{self, Bar, BarUnit, TrialAxis, TrialPoint, count};
use crate::tune::{Direction, Domain, Outcome, Trial};

/// Metrics of the held-out part, beside the objectives.
const SHOWN: &[&str] = &["roc_auc", "pr_auc", "tpr_at_fpr_1e-3", "recall", "fpr", "f1"];

/// Trials in the table; the study's file has them all.
const ROWS: usize = 500;

/// Chosen beside begun with, where neither had a say.
pub(super) fn held_out(page: &mut Page, input: &TuningPage<'_>, view: &HeldOutView<'_>) {
    page.section("held-out", "On rows held out of the search");
    page.put(format_args!(
        "<p>Both were trained on the {} rows of the search, and judged on {} rows that no trial \
         saw.</p><div class=\"scroll\"><table><thead><tr><th>Metric</th><th class=\"n\">Chosen \
         parameters</th><th class=\"n\">Begun with</th><th class=\"n\">Difference</th></tr></thead>\
         <tbody>",
        count(input.rows),
        count(view.rows)
    ));
    let mut ids: Vec<&str> =
        input.objectives.iter().map(|objective| objective.id.as_str()).collect();
    ids.extend(SHOWN);
    let mut seen: Vec<&str> = Vec::new();
    for id in ids {
        if seen.contains(&id) || !METRICS.iter().any(|card| card.id == id) {
            continue;
        }
        seen.push(id);
        let value = |evaluation: &crate::evaluate::Evaluation| {
            evaluation.parts.test.as_ref().and_then(|test| test.value(id))
        };
        let (tuned, untuned) = (value(view.tuned), value(view.untuned));
        let shown = |value: Option<f64>| value.map_or("–".to_owned(), |v| html::value(id, v));
        let difference = match view.tuned.difference(view.untuned, id) {
            Ok(difference) if tuned.is_some() && untuned.is_some() => {
                let range = difference.interval.map_or(String::new(), |interval| {
                    format!(" ({} to {})", plot::signed(interval.low), plot::signed(interval.high))
                });
                format!("{}{range}", plot::signed(difference.value))
            }
            _ => "–".to_owned(),
        };
        page.put(format_args!(
            "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td></tr>",
            Text(&html::name(id)),
            Text(&shown(tuned)),
            Text(&shown(untuned)),
            Text(&difference)
        ));
    }
    page.put(format_args!(
        "</tbody></table></div><p>In brackets 95\u{a0}% intervals of the difference by bootstrap: \
         where one holds 0, the search found nothing that these rows can tell.</p>"
    ));
    page.end_section();
}

/// Points of complete trials; `x` tells where each stands across.
fn points(input: &TuningPage<'_>, x: impl Fn(&Trial, &[f64]) -> f64) -> Vec<TrialPoint> {
    let best: Vec<u64> = input.study.best().iter().map(|trial| trial.number).collect();
    let complete = input.study.trials().iter().filter_map(|t| Some((t, t.values()?)));
    complete
        .map(|(trial, values)| TrialPoint {
            number: trial.number,
            x: x(trial, values),
            y: values[0],
            best: best.contains(&trial.number),
        })
        .collect()
}

/// Trials in their order, the front of two objectives, what each parameter is worth.
pub(super) fn search(page: &mut Page, input: &TuningPage<'_>) {
    let Some(objective) = input.objectives.first() else { return };
    let trials = input.study.trials();
    let number = |f: &dyn Fn(&Outcome) -> bool| trials.iter().filter(|t| f(&t.outcome)).count();
    page.section("search", "Search");
    page.put(format_args!(
        "<p>{} trials: {} came to a result, {} were given up on the way, {} failed.</p>\
         <div class=\"figures\">",
        count(trials.len()),
        count(number(&|outcome| matches!(outcome, Outcome::Complete(_)))),
        count(number(&|outcome| *outcome == Outcome::Pruned)),
        count(number(&|outcome| matches!(outcome, Outcome::Failed(_)))),
    ));
    let history = points(input, |trial, _| trial.number as f64);
    if !history.is_empty() {
        let higher = input.study.plan().directions.first() == Some(&Direction::Maximize);
        page.figure(&plot::trial_history(&objective.name, &history, higher));
    }
    if let Some(second) = input.objectives.get(1) {
        let both = points(input, |_, values| values[1]);
        if !both.is_empty() {
            page.figure(&plot::trial_front(&second.name, &objective.name, &both));
        }
    }
    let importance = input.study.importance();
    if importance.iter().any(|(_, share)| *share > 0.0) {
        let bars: Vec<Bar> = importance
            .into_iter()
            .map(|(name, value)| Bar { name, value, interval: None, note: String::new() })
            .collect();
        let mut figure = plot::bars(
            "What each parameter is worth",
            &bars,
            BarUnit::Share,
            "share of what sets the best tenth of the trials apart",
            30,
        );
        figure.caption.push_str(" PED-ANOVA (Watanabe, Bansal & Hutter 2023).");
        page.figure(&figure);
    }
    page.put(format_args!("</div>"));
    page.end_section();
}

/// The objective over each parameter.
pub(super) fn slices(page: &mut Page, input: &TuningPage<'_>) {
    let Some(objective) = input.objectives.first() else { return };
    page.section("parameters", "Parameters");
    page.put(format_args!("<div class=\"figures\">"));
    for (at, dimension) in input.study.plan().space.dimensions().iter().enumerate() {
        let axis = match &dimension.domain {
            domain if domain.is_single() => continue,
            Domain::Choice(choices) => {
                TrialAxis::Choices(choices.iter().map(ToString::to_string).collect())
            }
            Domain::Int { log: true, .. } | Domain::Float { log: true, .. } => TrialAxis::Log,
            _ => TrialAxis::Linear,
        };
        let points = points(input, |trial, _| trial.point[at]);
        if !points.is_empty() {
            page.figure(&plot::trial_slice(&dimension.name, &axis, &objective.name, &points));
        }
    }
    page.put(format_args!("</div>"));
    page.end_section();
}

/// A value with as many digits as a person reads.
pub(super) fn shown(value: &ParamValue) -> String {
    match value {
        ParamValue::Float(value) => plot::short(*value),
        value => value.to_string(),
    }
}

/// Every trial, the last ones left out where there are very many.
pub(super) fn trials(page: &mut Page, input: &TuningPage<'_>) {
    let space = &input.study.plan().space;
    page.section("trials", "Trials");
    page.put(format_args!(
        "<details><summary>All trials</summary><div class=\"scroll\"><table class=\"sortable\">\
         <thead><tr><th class=\"n\">Trial</th><th>Outcome</th>"
    ));
    for objective in &input.objectives {
        page.put(format_args!("<th class=\"n\">{}</th>", Text(&html::name(&objective.name))));
    }
    for dimension in space.dimensions() {
        page.put(format_args!("<th class=\"n\">{}</th>", Text(&dimension.name)));
    }
    page.put(format_args!("</tr></thead><tbody>"));
    for trial in input.study.trials().iter().take(ROWS) {
        let outcome = match &trial.outcome {
            Outcome::Complete(_) => "complete",
            Outcome::Pruned => "given up",
            Outcome::Failed(reason) => reason.as_str(),
            Outcome::Running => "running",
        };
        page.put(format_args!(
            "<tr><td class=\"n\">{}</td><td>{}</td>",
            trial.number,
            Text(outcome)
        ));
        for (at, objective) in input.objectives.iter().enumerate() {
            match trial.values() {
                Some(values) => page.put(format_args!(
                    "<td class=\"n\" data-v=\"{}\">{}</td>",
                    values[at],
                    Text(&objective.show(values[at]))
                )),
                None => page.put(format_args!("<td class=\"n none\">–</td>")),
            }
        }
        for (&at, (_, value)) in trial.point.iter().zip(space.values(&trial.point)) {
            let text = shown(&value);
            page.put(format_args!("<td class=\"n\" data-v=\"{at}\">{}</td>", Text(&text)));
        }
        page.put(format_args!("</tr>"));
    }
    page.put(format_args!("</tbody></table></div>"));
    let total = input.study.trials().len();
    if total > ROWS {
        page.put(format_args!(
            "<p>The first {ROWS} of {} trials; the study's file holds all.</p>",
            count(total)
        ));
    }
    page.put(format_args!("</details>"));
    page.end_section();
}
