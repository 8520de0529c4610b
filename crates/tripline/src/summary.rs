//! Figures as a terminal shows them.

use tripline_assess::evaluate::{Evaluation, PartMetrics, Parts};
use tripline_assess::guard::{Finding, Severity};
use tripline_assess::metrics::{METRICS, MetricCard};
use tripline_assess::plot::{count, percent, short};
use tripline_assess::threshold::ThresholdRule;
use tripline_engine::Decision;

use crate::table::{Align, Table};
use crate::terminal::{Style, Terminal};

/// What a terminal shows of a part; `--format json` and reports have all.
const SHOWN: &[&str] = &[
    "roc_auc",
    "pr_auc",
    "tpr_at_fpr_1e-2",
    "tpr_at_fpr_1e-3",
    "recall",
    "precision",
    "f1",
    "mcc",
    "fpr",
    "brier",
    "ece",
];

/// The parts of one model, side by side.
pub(crate) fn parts(terminal: &Terminal, model: &str, parts: &Parts) -> String {
    let named: Vec<(&str, &PartMetrics)> =
        [("train", &parts.train), ("validation", &parts.validation), ("test", &parts.test)]
            .into_iter()
            .filter_map(|(name, part)| Some((name, part.as_ref()?)))
            .collect();
    let mut columns = vec![(model, Align::Left)];
    columns.extend(named.iter().map(|(name, _)| (*name, Align::Right)));
    let tested = parts.test.as_ref().is_some_and(|test| !test.intervals.is_empty());
    if tested {
        columns.push(("95 % interval", Align::Left));
    }
    let mut table = Table::new(&columns);
    table.row(std::iter::once("rows (attacks)".to_owned()).chain(
        named.iter().map(|(_, part)| format!("{} ({})", count(part.rows), count(part.attacks))),
    ));
    for card in METRICS.iter().filter(|card| SHOWN.contains(&card.id)) {
        let mut row = vec![card.name.to_owned()];
        row.extend(named.iter().map(|(_, part)| number(part.value(card.id))));
        if tested {
            let interval =
                parts.test.as_ref().and_then(|test| test.metric(card.id)).and_then(|m| m.interval);
            row.push(interval.map_or(String::new(), |i| format!("{:.4} to {:.4}", i.low, i.high)));
        }
        table.row(row);
    }
    let mut lines = table.lines(0);
    if let Some(header) = lines.first_mut() {
        *header = terminal.paint(Style::Bold, header);
    }
    let mut text = lines.join("\n");
    text.push('\n');
    if let Some(test) = &parts.test {
        text.push_str(&alerts(test));
        text.push_str(&families(test, 0));
    }
    text
}

/// What the threshold means on a day like the one stated.
pub(crate) fn alerts(part: &PartMetrics) -> String {
    let rate = part.alerts.base_rate;
    let (Some(per_day), Some(precision)) = (part.alerts.per_day, part.alerts.precision) else {
        return String::new();
    };
    format!(
        "at {} events a day, {} of them attacks: {} alerts a day, {} of them real\n",
        short(rate.events_per_day),
        percent(rate.attack_share),
        short(per_day.round()),
        percent(precision)
    )
}

/// How much of each attack family is found.
pub(crate) fn families(part: &PartMetrics, indent: usize) -> String {
    if part.families.len() < 2 {
        return String::new();
    }
    let named: Vec<String> = part
        .families
        .iter()
        .map(|family| {
            // A no-break space keeps a name with its number; one in the name stays as it is.
            format!("{}\u{a0}{}", family.family, percent(family.rate))
        })
        .collect();
    crate::commands::check::wrap(&format!("found by family: {}", named.join(", ")), indent)
}

/// How the rate of false alarms that was asked for compares with the one on the judged rows.
pub(crate) fn realised(rule: ThresholdRule, part: &PartMetrics) -> String {
    let ThresholdRule::Fpr(asked) = rule else { return String::new() };
    let Some(fpr) = part.metric("fpr").and_then(|metric| Some((metric.value?, metric.interval)))
    else {
        return String::new();
    };
    let interval = fpr.1.map_or(String::new(), |interval| {
        format!(" (95 % interval {} to {})", percent(interval.low), percent(interval.high))
    });
    format!(
        "false alarms: {} asked for, {} on the test rows{interval}\n",
        percent(asked),
        percent(fpr.0)
    )
}

/// The rate of false alarms on benign rows that did not choose the threshold.
pub(crate) fn held_out(decision: &Decision) -> Option<String> {
    let realised = decision.realised.as_ref()?;
    Some(format!(
        "{} realised by {} ({} of {} benign validation rows, each judged by a threshold that the \
         other half of them chose; 95 % interval {} to {})",
        percent(realised.rate),
        decision.rule,
        count(realised.alerts),
        count(realised.benign),
        percent(realised.interval.low),
        percent(realised.interval.high)
    ))
}

/// Models in rows, the first as `order` has them.
pub(crate) fn models(
    terminal: &Terminal,
    evaluations: &[Evaluation],
    order: &[usize],
    metrics: &[&str],
) -> String {
    let cards: Vec<_> =
        metrics.iter().filter_map(|id| METRICS.iter().find(|card| card.id == *id)).collect();
    let mut columns = vec![("model", Align::Left)];
    columns.extend(cards.iter().map(|card| (heading(card), Align::Right)));
    columns.push(("training", Align::Right));
    let mut table = Table::new(&columns);
    for &at in order {
        let evaluation = &evaluations[at];
        let part = evaluation.parts.test.as_ref();
        let mut row = vec![evaluation.model.clone()];
        row.extend(cards.iter().map(|card| number(part.and_then(|part| part.value(card.id)))));
        row.push(format!("{:.1} s", evaluation.timing.fit_seconds));
        table.row(row);
    }
    let mut lines = table.lines(2);
    if let Some(header) = lines.first_mut() {
        *header = terminal.paint(Style::Bold, header);
    }
    lines.join("\n") + "\n"
}

/// How many findings there are, with the titles of those that matter.
pub(crate) fn guard(terminal: &Terminal, findings: &[Finding]) -> String {
    let mut text = String::new();
    for (severity, style, word) in
        [(Severity::Refusal, Style::Red, "refusal"), (Severity::Warning, Style::Yellow, "warning")]
    {
        for finding in findings.iter().filter(|finding| finding.severity == severity) {
            text.push_str(&format!("  {} {}\n", terminal.paint(style, word), finding.title));
        }
    }
    if text.is_empty() { "  guard: nothing found that misleads\n".to_owned() } else { text }
}

/// A short name: a table of models has many columns.
fn heading(card: &'static MetricCard) -> &'static str {
    match card.id {
        "fpr" => "FPR",
        "tpr_at_fpr_1e-2" => "TPR@1e-2",
        "tpr_at_fpr_1e-3" => "TPR@1e-3",
        "tpr_at_fpr_1e-4" => "TPR@1e-4",
        _ => card.name,
    }
}

/// A figure of merit with four decimals, or a dash.
pub(crate) fn number(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"))
}
