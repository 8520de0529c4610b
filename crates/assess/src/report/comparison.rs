//! All models beside each other.

use super::headline::Order;
use super::html::{self, Text};
use super::page::Page;
use super::{Report, judged};
use crate::evaluate::{Evaluation, PartMetrics};
use crate::metrics::{METRICS, MetricCard};
use crate::plot::{self, RocAxis, percent};

use super::model::{PlotScores, benign_of};

/// Columns of the short table; the full one has them all.
const SHORT: &[&str] = &[
    "tpr_at_fpr_1e-2",
    "tpr_at_fpr_1e-3",
    "tpr_at_fpr_1e-4",
    "roc_auc",
    "pr_auc",
    "recall",
    "fpr",
    "precision",
    "f1",
    "mcc",
];

/// Tables with curves; nothing for no model.
pub(super) fn write(page: &mut Page, report: &Report<'_>, order: &Order) {
    let models: Vec<(&Evaluation, &PartMetrics)> = order
        .models
        .iter()
        .map(|&position| report.models[position].evaluation)
        .filter_map(|evaluation| judged(evaluation).map(|part| (evaluation, part)))
        .collect();
    let Some((_, first)) = models.first() else { return };
    page.section("comparison", "Comparison");
    let folds = models.iter().any(|(evaluation, _)| evaluation.splits.len() > 1);
    let over = if folds { "Means over splits, intervals by bootstrap. " } else { "" };
    page.put(format_args!(
        "<p>{over}{} benign rows with {} attacks judged. A heading sorts. The highest value of a \
         column is bold, or the lowest where less is better; look at the intervals before calling \
         it a difference.</p>",
        plot::count(first.benign),
        plot::count(first.attacks)
    ));
    short_table(page, &models);
    page.put(format_args!("<div class=\"figures\">"));
    curves(page, &models);
    page.put(format_args!("</div>"));
    families(page, &models);
    full_table(page, &models);
    page.end_section();
}

fn short_table(page: &mut Page, models: &[(&Evaluation, &PartMetrics)]) {
    page.put(format_args!(
        "<div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>Model</th>"
    ));
    let cards: Vec<&MetricCard> =
        SHORT.iter().filter_map(|id| METRICS.iter().find(|card| card.id == *id)).collect();
    for card in &cards {
        page.put(format_args!(
            "<th class=\"n\" title=\"{}\">{}</th>",
            Text(card.doc),
            Text(&html::name(card.id))
        ));
    }
    page.put(format_args!(
        "<th class=\"n\">Training, s</th><th class=\"n\">Rows scored/s</th></tr></thead><tbody>"
    ));
    for (evaluation, part) in models {
        page.put(format_args!("<tr><th scope=\"row\">{}</th>", Text(&evaluation.model)));
        for card in &cards {
            cell(page, card, part, best(card, models));
        }
        let rate = evaluation.timing.rows_per_second;
        page.put(format_args!(
            "<td class=\"n\" data-v=\"{}\">{}</td><td class=\"n\" data-v=\"{}\">{}</td></tr>",
            evaluation.timing.fit_seconds,
            Text(&plot::short((evaluation.timing.fit_seconds * 100.0).round() / 100.0)),
            rate.unwrap_or(-1.0),
            Text(&rate.map_or("–".to_owned(), html::per_day))
        ));
    }
    page.put(format_args!("</tbody></table></div>"));
}

/// Metrics down, models across: the whole register.
fn full_table(page: &mut Page, models: &[(&Evaluation, &PartMetrics)]) {
    page.put(format_args!(
        "<details><summary>All metrics</summary><div class=\"scroll\"><table class=\"sortable\">\
         <thead><tr><th>Metric</th>"
    ));
    for (evaluation, _) in models {
        page.put(format_args!("<th class=\"n\">{}</th>", Text(&evaluation.model)));
    }
    page.put(format_args!("<th>Meaning</th></tr></thead><tbody>"));
    for card in METRICS {
        page.put(format_args!("<tr><th scope=\"row\">{}</th>", Text(&html::name(card.id))));
        for (_, part) in models {
            cell(page, card, part, best(card, models));
        }
        page.put(format_args!("<td class=\"doc\">{}</td></tr>", Text(card.doc)));
    }
    page.put(format_args!("</tbody></table></div></details>"));
}

