//! What the guard found in training data.

use maud::{Markup, html};

use super::super::parts::{panel, tag};
use super::why::sentence;

/// A finding of the guard.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    /// `info`, `warning`, `refusal`: as the guard says.
    pub(crate) level: String,
    /// What it is.
    pub(crate) title: String,
    /// In words.
    pub(crate) text: String,
    /// The way out.
    pub(crate) way: String,
}

/// What the guard found.
pub(crate) fn panel_of(findings: &[Finding]) -> Markup {
    titled("Guard findings of the training data", &html! {}, findings)
}

/// Findings under a title of their own.
pub(crate) fn titled(title: &str, end: &Markup, findings: &[Finding]) -> Markup {
    html! {
        @if !findings.is_empty() {
            (panel(title, end, &html! { ul.list {
                @for finding in findings { li {
                    (tag(tone(&finding.level), &finding.level))
                    div {
                        @if !finding.title.is_empty() { b { (sentence(&finding.title)) } " " }
                        (sentence(&finding.text))
                        @if !finding.way.is_empty() { div.dim { (sentence(&finding.way)) } }
                    }
                } }
            } }))
        }
    }
}

fn tone(level: &str) -> &'static str {
    match level {
        "refusal" => "bad",
        "warning" => "warn",
        _ => "info",
    }
}
