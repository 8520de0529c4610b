//! The first screen: what a person came to know.

use super::findings::severity;
use super::headline::Order;
use super::html::{self, Text, Ticked};
use super::page::Page;
use super::{Report, judged};
use crate::bootstrap::{Difference, Interval};
use crate::evaluate::PartMetrics;
use crate::guard::{Finding, Severity};
use crate::plot::{count, percent};
use crate::threshold::ThresholdRule;

/// Title, banner, verdict, cards.
pub(super) fn write(page: &mut Page, report: &Report<'_>, order: &Order) {
    page.put(format_args!(
        "<header><h1>{}</h1><p class=\"meta\">{} · {} · seed {} · {}</p></header>",
        Text(&report.title),
        Text(&sources(report)),
        report.protocol.map_or("no test part".to_owned(), |p| format!("{} protocol", p.name())),
        report.seed,
        Text(&report.when)
    ));
    page.leakage(
        &report.leakage_accepted,
        "The figures on this page may be far better than the models are; they must not stand \
         beside figures without leakage.",
    );
    page.section("verdict", "Verdict");
    let first = order.models.first().map(|&position| report.models[position].evaluation);
    let Some((first, part)) = first.and_then(|first| judged(first).map(|part| (first, part)))
    else {
        page.put(format_args!("<p class=\"verdict\">No model was judged.</p>"));
        page.end_section();
        return;
    };
    page.put(format_args!("<p class=\"verdict\">{}</p>", first_sentence(report, order, part)));
    if let Some(&second) = order.models.get(1) {
        let second = report.models[second].evaluation;
        let value = judged(second).and_then(|part| part.value(order.metric));
        let sentence = second_sentence(&second.model, order, value, &first.model);
        page.put(format_args!("<p class=\"verdict next\">{sentence}</p>"));
    }
    if first.parts.test.is_none() {
        page.put(format_args!(
            "<p class=\"warn-text\">No test part was scored: these figures are of the validation \
             part of the training data, from which the threshold was chosen too.</p>"
        ));
    }
    page.put(format_args!("<div class=\"cards\">"));
    headline_card(page, order, part);
    realised_card(page, report.threshold, part);
    alerts_cards(page, part);
    guard_card(page, report.findings);
    page.put(format_args!("</div>"));
    page.end_section();
}

fn sources(report: &Report<'_>) -> String {
    let names: Vec<String> = report
        .data
        .iter()
        .map(|data| format!("{} ({} rows)", data.name, count(data.rows as usize)))
        .collect();
    if names.is_empty() { "no file".to_owned() } else { names.join(", ") }
}

/// What the first model reaches, already escaped.
fn first_sentence(report: &Report<'_>, order: &Order, part: &PartMetrics) -> String {
    let Some(&first) = order.models.first() else { return String::new() };
    let model = format!("<strong>{}</strong>", Text(&report.models[first].evaluation.model));
    let metric = part.metric(order.metric);
    let Some(value) = metric.and_then(|metric| metric.value) else {
        return format!(
            "{model} has no {}: {}.",
            Text(&html::name(order.metric)),
            Text(metric.and_then(|metric| metric.missing).unwrap_or("there are too few rows"))
        );
    };
    let range = metric
        .and_then(|metric| metric.interval)
        .map(|interval| range(order.metric, &interval))
        .unwrap_or_default();
    let shown = html::value(order.metric, value);
    let alone = report.models.len() < 2;
    match rate(order.metric) {
        Some(rate) => {
            let most = if alone { "" } else { ", the most of the models here" };
            format!(
                "At no more than {} false positives among benign rows, {model} detects \
                 <strong>{shown}</strong> of attacks{range}{most}.",
                percent(rate)
            )
        }
        None => {
            let most = if alone { "reaches" } else { "stands first with" };
            format!(
                "By {}, {model} {most} <strong>{shown}</strong>{range}.",
                Text(&html::name(order.metric))
            )
        }
    }
}

/// What the second reaches, whether the rows tell the two apart; already escaped.
fn second_sentence(model: &str, order: &Order, value: Option<f64>, first: &str) -> String {
    let model = Text(model);
    let Some(value) = value else {
        return format!("{model} has no {}.", Text(&html::name(order.metric)));
    };
    let shown = html::value(order.metric, value);
    let next = format!("Next is {model} with {shown}.");
    let Some(Difference { value, interval: Some(interval), .. }) = order.difference else {
        return format!(
            "{next} The two were not resampled on the same rows, so whether they differ is not known."
        );
    };
    let share = html::kind(order.metric) == html::Kind::Share;
    let step = |value: f64| {
        if share { format!("{:.2}", value * 100.0) } else { format!("{value:.4}") }
            .replace('-', "\u{2212}")
    };
    let unit = if share { " points" } else { "" };
    let told = if interval.low > 0.0 || interval.high < 0.0 {
        "beyond the noise of these rows".to_owned()
    } else {
        format!("within noise: these rows do not tell {} from {model}", Text(first))
    };
    format!(
        "{next} The difference of {}{unit} ({} interval {} to {}) is {told}.",
        step(value),
        html::level(&interval),
        step(interval.low),
        step(interval.high)
    )
}

