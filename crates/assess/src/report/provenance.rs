//! Where the figures come from, so that a reader can get them again.

use super::headline::Order;
use super::html::{self, Text};
use super::page::Page;
use super::{DataSource, Report, judged};
use crate::metrics::METRICS;
use crate::plot::{self, percent};
use crate::protocol::{Protocol, RandomParts};
use crate::threshold::ThresholdRule;

/// Sources, method, metrics.
pub(super) fn write(page: &mut Page, report: &Report<'_>, order: &Order) {
    page.section("provenance", "Where the figures come from");
    page.put(format_args!(
        "<dl class=\"pairs\"><dt>Command</dt><dd><code>{}</code></dd>",
        Text(&report.command)
    ));
    page.put(format_args!(
        "<dt>Version</dt><dd>{}</dd><dt>Seed</dt><dd>{}</dd>",
        Text(&report.version),
        report.seed
    ));
    page.put(format_args!("<dt>Made</dt><dd>{}</dd></dl>", Text(&report.when)));
    for data in &report.data {
        source(page, data);
    }
    page.put(format_args!("<h3>How each number was got</h3><ul>"));
    let parted = report.protocol.map_or_else(
        || {
            "No row was set aside for judging: figures are of training or validation rows."
                .to_owned()
        },
        protocol,
    );
    page.put(format_args!("<li>{}</li>", Text(&parted)));
    page.put(format_args!("<li>{}</li>", Text(&threshold(report.threshold))));
    let first = order.models.first().map(|&first| report.models[first].evaluation);
    let part = first.and_then(judged);
    if let Some(range) =
        part.and_then(|part| part.metrics.0.iter().find_map(|metric| metric.interval))
    {
        page.put(format_args!(
            "<li>Intervals hold {:.0}\u{a0}% of the values of a stratified bootstrap: attacks drawn \
             among attacks, benign rows among benign rows. Models are compared on the same draws. \
             Intervals tell the noise of the rows judged, not that of training again.</li>",
            range.level * 100.0
        ));
    }
    if let Some(part) = part {
        page.put(format_args!(
            "<li>Alerts a day assume {} events a day of which {} are attacks, with the rates of \
             detection and of false positives found here.</li>",
            Text(&html::per_day(part.alerts.base_rate.events_per_day)),
            percent(part.alerts.base_rate.attack_share)
        ));
    }
    page.put(format_args!(
        "<li>Times are of this run on this machine: training with its preparation, scoring of all \
         rows judged.</li>"
    ));
    for note in &report.notes {
        page.put(format_args!("<li>{}</li>", Text(note)));
    }
    page.put(format_args!(
        "</ul><details><summary>What each metric means</summary><dl class=\"pairs\">"
    ));
    for card in METRICS {
        page.put(format_args!(
            "<dt>{} <code>{}</code></dt><dd>{}</dd>",
            Text(card.name),
            Text(card.id),
            Text(card.doc)
        ));
    }
    page.put(format_args!("</dl></details>"));
    page.end_section();
}

/// One file that was read.
pub(super) fn source(page: &mut Page, data: &DataSource) {
    page.put(format_args!(
        "<h3>Data: {}</h3><dl class=\"pairs\"><dt>Name</dt><dd>{}</dd><dt>Layout</dt><dd>{}</dd>\
         <dt>Rows</dt><dd>{} with {} feature columns</dd><dt>Size</dt><dd>{} bytes</dd>\
         <dt>SHA-256</dt><dd><code class=\"hash\">{}</code></dd>",
        Text(&data.role),
        Text(&data.name),
        Text(&data.layout),
        plot::count(data.rows as usize),
        plot::count(data.columns),
        plot::count(data.bytes as usize),
        Text(&data.sha256)
    ));
    if data.bad_records > 0 {
        page.put(format_args!(
            "<dt>Left out</dt><dd>{} records that could not be read</dd>",
            plot::count(data.bad_records as usize)
        ));
    }
    if !data.classes.is_empty() {
        let total = data.classes.iter().map(|(_, rows)| rows).sum::<usize>().max(1);
        let classes: Vec<String> = data
            .classes
            .iter()
            .map(|(name, rows)| {
                format!("{name} {} ({})", plot::count(*rows), percent(*rows as f64 / total as f64))
            })
            .collect();
        page.put(format_args!("<dt>Classes</dt><dd>{}</dd>", Text(&classes.join(", "))));
    }
    page.put(format_args!("</dl>"));
    if !data.notes.is_empty() {
        page.put(format_args!("<ul>"));
        for note in &data.notes {
            page.put(format_args!("<li>{}</li>", Text(note)));
        }
        page.put(format_args!("</ul>"));
    }
}

/// How rows were parted.
pub(super) fn protocol(protocol: Protocol) -> String {
    match protocol {
        Protocol::Official => {
            "Protocol official: trained on the training file, judged on the test \
                               file, which chose nothing."
                .to_owned()
        }
        Protocol::DuplicateGrouped { folds } => format!(
            "Protocol duplicate-grouped: {folds} folds; rows with equal features stand in one fold, \
             so no row judged has a twin among those trained on."
        ),
        Protocol::LeaveOneFamilyOut { benign_holdout } => format!(
            "Protocol leave-one-family-out: each attack family is judged by a model that never saw \
             it, with {} of the benign rows held out by duplicate group.",
            percent(benign_holdout)
        ),
        Protocol::TimeOrdered { test_share } => format!(
            "Protocol time-ordered: trained on the earlier rows, judged on the latest {}.",
            percent(test_share)
        ),
        Protocol::Random(RandomParts::Folds(folds)) => format!(
            "Protocol random: {folds} folds with no regard to duplicates; a row judged may have a \
             twin among those trained on."
        ),
        Protocol::Random(RandomParts::TestShare(share)) => format!(
            "Protocol random: {} of the rows judged, with no regard to duplicates; a row judged \
             may have a twin among those trained on.",
            percent(share)
        ),
    }
}

fn threshold(rule: ThresholdRule) -> String {
    match rule {
        ThresholdRule::Fpr(rate) => format!(
            "Thresholds: the lowest score at which no more than {} of benign validation rows alert; \
             the validation rows are part of the training data and trained nothing.",
            percent(rate)
        ),
        ThresholdRule::BestF1 => "Thresholds: the score with the highest F1 on validation rows, \
                                  which are part of the training data and trained nothing."
            .to_owned(),
        ThresholdRule::Fixed(value) => {
            format!("Threshold: the raw score {}, given by the user.", plot::short(value))
        }
    }
}
