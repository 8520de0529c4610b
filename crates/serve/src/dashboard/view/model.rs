//! One version of a model: what it is, how good it is, what can be done with it.

use maud::{Markup, html};
use tripline_assess::plot::{self, Curve, ReliabilityBin, RocAxis, metric};
use tripline_store::records::{
    AuditEntry, ModelVersion, RollbackRule, Scope, ShadowComparison, Status,
};
use tripline_store::time::Timestamp;

use super::super::chart::{Kind, Series, X, chart};
use super::super::fields::{Fields, encode};
use super::super::page::{Viewer, ask};
use super::super::parts::{empty, figure, head, pairs, panel, tag, text_panel, words};
use super::super::text::{bytes, count, share, short_hash, time};
use super::models::figures_of;
use super::{audit, experiment, figures, findings, rule, threshold};

/// Points of curves that were stored with a version.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Curves {
    /// (false-positive rate, true-positive rate).
    pub(crate) roc: Vec<(f64, f64)>,
    /// (recall, precision).
    pub(crate) precision_recall: Vec<(f64, f64)>,
    /// (mean predicted probability, observed share, rows).
    pub(crate) calibration: Vec<ReliabilityBin>,
}

/// What the page shows.
pub(crate) struct Shown<'a> {
    /// The version.
    pub(crate) version: &'a ModelVersion,
    /// The threshold, and how it was chosen.
    pub(crate) threshold: Option<&'a threshold::Threshold>,
    /// Lines of the card: name, value.
    pub(crate) card: &'a [(String, String)],
    /// Curves on held-out rows.
    pub(crate) curves: &'a Curves,
    /// What the guard found in the training data.
    pub(crate) findings: &'a [findings::Finding],
    /// The active version of the name, if another.
    pub(crate) active: Option<&'a ModelVersion>,
    /// Other versions of the name.
    pub(crate) others: &'a [ModelVersion],
    /// The version that a rollback would bring back.
    pub(crate) previous: Option<&'a str>,
    /// When versions of the name became active, newest first.
    pub(crate) history: &'a [(String, Timestamp)],
    /// Its shadow scores beside the active version.
    pub(crate) shadow: &'a [ShadowComparison],
    /// The experiment of the name with results.
    pub(crate) experiment: Option<&'a experiment::Result>,
    /// The rule by which the service rolls back.
    pub(crate) rule: Option<&'a RollbackRule>,
    /// Answers by hour.
    pub(crate) answers: Option<(X, Vec<Series>)>,
    /// Audit entries about it.
    pub(crate) audit: &'a [AuditEntry],
}

/// The page.
pub(crate) fn page(viewer: &Viewer, shown: &Shown<'_>) -> Markup {
    let version = shown.version;
    html! {
        (head(
            &html! { (version.id) },
            &html! {
                (tag(version.status.name(), version.status.name()))
                @for alias in &version.aliases { (tag("info", alias)) }
                (actions(viewer, shown))
            },
        ))
        @if !version.what.metrics.is_empty() { (metrics(shown)) }
        div.cols {
            div.stack {
                (curves(shown.curves))
                @if let Some((x, series)) = &shown.answers {
                    (panel("Answers by hour, 7 days", &html! {}, &html! { div.body {
                        (chart(("Answers and alerts by hour", "low"), Kind::Stacked, x, series, None))
                    } }))
                }
                @if let Some(result) = shown.experiment { (experiment::panel_of(viewer, result)) }
                @if version.status == Status::Active { (experiment::begin(viewer, shown.version, shown.others, shown.experiment.is_some())) }
                (shadow(shown))
                (findings::panel_of(shown.findings))
                (panel("Audit", &html! { a href=(Fields::default().with("object", &version.id).url("/ui/settings/audit")) { "all of it" } },
                    &html! { @if shown.audit.is_empty() { (empty("No entry yet.", &html! {})) } @else { (audit::table(shown.audit, false)) } }))
            }
            div.stack {
                (text_panel("Card", &pairs(&card(shown))))
                @if let Some(threshold) = shown.threshold {
                    (threshold::panel_of(viewer, version, threshold))
                }
                (rule::panel(viewer, shown.version, shown.rule))
                (history(shown))
            }
        }
    }
}

fn actions(viewer: &Viewer, shown: &Shown<'_>) -> Markup {
    let version = shown.version;
    let to = |act: &str| format!("/ui/models/{}/{act}", encode(&version.id));
    let other = shown.active.map(|active| active.id.as_str());
    html! {
        @if let Some(report) = &version.what.report {
            @if !report.is_empty() { a.button href=(to("report")) { "Report" } }
        }
        @if let Some(active) = other {
            a.button href=(Fields::parse(&format!("id={}&id={}", encode(&version.id), encode(active))).unwrap_or_default().url("/ui/models/compare")) { "Compare with active" }
        }
        @if viewer.may(Scope::Deploy) {
            @if version.status == Status::Active {
                @if let Some(previous) = shown.previous {
                    (ask(viewer, ("Roll back…", ""), &to("rollback"), true, &html! {
                        p { b { (previous) } " answers again, " b { (version.id) } " becomes archived. No request is lost." }
                    }))
                }
            } @else {
                (ask(viewer, ("Deploy…", "main"), &to("deploy"), true, &html! {
                    p { b { (version.id) } " answers from now on"
                        @if let Some(active) = other { ", " b { (active) } " becomes archived" }
                        ". Its file, signature, columns and canary rows are checked first." }
                }))
                @if version.status != Status::Shadow {
                    (ask(viewer, ("Shadow…", ""), &to("shadow"), false, &html! {
                        p { "It scores beside the active version. Its scores are stored, never answered." }
                    }))
                }
                @if version.status != Status::Archived {
                    (ask(viewer, ("Archive…", ""), &to("archive"), false, &html! {
                        p { "It neither answers nor scores; it can be deployed again." }
                    }))
                }
                @if version.aliases.is_empty() {
                    (ask(viewer, ("Delete…", ""), &to("delete"), true, &html! {
                        p { "The version is forgotten with its file. This cannot be undone." }
                    }))
                }
            }
        }
    }
}

