//! Settings: who may do what, when the service goes back by itself, how it is configured.

use maud::{Markup, html};
use tripline_store::records::{RollbackRule, Scope};

use super::super::page::Viewer;
use super::super::parts::{head, panel};
use super::super::text::count;
use super::threshold::{self, Threshold};

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

/// The first part: thresholds, rules, the effective configuration.
pub(crate) fn page(
    viewer: &Viewer,
    thresholds: &[Threshold],
    rules: &[RollbackRule],
    groups: &[Group],
) -> Markup {
    html! {
        (tabs(viewer, "/ui/settings"))
        (threshold::all(thresholds))
        (rules_panel(rules))
        h2.section { "Configuration" }
        p.small.dim { "From defaults, then the file, then the environment, then the options of the command line; "
            code { "tripline config show" } " lists it too. It is changed there, and read anew on SIGHUP." }
        div.groups { @for (name, lines) in groups { (group(name, lines)) } }
    }
}

fn rules_panel(rules: &[RollbackRule]) -> Markup {
    let dash = || "–".to_owned();
    panel(
        "Rules of automatic rollback",
        &html! { span.dim { "changed on the page of the active version" } },
        &html! {
            @if rules.is_empty() { div.empty.slim { "No model has a rule: the service never goes back by itself. " a href="/ui/models" { "To the models" } } } @else { div.scroll { table {
                thead { tr { th scope="col" { "Model" } th.n scope="col" { "Failures" } th.n scope="col" { "99th percentile" } th.n.m scope="col" { "Least requests" } th.n.m scope="col" { "Window" } } }
                tbody { @for rule in rules { tr {
                    th scope="row" { (rule.name) }
                    td.n { (rule.max_error_rate.map_or_else(dash, |r| format!("{:.2}\u{202f}%", r * 100.0))) }
                    td.n { (rule.max_p99_seconds.map_or_else(dash, |p| format!("{:.1}\u{202f}ms", p * 1e3))) }
                    td.n.m { (count(rule.min_requests)) } td.n.m { (rule.window_seconds) "\u{202f}s" }
                } } }
            } } }
        },
    )
}

/// A part of the configuration; what is not the default stands out.
fn group(name: &str, lines: &[(String, String, String)]) -> Markup {
    let sources = lines.iter().any(|(_, _, from)| !from.is_empty());
    panel(
        name,
        &html! {},
        &html! { div.scroll { table.settings {
            thead { tr { th scope="col" { "Name" } th scope="col" { "Value" } @if sources { th scope="col" { "From" } } } }
            tbody { @for (name, value, from) in lines { tr {
                th scope="row" { @if sources { code { (name) } } @else { (name) } }
                td.break { @if value.is_empty() { span.dim { "–" } } @else { (value) } }
                @if sources { td { @if from == "default" { span.dim { (from) } } @else { b.break { (from) } } } }
            } } }
        } } },
    )
}
