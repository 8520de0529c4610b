//! The list of detections.

use maud::{Markup, html};
use tripline_core::verdict::Severity;
use tripline_store::records::{Detection, Judgement, NewDetection};

use super::super::fields::{Fields, encode};
use super::super::page::{Viewer, csrf};
use super::super::parts::{empty, head, input, judgement, panel, select, severity, words};
use super::super::text::{count, probability, short_time};

/// What the list shows.
pub(crate) struct List<'a> {
    /// The filters, as the URL has them.
    pub(crate) fields: &'a Fields,
    /// What was wrong with them.
    pub(crate) errors: Vec<String>,
    /// This part of the list.
    pub(crate) detections: &'a [Detection],
    /// Where the next part begins.
    pub(crate) next: Option<&'a str>,
    /// How many there are with these filters.
    pub(crate) total: u64,
    /// Classes to choose from.
    pub(crate) kinds: Vec<String>,
    /// Tasks to choose from.
    pub(crate) tasks: Vec<String>,
    /// Versions to choose from.
    pub(crate) models: Vec<String>,
}

/// Spans to choose from: hours, name.
pub(crate) const SPANS: &[(&str, &str)] =
    &[("1", "last hour"), ("24", "last 24 hours"), ("168", "last 7 days"), ("720", "last 30 days")];

/// The page.
pub(crate) fn page(viewer: &Viewer, list: &List<'_>) -> Markup {
    let filtered = list.fields.clone().with("after", "") != Fields::default();
    html! {
        (head(
            &html! { "Detections" },
            &html! {
                a.button data-live="badge" href=(list.fields.with("after", "").url("/ui/detections")) hidden {}
                span.dim { (count(list.total)) @if filtered { " with these filters" } }
            },
        ))
        @for error in &list.errors { p.note.bad role="alert" { (error) } }
        section.panel aria-label="Detections" {
            (filters(list))
            @if list.detections.is_empty() {
                @if filtered {
                    (empty("No detection has these filters.", &html! { a.button href="/ui/detections" { "Take the filters away" } }))
                } @else {
                    (nothing_yet(viewer))
                }
            } @else {
                (table(list.detections, None))
                div.pages {
                    @if list.fields.get("after").is_some() {
                        a.button href=(list.fields.with("after", "").url("/ui/detections")) { "Newest" }
                    }
                    @if let Some(next) = list.next {
                        a.button rel="next" href=(list.fields.with("after", next).url("/ui/detections")) { "Older" }
                    }
                    span.dim { (list.detections.len()) " shown, newest first" }
                }
            }
        }
    }
}

/// What a fresh installation shows: a button that sends a sample, a command that sends real ones.
pub(crate) fn nothing_yet(viewer: &Viewer) -> Markup {
    empty(
        "Nothing has reached a threshold yet.",
        &html! {
            p { "Send one of our samples, or post a record of yours to " code { "/api/v1/predict/flow" } "." }
            form.inline method="post" action="/ui/sample" {
                (csrf(viewer))
                button.primary type="submit" { "Send a sample" }
            }
        },
    )
}

fn filters(list: &List<'_>) -> Markup {
    let own = |names: &[String]| -> Vec<(String, String)> {
        names.iter().map(|name| (name.clone(), words(name))).collect()
    };
    let severities: Vec<_> = Severity::ALL
        .iter()
        .rev()
        .filter(|&&s| s != Severity::Info)
        .map(|s| (s.name().to_owned(), format!("{} and above", s.name())))
        .collect();
    let spans: Vec<_> =
        SPANS.iter().map(|&(hours, name)| (hours.to_owned(), name.to_owned())).collect();
    let models: Vec<_> = list.models.iter().map(|id| (id.clone(), id.clone())).collect();
    let judged =
        vec![("no".to_owned(), "not judged".to_owned()), ("yes".to_owned(), "judged".to_owned())];
    let chosen = |name: &str| list.fields.get(name);
    html! {
        form.filters method="get" action="/ui/detections" role="search" aria-label="Filters" {
            (select(("hours", "Time"), Some("all"), &spans, chosen("hours")))
            (select(("severity", "Severity"), Some("any"), &severities, chosen("severity")))
            (select(("kind", "Type"), Some("any"), &own(&list.kinds), chosen("kind")))
            @if list.tasks.len() > 1 {
                (select(("task", "Task"), Some("any"), &own(&list.tasks), chosen("task")))
            }
            (input(("entity", "Entity"), "search", chosen("entity").unwrap_or_default(), "10.0.0.5"))
            (select(("model", "Model"), Some("any"), &models, chosen("model")))
            (select(("judged", "Judged"), Some("either"), &judged, chosen("judged")))
            div.buttons {
                button type="submit" { "Filter" }
                a.button href="/ui/detections" { "Reset" }
            }
        }
    }
}

/// Detections as a table; a live one has that many rows at most.
pub(crate) fn table(detections: &[Detection], live: Option<usize>) -> Markup {
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th scope="col" { "Severity" }
                        th scope="col" { "Type" }
                        th scope="col" { "Entity" }
                        th.n.m scope="col" { "Probability" }
                        th.n.m scope="col" { "Risk" }
                        th.l.c scope="col" { "Model" }
                        th.m.c scope="col" { "Judged" }
                        th.n scope="col" { "Time" }
                    }
                }
                tbody data-live=[live.map(|_| "rows")] data-most=[live] {
                    @for detection in detections {
                        (row(&detection.what, detection.judgement))
                    }
                }
            }
        }
    }
}

/// One detection.
pub(crate) fn row(detection: &NewDetection, judged: Option<Judgement>) -> Markup {
    html! {
        tr.go {
            td { (severity(detection.severity)) }
            td { a.row href={ "/ui/detections/" (encode(&detection.id)) } { (words(&detection.kind)) } }
            td { div.clip title=(detection.entity.as_deref().unwrap_or_default()) {
                (detection.entity.as_deref().unwrap_or("–"))
            } }
            td.n.m { (probability(detection.probability)) }
            td.n.m { (detection.risk) }
            td.l.c { div.clip { (detection.model_id) } }
            td.m.c { (judgement(judged)) }
            td.n { (short_time(detection.at)) }
        }
    }
}

/// A titled table, or a line that says there is none.
pub(crate) fn titled(title: &str, all: Option<&str>, rows: &[Detection], none: &str) -> Markup {
    panel(
        title,
        &html! { @if let Some(all) = all { a href=(all) { "all" } } },
        &html! {
            @if rows.is_empty() { (empty(none, &html! {})) } @else { (table(rows, None)) }
        },
    )
}
