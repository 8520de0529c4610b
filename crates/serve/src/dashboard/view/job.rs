//! One job: what it is to do, how far it is, what came of it.

use maud::{Markup, html};
use tripline_assess::plot;
use tripline_store::records::{Job, JobState, Run, Scope};

use super::super::chart::{Kind, Series, X, chart};
use super::super::fields::encode;
use super::super::page::{Viewer, ask};
use super::super::parts::{head, pairs, panel, tag, text_panel, words};
use super::super::text::{bytes, span, time};
use super::findings::{self, Finding};
use super::jobs;

/// What the page shows.
pub(crate) struct Shown<'a> {
    /// The job.
    pub(crate) job: &'a Job,
    /// What it is to do: name, value.
    pub(crate) spec: &'a [(String, String)],
    /// Whether it deploys what it trains.
    pub(crate) deploys: bool,
    /// Its figures.
    pub(crate) metrics: &'a [(String, f64)],
    /// What the guard found.
    pub(crate) findings: &'a [Finding],
    /// Its run.
    pub(crate) run: Option<&'a Run>,
    /// Figures by step: each a chart of its own.
    pub(crate) histories: Vec<(String, X, Vec<Series>)>,
}

/// The page.
pub(crate) fn page(viewer: &Viewer, shown: &Shown<'_>) -> Markup {
    let job = shown.job;
    let to = |act: &str| format!("/ui/jobs/{}/{act}", encode(&job.id));
    html! {
        (head(
            &html! { (jobs::capital(&words(&job.what.kind))) " " span.dim { (job.id) } },
            &html! {
                (tag(job.state.name(), job.state.name()))
                @if viewer.may(Scope::Train) {
                    @if !job.state.is_final() {
                        (ask(viewer, ("Cancel…", ""), &to("cancel"), false, &html! { p { "The job stops at its next step; what it did is lost." } }))
                    } @else if job.state != JobState::Completed {
                        (ask(viewer, ("Queue again…", ""), &to("retry"), shown.deploys, &html! { p { "The job begins anew." @if shown.deploys { " It deploys what it trains." } } }))
                    }
                }
            },
        ))
        section.panel data-job=(job.id) data-state=(job.state.name()) aria-live="polite" {
            div.body {
                (jobs::progress(job))
                p {
                    // A job that has ended no longer does what it did last.
                    span data-step { @if !job.state.is_final() { (job.step) } } " "
                    span.dim data-figures { (figures(shown.metrics)) }
                }
                @if let Some(error) = &job.error { p.note.bad { (error) } }
                @if let Some(model) = &job.result {
                    p { "It made " a href={ "/ui/models/" (encode(model)) } { (model) } ", a candidate until it is deployed." }
                }
            }
        }
        div.cols {
            div.stack {
                @for (name, x, series) in &shown.histories {
                    (panel(&words(name), &html! { span.dim { "by step" } }, &html! { div.body { (chart((name, "low"), Kind::Lines, x, series, None)) } }))
                }
                @if !shown.metrics.is_empty() {
                    (panel("Figures", &html! {}, &super::figures::table(&shown.metrics.iter().cloned().collect())))
                }
                (findings::panel_of(shown.findings))
            }
            div.stack {
                (text_panel("What was asked for", &pairs(&shown.spec.iter().map(|(name, value)| (name.as_str(), html! { span.break { (value) } })).collect::<Vec<_>>())))
                (text_panel("Times", &pairs(&times(job))))
                @if let Some(run) = shown.run { (artefacts(run)) }
            }
        }
    }
}

/// Figures in one line.
pub(crate) fn figures(metrics: &[(String, f64)]) -> String {
    let shown = metrics
        .iter()
        .take(4)
        .map(|(name, value)| format!("{} {}", words(name), plot::short(*value)));
    shown.collect::<Vec<_>>().join(", ")
}

fn times(job: &Job) -> Vec<(&'static str, Markup)> {
    let mut lines = vec![("Queued", html! { (time(job.submitted_at)) " by " (job.actor) })];
    if let Some(at) = job.started_at {
        lines.push(("Started", time(at)));
    }
    if let Some(at) = job.finished_at {
        lines.push(("Ended", time(at)));
    }
    if let (Some(start), Some(end)) = (job.started_at, job.finished_at) {
        lines.push(("Took", html! { (span((end.0 - start.0).max(0))) }));
    }
    lines.push(("Attempt", html! { (job.attempt) " of " (job.what.max_attempts) }));
    lines.push(("Priority", html! { (job.what.priority) }));
    lines
}

fn artefacts(run: &Run) -> Markup {
    panel(
        "Run",
        &html! { a href={ "/ui/runs?id=" (encode(&run.id)) } { (run.id) } },
        &html! { ul.list { @for artefact in &run.artefacts { li {
            a.break href={ "/api/v1/runs/" (encode(&run.id)) "/artefacts/" (encode(&artefact.name)) } { (artefact.name) }
            span.end.dim { (bytes(artefact.bytes)) }
        } } } },
    )
}
