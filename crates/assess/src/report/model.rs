//! One model's section: charts with the figures of each part.

use super::comparison::cell;
use super::html::{self, Text};
use super::page::Page;
use super::{ModelSection, Report, judged};
use crate::evaluate::{Evaluation, PartMetrics};
use crate::metrics::{METRICS, Ranking};
use crate::plot::{self, Bar, BarUnit, Mark, ReliabilityBin, RocAxis};

/// The scores that one model's charts are drawn from.
pub(super) struct PlotScores<'a> {
    pub(super) name: &'a str,
    pub(super) scores: &'a [f64],
    pub(super) attacks: &'a [bool],
    /// Scores of several splits, put together as probabilities.
    pub(super) pooled: bool,
}

impl<'a> PlotScores<'a> {
    /// Raw scores of one split; over several, probabilities, which their models share as a scale.
    pub(super) fn of(evaluation: &'a Evaluation, part: &PartMetrics) -> Option<Self> {
        let pooled = &evaluation.pooled;
        let several =
            evaluation.splits.len() > 1 && pooled.probability.len() == pooled.attacks.len();
        let scores = if several { &pooled.probability } else { &pooled.raw };
        if scores.is_empty() || scores.len() != pooled.attacks.len() || part.rows == 0 {
            return None;
        }
        Some(Self { name: &evaluation.model, scores, attacks: &pooled.attacks, pooled: several })
    }

    /// (false-positive rate, true-positive rate); empty without rows of both kinds.
    pub(super) fn roc(&self) -> Vec<(f64, f64)> {
        let Ok(ranking) = Ranking::new(self.scores, self.attacks, None) else { return Vec::new() };
        let benign = benign_of(self.attacks);
        if benign == 0 || benign == self.attacks.len() {
            return Vec::new();
        }
        ranking.curve().roc().iter().map(|point| (point.fpr, point.tpr)).collect()
    }

    /// (recall, precision) by rising recall; empty without attacks.
    pub(super) fn precision_recall(&self) -> Vec<(f64, f64)> {
        let Ok(ranking) = Ranking::new(self.scores, self.attacks, None) else { return Vec::new() };
        if benign_of(self.attacks) == self.attacks.len() {
            return Vec::new();
        }
        let mut points: Vec<(f64, f64)> =
            ranking.curve().pr().iter().map(|point| (point.recall, point.precision)).collect();
        if points.first().zip(points.last()).is_some_and(|(first, last)| first.0 > last.0) {
            points.reverse();
        }
        points
    }
}

/// Number of benign rows.
pub(super) fn benign_of(attacks: &[bool]) -> usize {
    attacks.iter().filter(|attack| !**attack).count()
}

/// The section of the model at `position`.
pub(super) fn write(
    page: &mut Page,
    model: &ModelSection<'_>,
    position: usize,
    report: &Report<'_>,
) {
    let evaluation = model.evaluation;
    page.section(&format!("model-{position}"), &evaluation.model);
    if !model.summary.is_empty() {
        page.put(format_args!("<p>{}</p>", Text(&model.summary)));
    }
    let Some(part) = judged(evaluation) else {
        page.put(format_args!("<p>Not judged.</p>"));
        page.end_section();
        return;
    };
    facts(page, evaluation, part, report);
    page.put(format_args!("<div class=\"figures\">"));
    charts(page, evaluation, part);
    page.put(format_args!("</div>"));
    families_table(page, part);
    classes_table(page, part);
    parts_table(page, evaluation);
    splits_table(page, evaluation);
    parameters(page, &model.parameters);
    page.end_section();
}

fn facts(page: &mut Page, evaluation: &Evaluation, part: &PartMetrics, report: &Report<'_>) {
    let thresholds: Vec<String> = part.thresholds.iter().map(|&t| plot::short(t)).collect();
    let split = match thresholds.len() {
        0 => "no threshold".to_owned(),
        1 => format!("threshold {} on the raw score", thresholds[0]),
        _ => format!("thresholds {} on the raw scores of the splits", thresholds.join(", ")),
    };
    page.put(format_args!(
        "<p class=\"facts\">{} by rule {}. Trained in {} s, scored {} rows a second.</p>",
        Text(&capital(&split)),
        Text(&report.threshold.to_string()),
        Text(&plot::short((evaluation.timing.fit_seconds * 100.0).round() / 100.0)),
        Text(
            &evaluation
                .timing
                .rows_per_second
                .map_or("an unknown number of".to_owned(), html::per_day)
        )
    ));
    if evaluation.splits.len() > 1 {
        page.put(format_args!(
            "<p class=\"facts\">Curves of several splits are drawn from their calibrated \
             probabilities together, so their areas differ a little from the means of the table.</p>"
        ));
    }
}

