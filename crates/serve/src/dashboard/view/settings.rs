//! Settings: who may do what, when the service goes back by itself, how it is configured.

use maud::{Markup, html};
use tripline_store::records::{RollbackRule, Scope};

use super::super::page::Viewer;
use super::super::parts::{empty, head, panel};
use super::super::text::count;

/// Parts of the settings: where, what, the scope that it takes.
const PARTS: &[(&str, &str, Scope)] = &[
    ("/ui/settings", "Service", Scope::Read),
    ("/ui/settings/keys", "Keys", Scope::Admin),
    ("/ui/settings/users", "Users", Scope::Admin),
    ("/ui/settings/audit", "Audit trail", Scope::Admin),
];

/// The line of parts.
pub(crate) fn tabs(viewer: &Viewer, here: &str) -> Markup {
    html! {
        (head(&html! { "Settings" }, &html! {}))
        nav.tabs aria-label="Parts of the settings" {
            @for &(href, name, scope) in PARTS { @if viewer.may(scope) {
                a href=(href) aria-current=[(href == here).then_some("page")] { (name) }
            } }
        }
    }
}

/// A group of settings: name, lines of name, value, where it came from.
pub(crate) type Group = (String, Vec<(String, String, String)>);

/// The first part: rules and the effective configuration.
pub(crate) fn page(viewer: &Viewer, rules: &[RollbackRule], groups: &[Group]) -> Markup {
    let dash = || "–".to_owned();
    html! {
        (tabs(viewer, "/ui/settings"))
        (panel("Rules of automatic rollback", &html! { span.dim { "changed on the page of the active version" } }, &html! {
            @if rules.is_empty() { (empty("No model has a rule.", &html! { a.button href="/ui/models" { "To the models" } })) } @else { div.scroll { table {
                thead { tr { th scope="col" { "Model" } th.n scope="col" { "Failures" } th.n scope="col" { "99th percentile" } th.n scope="col" { "Least requests" } th.n scope="col" { "Window" } } }
                tbody { @for rule in rules { tr {
                    th scope="row" { (rule.name) }
                    td.n { (rule.max_error_rate.map_or_else(dash, |r| format!("{:.2}\u{202f}%", r * 100.0))) }
                    td.n { (rule.max_p99_seconds.map_or_else(dash, |p| format!("{:.1}\u{202f}ms", p * 1e3))) }
                    td.n { (count(rule.min_requests)) } td.n { (rule.window_seconds) "\u{202f}s" }
                } } }
            } } }
        }))
        @for (name, lines) in groups {
            (panel(name, &html! {}, &html! { div.scroll { table {
                thead { tr { th scope="col" { "Setting" } th scope="col" { "Value" } th.m scope="col" { "From" } } }
                tbody { @for (name, value, from) in lines { tr {
                    th scope="row" { code { (name) } } td.break { (value) } td.m.dim { (from) }
                } } }
            } } }))
        }
    }
}
