//! The first page: what happens now, and what needs a look.

use maud::{Markup, html};
use tripline_store::records::{Detection, Job, ModelVersion};

use super::super::chart::{Kind, Series, X, chart};
use super::super::fields::{Fields, encode};
use super::super::page::Viewer;
use super::super::parts::{empty, panel, segments, tag, words};
use super::super::text::{self, DAY, HOUR, count, day, share};
use super::{detections, jobs, welcome};

/// Spans of the chart: name in the URL, name for people, width of a bucket, number of buckets.
pub(crate) const SPANS: &[(&str, &str, i64, i64)] =
    &[("24h", "24 h", HOUR, 24), ("7d", "7 days", 6 * HOUR, 28), ("30d", "30 days", DAY, 30)];

/// Counts of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Detections.
    pub(crate) detections: u64,
    /// Of these critical or high.
    pub(crate) urgent: u64,
    /// Answers.
    pub(crate) predictions: u64,
}

/// A version that answers, with its counts of the last day.
pub(crate) struct Serving<'a> {
    /// The version.
    pub(crate) version: &'a ModelVersion,
    /// Answers.
    pub(crate) predictions: u64,
    /// Answers over the threshold.
    pub(crate) alerts: u64,
    /// Failures in scoring.
    pub(crate) errors: u64,
    /// Mean time to score in seconds.
    pub(crate) mean_seconds: Option<f64>,
    /// The version tried beside it, with its share of the entities.
    pub(crate) trial: Option<(&'a str, f64)>,
}

/// Something that needs a look.
pub(crate) struct Look {
    /// `bad`, `warn`, `good`.
    pub(crate) tone: &'static str,
    /// A word.
    pub(crate) word: &'static str,
    /// What.
    pub(crate) text: String,
    /// Where to see it.
    pub(crate) href: String,
}

/// What the page shows.
pub(crate) struct Overview<'a> {
    /// The fields of the URL.
    pub(crate) fields: &'a Fields,
    /// The last day.
    pub(crate) now: Counts,
    /// The day before.
    pub(crate) before: Counts,
    /// Detections that nobody judged, critical or high.
    pub(crate) unjudged: u64,
    /// The chart.
    pub(crate) chart: (X, Vec<Series>),
    /// Types in the chart's span with their counts, the most frequent first.
    pub(crate) kinds: &'a [(String, u64)],
    /// Active versions.
    pub(crate) serving: &'a [Serving<'a>],
    /// Jobs under way or waiting.
    pub(crate) jobs: &'a [Job],
    /// The newest detections.
    pub(crate) latest: &'a [Detection],
    /// What needs a look.
    pub(crate) looks: &'a [Look],
    /// Whether programs need a key.
    pub(crate) keys: bool,
}

impl Overview<'_> {
    /// The chart's span, by its name in the address.
    fn span(&self) -> &str {
        self.fields.get("span").unwrap_or("24h")
    }

    /// Whether nothing was ever judged, as far as this page knows.
    fn is_fresh(&self) -> bool {
        self.latest.is_empty() && self.now.predictions == 0 && self.before.predictions == 0
    }
}

/// The page.
pub(crate) fn page(viewer: &Viewer, shown: &Overview<'_>) -> Markup {
    let fresh = shown.is_fresh();
    html! {
        h1.sr { "Overview" }
        @if !fresh { div data-part="tiles" { (tiles(shown)) } }
        div.cols {
            div.stack {
                @if fresh { (welcome::panel_of(viewer, shown.keys)) } @else { (over_time(shown)) }
                @if !fresh { (latest(viewer, shown.latest)) }
            }
            div.stack {
                @if !fresh {
                    div data-part="looks" { (looks(shown.looks)) }
                    div data-part="kinds" { (kinds(shown.kinds, shown.span())) }
                }
                div data-part="serving" { (serving(shown.serving)) }
                @if !fresh { (under_way(shown.jobs)) }
            }
        }
    }
}

/// What changes while the page is open, by the names of its places.
pub(crate) fn parts(shown: &Overview<'_>) -> [(&'static str, Markup); 4] {
    [
        // Without counters the page is still that of a fresh installation.
        (
            "tiles",
            if shown.is_fresh() {
                html! {}
            } else {
                tiles(shown)
            },
        ),
        ("looks", looks(shown.looks)),
        ("kinds", kinds(shown.kinds, shown.span())),
        ("serving", serving(shown.serving)),
    ]
}

fn tiles(shown: &Overview<'_>) -> Markup {
    let rate = |counts: &Counts| share(counts.detections, counts.predictions);
    let hours = Fields::default().with("hours", "24");
    html! {
        div.tiles {
            a.tile href=(hours.url("/ui/detections")) {
                span { "Detections, 24 h" } b { (count(shown.now.detections)) }
                small { (delta(shown.now.detections, shown.before.detections)) }
            }
            a.tile.hot[shown.now.urgent > 0] href=(hours.with("severity", "high").url("/ui/detections")) {
                span { "Critical and high, 24 h" } b { (count(shown.now.urgent)) }
                small { (delta(shown.now.urgent, shown.before.urgent)) }
            }
            a.tile href=(Fields::default().with("judged", "no").with("severity", "high").url("/ui/detections")) {
                span { "Critical and high to judge" } b { (count(shown.unjudged)) } small { "of all times" }
            }
            div.tile {
                span { "Predictions, 24 h" } b { (count(shown.now.predictions)) }
                small { (delta(shown.now.predictions, shown.before.predictions)) }
            }
            div.tile {
                span { "Share detected, 24 h" } b { (rate(&shown.now)) }
                small { @if shown.before.predictions == 0 { "none the day before" } @else { (rate(&shown.before)) " the day before" } }
            }
        }
    }
}