fn charts(page: &mut Page, evaluation: &Evaluation, part: &PartMetrics) {
    if let Some(scores) = PlotScores::of(evaluation, part) {
        let value = |id: &str| part.value(id).map_or("–".to_owned(), plot::metric);
        let (fpr, recall) = (part.value("fpr"), part.value("recall"));
        let operating: Vec<Mark<'_>> = fpr
            .zip(recall)
            .map(|(x, y)| Mark { name: "at the threshold", x, y })
            .into_iter()
            .collect();
        let roc = scores.roc();
        let name = format!("{}, AUC {}", scores.name, value("roc_auc"));
        let curve = [plot::Curve { name: &name, points: &roc }];
        let benign = benign_of(scores.attacks);
        page.figure(&plot::roc(&curve, &operating, RocAxis::Log { benign }));
        let points = scores.precision_recall();
        let name = format!("{}, AUC {}", scores.name, value("pr_auc"));
        let curve = [plot::Curve { name: &name, points: &points }];
        let operating: Vec<Mark<'_>> = recall
            .zip(part.value("precision"))
            .map(|(x, y)| Mark { name: "at the threshold", x, y })
            .into_iter()
            .collect();
        let share = part.attacks as f64 / part.rows.max(1) as f64;
        page.figure(&plot::precision_recall(&curve, &operating, Some(share)));
        let threshold = match part.thresholds.as_slice() {
            [threshold] if !scores.pooled => Some(*threshold),
            _ => None,
        };
        let axis = if scores.pooled { "probability" } else { "raw score" };
        let range = scores.pooled.then_some((0.0, 1.0));
        let figure =
            plot::score_distribution(scores.scores, scores.attacks, threshold, axis, range);
        page.figure(&figure);
    }
    let bins: Vec<ReliabilityBin> = part
        .calibration
        .iter()
        .map(|bin| ReliabilityBin {
            predicted: bin.predicted,
            observed: bin.observed,
            rows: html::rows(bin.weight),
        })
        .collect();
    if !bins.is_empty() {
        page.figure(&plot::calibration(&bins));
    }
    let outcome = &part.confusion;
    let two = ["benign".to_owned(), "attack".to_owned()];
    let counts = [outcome.tn, outcome.fp, outcome.r#fn, outcome.tp].map(html::rows);
    page.figure(&plot::confusion("Confusion", &two, &counts, "at the threshold"));
    if let Some(importance) = &evaluation.importance {
        let bars: Vec<Bar> = importance
            .iter()
            .map(|(name, value)| Bar {
                name: name.clone(),
                value: *value,
                interval: None,
                note: String::new(),
            })
            .collect();
        page.figure(&plot::bars("Importance of columns", &bars, BarUnit::Number, "importance", 15));
    }
    if !part.families.is_empty() {
        let bars: Vec<Bar> = part
            .families
            .iter()
            .map(|family| Bar {
                name: family.family.clone(),
                value: family.rate,
                interval: Some((family.interval.low, family.interval.high)),
                note: format!("of {}", plot::count(family.rows)),
            })
            .collect();
        page.figure(&plot::bars(
            "Detection by family",
            &bars,
            BarUnit::Share,
            "share that alerts",
            20,
        ));
    }
    if let Some(classes) = &part.classes {
        let names: Vec<String> = classes.classes.iter().map(|class| class.class.clone()).collect();
        let counts: Vec<usize> =
            classes.confusion.iter().flatten().map(|&count| count as usize).collect();
        let decided = "by their most probable class";
        page.figure(&plot::confusion("Confusion of classes", &names, &counts, decided));
    }
}

/// Detection of each family with the time to its first alert, where rows have times.
fn families_table(page: &mut Page, part: &PartMetrics) {
    if part.families.is_empty() {
        return;
    }
    let timed = part.families.iter().any(|family| family.first_alert_seconds.is_some());
    page.put(format_args!(
        "<details><summary>Detection by family</summary><div class=\"scroll\">\
         <table class=\"sortable\"><thead><tr><th>Family</th><th class=\"n\">Rows</th>\
         <th class=\"n\">Alerting</th><th class=\"n\">Share</th><th class=\"n\">{} interval</th>",
        html::level(&part.families[0].interval)
    ));
    if timed {
        page.put(format_args!("<th class=\"n\">First alert after, s</th>"));
    }
    page.put(format_args!("</tr></thead><tbody>"));
    for family in &part.families {
        page.put(format_args!(
            "<tr><th scope=\"row\">{}</th><td class=\"n\" data-v=\"{}\">{}</td>\
             <td class=\"n\" data-v=\"{}\">{}</td><td class=\"n\" data-v=\"{}\">{}</td>\
             <td class=\"n\" data-v=\"{}\">{}</td>",
            Text(&family.family),
            family.rows,
            plot::count(family.rows),
            family.detected,
            plot::count(family.detected),
            family.rate,
            plot::percent(family.rate),
            family.interval.low,
            html::interval("recall", &family.interval)
        ));
        match family.first_alert_seconds {
            Some(seconds) => page.put(format_args!(
                "<td class=\"n\" data-v=\"{seconds}\">{}</td>",
                plot::short(seconds)
            )),
            None if timed => page.put(format_args!("<td class=\"n none\">never</td>")),
            None => {}
        }
        page.put(format_args!("</tr>"));
    }
    page.put(format_args!("</tbody></table></div></details>"));
}

/// Each class against the others, for models that tell classes apart.
fn classes_table(page: &mut Page, part: &PartMetrics) {
    let Some(classes) = &part.classes else { return };
    page.put(format_args!(
        "<details><summary>Classes told apart</summary><p>Accuracy {}; means over classes: \
         precision {}, recall {}, F1 {}; weighted by rows: precision {}, recall {}, F1 {}.</p>\
         <div class=\"scroll\"><table class=\"sortable\"><thead><tr><th>Class</th>\
         <th class=\"n\">Rows</th><th class=\"n\">Precision</th><th class=\"n\">Recall</th>\
         <th class=\"n\">F1</th><th class=\"n\">ROC AUC</th></tr></thead><tbody>",
        plot::metric(classes.accuracy),
        plot::metric(classes.macro_precision),
        plot::metric(classes.macro_recall),
        plot::metric(classes.macro_f1),
        plot::metric(classes.weighted_precision),
        plot::metric(classes.weighted_recall),
        plot::metric(classes.weighted_f1)
    ));
    for class in &classes.classes {
        page.put(format_args!(
            "<tr><th scope=\"row\">{}</th><td class=\"n\" data-v=\"{}\">{}</td>",
            Text(&class.class),
            class.rows,
            plot::count(class.rows)
        ));
        for value in [Some(class.precision), Some(class.recall), Some(class.f1), class.roc_auc] {
            match value.filter(|value| value.is_finite()) {
                Some(value) => page.put(format_args!(
                    "<td class=\"n\" data-v=\"{value}\">{}</td>",
                    plot::metric(value)
                )),
                None => page.put(format_args!("<td class=\"n none\">–</td>")),
            }
        }
        page.put(format_args!("</tr>"));
    }
    page.put(format_args!("</tbody></table></div></details>"));
}

/// Training, validation, test beside each other: what falls off between them was learned by heart.
fn parts_table(page: &mut Page, evaluation: &Evaluation) {
    let parts: Vec<(&str, &PartMetrics)> = [
        ("Training", &evaluation.parts.train),
        ("Validation", &evaluation.parts.validation),
        ("Test", &evaluation.parts.test),
    ]
    .into_iter()
    .filter_map(|(name, part)| part.as_ref().map(|part| (name, part)))
    .collect();
    page.put(format_args!(
        "<details><summary>Figures of each part</summary><div class=\"scroll\"><table><thead><tr>\
         <th>Metric</th>"
    ));
    for (name, part) in &parts {
        page.put(format_args!(
            "<th class=\"n\">{name}<small>{} rows</small></th>",
            plot::count(part.rows)
        ));
    }
    page.put(format_args!("</tr></thead><tbody>"));
    for card in METRICS {
        page.put(format_args!(
            "<tr><th scope=\"row\" title=\"{}\">{}</th>",
            Text(card.doc),
            Text(&html::name(card.id))
        ));
        for (_, part) in &parts {
            cell(page, card, part, None);
        }
        page.put(format_args!("</tr>"));
    }
    page.put(format_args!("</tbody></table></div></details>"));
}

/// Figures of each split, for several.
fn splits_table(page: &mut Page, evaluation: &Evaluation) {
    if evaluation.splits.len() < 2 {
        return;
    }
    let shown = ["roc_auc", "pr_auc", "tpr_at_fpr_1e-2", "tpr_at_fpr_1e-3", "recall", "fpr", "f1"];
    let cards: Vec<_> =
        shown.iter().filter_map(|id| METRICS.iter().find(|card| card.id == *id)).collect();
    page.put(format_args!(
        "<details><summary>Figures of each split</summary><div class=\"scroll\">\
         <table class=\"sortable\"><thead><tr><th>Split</th><th class=\"n\">Rows judged</th>\
         <th class=\"n\" title=\"rows judged whose features occur among those trained on\">\
         Repeated</th>"
    ));
    for card in &cards {
        page.put(format_args!("<th class=\"n\">{}</th>", Text(&html::name(card.id))));
    }
    page.put(format_args!("</tr></thead><tbody>"));
    for split in &evaluation.splits {
        page.put(format_args!(
            "<tr><th scope=\"row\">{}</th><td class=\"n\" data-v=\"{}\">{}</td>\
             <td class=\"n\" data-v=\"{}\">{}</td>",
            Text(&split.name),
            split.test.rows,
            plot::count(split.test.rows),
            split.repeated,
            plot::count(split.repeated)
        ));
        for card in &cards {
            cell(page, card, &split.test, None);
        }
        page.put(format_args!("</tr>"));
    }
    page.put(format_args!("</tbody></table></div></details>"));
}

fn parameters(page: &mut Page, parameters: &[(String, String)]) {
    if parameters.is_empty() {
        return;
    }
    page.put(format_args!("<details><summary>Parameters</summary><dl class=\"pairs\">"));
    for (name, value) in parameters {
        page.put(format_args!("<dt>{}</dt><dd>{}</dd>", Text(name), Text(value)));
    }
    page.put(format_args!("</dl></details>"));
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}