/// One value with its interval beneath.
pub(super) fn cell(page: &mut Page, card: &MetricCard, part: &PartMetrics, best: Option<f64>) {
    let metric = part.metric(card.id);
    let Some(value) = metric.and_then(|metric| metric.value).filter(|value| value.is_finite())
    else {
        let why = metric.and_then(|metric| metric.missing).unwrap_or("not judged");
        page.put(format_args!("<td class=\"n none\" title=\"{}\">–</td>", Text(why)));
        return;
    };
    let mark = if best == Some(value) { " best" } else { "" };
    let shown = html::value(card.id, value);
    page.put(format_args!(
        "<td class=\"n{mark}\" data-v=\"{value}\"><span>{}</span>",
        Text(&shown)
    ));
    if let Some(interval) = metric.and_then(|metric| metric.interval) {
        page.put(format_args!("<small>{}</small>", Text(&html::interval(card.id, &interval))));
    }
    page.put(format_args!("</td>"));
}

/// The value to be printed bold; none where all are equal or there is one model.
fn best(card: &MetricCard, models: &[(&Evaluation, &PartMetrics)]) -> Option<f64> {
    // More alerts are neither good nor bad.
    if card.id == "alerts_per_day" {
        return None;
    }
    let mut values: Vec<f64> = models
        .iter()
        .filter_map(|(_, part)| part.value(card.id))
        .filter(|value| value.is_finite())
        .collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = (*values.first()?, *values.last()?);
    if low == high {
        return None;
    }
    Some(if card.higher_is_better { high } else { low })
}

fn curves(page: &mut Page, models: &[(&Evaluation, &PartMetrics)]) {
    let scores: Vec<PlotScores<'_>> =
        models.iter().filter_map(|(evaluation, part)| PlotScores::of(evaluation, part)).collect();
    let (Some(first), Some((_, part))) = (scores.first(), models.first()) else { return };
    let benign = benign_of(first.attacks);
    let rocs: Vec<_> = scores.iter().map(PlotScores::roc).collect();
    let prs: Vec<_> = scores.iter().map(PlotScores::precision_recall).collect();
    let names = |points: &[Vec<(f64, f64)>]| -> Vec<usize> {
        (0..scores.len()).filter(|&i| !points[i].is_empty()).collect()
    };
    let roc_curves: Vec<plot::Curve<'_>> = names(&rocs)
        .into_iter()
        .map(|i| plot::Curve { name: scores[i].name, points: &rocs[i] })
        .collect();
    let pr_curves: Vec<plot::Curve<'_>> = names(&prs)
        .into_iter()
        .map(|i| plot::Curve { name: scores[i].name, points: &prs[i] })
        .collect();
    let share = part.attacks as f64 / part.rows.max(1) as f64;
    page.figure(&plot::roc(&roc_curves, &[], RocAxis::Log { benign }));
    page.figure(&plot::roc(&roc_curves, &[], RocAxis::Linear));
    page.figure(&plot::precision_recall(&pr_curves, &[], Some(share)));
}

/// Detection of each family by each model, at each model's threshold.
fn families(page: &mut Page, models: &[(&Evaluation, &PartMetrics)]) {
    let mut names: Vec<(&str, usize)> = Vec::new();
    for family in models.iter().flat_map(|(_, part)| &part.families) {
        if !names.iter().any(|(name, _)| *name == family.family) {
            names.push((&family.family, family.rows));
        }
    }
    if names.len() < 2 || models.len() < 2 {
        return;
    }
    page.put(format_args!(
        "<h3>Detection by attack family, at each model's threshold</h3><div class=\"scroll\">\
         <table class=\"sortable heat\"><thead><tr><th>Family</th><th class=\"n\">Rows</th>"
    ));
    for (evaluation, _) in models {
        page.put(format_args!("<th class=\"n\">{}</th>", Text(&evaluation.model)));
    }
    page.put(format_args!("</tr></thead><tbody>"));
    for (name, rows) in names {
        page.put(format_args!(
            "<tr><th scope=\"row\">{}</th><td class=\"n\" data-v=\"{rows}\">{}</td>",
            Text(name),
            plot::count(rows)
        ));
        for (_, part) in models {
            match part.families.iter().find(|family| family.family == name) {
                Some(family) => page.put(format_args!(
                    "<td class=\"n h{}\" data-v=\"{}\" title=\"{} of {} rows\">{}</td>",
                    (family.rate.clamp(0.0, 1.0) * 10.0).floor(),
                    family.rate,
                    plot::count(family.detected),
                    plot::count(family.rows),
                    percent(family.rate)
                )),
                None => page.put(format_args!("<td class=\"n none\">–</td>")),
            }
        }
        page.put(format_args!("</tr>"));
    }
    page.put(format_args!("</tbody></table></div>"));
}
