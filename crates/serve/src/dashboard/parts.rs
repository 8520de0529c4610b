//! Small pieces that several pages use.

use maud::{Markup, PreEscaped, html};
use tripline_assess::plot::Figure;
use tripline_core::verdict::Severity;
use tripline_store::records::Judgement;

use super::fields::Fields;

/// The beginning of a page.
pub(super) fn head(title: &Markup, end: &Markup) -> Markup {
    html! { div.head { h1 { (title) } div.end { (end) } } }
}

/// A titled box.
pub(super) fn panel(title: &str, end: &Markup, body: &Markup) -> Markup {
    html! { section.panel { header { h2 { (title) } div.end { (end) } } (body) } }
}

/// A titled box of text or a form.
pub(super) fn text_panel(title: &str, body: &Markup) -> Markup {
    panel(title, &html! {}, &html! { div.body { (body) } })
}

/// What stands where nothing is yet: what it would be, what to do next.
pub(super) fn empty(what: &str, next: &Markup) -> Markup {
    html! { div.empty { p { b { (what) } } (next) } }
}

/// A severity.
pub(super) fn severity(severity: Severity) -> Markup {
    tag(severity.name(), severity.name())
}

/// A word on a coloured ground; underscores read as spaces.
pub(super) fn tag(class: &str, word: &str) -> Markup {
    html! { span.tag.(class) { (word.replace('_', " ")) } }
}

/// An analyst's verdict.
pub(super) fn judgement(judgement: Option<Judgement>) -> Markup {
    match judgement {
        Some(judgement) => tag(judgement.name(), judgement.name()),
        None => html! { span.dim { "not judged" } },
    }
}

/// The word of an enum or class with spaces instead of underscores.
pub(super) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// A figure drawn on the server. Its SVG is escaped where it is made.
pub(super) fn figure(figure: &Figure, class: &str) -> Markup {
    html! {
        figure.(class) {
            (PreEscaped(&figure.svg))
            @if !figure.caption.is_empty() { figcaption { (figure.caption) } }
        }
    }
}

/// Names with values.
pub(super) fn pairs(pairs: &[(&str, Markup)]) -> Markup {
    html! { dl.pairs { @for (name, value) in pairs { dt { (name) } dd { (value) } } } }
}

/// A list to choose from; the first choice is the empty one if `any` names it.
pub(super) fn select(
    (id, label): (&str, &str),
    any: Option<&str>,
    choices: &[(String, String)],
    chosen: Option<&str>,
) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            select #(id) name=(id) {
                @if let Some(any) = any { option value="" { (any) } }
                @for (value, name) in choices {
                    option value=(value) selected[chosen == Some(value)] { (name) }
                }
                // What the URL asks for stays chosen, though the list does not have it.
                @if let Some(chosen) = chosen {
                    @if !choices.iter().any(|(value, _)| value == chosen) {
                        option value=(chosen) selected { (chosen) }
                    }
                }
            }
        }
    }
}

/// A line to type in.
pub(super) fn input(
    (id, label): (&str, &str),
    kind: &str,
    value: &str,
    placeholder: &str,
) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            input #(id) name=(id) type=(kind) value=(value) placeholder=[
                (!placeholder.is_empty()).then_some(placeholder)
            ];
        }
    }
}

/// A choice among a few, as links.
pub(super) fn segments(
    name: &str,
    label: &str,
    chosen: &str,
    choices: &[(&str, &str)],
    fields: &Fields,
) -> Markup {
    html! {
        span.seg role="group" aria-label=(label) {
            @for &(value, text) in choices {
                a href=(fields.with(name, value).url("/ui/")) aria-current=[(value == chosen).then_some("true")] { (text) }
            }
        }
    }
}