fn metrics(shown: &Shown<'_>) -> Markup {
    let metrics = &shown.version.what.metrics;
    let first = figures_of(metrics);
    let active = shown.active.map(|active| figures_of(&active.what.metrics)).unwrap_or_default();
    html! {
        @if !first.is_empty() {
            div.tiles {
                @for (name, value) in &first {
                    div.tile {
                        span { (name) } b { (metric(*value)) }
                        small { @match active.iter().find(|(known, _)| known == name) {
                            Some((_, other)) => { "active: " (metric(*other)) },
                            None => { "on held-out rows" },
                        } }
                    }
                }
            }
        }
        @if metrics.len() > first.len() {
            details.more.panel {
                summary.body { "All figures" }
                (figures::table(metrics))
            }
        }
    }
}

fn curves(curves: &Curves) -> Markup {
    if *curves == Curves::default() {
        return text_panel(
            "Curves",
            &html! { p.dim { "No curve is stored with this version: it was not judged on rows with labels when it was registered." } },
        );
    }
    let one = |points: &[(f64, f64)]| -> Vec<(f64, f64)> { points.to_vec() };
    let (roc, pr) = (one(&curves.roc), one(&curves.precision_recall));
    panel(
        "On held-out rows",
        &html! {},
        &html! {
            div.body { div.figures {
                @if roc.len() > 1 {
                    (figure(&plot::roc(&[Curve { name: "ROC", points: &roc }], &[], RocAxis::Linear), ""))
                }
                @if pr.len() > 1 {
                    (figure(&plot::precision_recall(&[Curve { name: "precision", points: &pr }], &[], None), ""))
                }
                @if !curves.calibration.is_empty() { (figure(&plot::calibration(&curves.calibration), "")) }
            } }
        },
    )
}

fn card(shown: &Shown<'_>) -> Vec<(&'static str, Markup)> {
    let what = &shown.version.what;
    let id_link = |id: &str| html! { a href={ "/ui/models/" (encode(id)) } { (id) } };
    let mut lines = vec![
        ("Detector", html! { (words(&what.detector)) }),
        ("Task", html! { (words(&what.task)) }),
        ("Registered", time(shown.version.created_at)),
    ];
    if let Some(at) = shown.version.deployed_at {
        lines.push(("Deployed", time(at)));
    }
    lines.push(("Size", html! { (bytes(what.bytes)) }));
    lines.push(("SHA-256", html! { code title=(what.digest) { (short_hash(&what.digest)) "…" } }));
    lines.push((
        "Signed by",
        match &what.signer {
            Some(signer) => html! { code title=(signer) { (short_hash(signer)) "…" } },
            None => html! { span.dim { "nobody" } },
        },
    ));
    if let Some(parent) = &what.parent {
        lines.push(("Made from", id_link(parent)));
    }
    if let Some(job) = &what.job {
        lines.push(("Job", html! { a href={ "/ui/jobs/" (encode(job)) } { (job) } }));
    }
    if let Some(run) = &what.run {
        lines.push(("Run", html! { a href={ "/ui/runs?id=" (encode(run)) } { (run) } }));
    }
    if !shown.card.is_empty() {
        lines.push((
            "Provenance",
            html! {
                details.more {
                    summary { (shown.card.len()) " lines" }
                    dl.pairs { @for (name, value) in shown.card { dt { (words(name)) } dd { (value) } } }
                }
            },
        ));
    }
    lines
}

fn shadow(shown: &Shown<'_>) -> Markup {
    html! {
        @if !shown.shadow.is_empty() {
            (panel("Shadow", &html! { span.dim { "last 7 days" } }, &html! { div.scroll { table {
                thead { tr {
                    th scope="col" { "Shadow" } th scope="col" { "Beside" } th.n scope="col" { "Events" }
                    th.n scope="col" { "Both" } th.n scope="col" { "Shadow alone" }
                    th.n scope="col" { "Active alone" } th.n scope="col" { "Mean diff." }
                } }
                tbody { @for one in shown.shadow { tr {
                    th scope="row" { (one.model_id) } td { (one.active_id) } td.n { (count(one.events)) }
                    td.n { (count(one.both)) " · " (share(one.both, one.events)) }
                    td.n { (count(one.shadow_only)) } td.n { (count(one.active_only)) }
                    td.n { (metric(one.mean_difference)) }
                } } }
            } } }))
        }
    }
}

fn history(shown: &Shown<'_>) -> Markup {
    html! {
        @if !shown.history.is_empty() {
            (panel(&format!("Deployments of {}", shown.version.what.name), &html! {}, &html! { ul.list {
                @for (id, at) in shown.history.iter().take(12) { li {
                    a.break href={ "/ui/models/" (encode(id)) } { (id) }
                    span.end.dim { (time(*at)) }
                } }
            } }))
        }
    }
}
