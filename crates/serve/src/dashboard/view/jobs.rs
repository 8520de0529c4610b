//! The queue of jobs.

use maud::{Markup, html};
use tripline_store::records::{Job, JobState};

use super::super::fields::{Fields, encode};
use super::super::parts::{empty, head, tag, words};
use super::super::text::{short_time, span};

/// The page.
pub(crate) fn page(jobs: &[Job], state: Option<JobState>, next: Option<&str>) -> Markup {
    let fields = Fields::default().with("state", state.map_or("", JobState::name));
    html! {
        (head(&html! { "Jobs" }, &html! {
            a.button href="/ui/runs" { "Runs" }
            a.button.primary href="/ui/jobs/new" { "Train a model" }
        }))
        nav.tabs aria-label="State" {
            a href="/ui/jobs" aria-current=[state.is_none().then_some("page")] { "All" }
            @for one in JobState::ALL {
                a href=(Fields::default().with("state", one.name()).url("/ui/jobs"))
                    aria-current=[(state == Some(one)).then_some("page")] { (capital(one.name())) }
            }
        }
        section.panel aria-label="Jobs" {
            @if jobs.is_empty() {
                @if state.is_some() { (empty("No job is in this state.", &html! {})) }
                @else { (empty("No job was started yet.", &html! {
                    p { "A training takes a file of labelled events, an upload, or detections that you judged." }
                    a.button.primary href="/ui/jobs/new" { "Train a model" }
                })) }
            } @else {
                (table(jobs))
                @if let Some(next) = next {
                    div.pages { a.button rel="next" href=(fields.with("after", next).url("/ui/jobs")) { "Older" } }
                }
            }
        }
    }
}

fn table(jobs: &[Job]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { "Job" } th scope="col" { "State" } th scope="col" { "Progress" }
                th.m scope="col" { "Step" } th.l scope="col" { "By" } th.m.n scope="col" { "Took" } th.n.m scope="col" { "Queued" }
            } }
            tbody { @for job in jobs {
                tr.go data-job=(job.id) data-state=(job.state.name()) {
                    td { a.row href={ "/ui/jobs/" (encode(&job.id)) } { (words(&job.what.kind)) } div.small.dim { (job.id) } }
                    td { (tag(job.state.name(), job.state.name())) }
                    td { (progress(job)) }
                    td.m { span data-step { (step(job)) } }
                    td.l { (job.actor) }
                    td.m.n { (took(job)) }
                    td.n.m { (short_time(job.submitted_at)) }
                }
            } }
        } }
    }
}

/// Jobs under way, in little room.
pub(crate) fn short_list(jobs: &[Job]) -> Markup {
    html! { table {
        caption.sr { "Jobs under way" }
        tbody { @for job in jobs {
            tr.go data-job=(job.id) data-state=(job.state.name()) {
                td { a.row href={ "/ui/jobs/" (encode(&job.id)) } { (words(&job.what.kind)) }
                    div.small.dim data-step { (step(job)) } }
                td { (progress(job)) }
                td { (tag(job.state.name(), job.state.name())) }
            }
        } }
    } }
}

/// How far it is.
pub(crate) fn progress(job: &Job) -> Markup {
    html! {
        div.bar {
            progress max="1" value=(job.progress) aria-label={ "Progress of " (job.id) } {}
            span.small.dim data-percent { (format!("{:.0}\u{202f}%", (job.progress * 100.0).floor())) }
        }
    }
}

fn step(job: &Job) -> &str {
    match &job.error {
        Some(error) if job.state == JobState::Failed => error,
        _ => &job.step,
    }
}

fn took(job: &Job) -> Markup {
    match (job.started_at, job.finished_at) {
        (Some(start), Some(end)) if end.0 >= start.0 => html! { (span(end.0 - start.0)) },
        _ => html! { "–" },
    }
}

/// With a capital at its beginning.
pub(crate) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