fn over_time(shown: &Overview<'_>) -> Markup {
    let span = shown.span();
    let by = if shown.fields.get("by") == Some("kind") { "kind" } else { "severity" };
    panel(
        "Detections over time",
        &html! {
            (segments("by", "Colour by", by, &[("severity", "severity"), ("kind", "type")], shown.fields))
            (segments("span", "Span", span, &SPANS.iter().map(|s| (s.0, s.1)).collect::<Vec<_>>(), shown.fields))
        },
        &html! { div.body {
            (chart(("Detections over time", "main"), Kind::Stacked, &shown.chart.0, &shown.chart.1, Some(by)))
        } },
    )
}

fn under_way(under_way: &[Job]) -> Markup {
    panel(
        "Jobs",
        &html! { a href="/ui/jobs" { "all" } },
        &html! {
            @if under_way.is_empty() { div.empty.slim { "None is under way. " a href="/ui/jobs/new" { "Train a model" } } }
            @else { (jobs::short_list(under_way)) }
        },
    )
}

fn latest(viewer: &Viewer, latest: &[Detection]) -> Markup {
    panel(
        "Latest detections",
        &html! { a href="/ui/detections" { "all" } },
        &html! {
            div.compact data-hidden-when-empty hidden[latest.is_empty()] { (detections::table(latest, Some(12))) }
            @if latest.is_empty() { div data-empty { (detections::nothing_yet(viewer)) } }
        },
    )
}

fn looks(looks: &[Look]) -> Markup {
    panel(
        "Needs a look",
        &html! {},
        &html! {
            @if looks.is_empty() { div.empty.slim { "Nothing right now." } } @else {
                ul.list {
                    @for look in looks {
                        li { (tag(look.tone, look.word)) a href=(look.href) { (look.text) } }
                    }
                }
            }
        },
    )
}

fn kinds(kinds: &[(String, u64)], span: &str) -> Markup {
    let most = kinds.iter().map(|kind| kind.1).max().unwrap_or(1).max(1);
    let hours = match span {
        "7d" => "168",
        "30d" => "720",
        _ => "24",
    };
    html! {
        @if !kinds.is_empty() {
            (panel("By type", &html! {}, &html! {
                table {
                    caption.sr { "Detections by type" }
                    tbody {
                        @for (kind, number) in kinds {
                            tr.go {
                                th scope="row" {
                                    a.row href=(Fields::default().with("hours", hours).with("kind", kind).url("/ui/detections")) { (words(kind)) }
                                }
                                td { progress max=(most) value=(number) aria-label={ (words(kind)) ": " (number) } {} }
                                td.n { (count(*number)) }
                            }
                        }
                    }
                }
            }))
        }
    }
}

fn serving(serving: &[Serving<'_>]) -> Markup {
    panel(
        "Active models",
        &html! { a href="/ui/models" { "all" } },
        &html! {
            @if serving.is_empty() {
                (empty("No model answers.", &html! { a href="/ui/models" { "Deploy one" } }))
            } @else {
                table {
                    thead { tr {
                        th scope="col" { "Model" } th.n scope="col" { "24 h" }
                        th.n scope="col" { "Alerts" } th.n scope="col" { "Time" }
                    } }
                    tbody {
                        @for one in serving {
                            tr.go {
                                td {
                                    a.row.break href={ "/ui/models/" (encode(&one.version.id)) } { (one.version.id) }
                                    div.small.dim {
                                        @if let Some(at) = one.version.deployed_at { "since " (day(at)) }
                                        @if let Some((id, share)) = one.trial { " · " (format!("{:.0}", share * 100.0)) " % to " (id) }
                                        @if one.errors > 0 { " · " span.up { (count(one.errors)) " errors" } }
                                    }
                                }
                                td.n { (count(one.predictions)) }
                                td.n { (share(one.alerts, one.predictions)) }
                                td.n { (one.mean_seconds.map_or_else(|| "–".to_owned(), |s| text::span((s * 1e6) as i64))) }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// The difference to the day before.
fn delta(now: u64, before: u64) -> Markup {
    let (class, text) = match (now, before) {
        (0, 0) => ("dim", "none the day before either".to_owned()),
        (_, 0) => ("dim", "none the day before".to_owned()),
        _ => {
            let change = (now as f64 / before as f64 - 1.0) * 100.0;
            let sign = if change >= 0.0 { "+" } else { "\u{2212}" };
            ("dim", format!("{sign}{:.0}\u{202f}% from {}", change.abs(), count(before)))
        }
    };
    html! { span.(class) { (text) } }
}