fn headline_card(page: &mut Page, order: &Order, part: &PartMetrics) {
    let metric = part.metric(order.metric);
    let value = metric.and_then(|metric| metric.value);
    let range = metric.and_then(|metric| metric.interval);
    let title = match rate(order.metric) {
        Some(rate) => format!("Attacks detected at FPR ≤ {}", percent(rate)),
        None => html::name(order.metric),
    };
    card(
        page,
        "",
        &title,
        &value.map_or("–".to_owned(), |value| html::value(order.metric, value)),
        &range.map_or("no interval".to_owned(), |range| {
            format!("{} interval {}", html::level(&range), html::interval(order.metric, &range))
        }),
    );
}

fn realised_card(page: &mut Page, rule: ThresholdRule, part: &PartMetrics) {
    let metric = part.metric("fpr");
    let value = metric.and_then(|metric| metric.value);
    let range = metric.and_then(|metric| metric.interval);
    let shown = value.map_or("–".to_owned(), percent);
    let (class, note) = match (rule, value) {
        (ThresholdRule::Fpr(asked), Some(value)) => {
            let times = value / asked;
            let asked_text = format!("asked: {}", percent(asked));
            match range {
                Some(range) if range.low > asked => (
                    "warn",
                    format!("{asked_text}; realised {times:.1} times as many, beyond noise"),
                ),
                Some(range) if range.high < asked => {
                    ("", format!("{asked_text}; realised fewer, beyond noise"))
                }
                Some(range) => {
                    ("", format!("{asked_text}; interval {}", html::interval("fpr", &range)))
                }
                None if times > 1.5 => {
                    ("warn", format!("{asked_text}; realised {times:.1} times as many"))
                }
                None => ("", asked_text),
            }
        }
        (ThresholdRule::Fpr(asked), None) => ("", format!("asked: {}", percent(asked))),
        (rule, _) => ("", format!("rule {rule}; no rate was asked for")),
    };
    card(page, class, "False-positive rate realised", &shown, &note);
}

fn alerts_cards(page: &mut Page, part: &PartMetrics) {
    let alerts = &part.alerts;
    let base = format!(
        "of {} events, {} of them attacks (assumed)",
        html::per_day(alerts.base_rate.events_per_day),
        percent(alerts.base_rate.attack_share)
    );
    let per_day = alerts.per_day.map_or("–".to_owned(), html::per_day);
    card(page, "", "Alerts a day", &per_day, &base);
    let (class, note) = match alerts.precision {
        Some(precision) if precision < 0.5 => (
            "warn",
            format!("{} of 100 alerts would be false", ((1.0 - precision) * 100.0).round()),
        ),
        Some(_) => ("", "share of alerts that are attacks, at that base rate".to_owned()),
        None => ("", "needs benign rows beside attacks".to_owned()),
    };
    let shown = alerts.precision.map_or("–".to_owned(), percent);
    card(page, class, "Precision there", &shown, &note);
}

fn guard_card(page: &mut Page, findings: &[Finding]) {
    let (class, shown, note) = match worst(findings) {
        Some(finding) if finding.severity != Severity::Info => {
            let class = if finding.severity == Severity::Refusal { "bad" } else { "warn" };
            let others = findings
                .iter()
                .filter(|other| other.severity != Severity::Info)
                .count()
                .saturating_sub(1);
            let more = match others {
                0 => String::new(),
                1 => " · 1 more".to_owned(),
                others => format!(" · {others} more"),
            };
            (class, finding.title.clone(), format!("{}{more}", severity(finding.severity)))
        }
        _ => ("", "nothing of weight".to_owned(), "the guard's check of the data".to_owned()),
    };
    page.put(format_args!(
        "<a class=\"card text {class}\" href=\"#guard\"><span>The guard's gravest finding</span>\
         <b>{}</b><small>{}</small></a>",
        Ticked(&shown),
        Text(&note)
    ));
}

/// The first of the gravest findings.
fn worst(findings: &[Finding]) -> Option<&Finding> {
    [Severity::Refusal, Severity::Warning, Severity::Info]
        .iter()
        .find_map(|severity| findings.iter().find(|finding| finding.severity == *severity))
}

fn card(page: &mut Page, class: &str, title: &str, value: &str, note: &str) {
    page.put(format_args!(
        "<div class=\"card {class}\"><span>{}</span><b>{}</b><small>{}</small></div>",
        Text(title),
        Text(value),
        Text(note)
    ));
}

/// The false-positive rate that a metric is read at.
fn rate(id: &str) -> Option<f64> {
    id.strip_prefix("tpr_at_fpr_").and_then(|rate| rate.parse().ok())
}

fn range(id: &str, interval: &Interval) -> String {
    format!(" ({} interval {})", html::level(interval), html::interval(id, interval))
}
